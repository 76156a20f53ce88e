"""The last value goes on: what every forecast of a series has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ports import Card, SeriesContext
from ..series.fitted import FittedSeries
from ..series.panel import Panel


class Naive:
    card = Card(
        "naive", "Last value", ("forecasting",), interpretable=True, licence="Apache-2.0", source="Hyndman 2021"
    )

    def space(self, panel: Panel) -> Mapping[str, Any]:
        return {}

    def fit(self, params: Mapping[str, Any], panel: Panel, context: SeriesContext) -> FittedSeries:
        return FittedSeries({"kind": "naive", "keep": 1})


PLUGIN = Naive()
