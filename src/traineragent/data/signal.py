"""Is there anything to learn? A quick model against the same model on shuffled answers.

After the permutation test of Ojala and Garriga (2010), with few shuffles because the answer is needed within seconds.
It sees typed training rows only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..domain.data import FeatureKind
from .probe import drawn, merged, out_of_fold, probe_score
from .relation import auc, random_folds, ranks

Float64 = NDArray[np.float64]

MOST_ROWS = 4000
MOST_FEATURES = 200
SHUFFLES = 3
MORE_SHUFFLES = 19
"""Shuffles where the first few leave it open; the least p-value they can show is 0.05."""
HOPELESS_P, HOPELESS_ROWS = 0.25, 200
_ROUNDS = 40


@dataclass(frozen=True)
class Signal:
    """`score` of a quick model out of fold and the best of `shuffled` answers: AUC (two classes), accuracy beyond the
    commonest class (more), R² (regression). `found`: the real answers are told clearly better."""

    metric: str
    score: float
    shuffled: float
    found: bool
    rows: int
    why: str
    p: float = 0.0  # share of shuffles that rank answers as well; measured where the first few left it open
    shuffles: int = SHUFFLES

    @property
    def hopeless(self) -> bool:
        """Not only is nothing found: answers drawn by lot are told as well as the real ones, on rows enough to tell."""
        return not self.found and self.rows >= HOPELESS_ROWS and self.p > HOPELESS_P

    @property
    def warnings(self) -> tuple[str, ...]:
        return () if self.found else (self.why,)


def signal(
    x: NDArray[np.float32],
    y: Float64,
    kinds: Sequence[FeatureKind],
    *,
    classes: int,
    seed: int = 0,
) -> Signal:
    """Whether the columns say anything about the answer, on at most 4,000 rows and the 200 most promising features.

    x float32 (rows, features), NaN missing; y float64 (rows,): class index or value; `kinds` a kind a feature."""
    assert x.shape[1] == len(kinds), (x.shape, len(kinds))
    rows = drawn(np.arange(len(y), dtype=np.int64), MOST_ROWS, seed)
    truth, present = merged(y[rows], classes)
    metric = "roc_auc" if present == 2 else "accuracy_gain" if classes else "r2"
    if len(rows) < 20 or present == 1:
        why = f"{len(rows)} rows are too few to tell whether anything can be learned"
        return Signal(metric, 0.0, 0.0, False, len(rows), why)
    data = np.ascontiguousarray(_varied(x[rows]), dtype=np.float32)
    folds = random_folds(len(rows), seed)
    rng = np.random.default_rng(seed)
    real = probe_score(data, truth, present, folds=folds, seed=seed, rounds=_ROUNDS)
    chance = [
        probe_score(data, rng.permutation(truth), present, folds=folds, seed=seed, rounds=_ROUNDS)
        for _ in range(SHUFFLES)
    ]
    found = real > max(chance) + _margin(len(rows), present)
    why = (
        f"a quick model reaches {metric} {real:.3f} out of fold, {max(chance):.3f} at best with shuffled answers: "
        + ("there is something to learn" if found else "the columns say little or nothing about the answer")
    )
    p = 0.0 if found else _p_value(data, truth, present, folds, seed)
    return Signal(metric, real, max(chance), found, len(rows), why, p, SHUFFLES if found else MORE_SHUFFLES)


def _p_value(data: NDArray[np.float32], y: Float64, classes: int, folds: NDArray[np.int64], seed: int) -> float:
    """Share of shuffles that rank the answers at least as well as the truth does, itself counted with them."""
    rng = np.random.default_rng(seed + 1)
    real = _ranking(data, y, classes, folds, seed)
    as_good = sum(_ranking(data, rng.permutation(y), classes, folds, seed) >= real for _ in range(MORE_SHUFFLES))
    return (1 + as_good) / (1 + MORE_SHUFFLES)


def _ranking(data: NDArray[np.float32], y: Float64, classes: int, folds: NDArray[np.int64], seed: int) -> float:
    """How well answers are put in order out of fold: mean AUC of each class against the rest, or rank correlation. It
    sees more than a share of right answers, which an overweight class hides."""
    predicted = out_of_fold(data, y, classes, folds=folds, seed=seed, rounds=_ROUNDS)
    if not classes:
        return float(np.corrcoef(ranks(predicted), ranks(y))[0, 1]) if np.ptp(predicted) else 0.0
    return float(np.mean([auc(y == c, predicted[:, c]) for c in range(classes) if (y == c).any()]))


def _varied(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The features that vary most evenly, where there are very many."""
    if x.shape[1] <= MOST_FEATURES:
        return x
    filled = np.nan_to_num(x, nan=0.0).astype(np.float64)
    rare = np.array([np.unique(column, return_counts=True)[1].max() for column in filled.T])
    return x[:, np.sort(np.argsort(rare, kind="stable")[:MOST_FEATURES])]


def _margin(rows: int, classes: int) -> float:
    """Two standard errors of chance, roughly: about 1/sqrt(rows)."""
    return (0.6 if classes == 2 else 0.4) / np.sqrt(rows) if classes else 0.01 + 1.0 / rows
