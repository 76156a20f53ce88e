"""Scores trained candidates by another metric, from the out-of-fold predictions that they kept. Trains nothing.

A target for `Compute.call`: takes and gives plain JSON values.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .dataset import TrainingData
from .metrics import scorer


def rescore(data: str, trials: str, indices: Sequence[int], metric: str) -> dict[str, Any]:
    """{trial index as text: {"score", "fold_scores"}}, higher is better. A trial whose predictions cannot be scored is
    left out."""
    table, measure = TrainingData.load(Path(data)), scorer(metric)
    out: dict[str, Any] = {}
    for index in indices:
        oof = np.load(Path(trials) / f"{index:04d}" / "oof.npy", allow_pickle=False).astype(np.float64)
        known = np.isfinite(oof.reshape(table.rows, -1)).all(axis=1)
        folds = [known & (table.folds == k) for k in np.unique(table.folds[known]) if k >= 0]
        if not known.any():
            continue

        def utility(rows: np.ndarray, p: np.ndarray = oof) -> float:
            return float(measure.utility(measure(table.y[rows], p[rows], None, table.positive)))

        out[str(index)] = {"score": utility(known), "fold_scores": [utility(f) for f in folds if f.any()]}
    return out
