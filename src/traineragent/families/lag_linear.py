"""A linear map from the newest values and the calendar to all steps ahead at once, each window on its own scale.

Simple and strong on long seasonal series (Zeng et al. 2023, "Are transformers effective for time series forecasting?").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..export.builder import GraphBuilder
from ..ports import Card, SeriesContext
from ..series.fitted import FILE, FittedSeries, running
from ..series.learning import block_steps, lessons, usual_lags
from ..series.panel import Panel
from ..serve.series.lags import block_inputs

MOST_WINDOWS = 20_000
MOST_CELLS = 60_000_000  # windows x lags
RIDGE = 0.01
Float64 = NDArray[np.float64]


class LagLinear:
    card = Card(
        "lag_linear",
        "Linear on lags and calendar",
        ("forecasting",),
        interpretable=True,
        licence="Apache-2.0",
        source="Zeng et al. 2023",
    )

    def space(self, panel: Panel) -> Mapping[str, Any]:
        most = usual_lags(panel, 40)
        logs = {"log": ("choice", False, True)} if panel.positive else {}
        return {
            "lags": ("int", max(2, min(panel.season, most)), max(most, 3), True),
            "ridge": ("float", 1e-4, 1.0, True),
            "level": ("choice", "last", "mean"),
            "calendar": ("choice", False, True),
            **logs,
        }

    def fit(self, params: Mapping[str, Any], panel: Panel, context: SeriesContext) -> FittedSeries:
        log = bool(params.get("log", False)) and panel.positive
        lags = min(
            int(params.get("lags") or usual_lags(panel, int(params.get("seasons", 2)))), usual_lags(panel, 10_000)
        )
        level, with_calendar = str(params.get("level", "last")), bool(params.get("calendar", False))
        found = lessons(panel, lags, level, log, min(MOST_WINDOWS, MOST_CELLS // lags))
        x = block_inputs(found.windows, found.at, panel.timeline, with_calendar)
        weights = _ridge(x.astype(np.float64), found.target, float(params.get("ridge", RIDGE)))
        graph = _graph(weights)
        sample = x[:: max(1, len(x) // 200)]
        said = running(graph)(sample)
        parity = float(np.abs(said - _predict(weights, sample)).max())
        member = {
            "kind": "block",
            "file": FILE,
            "keep": lags,
            "lags": lags,
            "steps": block_steps(panel),
            "level": level,
            "calendar": with_calendar,
            "log": log,
            "floor": panel.floor if log else 0.0,
        }
        return FittedSeries(member, graph, parity, weights.size)


def _ridge(x: Float64, y: Float64, strength: float) -> Float64:
    """Weights (features + 1, steps), the constant last; shrunk in proportion to the mean square of the inputs."""
    with_one = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    square = with_one.T @ with_one
    penalty = strength * np.trace(square[:-1, :-1]) / max(x.shape[1], 1)
    square[np.arange(x.shape[1]), np.arange(x.shape[1])] += penalty + 1e-9
    square[-1, -1] += 1e-9
    return np.asarray(np.linalg.solve(square, with_one.T @ y))


def _predict(weights: Float64, x: NDArray[np.float32]) -> Float64:
    return np.asarray(x.astype(np.float64) @ weights[:-1] + weights[-1])


def _graph(weights: Float64) -> bytes:
    graph = GraphBuilder(len(weights) - 1)
    y = graph.add("Gemm", "x", graph.floats(weights[:-1]), graph.floats(weights[-1:]))
    model: bytes = graph.model(y, weights.shape[1]).SerializeToString()
    return model


PLUGIN = LagLinear()
