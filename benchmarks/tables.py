"""How much error the product removes against default LightGBM, and against other engines, at equal budget on one core.

python benchmarks/tables.py [--data ../shared/data/tabular] [--sets telco_churn,…] [--splits 0,1,2,3,4] [--seconds 60]
    [--core 0] [--rivals DIR --engines ag_best_seq,flaml] [--bench ../shared/bench] [--report-only]

Each set is split 80/20 (stratified for classes) once a seed; every engine learns from the same training file and is
scored on the same test rows. Error is 1 - AUC (binary), log-loss (many classes) or RMSE. Results that exist are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
SETS = {  # name: file, target, task, columns that are known to give the answer away
    "adult_census": ("adult_census/train.csv", "class", "binary", []),
    "telco_churn": ("telco_churn/churn.csv", "Churn", "binary", []),
    "titanic": ("titanic/train.csv", "Survived", "binary", []),
    "german_credit": ("german_credit/credit.csv", "default", "binary", []),
    "thyroid_sick_imbalanced": ("thyroid_sick_imbalanced/sick.csv", "target", "binary", []),
    "california_housing": ("california_housing/housing.csv", "median_house_value", "regression", []),
    "car_price_msrp": ("car_price_msrp/cars.csv", "MSRP", "regression", []),
    "bike_sharing_hourly": ("bike_sharing_hourly/bikeshare.csv", "count", "regression", ["casual", "registered"]),
}
ENGINES = {  # name: environment under --rivals, script of the shared bench, its variant
    "hand_lgbm": (None, "run_hand.py", "lgbm"),
    "flaml": ("flaml", "run_flaml.py", ""),
    "mljar_compete": ("mljar", "run_mljar.py", "Compete"),
    "ag_medium": ("autogluon", "run_autogluon.py", "medium_quality"),
    "ag_best_seq": ("autogluon", "run_autogluon.py", "best_quality+seq"),
}


def main() -> None:
    o = _options()
    out = Path(o.out)
    for seed in map(int, o.splits.split(",")):
        for name in o.sets.split(","):
            folder = _split(name, seed, Path(o.data), out)
            for engine in ["hand_lgbm", "product", *filter(None, o.engines.split(","))]:
                if not o.report_only:
                    _run(engine, name, folder, o)
    _print(out, o)


def _options() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = HERE.parent.parent / "shared"
    p.add_argument("--data", default=beside / "data" / "tabular")
    p.add_argument("--bench", default=beside / "bench", type=Path)
    p.add_argument("--out", default=HERE / "out" / "tables")
    p.add_argument("--sets", default=",".join(SETS))
    p.add_argument("--splits", default="0,1,2,3,4")
    p.add_argument("--seconds", default="60")
    p.add_argument("--core", default="0")
    p.add_argument("--rivals", type=Path, help="folder with venv/<engine>")
    p.add_argument("--engines", default="", help=f"rivals to run: {', '.join(list(ENGINES)[1:])}")
    p.add_argument("--report-only", action="store_true")
    return p.parse_args()


def _split(name: str, seed: int, data: Path, out: Path) -> Path:
    """Writes train.csv and test.csv of one set and seed, once."""
    path, target, task, drop = SETS[name]
    folder = out / "splits" / str(seed) / name
    if not (folder / "test.csv").exists():
        folder.mkdir(parents=True, exist_ok=True)
        frame = pd.read_csv(data / path).rename(columns=str.strip)
        frame = frame.drop(columns=drop).dropna(subset=[target])
        labels = None if task == "regression" else frame[target]
        train, test = train_test_split(frame, test_size=0.2, random_state=seed, stratify=labels)
        train.to_csv(folder / "train.csv", index=False)
        test.to_csv(folder / "test.csv", index=False)
    return folder


def _run(engine: str, name: str, folder: Path, o: argparse.Namespace) -> None:
    _, target, task, _ = SETS[name]
    result = folder / f"{engine}-{o.seconds}.json"
    if result.exists():
        return
    venv, script, variant = ENGINES.get(engine, (None, "run_product.py", ""))
    path = HERE / script if engine == "product" else o.bench / script
    python = sys.executable if venv is None else str(o.rivals / "venv" / venv / "bin" / "python")
    arguments = [str(folder / "train.csv"), target, task, str(folder / "test.csv"), o.seconds, str(result)]
    command = ["taskset", "-c", o.core, python, str(path), *arguments, *([variant] if variant else [])]
    start = time.time()
    with (folder / f"{engine}.log").open("w") as log:
        code = _wait(subprocess.Popen(command, stdout=log, stderr=log, cwd=folder), 5 * float(o.seconds) + 120)
    print(
        f"{time.strftime('%H:%M:%S')} {name} split {folder.parent.name} {engine}: {code}, {time.time() - start:.0f} s",
        flush=True,
    )


def _wait(process: subprocess.Popen[bytes], limit_s: float) -> str:
    try:
        code = process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return "timeout"
    return "ok" if code == 0 else f"exit {code}"


def _error(task: str, y: np.ndarray, out: np.ndarray) -> float:
    if task == "regression":
        return float(np.sqrt(np.mean((y - out) ** 2)))
    if task == "binary":
        return 1.0 - float(roc_auc_score(y, out[:, 1] if out.ndim == 2 else out))
    p = np.clip(out, 1e-7, 1.0)
    return float(log_loss(y, p / p.sum(1, keepdims=True), labels=range(p.shape[1])))


def _stored(folder: Path, engine: str, seconds: str) -> tuple[np.ndarray, np.ndarray] | None:
    path = folder / f"{engine}-{seconds}.npz"
    if not path.exists():
        return None
    found = np.load(path)
    return found["y"], found["out"].astype(float)


def _removed(name: str, engine: str, o: argparse.Namespace) -> Iterator[tuple[int, float, float, float, float, float]]:
    """(seed, error removed against default LightGBM in %, its 95 % paired bootstrap interval, the error of each)."""
    task = SETS[name][2]
    for seed in map(int, o.splits.split(",")):
        folder = Path(o.out) / "splits" / str(seed) / name
        base, ours = _stored(folder, "hand_lgbm", o.seconds), _stored(folder, engine, o.seconds)
        if base is None or ours is None:
            continue
        rng, y = np.random.default_rng(seed), base[0]
        draws = []
        for _ in range(200):
            i = rng.integers(0, len(y), len(y))
            if task != "regression" and len(np.unique(y[i])) < len(np.unique(y)):
                continue
            reference = _error(task, y[i], base[1][i])
            if reference:  # a draw without one error says nothing about a share of errors
                draws.append(100 * (1 - _error(task, y[i], ours[1][i]) / reference))
        theirs, mine = _error(task, y, base[1]), _error(task, y, ours[1])
        low, high = (float(np.percentile(draws, q)) for q in (2.5, 97.5))
        yield seed, 100 * (1 - mine / theirs), low, high, theirs, mine


def _print(out: Path, o: argparse.Namespace) -> None:
    engines = ["product", *[e for e in ENGINES if e != "hand_lgbm"]]
    found = {(n, e): list(_removed(n, e, o)) for n in o.sets.split(",") for e in engines}
    engines = [e for e in engines if any(found[n, e] for n in o.sets.split(","))]
    print(
        f"\nError removed against default LightGBM, %, {o.seconds} s on one core, {os.cpu_count()} cores in the machine"
    )
    print("median over splits [median of the 95 % paired intervals] (splits); over all splits together\n")
    print("| set | " + " | ".join(engines) + " |")
    print("|---|" + "---|" * len(engines))
    medians: dict[str, list[float]] = {e: [] for e in engines}
    together: dict[str, list[float]] = {e: [] for e in engines}
    for name in o.sets.split(","):
        cells = []
        for e in engines:
            rows = found[name, e]
            if not rows:
                cells.append("-")
                continue
            gain, low, high = (float(np.median([r[k] for r in rows])) for k in (1, 2, 3))
            medians[e].append(gain)
            whole = 100 * (1 - sum(r[5] for r in rows) / sum(r[4] for r in rows))
            together[e].append(whole)
            cells.append(f"{gain:+.1f} [{low:+.1f}, {high:+.1f}] ({len(rows)}); {whole:+.1f}")
        print(f"| {name} | " + " | ".join(cells) + " |")
    means = [f"**{np.mean(medians[e]):+.1f}; {np.mean(together[e]):+.1f}**" for e in engines]
    print("| **mean** | " + " | ".join(means) + " |")
    (out / "table.json").write_text(json.dumps({f"{n}/{e}": v for (n, e), v in found.items()}, indent=1))


if __name__ == "__main__":
    main()
