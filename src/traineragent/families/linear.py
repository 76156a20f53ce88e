"""Logistic and ridge regression on piecewise-linear bins and one-hot categories; penalty chosen on validation rows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression

from ..engine.effects import KNOTS, fit_effects
from ..engine.encoding import DenseEncoder, fit_dense, target_columns
from ..engine.target import TargetScale, fit_target
from ..export.builder import GraphBuilder
from ..ports import Batch, Card, FitContext
from ._multinomial import fit_path

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

LOGISTIC_C = (0.003, 0.03, 0.3, 3.0)
WIDE_C = (0.05, 0.3, 1.5, 6.0, 24.0)
MOST_BINNED = 300  # columns; more are a view, whose numbers count as they are
NEWTON_BELOW = 600  # weights; beyond, second derivatives cost more than they save
RIDGE_PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
UNKNOWN_PENALTY = {"logistic": 0.1, "ridge": 10.0}  # without validation rows


@dataclass(frozen=True)
class FittedLinear:
    """raw = encoded @ weight + bias; weight (width, outputs). Two classes have one output; `multi`: each output is a
    yes or no of its own. `found`: what the validation rows settled."""

    encoder: DenseEncoder
    weight: Float32
    bias: Float32
    scale: TargetScale | None
    features: int
    classes: int
    multi: bool = False
    found: Mapping[str, float] = field(default_factory=dict)

    def predict(self, x: Float32) -> Float64:
        raw = (self.encoder.transform(x) @ self.weight + self.bias).astype(np.float64)
        if self.scale is not None:
            return self.scale.undo(raw[:, 0])
        if self.multi:
            return np.asarray(expit(raw))
        if self.classes == 2:
            positive = expit(raw[:, 0])
            return np.stack([1.0 - positive, positive], axis=1)
        return np.asarray(softmax(raw, axis=1))

    def save(self, path: Path) -> None:
        arrays: dict[str, Any] = {**self.encoder.arrays(), **(self.scale.arrays() if self.scale else {})}
        shape = np.array([self.features, self.classes, int(self.multi)])
        with path.open("wb") as file:
            np.savez(file, weight=self.weight, bias=self.bias, shape=shape, **arrays)

    def graph(self) -> onnx.ModelProto:
        graph = GraphBuilder(self.features)
        raw = graph.add("Gemm", self.encoder.write(graph, "x"), graph.floats(self.weight), graph.floats(self.bias))
        if self.scale is not None:
            return graph.model(self.scale.write(graph, raw), 1)
        if self.multi:
            return graph.model(graph.add("Sigmoid", raw), self.classes)
        if self.classes == 2:
            positive = graph.add("Sigmoid", raw)
            both = graph.add("Concat", graph.add("Sub", graph.floats(1.0), positive), positive, axis=1)
            return graph.model(both, 2)
        return graph.model(graph.add("Softmax", raw, axis=1), self.classes)


class Linear:
    card = Card(
        name="linear",
        title="Linear model on piecewise-linear features",
        tasks=("binary", "multiclass", "multilabel", "regression"),
        interpretable=True,
        licence="BSD-3-Clause",
        source="Hoerl & Kennard 1970, ridge regression; Gorishniy et al. 2022, embeddings for numerical features",
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {"bins": ("int", 1, 32, True)}

    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> FittedLinear:
        scale = None if context.classes else fit_target(train.y, params.get("target", "plain"))
        y = train.y if scale is None else scale.forward(train.y)
        if scale is not None and params.get("levels") == "all":
            return _every_level(scale, train, valid, context, int(params.get("bins", KNOTS)))
        multi = y.ndim == 2
        targets = y if multi else target_columns(y, context.classes)
        bins = int(params.get("bins", 8)) if train.x.shape[1] <= MOST_BINNED else 1
        encoder, z = fit_dense(train.x, targets, context, bins=bins)
        centre = z.mean(axis=0, dtype=np.float64)
        z = z - centre.astype(np.float32)
        held = None
        if valid is not None:
            goal = valid.y if scale is None else scale.forward(valid.y)
            held = (encoder.transform(valid.x) - centre.astype(np.float32), goal)
        found: dict[str, float] = {}
        if context.classes:
            weight, bias, found["c"] = _logistic(z, y, held, context, params.get("c"))
        else:
            weight, bias = _ridge(z, y, held)
        bias = bias - centre @ weight
        shape, weights = (train.x.shape[1], context.classes), (weight.astype(np.float32), bias.astype(np.float32))
        return FittedLinear(encoder, *weights, scale, *shape, multi, found)

    def load(self, path: Path, context: FitContext) -> FittedLinear:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        scale = TargetScale.from_arrays(arrays) if "target" in arrays else None
        features, classes, multi = arrays["shape"].tolist()
        encoder = DenseEncoder.from_arrays(arrays)
        return FittedLinear(encoder, arrays["weight"], arrays["bias"], scale, features, classes, bool(multi))


def _every_level(scale: TargetScale, train: Batch, valid: Batch | None, context: FitContext, bins: int) -> FittedLinear:
    """Regression with a weight for every level of every category, however many there are."""
    held = None if valid is None else (valid.x, scale.forward(valid.y))
    effects, penalty = fit_effects(train.x, scale.forward(train.y), context, held, knots=bins)
    weight, bias = effects.weight[:, None], np.array([effects.bias], dtype=np.float32)
    return FittedLinear(effects.encoder, weight, bias, scale, train.x.shape[1], 0, found={"penalty": penalty})


def _ridge(z: Float32, y: Float64, held: tuple[Float32, Float64] | None) -> tuple[Float64, Float64]:
    """Closed form for each penalty; the one with the smallest squared error on the held rows."""
    gram = (z.T @ z).astype(np.float64)
    mean = y.mean()
    moment = z.T.astype(np.float64) @ (y - mean)
    best: tuple[float, Float64] | None = None
    for penalty in RIDGE_PENALTIES if held is not None else (UNKNOWN_PENALTY["ridge"],):
        weight = cho_solve(cho_factor(gram + penalty * np.eye(len(gram))), moment)
        loss = 0.0 if held is None else float(np.mean((held[0] @ weight + mean - held[1]) ** 2))
        if best is None or loss < best[0]:
            best = (loss, weight)
    assert best is not None
    return best[1][:, None], np.array([mean])


def _logistic(
    z: Float32, y: Float64, held: tuple[Float32, Float64] | None, context: FitContext, known: float | None
) -> tuple[Float64, Float64, float]:
    """(weight, bias, inverse penalty): a Newton solver for few weights, L-BFGS for many and for several labels a row.
    `known`: the inverse penalty, where earlier fits settled it."""
    if y.ndim == 1 and z.shape[1] * max(1, context.classes if context.classes > 2 else 1) <= NEWTON_BELOW:
        return _by_newton(z, y, held, context, known)
    judged = None if held is None else (held[0], held[1].astype(np.int64))
    path = WIDE_C if known is None else (known,)
    found = fit_path(z, y.astype(np.int64), context.classes, path, judged, context.deadline)
    if context.classes > 2 or y.ndim == 2:
        return found.weight, found.bias, found.c
    return found.weight[:, 1:] - found.weight[:, :1], found.bias[1:] - found.bias[:1], found.c


def _by_newton(
    z: Float32, y: Float64, held: tuple[Float32, Float64] | None, context: FitContext, known: float | None
) -> tuple[Float64, Float64, float]:
    """The penalty grows weaker from fit to fit, each starting from the last, until the held rows like it less."""
    z64, labels = z.astype(np.float64), y.astype(np.int64)
    model = LogisticRegression(solver="newton-cholesky", max_iter=200, warm_start=True)
    path: tuple[float, ...] = (UNKNOWN_PENALTY["logistic"],) if known is None else (known,)
    if known is None and held is not None:
        path = LOGISTIC_C
    best: tuple[float, Float64, Float64, float] | None = None
    for c in path:
        model.set_params(C=c).fit(z64, labels)
        weight, bias = _all_classes(model.coef_.T, model.intercept_, model.classes_, context.classes)
        loss = 0.0 if held is None else _loss(held[0] @ weight + bias, held[1])
        if best is not None and loss >= best[0]:
            break
        best = (loss, weight.copy(), bias.copy(), c)
        if context.deadline is not None and time.monotonic() > context.deadline:
            break
    assert best is not None
    return best[1:]


def _all_classes(weight: Float64, bias: Float64, seen: NDArray[np.int64], classes: int) -> tuple[Float64, Float64]:
    """Columns for classes that are absent from these rows get a very small probability."""
    if classes == 2 or len(seen) == classes:
        return weight, bias
    if len(seen) == 2:
        weight, bias = np.concatenate([-weight / 2, weight / 2], axis=1), np.concatenate([-bias / 2, bias / 2])
    full, shift = np.zeros((len(weight), classes)), np.full(classes, -12.0)
    full[:, seen], shift[seen] = weight, bias
    return full, shift


def _loss(raw: Float64, y: Float64) -> float:
    """Mean negative log-likelihood; one column is the margin of class 1."""
    if raw.shape[1] == 1:
        return float(np.mean(np.logaddexp(0.0, np.where(y == 1, -raw[:, 0], raw[:, 0]))))
    top = raw.max(axis=1)
    total = top + np.log(np.exp(raw - top[:, None]).sum(axis=1))
    return float(np.mean(total - raw[np.arange(len(y)), y.astype(np.intp)]))


PLUGIN = Linear()
