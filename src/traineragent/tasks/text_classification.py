"""Classes from texts, with other columns beside them where there are any; two classes or many."""

from __future__ import annotations

from .tabular_classification import TabularClassification


class TextClassification(TabularClassification):
    name = "text_classification"
    title = "classification of texts"
    portfolio = "text_candidates"


PLUGIN = TextClassification()
