"""Additive effects: one weight for every level of every category and every knot of every number, by ridge regression.

Where a category has hundreds of levels (a car's model, a shop, a postcode), its effect is worth more than its mean
target: the mean of a level holds whatever else its rows have in common, the effect is what is left beside all other
columns. It knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ..export.builder import GraphBuilder
from ..ports import FitContext
from .encoding import DenseEncoder, Lookup

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Ints = NDArray[np.int64]

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
TOLERANCE = 1e-4  # of the conjugate gradients
INNER_FOLDS = 5  # out-of-fold effects of the training rows themselves
KNOTS = 32  # a number; one with at most twice as many values has a knot at each


@dataclass(frozen=True)
class Effects:
    """raw = transform(x) @ weight + bias, (rows,); effects of numbers are linear between knots, constant beyond."""

    encoder: DenseEncoder
    weight: Float32  # (encoder.width,)
    bias: float

    def predict(self, x: Float32) -> Float64:
        return np.asarray(self.encoder.transform(x) @ self.weight + np.float32(self.bias), dtype=np.float64)

    def write(self, graph: GraphBuilder, x: str) -> str:
        """Nodes for `predict`; returns the tensor (rows, 1)."""
        weight = graph.floats(self.weight[:, None])
        return graph.add("Gemm", self.encoder.write(graph, x), weight, graph.floats(np.array([self.bias])))

    def arrays(self, prefix: str = "effects_") -> dict[str, NDArray[Any]]:
        arrays = {**self.encoder.arrays(), "weight": self.weight, "bias": np.array(self.bias)}
        return {prefix + name: value for name, value in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str = "effects_") -> Effects | None:
        if prefix + "weight" not in arrays:
            return None
        own = {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}
        return cls(DenseEncoder.from_arrays(own), own["weight"], float(own["bias"]))


def fit_effects(
    x: Float32,
    y: Float64,
    context: FitContext,
    held: tuple[Float32, Float64] | None = None,
    penalties: Sequence[float] = PENALTIES,
    knots: int = KNOTS,
) -> tuple[Effects, float]:
    """Effects on a standardised target y (rows,), and the penalty: of several the best by squared error on `held`."""
    basis = _Basis.of(x, context, knots)
    design = basis.design(x)
    rest = None if held is None else (basis.design(held[0]), held[1])
    from sklearn.linear_model import Ridge  # here, as a first model waits for no scikit-learn

    found: tuple[float, float, Ridge] | None = None
    for penalty in penalties if rest is not None else penalties[:1]:
        ridge = Ridge(penalty, solver="sparse_cg", tol=TOLERANCE).fit(design, y)
        loss = 0.0 if rest is None else float(np.mean((ridge.predict(rest[0]) - rest[1]) ** 2))
        if found is None or loss < found[0]:
            found = (loss, penalty, ridge)
    assert found is not None
    _, penalty, ridge = found
    return basis.effects(ridge.coef_, float(ridge.intercept_)), penalty


def fit_unseen(x: Float32, y: Float64, context: FitContext) -> tuple[Effects, Float64]:
    """Effects fitted on all rows, and the raw predictions of these rows by effects that did not see them, (rows,)."""
    inner = np.random.default_rng(context.seed).permutation(len(x)) % INNER_FOLDS
    own = np.empty(len(x))
    penalties: Sequence[float] = PENALTIES
    for fold in range(INNER_FOLDS):
        rest, held = inner != fold, inner == fold
        effects, penalty = fit_effects(x[rest], y[rest], context, (x[held], y[held]), penalties)
        own[held], penalties = effects.predict(x[held]), (penalty,)
    return fit_effects(x, y, context, penalties=penalties)[0], own


@dataclass(frozen=True)
class _Basis:
    """Sparse columns: a 1 at a category's level, two weights that sum to 1 at the knots around a number.

    A number's last column stands for a missing value, as does a category's; see `Lookup` for the order of levels."""

    numbers: Ints  # columns of x
    knots: tuple[Float64, ...]
    categories: Ints
    levels: Ints
    offset: Ints  # (numbers + categories + 1,) first design column of each

    @classmethod
    def of(cls, x: Float32, context: FitContext, most: int) -> _Basis:
        category = np.array([kind == "category" for kind in context.kinds], dtype=bool)
        knots = {int(j): _knots(x[:, j], most) for j in np.flatnonzero(~category)}
        numbers = np.array([j for j, at in knots.items() if len(at)], dtype=np.int64)
        categories = np.flatnonzero(category)
        levels = np.array(context.levels, dtype=np.int64)[categories]
        width = [*(len(knots[int(j)]) + 1 for j in numbers), *(levels + 2)]
        offset = np.concatenate([[0], np.cumsum(width, dtype=np.int64)])
        return cls(numbers, tuple(knots[int(j)] for j in numbers), categories, levels, offset)

    def design(self, x: Float32) -> csr_matrix:
        """(rows, design columns)."""
        at: list[Ints] = []
        weight: list[Float64] = []
        for j, knots, first in zip(self.numbers.tolist(), self.knots, self.offset.tolist(), strict=False):
            value = x[:, j].astype(np.float64)
            missing = np.isnan(value)
            value = np.clip(np.where(missing, knots[0], value), knots[0], knots[-1])
            left = np.clip(np.searchsorted(knots, value, side="right") - 1, 0, max(len(knots) - 2, 0))
            next_one = np.minimum(left + 1, len(knots) - 1)
            right = (value - knots[left]) / np.maximum(knots[next_one] - knots[left], 1e-30)
            at += [first + np.where(missing, len(knots), left), first + np.where(missing, len(knots), next_one)]
            weight += [np.where(missing, 1.0, 1.0 - right), np.where(missing, 0.0, right)]
        offset = self.offset[len(self.numbers) :].tolist()
        for j, levels, first in zip(self.categories.tolist(), self.levels.tolist(), offset, strict=False):
            code = np.where(np.isnan(x[:, j]), levels + 1, np.minimum(x[:, j], levels)).astype(np.int64)
            at.append(first + code)
            weight.append(np.ones(len(x)))
        rows, width = len(x), int(self.offset[-1])
        start = np.arange(rows + 1) * len(at)
        matrix = csr_matrix((np.stack(weight, axis=1).ravel(), np.stack(at, axis=1).ravel(), start), (rows, width))
        matrix.sum_duplicates()
        return matrix

    def effects(self, weight: Float64, bias: float) -> Effects:
        """The same function in the form that is served: rises between knots, flags of missing values, one lookup."""
        low, slope, rise, source, flags = [], [], [], [], []
        for k, (knots, first) in enumerate(zip(self.knots, self.offset.tolist(), strict=False)):
            own = weight[first : first + len(knots) + 1]
            low.append(knots[:-1])
            slope.append(1.0 / np.diff(knots))
            rise.append(np.diff(own[:-1]))
            source += [k] * (len(knots) - 1)
            flags.append(own[-1] - own[0])
            bias += own[0]
        start = int(self.offset[len(self.numbers)])
        lookup = None
        if len(self.categories):
            each = np.arange(len(self.categories), dtype=np.int64)
            offset = self.offset[len(self.numbers) : -1] - start
            table = weight[start:, None].astype(np.float32)
            plain = (np.ones_like(each), np.zeros_like(each))
            lookup = Lookup(self.categories, self.levels, each, each, *plain, offset, table)
        f32, looked = np.float32, len(self.categories)
        encoder = DenseEncoder(
            filled=self.numbers,
            fill=np.array([knots[0] for knots in self.knots], dtype=f32),
            source=np.array(source, dtype=np.int64),
            low=_joined(low),
            slope=np.minimum(_joined(slope), f32(1e30)),
            flags=self.numbers,
            hot_columns=np.zeros(0, dtype=np.int64),
            hot_values=np.zeros(0, dtype=f32),
            lookup=lookup,
            shift=np.zeros(looked, dtype=f32),
            scale=np.ones(looked, dtype=f32),
        )
        every = np.concatenate([_joined(rise), np.array(flags, dtype=f32), np.ones(looked, dtype=f32)])
        return Effects(encoder, every, float(bias))


def _knots(value: Float32, most: int) -> Float64:
    """Where the effect of a number may bend, ascending; none where there is none."""
    value = value[np.isfinite(value)]
    knots = np.unique(value)
    if len(knots) > 2 * most:
        knots = np.unique(np.quantile(value, np.linspace(0, 1, most + 1)).astype(np.float32))
    return knots.astype(np.float64)


def _joined(parts: Sequence[Float64]) -> Float32:
    return np.concatenate([*parts, np.zeros(0)]).astype(np.float32)
