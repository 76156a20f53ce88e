"""Least squares on standardised features: what a frozen network or any other wide view knows, read off linearly.

Ridge regression on class indicators (Hoerl & Kennard 1970) is solved once for all penalties, so it takes seconds where
a logistic model takes minutes; one number then turns its scores into probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from ..export.builder import GraphBuilder
from ..ports import Batch, Card, FitContext

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Of the mean variance that a row has over all features."""
UNKNOWN = {"penalty": 0.3, "sharpness": 6.0}  # without validation rows
SHARPNESS = (0.5, 60.0)
FLAT = 1e-6  # standard deviations below are features that never change
FAR = 6.0  # deviations beyond which a feature counts as that far


@dataclass(frozen=True)
class FittedProbe:
    """score = clip((x - mean) / deviation) @ weight + bias, then a softmax. weight (features, classes). `found`: what
    the validation rows settled."""

    mean: Float32
    scale: Float32
    weight: Float32
    bias: Float32
    found: Mapping[str, float]

    def predict(self, x: Float32) -> Float64:
        return np.asarray(softmax(self._z(x) @ self.weight + self.bias, axis=1), dtype=np.float64)

    def _z(self, x: Float32) -> Float32:
        return np.clip(np.where(np.isnan(x), 0.0, (x - self.mean) * self.scale), -FAR, FAR).astype(np.float32)

    def save(self, path: Path) -> None:
        names, values = list(self.found), list(self.found.values())
        arrays = {"mean": self.mean, "scale": self.scale, "weight": self.weight, "bias": self.bias}
        with path.open("wb") as file:
            np.savez(file, names=np.array(names), values=np.array(values, dtype=np.float64), **arrays)  # type: ignore[arg-type]

    def graph(self) -> onnx.ModelProto:
        graph = GraphBuilder(len(self.mean))
        z = graph.add("Mul", graph.add("Sub", "x", graph.floats(self.mean)), graph.floats(self.scale))
        z = graph.add("Where", graph.add("IsNaN", "x"), graph.floats(0.0), z)
        z = graph.add("Clip", z, graph.floats(-FAR), graph.floats(FAR))
        raw = graph.add("Gemm", z, graph.floats(self.weight), graph.floats(self.bias))
        return graph.model(graph.add("Softmax", raw, axis=1), self.weight.shape[1])


class Probe:
    card = Card(
        name="probe",
        title="Least squares on features",
        tasks=("binary", "multiclass"),
        licence="BSD-3-Clause",
        source="Hoerl & Kennard 1970, ridge regression",
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {}

    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> FittedProbe:
        mean, scale = _standard(np.asarray(train.x))
        empty = np.zeros((0, 0), dtype=np.float32)
        z = FittedProbe(mean, scale, empty, empty, {})._z(np.asarray(train.x))
        targets = np.eye(context.classes)[train.y.astype(np.intp)]
        centre = targets.mean(axis=0)
        known = [float(params["penalty"])] if "penalty" in params else [UNKNOWN["penalty"]]
        penalties = PENALTIES if valid is not None and "penalty" not in params else tuple(known)
        held = None if valid is None else FittedProbe(mean, scale, empty, empty, {})._z(np.asarray(valid.x))
        best: tuple[float, float, float, Float64] | None = None
        for penalty, weight in _solutions(z, targets - centre, penalties):
            if held is None or valid is None:
                sharpness = float(params.get("sharpness", UNKNOWN["sharpness"]))
                loss = 0.0
            else:
                sharpness, loss = _sharpened(held @ weight + centre, valid.y)
            if best is None or loss < best[0]:
                best = (loss, penalty, sharpness, weight)
        assert best is not None
        _, penalty, sharpness, weight = best
        f32 = np.float32
        return FittedProbe(
            mean, scale, (weight * sharpness).astype(f32), (centre * sharpness).astype(f32),
            {"penalty": penalty, "sharpness": sharpness},
        )  # fmt: skip

    def load(self, path: Path, context: FitContext) -> FittedProbe:
        with np.load(path, allow_pickle=False) as file:
            a = dict(file)
        found = dict(zip(a["names"].tolist(), a["values"].tolist(), strict=True))
        return FittedProbe(a["mean"], a["scale"], a["weight"], a["bias"], found)


def _standard(x: Float32) -> tuple[Float32, Float32]:
    """Mean and 1 / deviation of each feature over the rows that have it; 0 where it never changes."""
    there = ~np.isnan(x)
    filled, count = np.where(there, x, 0.0).astype(np.float64), np.maximum(there.sum(axis=0), 1)
    mean = filled.sum(axis=0) / count
    variance = np.where(there, (filled - mean) ** 2, 0.0).sum(axis=0) / count
    deviation = np.sqrt(variance)
    scale = np.where(deviation > FLAT, 1.0 / np.maximum(deviation, FLAT), 0.0)
    return mean.astype(np.float32), scale.astype(np.float32)


def _solutions(z: Float32, targets: Float64, penalties: tuple[float, ...]) -> list[tuple[float, Float64]]:
    """The weights (features, outputs) for each penalty. With fewer rows than features the rows' products are taken
    apart once for all penalties; otherwise the features', one penalty at a time."""
    rows, width = z.shape
    unit = float(np.mean(z.astype(np.float64) ** 2)) * width or 1.0
    if rows <= width:
        products = (z @ z.T).astype(np.float64)
        values, vectors = np.linalg.eigh(products)
        turned = vectors.T @ targets
        found = []
        for penalty in penalties:
            dual = vectors @ (turned / (np.maximum(values, 0.0) + penalty * unit)[:, None])
            found.append((penalty, z.T.astype(np.float64) @ dual))
        return found
    products, moments = (z.T @ z).astype(np.float64), z.T.astype(np.float64) @ targets
    eye = np.eye(width)
    return [(p, cho_solve(cho_factor(products + p * unit * eye), moments)) for p in penalties]


def _sharpened(scores: Float64, y: Float64) -> tuple[float, float]:
    """The factor on the scores whose softmax has the smallest log-loss, and that loss."""
    rows, labels = np.arange(len(y)), y.astype(np.intp)

    def loss(log: float) -> float:
        return -float(log_softmax(scores * np.exp(log), axis=1)[rows, labels].mean())

    best = minimize_scalar(loss, bounds=tuple(np.log(SHARPNESS)), method="bounded", options={"xatol": 0.05})
    return float(np.exp(best.x)), float(best.fun)


PLUGIN = Probe()
