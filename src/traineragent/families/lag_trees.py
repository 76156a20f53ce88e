"""Boosted trees over all series at once: one row a starting point and step ahead, each on the scale of its window.

The trees are those of the rows' LightGBM family, asked for by name; only what they read differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import registry
from ..ports import Batch, Card, FitContext, SeriesContext
from ..series.fitted import FILE, FittedSeries, running
from ..series.learning import block_steps, lessons, usual_lags
from ..series.panel import Panel
from ..serve.series.lags import step_inputs

MOST_ROWS = 120_000
ROUNDS, RATE = 150, 0.06
OWN = ("lags", "seasons", "level", "log", "effects")


class LagTrees:
    card = Card(
        "lag_trees",
        "Boosted trees on lags and calendar",
        ("forecasting",),
        licence="MIT",
        source="Ke et al. 2017; Montero-Manso & Hyndman 2021 on one model for all series",
    )

    def space(self, panel: Panel) -> Mapping[str, Any]:
        logs = {"log": ("choice", False, True)} if panel.positive else {}
        return {
            "rounds": ("int", 40, 400, True),
            "learning_rate": ("float", 0.02, 0.12, True),
            "num_leaves": ("int", 4, 64, True),
            "min_child_samples": ("int", 5, 200, True),
            "feature_fraction": ("float", 0.3, 1.0, False),
            "level": ("choice", "last", "mean"),
            **logs,
        }

    def fit(self, params: Mapping[str, Any], panel: Panel, context: SeriesContext) -> FittedSeries:
        log = bool(params.get("log", False)) and panel.positive
        lags = usual_lags(panel, int(params.get("seasons", 4)))
        level, steps = str(params.get("level", "mean")), block_steps(panel)
        found = lessons(panel, lags, level, log, max(MOST_ROWS // steps, 50))
        x = step_inputs(found.windows, found.at, panel.timeline, panel.season, steps)
        y = found.target.reshape(-1)
        given = {"rounds": ROUNDS, "learning_rate": RATE, **{k: v for k, v in params.items() if k not in OWN}}
        features = x.shape[1]
        told = FitContext(
            ("number",) * features, (0,) * features, 0, "mae", context.seed, context.threads, context.deadline
        )
        fitted = registry.get("families", "lightgbm").fit({**given, "patience": 0}, Batch(x, y), None, told)
        graph = fitted.graph().SerializeToString()
        sample = x[:: max(1, len(x) // 2000)]
        parity = float(np.abs(running(graph)(sample)[:, 0] - fitted.predict(sample)).max())
        member = {
            "kind": "steps",
            "file": FILE,
            "keep": lags,
            "lags": lags,
            "steps": steps,
            "season": panel.season,
            "level": level,
            "log": log,
            "floor": panel.floor if log else 0.0,
        }
        return FittedSeries(member, graph, parity, fitted.booster.num_trees() * int(given.get("num_leaves", 31)))


PLUGIN = LagTrees()
