"""A cheap model that probes how much can be learned from some columns: a few boosted trees, scored out of fold.

For decisions about data only; it is never delivered and knows nothing of the model families.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..boosting import lightgbm as lgb
from .meaning import Reading
from .relation import score

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

MOST_ROWS = 6000
_ROUNDS = 60
_MOST_CLASSES = 8
_SMALL_LEAVES, _LEAVES = 3, 10  # rows a leaf holds at least: of few rows, and of a hundred or more
_PARAMS = {
    "num_leaves": 15,
    "learning_rate": 0.15,
    "max_bin": 63,
    "feature_fraction": 0.8,
    "verbosity": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
}


def probe_matrix(readings: Mapping[str, Reading], names: Sequence[str], rows: Int64) -> Float32:
    """Numbers as they are, names as their rank by frequency, dates as days, month, weekday and hour; NaN where
    missing. float32 (rows, features)."""
    columns: list[Float64] = []
    for name in names:
        reading = readings[name]
        codes = reading.levels.codes[rows]
        if reading.values is None:
            rank = np.empty(reading.levels.distinct)
            rank[np.argsort(-reading.levels.counts, kind="stable")] = np.arange(reading.levels.distinct)
            columns.append(np.append(rank, np.nan)[codes])
        elif reading.meaning == "date":
            columns += [np.append(part, np.nan)[codes] for part in _date_parts(reading.values)]
        else:
            columns.append(np.append(reading.values, np.nan)[codes])
    limit = np.finfo(np.float32).max
    if not columns:
        return np.zeros((len(rows), 0), dtype=np.float32)
    return np.clip(np.column_stack(columns), -limit, limit).astype(np.float32)


def _date_parts(days: Float64) -> tuple[Float64, ...]:
    """Days, month, weekday and hour of moments given in days since 1970."""
    known = np.where(np.isfinite(days), days, 0.0)
    whole = np.floor(known)
    month = whole.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    parts = (month.astype(np.float64), (whole + 3) % 7, (known - whole) * 24)
    return (days, *(np.where(np.isfinite(days), p, np.nan) for p in parts))


def fit_probe(x: Float32, y: Float64, classes: int, seed: int, rounds: int = _ROUNDS) -> lgb.Booster:
    """Boosted trees on all of these rows."""
    if classes == 2:
        objective: dict[str, object] = {"objective": "binary"}
    elif classes:
        objective = {"objective": "multiclass", "num_class": classes}
        rounds = max(10, min(rounds, 160 // classes))
    else:
        objective = {"objective": "regression"}
    data = lgb.Dataset(x, y, free_raw_data=True, params={"verbosity": -1})
    leaf = min(max(_SMALL_LEAVES, len(y) // 10), _LEAVES)
    return lgb.train({**_PARAMS, **objective, "min_data_in_leaf": leaf, "seed": seed}, data, num_boost_round=rounds)


def answers(model: lgb.Booster, x: Float32, classes: int) -> Float64:
    """Probabilities (rows, classes), or values (rows,)."""
    out = np.asarray(model.predict(x), dtype=np.float64)
    return np.stack([1 - out, out], axis=1) if classes == 2 else out


def probe_score(x: Float32, y: Float64, classes: int, *, folds: Int64, seed: int = 0, rounds: int = _ROUNDS) -> float:
    """Out-of-fold AUC (two classes), accuracy beyond the commonest class (more), or R², over the given folds.

    Of many classes the rarest count as one: a handful of rows would upset the trees."""
    y, classes = merged(y, classes)
    if classes == 1:
        return 0.0
    return score(out_of_fold(x, y, classes, folds=folds, seed=seed, rounds=rounds), y, classes)


def out_of_fold(x: Float32, y: Float64, classes: int, *, folds: Int64, seed: int, rounds: int = _ROUNDS) -> Float64:
    """Predictions of each fold by a probe of the others: (rows, classes), or (rows,). `y` as `merged` gives it."""
    predicted = np.zeros((len(y), classes) if classes else len(y))
    for fold in np.unique(folds):
        mine = folds == fold
        if not classes or len(np.unique(y[~mine])) > 1:
            predicted[mine] = answers(fit_probe(x[~mine], y[~mine], classes, seed, rounds), x[mine], classes)
    return predicted


def merged(y: Float64, classes: int) -> tuple[Float64, int]:
    """Class indices without gaps, at most eight, the rarest of more than eight merged; regression stays as it is."""
    if classes == 0:
        return y, 0
    present, place, counts = np.unique(y, return_inverse=True, return_counts=True)
    rank = np.empty(len(present), dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(present))
    few = np.minimum(rank, _MOST_CLASSES - 1) if len(present) > _MOST_CLASSES else np.arange(len(present))
    return few[place].astype(np.float64), min(len(present), _MOST_CLASSES)


def drawn(known: Int64, most: int, seed: int) -> Int64:
    """At most `most` of these row numbers, ascending."""
    if len(known) <= most:
        return known
    return np.sort(np.random.default_rng(seed).choice(known, most, replace=False))
