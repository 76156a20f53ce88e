"""Log-linear regression: the target is a product of powers of the numbers and one factor a category.

It goes on where trees stop: fifteen items cost fifteen times one, and a price may lie beyond all prices seen. Two
estimators compete on validation rows: ridge on the log of the target, and Poisson pseudo-likelihood.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from ..engine.encoding import DenseEncoder, fit_dense
from ..engine.metrics import ABSOLUTE
from ..engine.target import TargetScale, fit_target
from ..export.builder import GraphBuilder
from ..ports import Batch, Card, FitContext

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

PENALTIES = (0.03, 0.3, 3.0, 30.0, 300.0)
UNKNOWN_PENALTY = 3.0  # without validation rows
LEAST_PENALTY = 1e-6  # a row: sums in float32 are no more exact
BEYOND = 3.0  # inputs and answers may go so many times beyond the range seen
STEPS = 6  # of Newton's method
MOST_WORK = 2e10  # rows * width^2 above which the second estimator costs more than it gives


@dataclass(frozen=True)
class LogEncoder:
    """Numbers on a logarithmic scale, standardised: sign(u) log(|u| + `plus`) with u = value * `inverse`.

    `plus` is 0 for columns that are always positive, whose slope is then a power, and 1 for all others."""

    columns: NDArray[np.int64]  # of x
    fill: Float32  # for NaN
    low: Float32
    high: Float32
    inverse: Float32
    plus: Float32
    shift: Float32
    scale: Float32

    def transform(self, x: Float32) -> Float32:
        """(rows, columns)."""
        value = x[:, self.columns]
        value = np.where(np.isnan(value), self.fill, value)
        u = np.minimum(np.maximum(value, self.low), self.high) * self.inverse
        return (np.sign(u) * np.log(np.abs(u) + self.plus) - self.shift) * self.scale

    def write(self, graph: GraphBuilder, x: str) -> str:
        """Nodes for `transform`."""
        value = graph.columns(x, self.columns, graph.features)
        value = graph.add("Where", graph.add("IsNaN", value), graph.floats(self.fill), value)
        value = graph.add("Min", graph.add("Max", value, graph.floats(self.low)), graph.floats(self.high))
        u = graph.add("Mul", value, graph.floats(self.inverse))
        size = graph.add("Log", graph.add("Add", graph.add("Abs", u), graph.floats(self.plus)))
        signed = graph.add("Sub", graph.add("Mul", graph.add("Sign", u), size), graph.floats(self.shift))
        return graph.add("Mul", signed, graph.floats(self.scale))

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"log_" + name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> LogEncoder:
        return cls(**{name: arrays["log_" + name] for name in cls.__dataclass_fields__})


def fit_logs(x: Float32, context: FitContext) -> LogEncoder:
    """An encoder of the numbers that take more than two values."""
    picked: list[int] = []
    facts: list[tuple[float, ...]] = []
    for j, kind in enumerate(context.kinds):
        value = x[:, j][np.isfinite(x[:, j])].astype(np.float64)
        if kind == "number" and len(np.unique(value)) > 2:
            picked.append(j)
            facts.append(_scale_of(value))
    fill, low, high, inverse, plus = np.array(facts, dtype=np.float32).reshape(-1, 5).T
    none = np.zeros(len(picked), dtype=np.float32)
    plain = LogEncoder(np.array(picked, dtype=np.int64), fill, low, high, inverse, plus, none, none + 1)
    seen = plain.transform(x)
    spread = np.maximum(seen.std(axis=0, dtype=np.float64), 1e-6)
    return replace(
        plain,
        shift=seen.mean(axis=0, dtype=np.float64).astype(np.float32),
        scale=(1.0 / spread).astype(np.float32),
    )


def _scale_of(value: Float64) -> tuple[float, ...]:
    """(fill, low, high, inverse, plus) of one column."""
    low, high, middle = float(value.min()), float(value.max()), float(np.median(value))
    if low > 0:
        return middle, low / BEYOND, high * BEYOND, 1.0 / middle, 0.0
    unit = float(np.quantile(np.abs(value[value != 0]), 0.1))
    return middle, min(low * BEYOND, 0.0), max(high * BEYOND, 0.0), 1.0 / max(unit, 1e-30), 1.0


@dataclass(frozen=True)
class FittedLogLinear:
    """answer = scale.undo(encoded @ weight + bias); weight (width, 1)."""

    dense: DenseEncoder
    logs: LogEncoder
    weight: Float32
    bias: Float32
    scale: TargetScale
    features: int

    def predict(self, x: Float32) -> Float64:
        z = np.concatenate([self.dense.transform(x), self.logs.transform(x)], axis=1)
        return self.scale.undo((z @ self.weight + self.bias).astype(np.float64)[:, 0])

    def save(self, path: Path) -> None:
        arrays: dict[str, Any] = {**self.dense.arrays(), **self.logs.arrays(), **self.scale.arrays()}
        with path.open("wb") as file:
            np.savez(file, weight=self.weight, bias=self.bias, shape=np.array([self.features]), **arrays)

    def graph(self) -> onnx.ModelProto:
        graph = GraphBuilder(self.features)
        parts = [self.dense.write(graph, "x")] if self.dense.width else []
        parts += [self.logs.write(graph, "x")] if len(self.logs.columns) else []
        z = parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)
        raw = graph.add("Gemm", z, graph.floats(self.weight), graph.floats(self.bias))
        return graph.model(self.scale.write(graph, raw), 1)


class LogLinear:
    card = Card(
        name="log_linear",
        title="Log-linear regression (products of powers and factors)",
        tasks=("regression",),
        interpretable=True,
        licence="BSD-3-Clause",
        source="Duan 1983, smearing estimate; Santos Silva & Tenreyro 2006, the log of gravity",
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {"bins": ("int", 1, 24, True), "most_levels": ("choice", 32, 128)}

    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> FittedLogLinear:
        context = replace(context, deadline=_sooner(context.deadline))
        base = fit_target(train.y, params.get("target", "log"))
        goal = base.forward(train.y)
        dense, coded = fit_dense(
            train.x,
            goal.reshape(-1, 1),
            context,
            bins=params.get("bins", 4),
            most_levels=params.get("most_levels", 128),
        )
        logs = fit_logs(train.x, context)
        z = np.concatenate([coded, logs.transform(train.x)], axis=1)
        centre = z.mean(axis=0, dtype=np.float64).astype(np.float32)
        held = None
        if valid is not None:
            held = np.concatenate([dense.transform(valid.x), logs.transform(valid.x)], axis=1) - centre, valid.y
        rows = (z - centre, train.y)
        found = _estimated(rows, held, _widened(base, train.y), context)
        weight = found.weight.astype(np.float32)
        bias = np.array([found.bias - float(centre.astype(np.float64) @ found.weight)], dtype=np.float32)
        return FittedLogLinear(dense, logs, weight[:, None], bias, found.scale, train.x.shape[1])

    def load(self, path: Path, context: FitContext) -> FittedLogLinear:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        scale, (features,) = TargetScale.from_arrays(arrays), arrays["shape"].tolist()
        dense, logs = DenseEncoder.from_arrays(arrays), LogEncoder.from_arrays(arrays)
        return FittedLogLinear(dense, logs, arrays["weight"], arrays["bias"], scale, features)


Rows = tuple[Float32, Float64]  # encoded and centred inputs, targets


@dataclass(frozen=True)
class _Estimate:
    weight: Float64
    bias: float
    scale: TargetScale

    def answers(self, z: Float32) -> Float64:
        return self.scale.undo(z @ self.weight + self.bias)


def _widened(scale: TargetScale, y: Float64) -> TargetScale:
    """Answers may leave the range seen: a product of seen factors is often one that was not seen."""
    low, high = float(y.min()), float(y.max())
    if not scale.log:
        return scale
    return replace(scale, low=low / BEYOND, high=max(high * BEYOND, 1e-30))


@dataclass(frozen=True)
class _Judge:
    """What an estimate is worth on some rows: the smaller the error, the better."""

    rows: Rows
    metric: str

    def error(self, estimate: _Estimate) -> float:
        y, answers = self.rows[1], estimate.answers(self.rows[0])
        if self.metric == "rmsle":
            return float(np.mean((np.log1p(np.maximum(answers, 0)) - np.log1p(np.maximum(y, 0))) ** 2))
        apart = np.abs(answers - y)
        return float(np.mean(apart if self.metric in ABSOLUTE else apart**2))


def _estimated(rows: Rows, held: Rows | None, scale: TargetScale, context: FitContext) -> _Estimate:
    """The best of ridge on the scale's own target, with any penalty, and of Poisson pseudo-likelihood, whose penalty
    starts above ridge's best and is lowered until the held rows like it less."""
    judge = _Judge(held or rows, context.metric)
    floor = LEAST_PENALTY * len(rows[0])
    penalties = [max(p, floor) for p in (PENALTIES if held is not None else (UNKNOWN_PENALTY,))]
    ridges = _ridges(rows, penalties, scale, judge)
    errors = [judge.error(r) for r in ridges]
    chosen = int(np.argmin(errors))
    best, z = ridges[chosen], rows[0]
    if not scale.log or context.metric in (*ABSOLUTE, "rmsle") or len(z) * z.shape[1] ** 2 > MOST_WORK:
        return best
    start, smallest, least = best, np.inf, errors[chosen]
    for penalty in penalties[: chosen + 3][::-1]:
        if _late(context):
            break
        try:
            start = _poisson(rows, start, penalty, context)
        except np.linalg.LinAlgError:  # no Newton step can be taken from here
            break
        error = judge.error(start)
        if error >= smallest:
            break
        smallest = error
        if error < least:
            best, least = start, error
    return best


