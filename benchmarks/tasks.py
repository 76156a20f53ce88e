"""What the product reaches on texts, pictures, entities, series, drawings and phrases, each from one sentence.

python benchmarks/tasks.py [--data ../shared/data] [--models ../shared/weights] [--sets sst2,…] [--minutes 5] [--core 0]
    [--report-only]

A set with test rows of its own is scored on these through the delivered bundle; the others by the hold-out that the run
sealed before it looked at the data. Results that exist are kept, one JSON file a set.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Job:
    """Words and where the data is; `test` holds rows that the product never sees, `target` their answers."""

    words: str
    train: tuple[str, ...]
    test: str = ""
    target: str = ""
    pretrained: bool = True


JOBS = {
    "sms_spam": Job("Sort text messages into spam and ham.", ("text/sms_spam/sms.csv",)),
    "banking77": Job(
        "Route the questions of customers to their category. Accuracy.",
        ("text/banking77/train.csv",),
        "text/banking77/test.csv",
        "category",
    ),
    "sst2": Job(
        "Is a sentence of a film review positive or negative? Accuracy.",
        ("text/sst2/train.csv",),
        "text/sst2/test.csv",
        "label",
    ),
    "thucnews_zh": Job(
        "Sort Chinese headlines into columns. Accuracy.",
        ("text/thucnews_titles_zh/dev.csv",),
        "text/thucnews_titles_zh/test.csv",
        "label",
    ),
    "cats_dogs": Job("Tell cats from dogs in these photos.", ("image_cls/cats_dogs/images/train",)),
    "ants_bees": Job(
        "Is it an ant or a bee?", ("image_cls/ants_bees/images/train",), "image_cls/ants_bees/images/val", "label"
    ),
    "sign_digits": Job("Recognise the digit shown by a hand.", ("image_cls/sign_digits/images",)),
    "cifar10": Job(
        "Say what is in the picture. No pretrained weights are allowed.",
        ("image_cls/cifar10_subset/images/train",),
        "image_cls/cifar10_subset/images/test",
        "label",
        False,
    ),
    "atis": Job(
        "Find the parts of a flight question.",
        ("nlp_other/atis_slots/train.seq.in", "nlp_other/atis_slots/train.seq.out"),
    ),
    "wnut17": Job("Tag persons, places, companies and products in posts.", ("nlp_other/wnut17_ner/train.conll",)),
    "airline": Job("Forecast the passengers of the next 12 months.", ("timeseries/airline_passengers/airline.csv",)),
    "etth1": Job("Forecast the oil temperature OT for 96 hours.", ("timeseries/etth1_electricity/ETTh1.csv",)),
    "digits": Job("Learn to draw handwritten digits.", ("image_gen/mnist_png/images/train",)),
    "clothes": Job("Generate small pictures of clothes by name.", ("image_gen/fashion_sprite/images",)),
    "cards": Job("Find the card I describe in a photo and give me its box.", ("grounding/playing_cards",)),
    "cells": Job("Point at the blood cell that the phrase describes.", ("grounding/blood_cells_bccd",)),
}


def main() -> None:
    o = _options()
    if o.core and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(c) for c in o.core.split(",")})
    o.out.mkdir(parents=True, exist_ok=True)
    for name in o.sets.split(","):
        path = o.out / f"{name}.json"
        if not path.exists() and not o.report_only:
            path.write_text(json.dumps(_measured(JOBS[name], o), indent=1))
    _print(o)


def _options() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = HERE.parent.parent / "shared"
    p.add_argument("--data", default=beside / "data", type=Path)
    p.add_argument("--models", default=beside / "weights", type=Path)
    p.add_argument("--out", default=HERE / "out" / "tasks", type=Path)
    p.add_argument("--sets", default=",".join(JOBS))
    p.add_argument("--minutes", default=5.0, type=float)
    p.add_argument("--core", default="", help="cores to keep to, such as 0 or 0,1")
    p.add_argument("--report-only", action="store_true")
    return p.parse_args()


def _measured(job: Job, o: argparse.Namespace) -> dict[str, Any]:
    """Trains once and scores; the run is thrown away."""
    import traineragent as ta

    folder = Path(tempfile.mkdtemp(prefix="tasks-"))
    started = time.perf_counter()
    try:
        data = [str(o.data / part) for part in job.train]
        report = ta.train(
            job.words,
            data if len(data) > 1 else data[0],
            minutes=o.minutes,
            models=[str(o.models)] if job.pretrained else [],
            out=folder / "run",
        )
        found = {"seconds": time.perf_counter() - started, "metric": report["metric"], "model": report["model"]}
        found["status"] = report["status"]
        if job.test:
            found["test"] = _tested(report, job, o.data / job.test)
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tested(report: Any, job: Job, test: Path) -> dict[str, Any]:
    """Accuracy on rows that the product never saw, and the median time of a single answer without HTTP."""
    rows, truth = _pictures(test) if test.is_dir() else _table(test, job.target)
    said = report.model.predict(rows)
    times = []
    for row in rows[:30]:
        begun = time.perf_counter()
        report.model.predict([row])
        times.append(time.perf_counter() - begun)
    right = float(np.mean([str(a) == str(b) for a, b in zip(said, truth, strict=True)]))
    return {"rows": len(rows), "accuracy": right, "ms": 1e3 * float(np.median(times))}


def _table(path: Path, target: str) -> tuple[list[dict[str, Any]], list[Any]]:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    truth = frame.pop(target).tolist()
    return frame.to_dict("records"), truth


def _pictures(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """A folder of class folders."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    rows = [{"image": base64.b64encode(p.read_bytes()).decode()} for p in files]
    return rows, [p.parent.name for p in files]


def _print(o: argparse.Namespace) -> None:
    print(f"{'set':<12} {'on sealed rows':<44} {'on test rows':<22} {'seconds':>7} {'MB':>7}  model")
    for name, found in _results(o):
        metric = found["metric"]
        between = metric.get("interval") or [float("nan")] * 2
        sealed = f"{metric['name']} {metric['value']:.3f} [{between[0]:.3f}, {between[1]:.3f}]"
        baseline = metric.get("baseline")
        sealed += "" if baseline is None else f" baseline {baseline:.3f}"
        test = found.get("test")
        shown = "" if test is None else f"accuracy {test['accuracy']:.3f}, {test['ms']:.1f} ms"
        size = found["model"]["size_mb"]
        print(f"{name:<12} {sealed:<44} {shown:<22} {found['seconds']:>7.0f} {size:>7.1f}  {found['model']['family']}")


def _results(o: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in o.sets.split(","):
        path = o.out / f"{name}.json"
        if path.exists():
            yield name, json.loads(path.read_text())


if __name__ == "__main__":
    main()
