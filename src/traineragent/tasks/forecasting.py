"""What comes next in one series or many, for a number of steps, with intervals."""

from __future__ import annotations

from ..domain.task import Direction
from ..series.scores import SCALED, SKILL, direction

LIKE = ("mae", "rmse", "mse", "mape", "smape", "median_absolute_error", "wape", SCALED, SKILL)
"""Metrics that a search can be led by; others lead by mean absolute error."""


class Forecasting:
    name = "forecasting"
    title = "forecasting of series"
    line = "series"
    codec = "series"
    target_kind = "number"

    def search_metric(self, metric: str, classes: int) -> str:
        """What candidates are compared by: the metric asked for, where it is one of errors over time."""
        return metric if metric in LIKE else "mae"

    def direction(self, metric: str) -> Direction:
        return direction(metric)


PLUGIN = Forecasting()
