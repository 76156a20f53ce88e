"""Linear models on TF-IDF of words and character runs, in 8-bit weights: strong, small and quick on texts.

Other columns join as piecewise-linear and one-hot features. The graph looks up the weights of a text's own terms, so
an answer costs the length of the text and not the size of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, hstack
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from ..engine.encoding import DenseEncoder, fit_dense, target_columns
from ..export.builder import GraphBuilder
from ..ports import Batch, Card, FitContext
from ..serve.inputs.parts import Part, Ragged

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

LEVELS = 127  # of an 8-bit weight on either side of zero
TINY = 1e-12
SCALES = (0.3, 30.0)  # by which margins become log-odds
UNKNOWN_SCALE = 4.0  # without validation rows
DENSE_WEIGHT = 0.5  # of the other columns beside texts of length 1
MOST_BINNED = 100  # columns; more are a view, whose numbers count as they are


@dataclass(frozen=True)
class FittedTermLinear:
    """raw = (tfidf @ (weight * step) + dense @ other + bias) * scale; weight int8 (terms, outputs), step (outputs,).
    Terms below `words` are words, the rest runs; each block has length 1. Two classes have one output; `multi`: each
    output is a yes or no of its own."""

    name: str
    words: int
    idf: Float32
    weight: NDArray[np.int8]
    step: Float32
    encoder: DenseEncoder
    other: Float32
    bias: Float32
    found: Mapping[str, float]
    features: int
    classes: int
    multi: bool = False

    def predict(self, x: Float32, more: Mapping[str, Part]) -> Float64:
        part = more[self.name]
        assert isinstance(part, Ragged)
        z = _weighed(_counts(part, len(self.idf)), self.idf, self.words)
        raw = (z @ self.weight.astype(np.float32)) * self.step + self.encoder.transform(x) @ self.other + self.bias
        raw = raw.astype(np.float64)
        if self.multi:
            return np.asarray(expit(raw))
        if self.classes == 2:
            positive = expit(raw[:, 0])
            return np.stack([1.0 - positive, positive], axis=1)
        return np.asarray(softmax(raw, axis=1))

    def save(self, path: Path) -> None:
        names = np.array([self.name, *self.found])
        values = np.array([float("nan"), *self.found.values()])
        shape = np.array([self.words, self.features, self.classes, int(self.multi)])
        arrays: dict[str, Any] = {"idf": self.idf, "weight": self.weight, "step": self.step, "other": self.other}
        arrays |= {"bias": self.bias, "shape": shape, "names": names, "values": values, **self.encoder.arrays()}
        with path.open("wb") as file:
            np.savez(file, **arrays)

    def graph(self) -> onnx.ModelProto:
        graph = GraphBuilder(self.features)
        ids, counts = graph.ragged(self.name)
        z = self._tfidf(graph, ids, counts)  # (rows, length)
        picked = graph.add("Cast", graph.add("Gather", graph.constant(self.weight), ids, axis=0), to=TensorProto.FLOAT)
        one = graph.integers([1])
        raw = graph.add("Squeeze", graph.add("MatMul", graph.add("Unsqueeze", z, one), picked), one)
        raw = graph.add("Mul", raw, graph.floats(self.step))
        if self.encoder.width:
            dense = graph.add("Gemm", self.encoder.write(graph, "x"), graph.floats(self.other), graph.floats(self.bias))
            raw = graph.add("Add", raw, dense)
        else:
            raw = graph.add("Add", raw, graph.floats(self.bias))
        if self.multi:
            return graph.model(graph.add("Sigmoid", raw), self.classes)
        if self.classes == 2:
            positive = graph.add("Sigmoid", raw)
            return graph.model(graph.add("Concat", graph.add("Sub", graph.floats(1.0), positive), positive, axis=1), 2)
        return graph.model(graph.add("Softmax", raw, axis=1), self.classes)

    def _tfidf(self, graph: GraphBuilder, ids: str, counts: str) -> str:
        """(1 + log count) * idf of each term, each block divided by its length."""
        there = graph.add("Cast", graph.add("Greater", counts, graph.floats(0.0)), to=TensorProto.FLOAT)
        logs = graph.add("Add", graph.add("Log", graph.add("Max", counts, graph.floats(1.0))), graph.floats(1.0))
        idf = graph.add("Gather", graph.floats(self.idf), ids, axis=0)
        value = graph.add("Mul", graph.add("Mul", logs, idf), there)
        word = graph.add("Cast", graph.add("Less", ids, graph.integers(self.words)), to=TensorProto.FLOAT)
        squared, blocks = graph.add("Mul", value, value), []
        for block in (word, graph.add("Sub", graph.floats(1.0), word)):
            total = graph.add("ReduceSum", graph.add("Mul", squared, block), graph.integers([1]), keepdims=1)
            length = graph.add("Sqrt", graph.add("Max", total, graph.floats(TINY)))
            blocks.append(graph.add("Div", graph.add("Mul", value, block), length))
        return graph.add("Add", *blocks)


class TermLinear:
    card = Card(
        name="term_linear",
        title="Linear model on words and character runs (TF-IDF)",
        tasks=("binary", "multiclass", "multilabel"),
        interpretable=True,
        reads=("terms",),
        licence="BSD-3-Clause",
        source="Joachims 1998, text categorization with support vector machines; Fan et al. 2008, LIBLINEAR",
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {"c": ("float", 0.05, 20.0, True), "loss": ("choice", "hinge", "logistic"), "bins": ("int", 1, 16, True)}

    def fit(
        self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext
    ) -> FittedTermLinear:
        spec = context.input_of("terms")
        part = train.more[spec.name]
        assert isinstance(part, Ragged)
        words, terms = int(spec.options["words"]), max(int(spec.options["terms"]), 1)
        counts = _counts(part, terms)
        idf = _idf(counts)
        targets = train.y if train.y.ndim == 2 else target_columns(train.y, context.classes)
        bins = int(params.get("bins", 4)) if train.x.shape[1] <= MOST_BINNED else 1
        encoder, dense = fit_dense(train.x, targets, context, bins=bins)
        centre = dense.mean(axis=0, dtype=np.float64).astype(np.float32)
        z = hstack([_weighed(counts, idf, words), csr_matrix((dense - centre) * DENSE_WEIGHT)], format="csr")
        weight, bias = _solved(z, train.y, params, context)
        other = weight[terms:] * DENSE_WEIGHT
        bias = bias - centre @ other
        model = _quantised(spec.name, words, idf, weight[:terms], encoder, other, bias, train, context)
        return _scaled(model, params, valid, context)

    def load(self, path: Path, context: FitContext) -> FittedTermLinear:
        with np.load(path, allow_pickle=False) as file:
            a = dict(file)
        words, features, classes, multi = a["shape"].tolist()
        found = dict(zip(a["names"][1:].tolist(), a["values"][1:].tolist(), strict=True))
        return FittedTermLinear(
            str(a["names"][0]), words, a["idf"], a["weight"], a["step"], DenseEncoder.from_arrays(a), a["other"],
            a["bias"], found, features, classes, bool(multi),
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ features
def _counts(part: Ragged, terms: int) -> csr_matrix:
    """(rows, terms) counts."""
    start, end = int(part.offsets[0]), int(part.offsets[-1])
    assert part.weights is not None
    return csr_matrix(
        (np.array(part.weights[start:end]), np.array(part.ids[start:end]), np.array(part.offsets) - start),
        shape=(len(part), terms),
    )


def _idf(counts: csr_matrix) -> Float32:
    """log((1 + rows) / (1 + rows with the term)) + 1, Salton & Buckley 1988."""
    rows = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.asarray(np.log((1 + counts.shape[0]) / (1 + rows)) + 1, dtype=np.float32)


def _weighed(counts: csr_matrix, idf: Float32, words: int) -> csr_matrix:
    """TF-IDF, words and runs each scaled to length 1."""
    value = (1 + np.log(counts.data)) * idf[counts.indices]
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    word = counts.indices < words
    for block in (word, ~word):
        total = np.bincount(row[block], weights=value[block].astype(np.float64) ** 2, minlength=counts.shape[0])
        value[block] /= np.sqrt(np.maximum(total, TINY))[row[block]]
    return csr_matrix((value.astype(np.float32), counts.indices, counts.indptr), shape=counts.shape)


# ------------------------------------------------------------------------------------------------------------- fitting
def _solved(z: csr_matrix, y: Float64, params: Mapping[str, Any], context: FitContext) -> tuple[Float64, Float64]:
    """Weights (features, outputs) and bias (outputs,), each output against the rest."""
    z = z.astype(np.float64)
    columns = y if y.ndim == 2 else _one_against_rest(y, context.classes)
    weight, bias = np.zeros((z.shape[1], columns.shape[1])), np.zeros(columns.shape[1])
    c = float(params.get("c", 1.0))
    for k in range(columns.shape[1]):
        labels = columns[:, k]
        if labels.min() == labels.max():
            bias[k] = 8.0 if labels[0] else -8.0  # a class that these rows lack, or all have
            continue
        if params.get("loss", "hinge") == "hinge":
            model: Any = LinearSVC(C=c, tol=1e-3, random_state=context.seed % 2**31)
        else:
            model = LogisticRegression(C=8 * c, solver="liblinear", tol=1e-3, random_state=context.seed % 2**31)
        model.fit(z, labels)
        weight[:, k], bias[k] = model.coef_[0], model.intercept_[0]
    return weight, bias


def _one_against_rest(y: Float64, classes: int) -> NDArray[np.int64]:
    if classes == 2:
        return np.asarray(y == 1, dtype=np.int64)[:, None]
    return np.asarray(y[:, None] == np.arange(classes), dtype=np.int64)


def _quantised(
    name: str,
    words: int,
    idf: Float32,
    weight: Float64,
    encoder: DenseEncoder,
    other: Float64,
    bias: Float64,
    train: Batch,
    context: FitContext,
) -> FittedTermLinear:
    """Weights in 127 steps either way of each output's largest; rounding moves margins by thousandths."""
    step = np.maximum(np.abs(weight).max(axis=0, initial=0.0), TINY) / LEVELS
    f32 = np.float32
    return FittedTermLinear(
        name,
        words,
        idf,
        np.rint(weight / step).astype(np.int8),
        step.astype(f32),
        encoder,
        other.astype(f32),
        bias.astype(f32),
        {},
        train.x.shape[1],
        context.classes,
        train.y.ndim == 2,
    )


