"""Classes from pictures, with other columns beside them where there are any; two classes or many."""

from __future__ import annotations

from .tabular_classification import TabularClassification


class ImageClassification(TabularClassification):
    name = "image_classification"
    title = "classification of pictures"
    portfolio = "image_candidates"


PLUGIN = ImageClassification()