def _ridges(rows: Rows, penalties: Sequence[float], scale: TargetScale, judge: _Judge) -> list[_Estimate]:
    """Closed form for each penalty."""
    z, goal = rows[0], scale.forward(rows[1])
    gram, moment = (z.T @ z).astype(np.float64), z.T.astype(np.float64) @ (goal - goal.mean())
    weights = [cho_solve(cho_factor(gram + penalty * np.eye(len(gram))), moment) for penalty in penalties]
    return [_smeared(_Estimate(w, float(goal.mean()), scale), judge.rows, judge.metric) for w in weights]


def _smeared(found: _Estimate, rows: Rows, metric: str) -> _Estimate:
    """The mean of exp is not exp of the mean: answers are raised by the mean factor that they miss (Duan 1983).

    An absolute error wants the median, which needs no correction."""
    if not found.scale.log or metric in (*ABSOLUTE, "rmsle"):
        return found
    missed = (rows[1] + found.scale.shift) / np.maximum(found.answers(rows[0]) + found.scale.shift, 1e-30)
    factor = float(np.clip(np.mean(missed), 0.67, 1.5))
    return replace(found, scale=replace(found.scale, centre=found.scale.centre + float(np.log(factor))))


def _poisson(rows: Rows, start: _Estimate, penalty: float, context: FitContext) -> _Estimate:
    """log of the mean is linear: Newton steps of the penalised Poisson pseudo-likelihood, halved where they fail.

    It is consistent for any non-negative target whose mean is such a product, zeros included."""
    z, y = rows
    unit = float(y.mean()) or 1.0
    goal = y / unit
    scale = replace(start.scale, centre=float(np.log(unit)), spread=1.0, shift=0.0)
    weight = np.append(start.weight * start.scale.spread, _offset(start, unit))
    full = np.concatenate([z, np.ones((len(z), 1), dtype=np.float32)], axis=1)
    ridge = np.append(np.full(z.shape[1], penalty), 1e-6)
    loss = _deviance(full, goal, weight, ridge)
    for _ in range(STEPS):
        mean = np.exp(np.clip(full @ weight, -30, 10))
        root = np.sqrt(mean).astype(np.float32)[:, None]
        half = full * root
        hessian = (half.T @ half).astype(np.float64) + np.diag(ridge)
        step = cho_solve(cho_factor(hessian), full.T @ (goal - mean) - ridge * weight)
        for _ in range(5):
            after = _deviance(full, goal, weight + step, ridge)
            if after <= loss:
                break
            step = step / 2
        gain, loss = loss - after, min(loss, after)
        if gain >= 0:
            weight = weight + step
        if gain < 1e-5 * abs(loss) or _late(context):
            break
    return _Estimate(weight[:-1], float(weight[-1]), scale)


def _offset(start: _Estimate, unit: float) -> float:
    """The constant of `start` where the unit of the target is `unit`."""
    return start.bias * start.scale.spread + start.scale.centre - float(np.log(unit))


def _deviance(full: Float32, goal: Float64, weight: Float64, ridge: Float64) -> float:
    eta = np.clip(full @ weight, -30, 10)
    return float(np.sum(np.exp(eta) - goal * eta) + 0.5 * np.sum(ridge * weight**2))


def _sooner(deadline: float | None) -> float | None:
    """Half of the time is for the second estimator's steps: the last one and the encoding must fit in as well."""
    now = time.monotonic()
    return None if deadline is None else now + 0.5 * (deadline - now)


def _late(context: FitContext) -> bool:
    return context.deadline is not None and time.monotonic() > context.deadline


PLUGIN = LogLinear()
