"""How well can anybody do? Rows with the same inputs and different answers bound what any model can reach.

A model gives rows with equal inputs equal answers, so the best one answers each group of such rows with the group's own
frequencies, mean or median (the Bayes rule, with the rows at hand for the truth). That bound is generous: a row without
a twin counts as predictable. It sees typed training rows and knows nothing of metrics and limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Oracle:
    """What the best possible model answers on these rows.

    `p` float64 (rows, classes), empty for regression; `mean` and `median` float64 (rows,), empty for classes; `torn`:
    rows that share their inputs with a row of another answer."""

    p: Float64
    mean: Float64
    median: Float64
    torn: int


def oracle(x: NDArray[np.float32], y: Float64, classes: int) -> Oracle:
    """The best answers for rows x float32 (rows, features), NaN missing, with the answers y float64 (rows,)."""
    group = equal_rows(x)
    size = np.bincount(group).astype(np.float64)
    nothing = np.zeros(0)
    if classes:
        counts = np.zeros((len(size), classes))
        np.add.at(counts, (group, y.astype(np.int64)), 1.0)
        torn = (counts > 0).sum(axis=1) > 1
        return Oracle((counts / size[:, None])[group], nothing, nothing, int(torn[group].sum()))
    mean = np.bincount(group, weights=y) / size
    low, high = np.full(len(size), np.inf), np.full(len(size), -np.inf)
    np.minimum.at(low, group, y)
    np.maximum.at(high, group, y)
    return Oracle(np.zeros((len(y), 0)), mean[group], _medians(group, y)[group], int((high > low)[group].sum()))


def equal_rows(x: NDArray[np.float32]) -> Int64:
    """A number for each row, the same for rows that are equal in every feature. int64 (rows,)."""
    clean = np.where(np.isnan(x), np.float32(np.nan), x + np.float32(0.0))  # one NaN, one zero
    rows = np.ascontiguousarray(clean, dtype=np.float32)
    if not rows.shape[1]:
        return np.zeros(len(rows), dtype=np.int64)
    keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    return np.asarray(np.unique(keys, return_inverse=True)[1], dtype=np.int64)


def _medians(group: Int64, y: Float64) -> Float64:
    """Median of each group. float64 (groups,)."""
    order = np.lexsort((y, group))
    starts = np.flatnonzero(np.r_[True, np.diff(group[order]) > 0])
    size = np.diff(np.r_[starts, len(order)])
    ordered = y[order]
    return np.asarray((ordered[starts + (size - 1) // 2] + ordered[starts + size // 2]) / 2, dtype=np.float64)
