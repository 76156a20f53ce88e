"""Runs the product once: words and a training table in, scores on a test table out, through the delivered bundle.

python run_product.py TRAIN.csv TARGET TASK TEST.csv BUDGET_S OUT.json
TASK is binary, multiclass or regression.
Writes OUT.json (scores, seconds) and OUT.npz (truth and predictions, for paired comparison).
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import traineragent as ta

METRIC = {"binary": "ROC AUC", "multiclass": "log loss", "regression": "RMSE"}


def main() -> None:
    train, target, task, test, budget, out = sys.argv[1:7]
    words = {"regression": "Estimate", "binary": "Predict", "multiclass": "Classify"}[task]
    folder = Path(tempfile.mkdtemp(prefix="product-")) / "run"
    start = time.perf_counter()
    report = ta.train(
        f"{words} the column {target}. {METRIC[task]} matters.",
        train,
        target=target,
        minutes=float(budget) / 60,
        out=folder,
    )
    fit_s = time.perf_counter() - start
    rows = pd.read_csv(test)
    truth = rows.pop(target)
    y, scores = _scored(report, rows, truth, task, pd.read_csv(train, usecols=[target])[target])
    result = {"engine": "product", "train": train, "task": task, "budget_s": float(budget), "fit_s": fit_s}
    result |= {"metric": report["metric"], "model": report["model"], "model_mb": report["model"]["size_mb"]}
    result |= _metrics(task, y, scores) | _latency(report, rows)
    np.savez_compressed(out[:-5] + ".npz", y=y, out=scores.astype(np.float32))
    Path(out).write_text(json.dumps(result, indent=1))
    print(json.dumps({k: result[k] for k in ("fit_s", "model_mb", *_metrics(task, y, scores))}))
    shutil.rmtree(folder.parent, ignore_errors=True)


def _scored(
    report: ta.Report, rows: pd.DataFrame, truth: pd.Series, task: str, known: pd.Series
) -> tuple[np.ndarray, np.ndarray]:
    """Truth as numbers (classes in sorted order) and the model's probabilities or values, in the same order."""
    if task == "regression":
        return truth.to_numpy(float), report.model.predict(rows).astype(float)
    classes = sorted(known.dropna().unique())
    labels = [str(v) for v in report.model.labels]
    proba = report.model.predict_proba(rows)
    order = [labels.index(str(c)) for c in classes]
    return truth.map({c: i for i, c in enumerate(classes)}).to_numpy(int), proba[:, order]


def _metrics(task: str, y: np.ndarray, out: np.ndarray) -> dict[str, float]:
    from sklearn import metrics as m

    if task == "regression":
        return {"rmse": float(np.sqrt(np.mean((y - out) ** 2))), "r2": float(m.r2_score(y, out))}
    if task == "binary":
        return {"roc_auc": float(m.roc_auc_score(y, out[:, 1])), "log_loss": float(m.log_loss(y, out))}
    return {
        "log_loss": float(m.log_loss(y, out, labels=range(out.shape[1]))),
        "accuracy": float((y == out.argmax(1)).mean()),
    }


def _latency(report: ta.Report, rows: pd.DataFrame, calls: int = 200) -> dict[str, float]:
    """Milliseconds for one row in Python, decoding included, and rows a second for the whole table."""
    model, took = report.model, []
    records = rows.astype(object).where(rows.notna(), None).to_dict("records")
    for i in range(calls):
        start = time.perf_counter()
        model.answers(records[i % len(records) : i % len(records) + 1])
        took.append(1e3 * (time.perf_counter() - start))
    start = time.perf_counter()
    model.answers(records)
    batch = len(records) / (time.perf_counter() - start)
    return {"p50_ms": float(np.percentile(took, 50)), "p99_ms": float(np.percentile(took, 99)), "rows_per_s": batch}


if __name__ == "__main__":
    main()
