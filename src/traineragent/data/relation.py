"""How well one column alone foretells the answer, measured out of fold, in [0, 1].

After the predictive power score (Wetschoreck et al. 2020) with bins in place of a tree: a column is cut into at most
64 bins, missing values being one of their own, and the answer of a row is foretold by the other folds' rows in its bin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .meaning import Reading

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

MOST_BINS = 64
FOLDS = 3
_ROWS_A_BIN = 40
_PRIOR_ROWS = 3.0  # a bin starts as this many rows of the whole table


def bins_of(reading: Reading, rows: Int64 | None = None) -> tuple[Int64, int]:
    """The bin of each row and the number of bins; the last bin holds missing values. Shape (rows,)."""
    levels = reading.levels
    codes = levels.codes if rows is None else levels.codes[rows]
    most = max(4, min(MOST_BINS, len(codes) // _ROWS_A_BIN))
    if reading.values is None or levels.distinct <= most:
        return np.where(codes < 0, levels.distinct, codes).astype(np.int64), levels.distinct + 1
    values = np.append(reading.values, np.nan)[codes]
    known = values[np.isfinite(values)]
    if not known.size:
        return np.zeros(len(codes), dtype=np.int64), 1
    edges = np.unique(np.quantile(known, np.linspace(0, 1, most + 1)[1:-1]))
    place = np.searchsorted(edges, values, side="right")
    return np.where(np.isfinite(values), place, len(edges) + 1).astype(np.int64), len(edges) + 2


def foretold(
    bins: Int64, count: int, y: Float64, classes: int, folds: Int64, *, prior_rows: float = _PRIOR_ROWS
) -> Float64:
    """Out-of-fold answers from one column: probabilities (rows, classes), or means (rows,) for regression."""
    width = max(classes, 1)
    # column 0.. of `table`: rows of each class in a bin; regression: rows and sum of the answers
    table = np.zeros((FOLDS, count, classes or 2))
    for fold in range(FOLDS):
        mine = folds == fold
        if classes:
            flat = np.bincount(bins[mine] * width + y[mine].astype(np.int64), minlength=count * width)
            table[fold] = flat.reshape(count, width)
        else:
            table[fold, :, 0] = np.bincount(bins[mine], minlength=count)
            table[fold, :, 1] = np.bincount(bins[mine], weights=y[mine], minlength=count)
    others = table.sum(axis=0)[None] - table  # (folds, bins, classes or 2)
    if classes:
        prior = others.sum(axis=1, keepdims=True) / others.sum(axis=(1, 2), keepdims=True)
        share = (others + prior_rows * prior) / (others.sum(axis=2, keepdims=True) + prior_rows)
        return np.asarray(share[folds, bins])  # (rows, classes)
    mean = others[:, :, 1].sum(axis=1) / others[:, :, 0].sum(axis=1)
    value = (others[:, :, 1] + prior_rows * mean[:, None]) / (others[:, :, 0] + prior_rows)
    return np.asarray(value[folds, bins])  # (rows,)


def strength(predicted: Float64, y: Float64, classes: int) -> float:
    """Share of the uncertainty about the answer that is gone: 1 - log loss / entropy, or R²; 0 where it is worse."""
    if classes:
        truth = y.astype(np.int64)
        share = np.bincount(truth, minlength=classes) / len(truth)
        entropy = -float((share[share > 0] * np.log(share[share > 0])).sum())
        loss = -float(np.log(np.maximum(predicted[np.arange(len(truth)), truth], 1e-12)).mean())
        return max(0.0, 1 - loss / entropy) if entropy > 0 else 0.0
    spread = float(((y - y.mean()) ** 2).sum())
    return max(0.0, 1 - float(((y - predicted) ** 2).sum()) / spread) if spread > 0 else 0.0


def score(predicted: Float64, y: Float64, classes: int) -> float:
    """The measure people know: AUC (two classes), accuracy beyond the commonest class in [0, 1] (more), or R²."""
    if classes == 2:
        return auc(y == 1, predicted[:, 1]) if len(np.unique(y)) == 2 else 0.5
    if classes:
        truth = y.astype(np.int64)
        most = np.bincount(truth).max() / len(truth)
        right = float((predicted.argmax(axis=1) == truth).mean())
        return max(0.0, (right - most) / (1 - most)) if most < 1 else 0.0
    return strength(predicted, y, 0)


def winsorised(y: Float64) -> Float64:
    """Answers with the outermost hundredth at either end pulled in, so that a few giants do not decide."""
    low, high = np.quantile(y, (0.01, 0.99))
    return np.clip(y, low, high) if high > low else y


def random_folds(rows: int, seed: int) -> Int64:
    """A fold of `FOLDS` for each row, equal in size. Shape (rows,)."""
    return np.random.default_rng(seed).permutation(np.arange(rows) % FOLDS).astype(np.int64)


def auc(truth: NDArray[np.bool_], score: Float64) -> float:
    """Area under the ROC curve by ranks; 0 where a class is absent."""
    positives = int(truth.sum())
    above = ranks(score)[truth].sum() - positives * (positives + 1) / 2
    return float(above / max(positives * (len(truth) - positives), 1))


def ranks(values: Float64) -> Float64:
    """Ranks from 1, ties sharing their mean. float64 (rows,). SciPy has this too, behind a second of imports."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place], dtype=np.float64)
