"""Bounds of forecasts from errors of the past: conformal quantiles on a scale that grows with the distance.

Few starting points tell little, and they overlap: what they cannot tell makes the bounds wider, not narrower. Knows
nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .panel import Float64

NEIGHBOURS = 16  # a step's size is measured with those of so many parts of the horizon around it
SIDES_FROM = 20.0  # independent errors at which each side's own quantile counts as much as one for both
MOST_INDEPENDENT = 400.0
PACE = 0.08  # of the share that fell outside at a starting point, by which the next ones are made wider
WIDEST = 0.2  # of the share that may fall outside: no bounds are made for less


@dataclass(frozen=True)
class Errors:
    """Truth minus forecast in units of how much a series moves, (cases, horizon), NaN where unknown; `at` (cases,) is
    the step at which each forecast began."""

    at: NDArray[np.int64]
    values: Float64

    def to_json(self) -> dict[str, Any]:
        rows = [[None if not np.isfinite(v) else round(float(v), 5) for v in row] for row in self.values]
        return {"at": self.at.tolist(), "values": rows}

    @staticmethod
    def from_json(*raw: Mapping[str, Any]) -> Errors:
        """What was written, several one after the other."""
        at = np.array([a for one in raw for a in one["at"]], dtype=np.int64)
        rows = [[np.nan if v is None else v for v in row] for one in raw for row in one["values"]]
        return Errors(at, np.array(rows, dtype=np.float64))

    @property
    def independent(self) -> float:
        """About how many independent forecasts these are: starting points that overlap tell the same once, series of
        the same time half as much as their number says."""
        starts = np.unique(self.at)
        horizon = self.values.shape[1]
        stretches = min(float(len(starts)), float(starts[-1] - starts[0] + horizon) / horizon)
        return float(min(stretches * (len(self.at) / len(starts)) ** 0.5, MOST_INDEPENDENT))


def bounds(errors: Errors, horizon: int, coverage: float) -> dict[str, Any]:
    """Low and high of each step in units of how much a series moves. Quantiles over all steps on one scale
    (split-conformal, Stankevičiūtė et al. 2021), of a share that is adapted to what fell outside from one starting
    point to the next (Gibbs & Candès 2021), wider by the ratio of Student's to the normal quantile."""
    size = _sizes(errors.values, horizon)
    scaled = errors.values[:, :horizon] / size
    outside = _adapted(errors.at, scaled, 1.0 - coverage, horizon)
    low, high = _quantiles(scaled[np.isfinite(scaled)], outside, errors.independent)
    wider = _student(coverage, errors.independent)
    return {
        "coverage": coverage,
        "low": np.round(low * wider * size, 6).tolist(),
        "high": np.round(high * wider * size, 6).tolist(),
    }


def _sizes(values: Float64, horizon: int) -> Float64:
    """How large errors are at each step (horizon,): smooth, never smaller further ahead."""
    around = max(1, horizon // NEIGHBOURS)
    out = np.full(horizon, np.nan)
    for step in range(horizon):
        near = np.abs(values[:, max(0, step - around) : step + around + 1])
        near = near[np.isfinite(near)]
        out[step] = near.mean() if len(near) else np.nan
    known = np.flatnonzero(np.isfinite(out))
    if not len(known):
        return np.ones(horizon)
    out = np.interp(np.arange(horizon), known, out[known])
    return np.maximum.accumulate(np.maximum(out, 1e-9))


def _quantiles(scaled: Float64, outside: float, independent: float) -> tuple[float, float]:
    """(low, high): one quantile for both sides while little is known, more and more each side's own."""
    if not len(scaled):
        return -1.0, 1.0
    more = 1.0 + 1.0 / len(scaled)
    both = float(np.quantile(np.abs(scaled), min(1.0, (1 - outside) * more)))
    side = min(1.0, (1 - outside / 2) * more)
    low, high = float(np.quantile(scaled, 1 - side)), float(np.quantile(scaled, side))
    own = independent / (independent + SIDES_FROM)
    return min(own * low - (1 - own) * both, 0.0), max(own * high + (1 - own) * both, 0.0)


def _adapted(at: NDArray[np.int64], scaled: Float64, outside: float, horizon: int) -> float:
    """The share that bounds are made for, after going through the starting points in order, each judged by bounds of
    those whose values had come by then; never more than `outside`."""
    share = outside
    for start in np.unique(at):
        before = scaled[at + horizon <= start]
        before = before[np.isfinite(before)]
        now = scaled[at == start]
        now = now[np.isfinite(now)]
        if len(before) < 2 * horizon or not len(now):
            continue
        low, high = _quantiles(before, max(share, WIDEST * outside), MOST_INDEPENDENT)
        missed = float(((now < low) | (now > high)).mean())
        share += PACE * (outside - missed)
    return float(np.clip(share, WIDEST * outside, outside))


def _student(coverage: float, independent: float) -> float:
    """Student's quantile over the normal one (Cornish & Fisher 1938), for so many independent errors."""
    z = NormalDist().inv_cdf((1 + coverage) / 2)
    n = max(independent - 1, 2.0)
    t = z + (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n * n)
    return t / z


def chosen(cases: int, most: int) -> NDArray[np.int64]:
    """Which of so many cases are kept, evenly."""
    return np.unique(np.linspace(0, cases - 1, min(cases, most)).round().astype(np.int64))
