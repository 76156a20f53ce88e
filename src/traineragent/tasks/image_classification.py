"""Classes from pictures, with other columns beside them where there are any; two classes or many."""

from __future__ import annotations

from .tabular_classification import TabularClassification


class ImageClassification(TabularClassification):
    name = "image_classification"
    title = "classification of pictures"
    portfolio = "image_candidates"

    def search_metric(self, metric: str, classes: int) -> str:
        """Candidates are compared by log-loss where right answers or ranks are what counts: networks place nearly all
        of a few hundred pictures rightly, and their differences show in how sure they are."""
        chosen = super().search_metric(metric, classes)
        return "log_loss" if chosen in ("accuracy", "balanced_accuracy", "roc_auc") else chosen


PLUGIN = ImageClassification()
