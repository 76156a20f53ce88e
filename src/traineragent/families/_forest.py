"""What random forests and extra trees share: many deep trees on encoded columns, averaged; bounded so they stay small.

It knows both families only as scikit-learn estimators.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ..engine.encoding import TreeEncoder, fit_trees, target_columns
from ..engine.target import TargetScale, fit_target
from ..engine.training import one_thread
from ..export.builder import GraphBuilder
from ..export.trees import Forest, read_sklearn, write_forest
from ..ports import Batch, Card, FitContext

Float32 = NDArray[np.float32]
CHUNK = 20  # trees grown between two looks at the clock


@dataclass(frozen=True)
class FittedForest:
    """Averaged trees behind their encoder; predictions run through the graph that is served. `multi`: each output is a
    yes or no of its own."""

    forest: Forest
    encoder: TreeEncoder
    scale: TargetScale | None
    features: int
    classes: int
    multi: bool = False

    @cached_property
    def _session(self) -> Any:
        return one_thread(self.graph().SerializeToString())

    def predict(self, x: Float32) -> NDArray[np.float64]:
        y = self._session.run(None, {"x": np.ascontiguousarray(x, dtype=np.float32)})[0].astype(np.float64)
        return np.asarray(y if self.classes else y[:, 0])

    def save(self, path: Path) -> None:
        arrays: dict[str, Any] = {**self.encoder.arrays(), **(self.scale.arrays() if self.scale else {})}
        arrays |= {
            f"forest_{f.name}": np.asarray(getattr(self.forest, f.name)) for f in fields(Forest) if f.name != "sets"
        }
        with path.open("wb") as file:
            np.savez_compressed(file, shape=np.array([self.features, self.classes, int(self.multi)]), **arrays)

    def graph(self) -> onnx.ModelProto:
        graph = GraphBuilder(self.features)
        source, columns = self.encoder.write(graph, "x")
        forest = replace(self.forest, feature=np.asarray(columns, dtype=np.int64)[self.forest.feature])
        raw = write_forest(graph, forest, source)
        if self.scale is not None:
            return graph.model(self.scale.write(graph, raw), 1)
        if self.multi:
            return graph.model(graph.add("Clip", raw, graph.floats(0.0), graph.floats(1.0)), self.classes)
        if self.classes == 2:
            raw = graph.add("Clip", raw, graph.floats(0.0), graph.floats(1.0))  # sums of float32 may leave [0, 1]
            both = graph.add("Concat", graph.add("Sub", graph.floats(1.0), raw), raw, axis=1)
            return graph.model(both, 2)
        return graph.model(raw, self.classes)


class ForestFamily:
    """`estimators` is the pair (classifier, regressor) of scikit-learn classes."""

    def __init__(self, card: Card, classifier: Any, regressor: Any) -> None:
        self.card, self.classifier, self.regressor = card, classifier, regressor

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {
            "min_samples_leaf": ("int", 1, 30, True),
            "max_features": ("float", 0.15, 1.0, False),
            "max_leaf_nodes": ("int", 30, 600, True),
        }

    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> FittedForest:
        scale = None if context.classes else fit_target(train.y, params.get("target", "plain"))
        y = train.y.astype(np.int64) if scale is None else scale.forward(train.y)
        multi = y.ndim == 2
        targets = y.astype(np.float64) if multi else target_columns(y.astype(np.float64), context.classes)
        encoder, z = fit_trees(train.x, targets, context, index_up_to=12)
        # The squared error of 0 and 1, summed over labels, is their Gini impurity: one tree splits for all labels.
        model = (self.classifier if context.classes and not multi else self.regressor)(
            n_estimators=CHUNK,
            min_samples_leaf=params.get("min_samples_leaf", 3),
            max_features=params.get("max_features", 0.4),
            max_leaf_nodes=params.get("max_leaf_nodes", 300),
            n_jobs=context.threads,
            random_state=context.seed,
            warm_start=True,
        )
        _grow(model, z, y, int(params.get("trees", 100)), context)
        forest = read_sklearn(model.estimators_, classification=bool(context.classes) and not multi)
        forest = forest if multi else _all_classes(forest, model, context)
        return FittedForest(forest, encoder, scale, train.x.shape[1], context.classes, multi)

    def load(self, path: Path, context: FitContext) -> FittedForest:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        parts: dict[str, Any] = {f.name: arrays[f"forest_{f.name}"] for f in fields(Forest) if f.name != "sets"}
        forest = Forest(**{**parts, "targets": int(parts["targets"])})
        scale = TargetScale.from_arrays(arrays) if "target" in arrays else None
        features, classes, multi = arrays["shape"].tolist()
        return FittedForest(forest, TreeEncoder.from_arrays(arrays), scale, features, classes, bool(multi))


def _grow(model: Any, z: Float32, y: NDArray[Any], trees: int, context: FitContext) -> None:
    """Adds trees chunk by chunk until there are enough or the time is up."""
    while True:
        model.fit(z, y)
        late = context.deadline is not None and time.monotonic() > context.deadline
        if model.n_estimators >= trees or late:
            return
        model.n_estimators = min(trees, model.n_estimators + CHUNK)


def _all_classes(forest: Forest, model: Any, context: FitContext) -> Forest:
    """With more than two classes: targets are classes, also those absent from these rows."""
    if context.classes <= 2 or len(model.classes_) == context.classes:
        return forest
    if len(model.classes_) < 3:
        raise ValueError(f"only {len(model.classes_)} of {context.classes} classes occur in the rows of this fold")
    seen = model.classes_.astype(np.int64)
    base = np.zeros(context.classes)
    base[seen] = forest.base
    return replace(forest, vote_target=seen[forest.vote_target], targets=context.classes, base=base)
