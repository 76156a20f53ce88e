"""The last season repeats: the baseline that `skill` is measured against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ports import Card, SeriesContext
from ..series.fitted import FittedSeries
from ..series.panel import Panel


class SeasonalNaive:
    card = Card(
        "seasonal_naive",
        "Last season",
        ("forecasting",),
        interpretable=True,
        licence="Apache-2.0",
        source="Hyndman 2021",
    )

    def space(self, panel: Panel) -> Mapping[str, Any]:
        return {}

    def fit(self, params: Mapping[str, Any], panel: Panel, context: SeriesContext) -> FittedSeries:
        return FittedSeries({"kind": "seasonal_naive", "keep": panel.season})


PLUGIN = SeasonalNaive()
