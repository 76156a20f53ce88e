"""A cheap model that probes how much can be learned from some columns: a few boosted trees, scored out of fold.

For decisions about data only; it is never delivered and knows nothing of the model families.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from .meaning import Reading
from .relation import score

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

MOST_ROWS = 6000
_ROUNDS = 60
_PARAMS = {
    "num_leaves": 15,
    "learning_rate": 0.15,
    "min_data_in_leaf": 10,
    "max_bin": 63,
    "feature_fraction": 0.8,
    "verbosity": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
}


def probe_matrix(readings: Mapping[str, Reading], names: Sequence[str], rows: Int64) -> Float32:
    """Numbers as they are and names as their rank by frequency, NaN where missing. float32 (rows, names)."""
    out = np.empty((len(rows), len(names)), dtype=np.float32)
    for j, name in enumerate(names):
        reading = readings[name]
        if reading.values is not None:
            values = reading.values
        else:
            values = np.empty(reading.levels.distinct)
            values[np.argsort(-reading.levels.counts, kind="stable")] = np.arange(reading.levels.distinct)
        limit = np.finfo(np.float32).max
        out[:, j] = np.clip(np.append(values, np.nan)[reading.levels.codes[rows]], -limit, limit)
    return out


def fit_probe(x: Float32, y: Float64, classes: int, seed: int, rounds: int = _ROUNDS) -> lgb.Booster:
    """Boosted trees on all of these rows."""
    if classes == 2:
        objective: dict[str, object] = {"objective": "binary"}
    elif classes:
        objective = {"objective": "multiclass", "num_class": classes}
        rounds = max(10, min(rounds, 600 // classes))
    else:
        objective = {"objective": "regression"}
    data = lgb.Dataset(x, y, free_raw_data=True, params={"verbosity": -1})
    return lgb.train({**_PARAMS, **objective, "seed": seed}, data, num_boost_round=rounds)


def answers(model: lgb.Booster, x: Float32, classes: int) -> Float64:
    """Probabilities (rows, classes), or values (rows,)."""
    out = np.asarray(model.predict(x), dtype=np.float64)
    return np.stack([1 - out, out], axis=1) if classes == 2 else out


def probe_score(x: Float32, y: Float64, classes: int, *, folds: Int64, seed: int = 0) -> float:
    """Out-of-fold AUC (two classes), accuracy beyond the commonest class (more), or R², over the given folds."""
    predicted = np.zeros((len(y), classes) if classes else len(y))
    for fold in np.unique(folds):
        mine = folds == fold
        if not classes or len(np.unique(y[~mine])) > 1:
            predicted[mine] = answers(fit_probe(x[~mine], y[~mine], classes, seed), x[mine], classes)
    return score(predicted, y, classes)


def drawn(known: Int64, most: int, seed: int) -> Int64:
    """At most `most` of these row numbers, ascending."""
    if len(known) <= most:
        return known
    return np.sort(np.random.default_rng(seed).choice(known, most, replace=False))
