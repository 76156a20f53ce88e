"""The Theta method (Assimakopoulos & Nikolopoulos 2000): half a line, half smoothing, the season taken out before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ports import Card, SeriesContext
from ..series.fitted import FittedSeries
from ..series.panel import Panel, remembered, tails
from ..serve.series import recursions

WEIGHTS = (0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 0.95)
"""Of the newest value in the smoothing; the one with the smallest error on the newest steps is taken."""


class Theta:
    card = Card(
        "theta",
        "Theta",
        ("forecasting",),
        interpretable=True,
        licence="Apache-2.0",
        source="Assimakopoulos & Nikolopoulos 2000",
    )

    def space(self, panel: Panel) -> Mapping[str, Any]:
        return {"log": ("choice", False, True)} if panel.positive else {}

    def fit(self, params: Mapping[str, Any], panel: Panel, context: SeriesContext) -> FittedSeries:
        log = bool(params.get("log", False)) and panel.positive
        keep, horizon = remembered(panel), panel.horizon
        y = tails(panel, keep)
        y = np.log(np.maximum(y, panel.floor)) if log else y
        past, came = y[:, :-horizon], y[:, -horizon:]
        if past.shape[1] < max(2 * panel.season, 4):
            alpha = 0.3
        else:
            size = np.abs(y).mean(axis=1, keepdims=True) + 1e-12
            errors = [
                np.abs((recursions.theta(past, horizon, panel.season, np.full(len(y), a)) - came) / size).mean()
                for a in WEIGHTS
            ]
            alpha = WEIGHTS[int(np.argmin(errors))]
        return FittedSeries(
            {"kind": "theta", "keep": keep, "alpha": alpha, "log": log, "floor": panel.floor if log else 0.0},
            parameters=2,
        )


PLUGIN = Theta()
