"""How much a delivered model leans on each column, by shuffling the column and looking at the metric (Breiman 2001).

Works through any `predict` function, so it judges the exported graph itself. It knows nothing of raw values."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.data import Column, RichInput
from ..serve.inputs.parts import Rows
from .metrics import Scorer, scorer

Predict = Callable[[Any], NDArray[Any]]
Mix = Callable[[Any, Any, NDArray[np.int64]], Any]
FEWEST_ROWS = 200


@dataclass(frozen=True)
class Importance:
    """`drop`: mean loss of the metric, in its units (positive = worse without the column); `std` over repeats."""

    column: str
    drop: float
    std: float
    repeats: int


def permutation_importance(
    predict: Predict,
    x: Any,
    y: NDArray[Any],
    groups: Mapping[str, Any],
    metric: str,
    *,
    mix: Mix | None = None,
    rows: int = 2000,
    repeats: int = 4,
    seconds: float = 20.0,
    threshold: float | None = None,
    positive: int = 1,
    seed: int = 0,
) -> list[Importance]:
    """Columns by falling importance. `groups`: column -> its features in `x` (rows, features), shuffled together; where
    rows are more than a matrix, `mix(x, group, order)` gives them with that group's part taken in another order.

    At most `rows` rows are used, fewer where the model is so slow that every column could not be shuffled once within
    `seconds`; repeats stop when time is up. Columns that were not reached are absent."""
    measure = scorer(metric)
    rng = np.random.default_rng(seed)
    ends = time.monotonic() + seconds
    truth = np.asarray(y, dtype=np.float64)
    pick = rng.permutation(len(x))[:rows]
    started = time.monotonic()
    predict(x[pick])
    once = time.monotonic() - started
    fit = int(len(pick) * seconds / max(once * (len(groups) + 1), 1e-9))
    pick = pick[: max(min(len(pick), fit), min(FEWEST_ROWS, len(pick)))]
    part, truth, mix = x[pick], truth[pick], mix or mixed_features
    whole = _utility(measure, truth, predict(part), threshold, positive)
    drops: dict[str, list[float]] = {column: [] for column in groups}
    for _ in range(repeats):
        for column, features in groups.items():
            if time.monotonic() > ends:
                return _ranked(drops)
            shuffled = mix(part, features, rng.permutation(len(part)))
            drops[column].append(whole - _utility(measure, truth, predict(shuffled), threshold, positive))
    return _ranked(drops)


def mixed_features(x: NDArray[np.float32], features: Sequence[int], order: NDArray[np.int64]) -> NDArray[np.float32]:
    """A copy of `x` with these columns in another order."""
    shuffled = np.array(x, dtype=np.float32)
    shuffled[:, list(features)] = x[order][:, list(features)]
    return shuffled


def column_groups(columns: Sequence[Column], inputs: Sequence[RichInput]) -> dict[str, tuple[list[int], list[str]]]:
    """Column -> (its features in x, the rich inputs that read it), for `mixed_rows`. Columns that one input joins are
    one group."""
    shared: dict[str, str] = {}
    for column in columns:
        joined = next((i.columns for i in inputs if column.name in i.columns), (column.name,))
        shared[column.name] = " + ".join(joined)
    groups: dict[str, tuple[list[int], list[str]]] = {}
    start = 0
    for column in columns:
        features, names = groups.setdefault(shared[column.name], ([], []))
        features += range(start, start + len(column.features))
        names += [i.name for i in inputs if column.name in i.columns and i.name not in names]
        start += len(column.features)
    return groups


def mixed_rows(rows: Rows, group: tuple[Sequence[int], Sequence[str]], order: NDArray[np.int64]) -> Rows:
    """The rows with the features and the rich inputs of a group in another order."""
    features, names = group
    more = {name: part[order] if name in names else part for name, part in rows.more.items()}
    return Rows(mixed_features(rows.x, features, order), more)


def _utility(
    measure: Scorer, y: NDArray[np.float64], answers: NDArray[Any], threshold: float | None, positive: int
) -> float:
    scores = np.asarray(answers, dtype=np.float64)
    if scores.ndim == 2 and scores.shape[1] == 1:
        scores = scores[:, 0]
    return measure.utility(measure(y, scores, threshold, positive))


def _ranked(drops: Mapping[str, Sequence[float]]) -> list[Importance]:
    found = []
    for column, values in drops.items():
        known = [v for v in values if np.isfinite(v)]
        if known:
            std = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
            found.append(Importance(column, float(np.mean(known)), std, len(known)))
    return sorted(found, key=lambda i: -i.drop)
