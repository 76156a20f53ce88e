"""Rows dealt into parts so that each part looks like the whole, with what belongs together kept together.

It knows nothing of columns: only answers, group numbers and times of rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

_STRATA = 10  # quantiles of a regression target that every part should hold alike


def cv_folds(
    y: Float64,
    *,
    classes: int,
    k: int = 5,
    groups: Int64 | None = None,
    time: Float64 | None = None,
    duplicates: Int64 | None = None,
    seed: int = 0,
) -> NDArray[np.int8]:
    """The validation fold of each row, int8 (rows,).

    `classes` 0 for regression. Rows with equal `groups` or equal `duplicates` (row numbers of equal inputs) share a
    fold. With `time` the folds are blocks of time, oldest first, rows of one moment together."""
    rows = len(y)
    k = max(2, min(k, rows))
    if time is not None:
        return _blocks(time, k)
    members = bound(groups, duplicates, rows)
    return _deal(strata_of(y, classes), members, k, np.random.default_rng(seed))


def blocks_in_order(same: Int64, k: int) -> NDArray[np.int8]:
    """Folds that are blocks of the rows as they stand, the last block first, int8 (rows,). Rows with equal `same` share
    the fold of the first of them."""
    _, first, member = np.unique(same, return_index=True, return_inverse=True)
    rows = len(same)
    block = np.minimum(np.arange(rows) * k // max(rows, 1), k - 1)
    return np.asarray(k - 1 - block[first[member]], dtype=np.int8)


def strata_of(y: Float64, classes: int) -> Int64:
    """The class of each row, or the quantile of its value for regression. Shape (rows,)."""
    if classes:
        return y.astype(np.int64)
    edges = np.unique(np.quantile(y, np.linspace(0, 1, _STRATA + 1)[1:-1]))
    return np.searchsorted(edges, y, side="right").astype(np.int64)


def bound(groups: Int64 | None, duplicates: Int64 | None, rows: int) -> Int64:
    """A number for each row; rows tied by a group or by equal inputs, also over several steps, share it."""
    if groups is None and duplicates is None:
        return np.arange(rows, dtype=np.int64)
    if groups is None or duplicates is None:
        only = groups if groups is not None else duplicates
        assert only is not None
        return np.unique(only, return_inverse=True)[1].astype(np.int64)
    from scipy.sparse import coo_array  # here, because it takes half a second and most tables have no groups
    from scipy.sparse.csgraph import connected_components

    left = np.unique(groups, return_inverse=True)[1]
    right = np.unique(duplicates, return_inverse=True)[1] + left.max() + 1
    size = int(right.max()) + 1
    edges = coo_array((np.ones(rows, dtype=np.int8), (left, right)), shape=(size, size))
    _, label = connected_components(edges, directed=False)
    return np.asarray(label[left], dtype=np.int64)


def _blocks(time: Float64, k: int) -> NDArray[np.int8]:
    """Rows without a time count as the oldest."""
    _, place = np.unique(np.where(np.isfinite(time), time, -np.inf), return_inverse=True)
    end = np.cumsum(np.bincount(place))
    fold_of_moment = np.minimum(((end - 1) * k) // len(time), k - 1)
    return np.asarray(fold_of_moment[place], dtype=np.int8)


def _deal(strata: Int64, members: Int64, k: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Units of one row are dealt round by stratum; units of several rows go, biggest first, where their stratum has
    fewest rows so far."""
    units = int(members.max()) + 1
    size = np.bincount(members, minlength=units)
    stratum = unit_strata(strata, members, units)
    fold = np.full(units, -1, dtype=np.int8)
    load = np.zeros((int(strata.max()) + 1, k))
    total = np.zeros(k)
    big = np.flatnonzero(size > 1)
    for unit in big[np.lexsort((rng.random(len(big)), -size[big]))]:
        row = load[stratum[unit]]
        best = int(np.lexsort((total, row))[0])
        fold[unit] = best
        row[best] += size[unit]
        total[best] += size[unit]
    single = np.flatnonzero(size == 1)
    single = single[np.lexsort((rng.random(len(single)), stratum[single]))]
    for s in np.unique(stratum[single]):
        mine = single[stratum[single] == s]
        fold[mine] = _fill(load[s], total, len(mine))
        total += np.bincount(fold[mine], minlength=k)
    return fold[members]


def _fill(load: Float64, total: Float64, count: int) -> NDArray[np.int8]:
    """Folds for `count` rows such that the stratum's loads become as equal as they can, ties to the emptiest fold."""
    k = len(load)
    order = np.lexsort((total, load))
    goal = (load.sum() + count) / k
    room = np.maximum(np.floor(goal - load[order]), 0).astype(np.int64)
    room = np.minimum(room, count)
    while room.sum() > count:
        room[int(np.argmax(room))] -= 1
    rest = count - int(room.sum())
    room += rest // k
    room[: rest % k] += 1
    return np.repeat(order, room).astype(np.int8)


def unit_strata(strata: Int64, members: Int64, units: int) -> Int64:
    """The most frequent stratum of each unit (the lowest on a tie). Shape (units,)."""
    width = int(strata.max()) + 1
    keys, counts = np.unique(members * width + strata, return_counts=True)
    unit, stratum = keys // width, keys % width
    order = np.lexsort((stratum, -counts, unit))
    first = np.ones(len(order), dtype=bool)
    first[1:] = unit[order][1:] != unit[order][:-1]
    out = np.zeros(units, dtype=np.int64)
    out[unit[order][first]] = stratum[order][first]
    return out
