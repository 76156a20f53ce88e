"""How good forecasts are: the metrics of numbers over all steps that came, and `skill` against the last season."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..domain.task import Direction
from ..engine.metrics import scorer

Float64 = NDArray[np.float64]

SKILL, COVERED = "skill", "interval_coverage"
SKILLS = (SKILL, "skill_vs_seasonal_naive")


def score(metric: str, truth: Float64, said: Float64, repeated: Float64) -> float:
    """A metric over all known cells of truth (cases, horizon). `repeated`: what repeating the last season says."""
    known = np.isfinite(truth)
    if metric not in SKILLS:
        return float(scorer(metric)(truth[known], said[known], None, 1))
    base = float(np.abs(repeated - truth)[known].mean())
    wrong = float(np.abs(said - truth)[known].mean())
    return 1.0 - wrong / base if base > 0 else float(wrong == 0.0)


def direction(metric: str) -> Direction:
    return "maximize" if metric in (*SKILLS, COVERED) else scorer(metric).direction


def utility(metric: str, value: float) -> float:
    """The value as the search compares it: higher is better."""
    return value if direction(metric) == "maximize" else -value


@dataclass(frozen=True)
class Judged:
    """A metric over all cases and over each starting point."""

    value: float
    by_window: tuple[float, ...]


def judged(metric: str, truth: Float64, said: Float64, repeated: Float64, window: NDArray[np.int64]) -> Judged:
    parts = [score(metric, truth[window == w], said[window == w], repeated[window == w]) for w in np.unique(window)]
    return Judged(score(metric, truth, said, repeated), tuple(parts))
