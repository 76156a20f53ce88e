"""A small neural net in NumPy on piecewise-linear inputs: what trees miss, it often finds, and it averages well.

Adam with decoupled weight decay, a cosine schedule that fits the time left, averaged weights, early stopping.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy.special import expit, softmax

from ..engine.encoding import DenseEncoder, fit_dense, target_columns
from ..engine.target import TargetScale, fit_target
from ..export.builder import GraphBuilder
from ..ports import Batch, Card, FitContext

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

BETA1, BETA2, TINY = np.float32(0.9), np.float32(0.99), np.float32(1e-8)
WARM_UP = 0.05  # share of the steps in which the learning rate rises


@dataclass(frozen=True)
class FittedMlp:
    """Layers of (weight (in, out), bias (out,)) with ReLU between them; the last gives raw outputs."""

    encoder: DenseEncoder
    layers: tuple[tuple[Float32, Float32], ...]
    scale: TargetScale | None
    features: int
    classes: int

    def predict(self, x: Float32) -> Float64:
        raw = forward(self.layers, self.encoder.transform(x)).astype(np.float64)
        if self.scale is not None:
            return self.scale.undo(raw[:, 0])
        if self.classes == 2:
            positive = expit(raw[:, 0])
            return np.stack([1.0 - positive, positive], axis=1)
        return np.asarray(softmax(raw, axis=1))

    def save(self, path: Path) -> None:
        arrays: dict[str, Any] = {**self.encoder.arrays(), **(self.scale.arrays() if self.scale else {})}
        for i, (weight, bias) in enumerate(self.layers):
            arrays[f"weight{i}"], arrays[f"bias{i}"] = weight, bias
        with path.open("wb") as file:
            np.savez(file, shape=np.array([self.features, self.classes, len(self.layers)]), **arrays)

    def graph(self) -> onnx.ModelProto:
        graph = GraphBuilder(self.features)
        value = self.encoder.write(graph, "x")
        for i, (weight, bias) in enumerate(self.layers):
            value = graph.add("Gemm", value, graph.floats(weight), graph.floats(bias))
            if i < len(self.layers) - 1:
                value = graph.add("Relu", value)
        if self.scale is not None:
            return graph.model(self.scale.write(graph, value), 1)
        if self.classes == 2:
            positive = graph.add("Sigmoid", value)
            both = graph.add("Concat", graph.add("Sub", graph.floats(1.0), positive), positive, axis=1)
            return graph.model(both, 2)
        return graph.model(graph.add("Softmax", value, axis=1), self.classes)


def forward(layers: tuple[tuple[Float32, Float32], ...], z: Float32) -> Float32:
    """Raw outputs (rows, outputs)."""
    for i, (weight, bias) in enumerate(layers):
        z = z @ weight + bias
        if i < len(layers) - 1:
            np.maximum(z, 0, out=z)
    return z


class Mlp:
    card = Card(
        name="mlp",
        title="Small neural net",
        tasks=("binary", "multiclass", "regression"),
        source="Gorishniy et al. 2022, On embeddings for numerical features in tabular deep learning",
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {
            "bins": ("int", 2, 48, True),
            "width": ("int", 32, 256, True),
            "layers": ("int", 1, 3, False),
            "learning_rate": ("float", 0.0005, 0.01, True),
            "weight_decay": ("float", 0.001, 0.3, True),
            "dropout": ("float", 0.0, 0.5, False),
        }

    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> FittedMlp:
        scale = None if context.classes else fit_target(train.y, params.get("target", "plain"))
        y = train.y if scale is None else scale.forward(train.y)
        targets = target_columns(y, context.classes)
        encoder, z = fit_dense(train.x, targets, context, bins=params.get("bins", 16))
        centre = z.mean(axis=0, dtype=np.float64).astype(np.float32)
        z -= centre
        held = None
        if valid is not None:
            goal = valid.y if scale is None else scale.forward(valid.y)
            held = (encoder.transform(valid.x) - centre, _goal(goal, context.classes))
        (first, bias), *rest = Trainer(params, z, _goal(y, context.classes), held, context).run()
        layers = ((first, bias - centre @ first), *rest)  # centring becomes part of the first bias
        return FittedMlp(encoder, layers, scale, train.x.shape[1], context.classes)

    def load(self, path: Path, context: FitContext) -> FittedMlp:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        scale = TargetScale.from_arrays(arrays) if "target" in arrays else None
        features, classes, count = arrays["shape"].tolist()
        layers = tuple((arrays[f"weight{i}"], arrays[f"bias{i}"]) for i in range(count))
        return FittedMlp(DenseEncoder.from_arrays(arrays), layers, scale, features, classes)


def _goal(y: Float64, classes: int) -> Float32:
    """(rows, outputs): the value, 0/1, or one-hot."""
    if classes > 2:
        return np.eye(classes, dtype=np.float32)[y.astype(np.intp)]
    return y.astype(np.float32)[:, None]


class Trainer:
    """One training run. Parameters live in one flat vector, so that an optimiser step is a few array operations."""

    def __init__(
        self,
        params: Mapping[str, Any],
        z: Float32,
        goal: Float32,
        held: tuple[Float32, Float32] | None,
        context: FitContext,
    ) -> None:
        self.z, self.goal, self.held = z, goal, held
        self.classes, self.deadline, self.metric = context.classes, context.deadline, context.metric
        self.rng = np.random.default_rng(context.seed)
        self.epochs = int(params.get("epochs", 30))
        self.patience = int(params.get("patience", 8))
        rows = len(z)
        self.batch = int(params.get("batch", 256 if rows > 8000 else 128 if rows > 2000 else 64))
        self.rate = float(params.get("learning_rate", 0.002))
        self.decay = float(params.get("weight_decay", 0.02))
        self.dropout = float(params.get("dropout", 0.1))
        sizes = [z.shape[1], *[int(params.get("width", 128))] * int(params.get("layers", 2)), goal.shape[1]]
        self.shapes = list(itertools.pairwise(sizes))
        self.flat = np.zeros(sum(a * b + b for a, b in self.shapes), dtype=np.float32)
        self.layers = self._views(self.flat)
        self._start(goal)

    def _views(self, flat: Float32) -> list[tuple[Float32, Float32]]:
        views, at = [], 0
        for a, b in self.shapes:
            weight = flat[at : at + a * b].reshape(a, b)
            at += a * b
            views.append((weight, flat[at : at + b]))
            at += b
        return views

    def _start(self, goal: Float32) -> None:
        """He's initial weights, scaled to the inputs' real spread; the last layer starts near the prior."""
        energy = float(np.square(self.z[:4096]).sum(axis=1).mean()) or 1.0
        for i, (weight, bias) in enumerate(self.layers):
            spread = np.sqrt(2.0 / (energy if i == 0 else weight.shape[0]))
            last = i == len(self.layers) - 1
            weight[:] = self.rng.standard_normal(weight.shape, dtype=np.float32) * spread * (0.3 if last else 1.0)
            if not last:
                bias[:] = self.rng.uniform(-0.5, 0.5, bias.shape)
        mean = goal.mean(axis=0)
        if self.classes:
            mean = np.clip(mean, 1e-4, 1 - 1e-4)
            self.layers[-1][1][:] = np.log(mean / (1 - mean)) if self.classes == 2 else np.log(mean)

    def run(self) -> list[tuple[Float32, Float32]]:
        """Trains; returns the averaged weights of the best epoch on the held rows, or of the last epoch."""
        gradient = np.zeros_like(self.flat)
        views = self._views(gradient)
        first, second = np.zeros_like(self.flat), np.zeros_like(self.flat)
        mean = self.flat.copy()  # exponential average of the weights
        best, best_loss, since = mean.copy(), np.inf, 0
        per_epoch = max(1, len(self.z) // self.batch)
        total, step = self.epochs * per_epoch, 0
        began = time.monotonic()
        for epoch in range(self.epochs):
            order = self.rng.permutation(len(self.z))
            for k in range(per_epoch):
                rows = order[k * self.batch : (k + 1) * self.batch]
                self._gradient(self.z[rows], self.goal[rows], views)
                step += 1
                rate = self._rate(min(step / total, 1.0))
                _adam(self.flat, gradient, first, second, rate, self.decay, step)
                mean += (self.flat - mean) * max(0.02, 1.0 / (1.0 + step))
            if self.held is not None:
                loss = self._loss(self._views(mean))
                since = 0 if loss < best_loss else since + 1
                if loss < best_loss:
                    best, best_loss = mean.copy(), loss
                if since >= self.patience:
                    break
            total = self._fit_time(total, step, per_epoch, epoch, began)
            if step >= total:
                break
        return self._views(best if self.held is not None and np.isfinite(best_loss) else mean)

    def _fit_time(self, total: int, step: int, per_epoch: int, epoch: int, began: float) -> int:
        """Shortens the schedule so that it ends by the deadline."""
        if self.deadline is None:
            return total
        now = time.monotonic()
        each = (now - began) / (epoch + 1)
        left = int((self.deadline - now) / max(each, 1e-6))
        return min(total, step + max(left, 0) * per_epoch)

    def _rate(self, done: float) -> np.float32:
        rise = min(1.0, done / WARM_UP)
        return np.float32(self.rate * rise * 0.5 * (1 + np.cos(np.pi * done)) + 1e-6)

    def _gradient(self, z: Float32, goal: Float32, views: list[tuple[Float32, Float32]]) -> None:
        """Fills `views` with the gradient of the mean loss of one batch."""
        inputs, masks = [z], []
        last = len(self.layers) - 1
        for i, (weight, bias) in enumerate(self.layers):
            z = z @ weight
            z += bias
            if i == last:
                break
            keep = z > 0
            if self.dropout:
                keep &= self.rng.random(z.shape, dtype=np.float32) >= self.dropout
                z *= np.float32(1.0 / (1.0 - self.dropout))
            z *= keep
            inputs.append(z)
            masks.append(keep)
        slope = self._slope(z, goal)
        for i in range(last, -1, -1):
            np.matmul(inputs[i].T, slope, out=views[i][0])
            slope.sum(axis=0, out=views[i][1])
            if i:
                slope = slope @ self.layers[i][0].T
                slope *= masks[i - 1]
                if self.dropout:
                    slope *= np.float32(1.0 / (1.0 - self.dropout))

    def _slope(self, raw: Float32, goal: Float32) -> Float32:
        """Derivative of the mean loss by the raw outputs, (rows, outputs)."""
        if self.classes == 0:
            guess = raw
        elif self.classes == 2:
            guess = expit(raw)
        else:
            guess = softmax(raw, axis=1)
        return np.asarray((guess - goal) / np.float32(len(raw)), dtype=np.float32)

    def _loss(self, layers: list[tuple[Float32, Float32]]) -> float:
        assert self.held is not None
        z, goal = self.held
        raw = forward(tuple(layers), z).astype(np.float64)
        if self.classes == 0:
            return float(np.mean((raw - goal) ** 2))
        if self.classes == 2:
            return float(np.mean(np.logaddexp(0.0, raw) - goal * raw))
        top = raw.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(raw - top).sum(axis=1)) + top[:, 0] - (raw * goal).sum(axis=1)))


def _adam(
    flat: Float32, gradient: Float32, first: Float32, second: Float32, rate: np.float32, decay: float, step: int
) -> None:
    """One AdamW step in place (Loshchilov & Hutter 2019)."""
    first += (gradient - first) * (1 - BETA1)
    np.square(gradient, out=gradient)
    gradient -= second
    second += gradient * (1 - BETA2)
    np.sqrt(second, out=gradient)
    gradient *= np.float32(1.0 / np.sqrt(1 - float(BETA2) ** step))
    gradient += TINY
    np.divide(first, gradient, out=gradient)
    gradient *= rate / np.float32(1 - float(BETA1) ** step)
    flat *= np.float32(1.0 - float(rate) * decay)
    flat -= gradient


PLUGIN = Mlp()
