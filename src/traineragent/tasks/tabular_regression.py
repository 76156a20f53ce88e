"""A number from the columns of a table, with an interval."""

from __future__ import annotations

from ..domain.task import Direction
from ..engine.metrics import scorer


class TabularRegression:
    name = "tabular_regression"
    title = "regression on table rows"
    line = "rows"
    codec = "table"
    target_kind = "number"

    def search_metric(self, metric: str, classes: int) -> str:
        """What candidates are compared by: the metric asked for, where it can be computed on numbers. R² ranks as the
        squared error does, which is what is searched by."""
        return metric if metric != "r2" and "regression" in scorer(metric).tasks else "rmse"

    def direction(self, metric: str) -> Direction:
        return scorer(metric).direction


PLUGIN = TabularRegression()
