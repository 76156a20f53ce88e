"""Windows of all series to learn from: what was known at a starting point, and the block that came after it.

Knows nothing of the models that learn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..serve.series.lags import Windows, windows
from .panel import Panel

Float64 = NDArray[np.float64]

FEWEST = 8  # windows; fewer teach nothing
MOST_STEPS = 200  # of a block; what lies further ahead is forecast block after block


@dataclass(frozen=True)
class Lessons:
    """`windows` on their own scale; `at` (rows,) the first step of each block; `target` (rows, steps) the block on the
    scale of its window."""

    windows: Windows
    at: NDArray[np.int64]
    target: Float64


def block_steps(panel: Panel) -> int:
    """Steps that a learned member gives at once."""
    return min(panel.horizon, MOST_STEPS)


def usual_lags(panel: Panel, seasons: int) -> int:
    """About so many seasons of values, as far as the shortest history that counts leaves windows to learn from."""
    wanted = max(seasons * panel.season, panel.season + 1, min(2 * panel.horizon, 24))
    longest = int(np.isfinite(panel.values).sum(axis=1).max())
    return int(max(2, min(wanted, (longest - block_steps(panel)) // 2)))


def lessons(panel: Panel, lags: int, level: str, log: bool, most: int) -> Lessons:
    """At most `most` windows, evenly spread over all series and times, the newest always among them.

    Raises ValueError where fewer than eight whole windows are to be had."""
    steps = block_steps(panel)
    values = np.log(np.maximum(panel.values, panel.floor)) if log else panel.values
    span = lags + steps
    if panel.steps < span:
        raise ValueError(f"{panel.steps} steps are too few for windows of {span}")
    whole = np.lib.stride_tricks.sliding_window_view(np.isfinite(values), span, axis=1).all(axis=2)
    series, start = np.nonzero(whole)
    if len(series) < FEWEST:
        raise ValueError(f"only {len(series)} whole windows of {span} steps are there; at least {FEWEST} are needed")
    if len(series) > most:
        picked = np.unique(np.linspace(0, len(series) - 1, most).round().astype(np.int64))
        series, start = series[picked], start[picked]
    place = start[:, None] + np.arange(span)
    cut = values[series[:, None], place]
    w = windows(cut[:, :lags], lags, panel.season, level)
    target = (cut[:, lags:] - w.level[:, None]) / w.scale[:, None]
    return Lessons(w, start + lags, target)
