"""Classes from the columns of a table, two or many."""

from __future__ import annotations

from ..domain.task import Direction
from ..engine.metrics import scorer

RANKED_BY = {
    "recall": "average_precision",
    "precision": "average_precision",
    "specificity": "roc_auc",
    "false_positive_rate": "roc_auc",
    "f1": "average_precision",
    "min_class_recall": "log_loss",
    "recall_gap": "log_loss",
}
"""Metrics that a threshold alone can push anywhere: candidates are compared by how well they rank, then the threshold
is chosen for the metric asked."""


class TabularClassification:
    name = "tabular_classification"
    title = "classification of table rows"
    line = "rows"
    codec = "table"
    target_kind = "class"
    several = True  # a row may have several labels

    def search_metric(self, metric: str, classes: int) -> str:
        """What candidates are compared by, given the metric that was asked for."""
        asked = scorer(metric)
        search = asked.search if classes == 2 or asked.needs == "probabilities" else ""
        chosen = RANKED_BY.get(metric) or search or metric
        if chosen == "average_precision" and classes > 2:
            chosen = "log_loss"
        kind = "binary" if classes == 2 else "multiclass"
        return chosen if kind in scorer(chosen).tasks else "log_loss"

    def direction(self, metric: str) -> Direction:
        return scorer(metric).direction


PLUGIN = TabularClassification()
