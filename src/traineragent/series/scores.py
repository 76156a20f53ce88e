"""How good forecasts are: the metrics of numbers over all steps that came, and `skill` against the last season."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..domain.task import Direction
from ..engine.metrics import scorer

Float64 = NDArray[np.float64]

SKILL, COVERED, SCALED = "skill", "interval_coverage", "mase"
SKILLS = (SKILL, "skill_vs_seasonal_naive")


@dataclass(frozen=True)
class Yardstick:
    """What forecasts are set beside: `repeated` (cases, horizon), what repeating the last season says, and `usual`
    (cases,), the mean absolute error of doing so over the history of the case's series, NaN where that has none."""

    repeated: Float64
    usual: Float64

    def __getitem__(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Yardstick:
        return Yardstick(self.repeated[rows], self.usual[rows])


def score(metric: str, truth: Float64, said: Float64, beside: Yardstick) -> float:
    """A metric over all known cells of truth (cases, horizon). "mase" is scaled by the errors of the history (Hyndman
    and Koehler 2006), and NaN where no series has any."""
    known = np.isfinite(truth)
    if metric == SCALED:
        scaled = (np.abs(said - truth) / beside.usual[:, None])[known]
        return float(np.nanmean(scaled)) if np.isfinite(scaled).any() else float("nan")
    if metric not in SKILLS:
        return float(scorer(metric)(truth[known], said[known], None, 1))
    base = float(np.abs(beside.repeated - truth)[known].mean())
    wrong = float(np.abs(said - truth)[known].mean())
    return 1.0 - wrong / base if base > 0 else float(wrong == 0.0)


def direction(metric: str) -> Direction:
    if metric == SCALED:
        return "minimize"
    return "maximize" if metric in (*SKILLS, COVERED) else scorer(metric).direction


def utility(metric: str, value: float) -> float:
    """The value as the search compares it: higher is better."""
    return value if direction(metric) == "maximize" else -value


@dataclass(frozen=True)
class Judged:
    """A metric over all cases and over each starting point."""

    value: float
    by_window: tuple[float, ...]


def judged(metric: str, truth: Float64, said: Float64, beside: Yardstick, window: NDArray[np.int64]) -> Judged:
    parts = [score(metric, truth[window == w], said[window == w], beside[window == w]) for w in np.unique(window)]
    return Judged(score(metric, truth, said, beside), tuple(parts))
