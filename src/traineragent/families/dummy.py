"""The baseline every model must beat: class frequencies, or the mean (the median for absolute errors)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ..engine.metrics import ABSOLUTE
from ..export.builder import GraphBuilder
from ..ports import Batch, Card, FitContext


@dataclass(frozen=True)
class FittedDummy:
    """Gives `answer` for every row: (classes,) probabilities, also of labels, or (1,) value."""

    answer: NDArray[np.float64]
    features: int
    regression: bool

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.full(len(x), self.answer[0]) if self.regression else np.tile(self.answer, (len(x), 1))

    def save(self, path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, answer=self.answer, shape=np.array([self.features, self.regression]))

    def graph(self) -> onnx.ModelProto:
        graph = GraphBuilder(self.features)
        rows = graph.add("Shape", "x", start=0, end=1)
        shape = graph.add("Concat", rows, graph.integers([len(self.answer)]), axis=0)
        return graph.model(graph.add("Expand", graph.floats(self.answer), shape), len(self.answer))


class Dummy:
    card = Card(
        name="dummy",
        title="Most frequent answer",
        tasks=("binary", "multiclass", "multilabel", "regression"),
        interpretable=True,
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {}

    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> FittedDummy:
        if train.y.ndim == 2:
            return FittedDummy(train.y.mean(axis=0), train.x.shape[1], False)
        if context.classes:
            share = np.bincount(train.y.astype(np.int64), minlength=context.classes) / len(train.y)
            return FittedDummy(share, train.x.shape[1], False)
        middle = np.median(train.y) if context.metric in ABSOLUTE else train.y.mean()
        return FittedDummy(np.array([middle], dtype=np.float64), train.x.shape[1], True)

    def load(self, path: Path, context: FitContext) -> FittedDummy:
        with np.load(path, allow_pickle=False) as arrays:
            return FittedDummy(arrays["answer"], int(arrays["shape"][0]), bool(arrays["shape"][1]))


PLUGIN = Dummy()
