"""Extremely randomised trees: bounded in size, so that its graph stays small."""

from __future__ import annotations

from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from ..ports import Card
from ._forest import ForestFamily

PLUGIN = ForestFamily(
    Card(
        name="extra_trees",
        title="Extremely randomised trees",
        tasks=("binary", "multiclass", "multilabel", "regression"),
        max_rows=200_000,
        max_classes=30,
        licence="BSD-3-Clause",
        source="Geurts, Ernst & Wehenkel 2006, Extremely randomized trees",
    ),
    ExtraTreesClassifier,
    ExtraTreesRegressor,
)
