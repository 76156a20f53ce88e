"""Random forest: bounded in size, so that its graph stays small."""

from __future__ import annotations

from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from ..ports import Card
from ._forest import ForestFamily

PLUGIN = ForestFamily(
    Card(
        name="random_forest",
        title="Random forest",
        tasks=("binary", "multiclass", "multilabel", "regression"),
        max_rows=200_000,
        max_classes=30,
        licence="BSD-3-Clause",
        source="Breiman 2001, Random forests",
    ),
    RandomForestClassifier,
    RandomForestRegressor,
)
