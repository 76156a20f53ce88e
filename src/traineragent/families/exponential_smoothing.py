"""Exponential smoothing of level, trend and season (Holt-Winters; Hyndman & Athanasopoulos 2021, chapter 8), on values
or on their logarithms, for many series at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ports import Card, SeriesContext
from ..series.fitted import FittedSeries
from ..series.panel import Panel, remembered, tails
from ..serve.series.recursions import Smoothing, smooth

DRAWS, ROUNDS = 80, 3
STEP = 0.15  # standard deviation of the first round's changes, less in each further one
EACH = 200  # series; more share their parameters
LEAST, MOST = 1e-4, 0.999
Float64 = NDArray[np.float64]


class ExponentialSmoothing:
    card = Card(
        "exponential_smoothing",
        "Exponential smoothing",
        ("forecasting",),
        interpretable=True,
        licence="Apache-2.0",
        source="Hyndman & Athanasopoulos 2021",
    )

    def space(self, panel: Panel) -> Mapping[str, Any]:
        logs = {"log": ("choice", False, True)} if panel.positive else {}
        return {"trend": ("choice", "none", "additive", "damped"), **logs}

    def fit(self, params: Mapping[str, Any], panel: Panel, context: SeriesContext) -> FittedSeries:
        log = bool(params.get("log", False)) and panel.positive
        seasonal = bool(params.get("seasonal", True)) and panel.steps >= 2 * panel.season
        season, keep = panel.season if seasonal else 1, remembered(panel)
        y = tails(panel, keep)
        y = np.log(np.maximum(y, panel.floor)) if log else y
        found = _search(y[:EACH], season, str(params.get("trend", "damped")), context.seed)
        if len(y) > EACH:
            found = np.median(found, axis=1, keepdims=True)
        names = ("alpha", "beta", "gamma", "phi")
        numbers = {name: np.round(values, 6).tolist() for name, values in zip(names, found, strict=True)}
        member = {"kind": "smoothing", "keep": keep, "season": season, "log": log, **numbers}
        return FittedSeries({**member, "floor": panel.floor if log else 0.0}, parameters=4 * found.shape[1])


def _search(y: Float64, season: int, trend: str, seed: int) -> Float64:
    """Parameters (4, series) with the smallest one-step error: random ones first, then near the best of each series."""
    rng = np.random.default_rng(seed)
    rows = len(y)
    best: Float64 | None = None
    for turn in range(ROUNDS):
        tried = _draw(rng, rows, best, STEP / (turn + 1))
        tried[1] = 0.0 if trend == "none" else tried[1]
        tried[3] = 1.0 if trend == "additive" else tried[3]
        tried[2] = 0.0 if season == 1 else tried[2]
        flat = tried.reshape(4, rows * DRAWS)
        state = smooth(np.repeat(y, DRAWS, axis=0), Smoothing(flat[0], flat[1], flat[2], flat[3], season))
        winner = np.nan_to_num(state.error, nan=np.inf).reshape(rows, DRAWS).argmin(axis=1)
        best = tried[:, np.arange(rows), winner]
    assert best is not None
    return best


def _draw(rng: np.random.Generator, rows: int, best: Float64 | None, step: float) -> Float64:
    """Candidates (4, series, DRAWS): level, trend and season weights, damping."""
    if best is None:
        shape = (rows, DRAWS)
        return np.stack(
            [rng.beta(1, 2, shape), rng.beta(1, 4, shape), rng.beta(1, 3, shape), rng.uniform(0.8, 0.995, shape)]
        )
    near = best[:, :, None] + step * rng.normal(size=(4, rows, DRAWS)) * np.array([1, 1, 1, 0.3])[:, None, None]
    near[:, :, 0] = best
    low = np.array([LEAST, LEAST, LEAST, 0.8])[:, None, None]
    high = np.array([MOST, MOST, MOST, 0.995])[:, None, None]
    return np.asarray(np.clip(near, low, high))


PLUGIN = ExponentialSmoothing()
