"""Finds columns that add up to the answer: y = a + b, y = total - parts, y = a x b, by trying signed combinations.

A combination is found by what it leaves over: if y - (a + b) takes only a few values although y takes many, the columns
hold the answer. It knows nothing of names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

MOST_COLUMNS = 16  # tried in combinations of up to three
MOST_PAIRED = 40
_ROWS = 600
_EXACT = 0.98
_FEW = 0.15  # chance that two rows leave the same over; far above what unrelated columns leave


@dataclass(frozen=True)
class Identity:
    """answer = sum of sign * column, or their product. `columns` (index, sign); `exact`: nothing varies in what is
    left; `share` of row pairs that leave the same over."""

    columns: tuple[tuple[int, int], ...]
    share: float
    exact: bool
    product: bool = False


def find_sum(x: Float64, y: Float64) -> Identity | None:
    """The signed sum of up to three columns (more when it is exact) that leaves only a few values of the answer over.

    x (rows, columns) and y (rows,) finite."""
    rows = _uncommon(y)
    if len(rows) < 50 or x.shape[1] == 0:
        return None
    rows = np.random.default_rng(0).permutation(rows)[:_ROWS]
    unit = _unit(x[rows], y[rows])
    found = _best_combination(x[rows], y[rows], unit)
    return found or _many_parts(x, y, unit)


def find_product(x: Float64, y: Float64) -> Identity | None:
    """Two columns whose product or quotient is the answer, up to rounding. x (rows, columns), y (rows,) finite."""
    positive = np.flatnonzero((x > 0).mean(axis=0) > 0.9) if x.size else np.zeros(0, dtype=int)
    columns = _strongest(x, y, positive, MOST_COLUMNS)
    rows = (y > 0) & (x[:, columns] > 0).all(axis=1)
    if rows.sum() < 50 or len(columns) < 2:
        return None
    log_y, log_x = np.log(y[rows]), np.log(x[rows][:, columns])
    spread = float(log_y.var())
    if spread < 1e-6:
        return None
    single = min(float((log_y - s * log_x[:, j]).var()) for j in range(len(columns)) for s in (1, -1))
    best: tuple[float, tuple[tuple[int, int], ...]] = (np.inf, ())
    for pair in combinations(range(len(columns)), 2):
        for signs in ((1, 1), (1, -1), (-1, 1)):
            left = float((log_y - sum(s * log_x[:, j] for j, s in zip(pair, signs, strict=True))).var())
            if left < best[0]:
                best = left, tuple((int(columns[j]), s) for j, s in zip(pair, signs, strict=True))
    if best[0] > 2e-4 * spread or best[0] > 0.05 * single:
        return None
    return Identity(best[1], 1 - best[0] / spread, exact=True, product=True)


def _uncommon(y: Float64) -> NDArray[np.int64]:
    """Rows whose answer is none of the very common ones: zeros would hide what the rest of the answers show."""
    values, place, counts = np.unique(y, return_inverse=True, return_counts=True)
    rare = np.flatnonzero(counts[place] <= 0.05 * len(y))
    return rare if len(rare) >= 100 and len(values) > 20 else np.arange(len(y))


def _unit(x: Float64, y: Float64) -> float:
    """The step in which values are written (0.01 for cents); a millionth of the spread where they have no step."""
    both = np.concatenate([y, x.ravel()])
    both = both[np.abs(both) < 1e9]
    for step in (1.0, 0.1, 0.01, 0.001, 0.0001):
        if np.abs(both / step - np.round(both / step)).max(initial=0.0) < 1e-4:
            return step
    return max(float(y.std()) * 1e-5, 1e-12)


def _best_combination(x: Float64, y: Float64, unit: float) -> Identity | None:
    floor = _chance(x, y, unit)
    best: Identity | None = None
    for size, most in ((1, MOST_PAIRED), (2, MOST_PAIRED), (3, MOST_COLUMNS)):
        columns = _strongest(x, y, np.arange(x.shape[1]), most)
        for chosen in combinations(columns.tolist(), size):
            signs = np.array(list(product((1, -1), repeat=size)))
            left = y[:, None] - x[:, chosen] @ signs.T  # (rows, signs)
            shares = _collisions(left, unit)
            top = int(shares.argmax())
            share = float(shares[top])
            if share < max(_FEW, 5 * floor) or (best is not None and share < 1.08 * best.share):
                continue
            if share <= 3 * _collisions((y - left[:, top])[:, None], unit)[0]:
                continue  # what is left is steady only because the columns are
            pairs = tuple((int(j), int(s)) for j, s in zip(chosen, signs[top], strict=True))
            best = Identity(pairs, share, share >= _EXACT**2)
        if best is not None and best.exact:
            break
    return best


def _chance(x: Float64, y: Float64, unit: float) -> float:
    """How often two rows leave the same over when answers are dealt to the wrong rows, or nothing is subtracted."""
    shuffled = np.random.default_rng(1).permutation(y)
    alone = float(_collisions(y[:, None], unit)[0])
    single = _collisions(shuffled[:, None] - x, unit)
    return max(alone, float(single.max()))


def _collisions(left: Float64, unit: float) -> Float64:
    """For each column of `left` (rows, columns): the share of pairs of rows with the same value."""
    values = np.sort(np.round(left / unit), axis=0)
    rows = len(values)
    change = np.ones_like(values, dtype=bool)
    change[1:] = np.abs(np.diff(values, axis=0)) > 0.5
    out = np.empty(values.shape[1])
    for j in range(values.shape[1]):
        start = np.flatnonzero(change[:, j])
        run = np.diff(np.append(start, rows)).astype(np.float64)
        out[j] = float((run * (run - 1)).sum()) / (rows * (rows - 1))
    return out


def _strongest(x: Float64, y: Float64, among: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """The columns that vary, those most correlated with the answer first."""
    spread = x[:, among].std(axis=0)
    among = among[spread > 0]
    if len(among) <= most:
        return among
    z = (x[:, among] - x[:, among].mean(axis=0)) / x[:, among].std(axis=0)
    strength = np.abs(z.T @ (y - y.mean()))
    return np.sort(among[np.argsort(-strength, kind="stable")[:most]])


def _many_parts(x: Float64, y: Float64, unit: float) -> Identity | None:
    """An exact sum of four or more columns with weights one, by least squares."""
    varying = np.flatnonzero(x.std(axis=0) > 0)
    if len(varying) < 4 or len(y) < 3 * len(varying):
        return None
    design = np.column_stack([x[:, varying], np.ones(len(y))])
    weights = np.linalg.lstsq(design / np.abs(design).max(axis=0), y, rcond=None)[0] / np.abs(design).max(axis=0)
    signs = np.round(weights[:-1])
    if not np.all(np.isin(signs, (-1, 0, 1))) or (signs != 0).sum() < 4:
        return None
    left = y - x[:, varying] @ signs
    if np.mean(np.abs(left - np.median(left)) <= 0.5 * unit + 1e-9 * np.abs(y).max()) < _EXACT:
        return None
    chosen: Sequence[tuple[int, int]] = [(int(j), int(s)) for j, s in zip(varying, signs, strict=True) if s]
    return Identity(tuple(chosen), 1.0, exact=True)