def _scaled(
    model: FittedTermLinear, params: Mapping[str, Any], valid: Batch | None, context: FitContext
) -> FittedTermLinear:
    """Margins times the number that makes them log-odds: fitted on the validation rows, one number for all outputs."""
    if "scale" in params:
        scale = float(params["scale"])
    elif valid is None:
        scale = UNKNOWN_SCALE if params.get("loss", "hinge") == "hinge" else 1.0
    else:
        p = np.clip(model.predict(valid.x, valid.more), TINY, 1.0)
        raw = np.log(p) - np.log(np.clip(1 - p, TINY, 1.0)) if model.multi else np.log(p)
        low, high = np.log(SCALES)
        best = minimize_scalar(lambda s: _loss(raw * np.exp(s), valid.y), bounds=(low, high), method="bounded")
        scale = float(np.exp(best.x))
    s = np.float32(scale)
    return FittedTermLinear(
        **{
            **{f: getattr(model, f) for f in model.__dataclass_fields__},
            "step": model.step * s,
            "other": model.other * s,
            "bias": model.bias * s,
            "found": {"scale": scale},
        }
    )


def _loss(raw: Float64, y: Float64) -> float:
    """Mean log-loss of log-odds: one yes or no a column, or a softmax over columns."""
    if y.ndim == 2:
        return float(np.mean(np.logaddexp(0.0, raw) - y * raw))
    top = raw.max(axis=1)
    total = top + np.log(np.exp(raw - top[:, None]).sum(axis=1))
    return float(np.mean(total - raw[np.arange(len(y)), y.astype(np.intp)]))


PLUGIN = TermLinear()
