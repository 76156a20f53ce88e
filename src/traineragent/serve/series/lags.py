"""What learned forecasters read: the newest values of a series on its own scale, and the calendar.

`block` inputs give a whole block of steps at once; `step` inputs give one row a step ahead, with what the season before
held. Values are taken relative to a level and divided by a scale, so that one model learns from series of any size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .timeline import Timeline

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

SEASONS_BACK = 3  # values of the same place in earlier seasons that a step reads
RECENT = 3  # newest values that a step reads


@dataclass(frozen=True)
class Windows:
    """The newest `lags` values of each series (rows, lags) on their own scale, with what puts an answer back."""

    values: Float64
    level: Float64
    scale: Float64

    def back(self, y: Float64) -> Float64:
        """Answers (rows, steps) in the unit of the series."""
        return np.asarray(self.level[:, None] + self.scale[:, None] * y)


def windows(y: Float64, lags: int, season: int, level: str) -> Windows:
    """The last `lags` values of y (rows, time), the first value repeated where there are fewer. `level`: "last" or
    "mean" (of the last season), what the values are taken relative to."""
    tail = y[:, -lags:]
    if tail.shape[1] < lags:
        tail = np.concatenate([np.repeat(tail[:, :1], lags - tail.shape[1], axis=1), tail], axis=1)
    base = tail[:, -1] if level == "last" else tail[:, -season:].mean(axis=1)
    off = tail - base[:, None]
    spread = np.abs(tail - tail.mean(axis=1, keepdims=True)).mean(axis=1)
    scale = np.where(spread > 1e-9 * (np.abs(base) + 1e-9), spread, 1.0)
    return Windows(off / scale[:, None], base, scale)


def block_inputs(w: Windows, at: Int64, timeline: Timeline, with_calendar: bool) -> NDArray[np.float32]:
    """One row a series, float32 (rows, lags + calendar): the window and the calendar of the first step ahead."""
    if not with_calendar:
        return w.values.astype(np.float32)
    return np.concatenate([w.values, timeline.calendar(at)], axis=1).astype(np.float32)


def step_inputs(w: Windows, at: Int64, timeline: Timeline, season: int, horizon: int) -> NDArray[np.float32]:
    """One row a series and step ahead, float32 (rows * horizon, features), series by series: the step, the calendar
    then, the newest values, means and spread, and the same place in earlier seasons."""
    rows, lags = w.values.shape
    ahead = np.arange(1, horizon + 1)
    calendar = timeline.calendar((at[:, None] + ahead - 1).reshape(-1))
    back = -(-ahead // season) * season - ahead  # steps before the newest value, in the last full season
    past = [np.minimum(back + k * season, lags - 1) for k in range(SEASONS_BACK)]
    seasonal = np.stack([w.values[:, lags - 1 - p] for p in past], axis=2)  # (rows, horizon, SEASONS_BACK)
    around = [w.values[:, -RECENT:], *(w.values[:, -n:].mean(axis=1, keepdims=True) for n in (season, lags))]
    around.append(w.values[:, -season:].std(axis=1, keepdims=True))
    shared = np.concatenate(around, axis=1)
    parts = [
        np.tile(ahead.astype(np.float64), rows)[:, None],
        calendar,
        seasonal.reshape(rows * horizon, -1),
        np.repeat(shared, horizon, axis=0),
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def inputs(spec: Mapping[str, Any], w: Windows, at: Int64, timeline: Timeline) -> NDArray[np.float32]:
    """What the graph of a learned member takes."""
    if spec["kind"] == "block":
        return block_inputs(w, at, timeline, bool(spec["calendar"]))
    return step_inputs(w, at, timeline, int(spec["season"]), int(spec["steps"]))
