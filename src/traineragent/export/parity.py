"""Proves that an exported graph answers as the models it was made of, and measures what it costs to run.

The reference is the models' own `predict`, on real rows and on rows at the edges of what was seen. It knows nothing
of how rows are parsed or models are chosen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ..domain.data import FeatureKind
from ..ports import Fitted
from .graph import SMALLEST_PROBABILITY

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Bag = tuple[float, Sequence[Fitted]]

PROBABILITY_TOLERANCE = 1e-3
VALUE_TOLERANCE = 1e-4  # of the larger of the value itself and the spread of all values
EXTREMES = (0.0, -1.0, 1e6, -1e6, 1e30, -1e30)


@dataclass(frozen=True)
class Parity:
    """How far the graph is from its models. `max_abs` is a probability, or a share of the value; `labels_differ`
    counts rows with another largest class, ties left out; `finite`: no edge row gave NaN or infinity."""

    max_abs: float
    labels_differ: int
    rows: int
    finite: bool
    ok: bool


@dataclass(frozen=True)
class Cost:
    """Median time of one run on one thread, in microseconds a row, for one row and for a hundred."""

    us_per_row_1: float
    us_per_row_100: float


def session(graph: bytes) -> Any:
    """An onnxruntime session on one thread, as the service makes it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def reference(bags: Sequence[Bag], x: Float32, temperature: float = 1.0) -> Float64:
    """What the graph is to give: (rows, classes) or (rows,), by the models' own predict."""
    total = sum(weight for weight, _ in bags)
    mean = sum(weight / total * np.mean([m.predict(x) for m in models], axis=0) for weight, models in bags)
    mean = np.asarray(mean, dtype=np.float64)
    if mean.ndim == 1 or temperature == 1.0:
        return mean
    logits = np.log(np.maximum(mean, SMALLEST_PROBABILITY)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def check(
    graph: bytes,
    bags: Sequence[Bag],
    x: Float32,
    *,
    kinds: Sequence[FeatureKind],
    levels: Sequence[int],
    temperature: float = 1.0,
    extend: Callable[[Float32], Float32] | None = None,
) -> Parity:
    """Compares graph and models on the rows `x` and on edge rows made of them. `extend` makes what the models read of
    what the graph takes, where the graph itself derives features."""
    run = session(graph)
    rows = np.concatenate([x, edge_rows(x, kinds, levels)])
    want = reference(bags, extend(rows) if extend else rows, temperature)
    got = np.asarray(run.run(["y"], {"x": rows})[0], dtype=np.float64)
    finite = bool(np.isfinite(run.run(["y"], {"x": extreme_rows(x, kinds)})[0]).all())
    if want.ndim == 1:
        scale = np.maximum(np.abs(want), want.std() or 1.0)
        worst, flips = float(np.max(np.abs(got[:, 0] - want) / scale)), 0
        return Parity(worst, flips, len(rows), finite, finite and worst <= VALUE_TOLERANCE)
    worst = float(np.max(np.abs(got - want)))
    top = np.sort(want, axis=1)
    clear = top[:, -1] - top[:, -2] > 2 * PROBABILITY_TOLERANCE
    flips = int(np.sum(clear & (got.argmax(axis=1) != want.argmax(axis=1))))
    return Parity(worst, flips, len(rows), finite, finite and worst <= PROBABILITY_TOLERANCE and flips == 0)


def edge_rows(x: Float32, kinds: Sequence[FeatureKind], levels: Sequence[int]) -> Float32:
    """Rows of `x` with, feature by feature, a missing value, an unknown category, or the smallest, largest and far
    larger numbers; and one row with all missing."""
    rows = [x[0]]
    for j, kind in enumerate(kinds):
        seen = x[:, j][np.isfinite(x[:, j])]
        low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 0.0)
        values = [np.nan, levels[j]] if kind == "category" else [np.nan, low, high, high + 10 * (high - low) + 1, 0.0]
        for i, value in enumerate(values):
            row = x[(7 * j + i) % len(x)].copy()
            row[j] = value
            rows.append(row)
    rows.append(np.full(x.shape[1], np.nan, dtype=np.float32))
    return np.stack(rows).astype(np.float32)


def extreme_rows(x: Float32, kinds: Sequence[FeatureKind]) -> Float32:
    """Rows with absurd numbers: answers must stay finite, nothing more is asked."""
    rows = np.repeat(x[:1], len(EXTREMES), axis=0)
    for j, kind in enumerate(kinds):
        if kind != "category":
            rows[:, j] = EXTREMES
    return rows


def cost(graph: bytes, x: Float32, seconds: float = 0.3) -> Cost:
    """Times the graph on rows of `x`, about `seconds` for each size of batch."""
    run = session(graph)
    return Cost(_median_us(run, x, 1, seconds), _median_us(run, x, 100, seconds) / 100)


def _median_us(run: Any, x: Float32, rows: int, seconds: float) -> float:
    batches = [np.ascontiguousarray(np.resize(x[i * rows % len(x) :], (rows, x.shape[1]))) for i in range(20)]
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 10 or (time.perf_counter() < end and len(times) < 2000):
        start = time.perf_counter()
        run.run(["y"], {"x": batches[len(times) % len(batches)]})
        times.append(time.perf_counter() - start)
    return float(np.median(times[3:])) * 1e6
