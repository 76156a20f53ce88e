"""Proves that an exported graph answers as the models it was made of, and measures what it costs to run.

The reference is the models' own `predict`, on real rows and on rows at the edges of what was seen. It knows nothing
of how rows are parsed or models are chosen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
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
Places = NDArray[np.int64]
Bag = tuple[float, Sequence[Fitted]]

PROBABILITY_TOLERANCE = 1e-3
VALUE_TOLERANCE = 1e-4  # of the larger of the value itself and the spread of all values
RICH_BLOCK = 16
SLOW_US = 1000.0  # a row; such a graph costs the same in a batch
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


def reference(bags: Sequence[Bag], x: Any, temperature: float = 1.0, multi: bool = False) -> Float64:
    """What the graph is to give: (rows, classes) or (rows,), by the models' own predict."""
    total = sum(weight for weight, _ in bags)
    mean = sum(weight / total * np.mean([m.predict(x) for m in models], axis=0) for weight, models in bags)
    mean = np.asarray(mean, dtype=np.float64)
    if mean.ndim == 1 or temperature == 1.0:
        return mean
    if multi:
        low = SMALLEST_PROBABILITY
        odds = (np.log(np.maximum(mean, low)) - np.log(np.maximum(1 - mean, low))) / temperature
        return np.asarray(1 / (1 + np.exp(-odds)))
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
    extend: Callable[[Float32, Places], Any] | None = None,
    feed: Callable[[Float32, Places], Mapping[str, NDArray[Any]]] | None = None,
    multi: bool = False,
) -> Parity:
    """Compares graph and models on the rows `x` and on edge rows made of them. `extend(rows, places)` makes what the
    models' predict takes of typed rows that were made of the rows of `x` at `places`, and `feed` the same for the
    graph; by default both take the typed rows alone."""
    run = session(graph)
    edges, places = _edges(x, kinds, levels)
    rows, places = np.concatenate([x, edges]), np.concatenate([np.arange(len(x)), places])
    want = reference(bags, extend(rows, places) if extend else rows, temperature, multi)
    got = _answers(run, rows, places, feed)
    absurd = extreme_rows(x, kinds)
    finite = bool(np.isfinite(_answers(run, absurd, np.zeros(len(absurd), dtype=np.int64), feed)).all())
    if want.ndim == 1:
        scale = np.maximum(np.abs(want), want.std() or 1.0)
        worst, flips = float(np.max(np.abs(got[:, 0] - want) / scale)), 0
        return Parity(worst, flips, len(rows), finite, finite and worst <= VALUE_TOLERANCE)
    worst = float(np.max(np.abs(got - want)))
    top = np.sort(want, axis=1)
    clear = top[:, -1] - top[:, -2] > 2 * PROBABILITY_TOLERANCE
    flips = 0 if multi else int(np.sum(clear & (got.argmax(axis=1) != want.argmax(axis=1))))
    return Parity(worst, flips, len(rows), finite, finite and worst <= PROBABILITY_TOLERANCE and flips == 0)


def _answers(
    run: Any,
    rows: Float32,
    places: Places,
    feed: Callable[[Float32, Places], Mapping[str, NDArray[Any]]] | None,
) -> Float64:
    """What the graph gives; rows with rich inputs go through in blocks, as a service would send them."""
    if feed is None:
        return np.asarray(run.run(["y"], {"x": rows})[0], dtype=np.float64)
    blocks = (slice(i, i + RICH_BLOCK) for i in range(0, len(rows), RICH_BLOCK))
    names = [i.name for i in run.get_inputs()]
    found = []
    for block in blocks:
        given = feed(rows[block], places[block])
        found.append(run.run(["y"], {name: given[name] for name in names})[0])
    return np.concatenate(found).astype(np.float64)


def edge_rows(x: Float32, kinds: Sequence[FeatureKind], levels: Sequence[int]) -> Float32:
    """Rows of `x` with, feature by feature, a missing value, an unknown category, or the smallest, largest and far
    larger numbers; and one row with all missing."""
    return _edges(x, kinds, levels)[0]


def _edges(x: Float32, kinds: Sequence[FeatureKind], levels: Sequence[int]) -> tuple[Float32, Places]:
    """The edge rows, and the places in `x` of the rows they were made of."""
    rows, places = [x[0]], [0]
    for j, kind in enumerate(kinds):
        seen = x[:, j][np.isfinite(x[:, j])]
        low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 0.0)
        values = [np.nan, levels[j]] if kind == "category" else [np.nan, low, high, high + 10 * (high - low) + 1, 0.0]
        for i, value in enumerate(values):
            row = x[(7 * j + i) % len(x)].copy()
            row[j] = value
            rows.append(row)
            places.append((7 * j + i) % len(x))
    rows.append(np.full(x.shape[1], np.nan, dtype=np.float32))
    return np.stack(rows).astype(np.float32), np.array([*places, 0], dtype=np.int64)


def extreme_rows(x: Float32, kinds: Sequence[FeatureKind]) -> Float32:
    """Rows with absurd numbers: answers must stay finite, nothing more is asked."""
    rows = np.repeat(x[:1], len(EXTREMES), axis=0)
    for j, kind in enumerate(kinds):
        if kind != "category":
            rows[:, j] = EXTREMES
    return rows


def cost(
    graph: bytes,
    x: Float32,
    seconds: float = 0.3,
    feed: Callable[[Float32, Places], Mapping[str, NDArray[Any]]] | None = None,
) -> Cost:
    """Times the graph on rows of `x`, about `seconds` for each size of batch; `feed` as for `check`."""
    run = session(graph)
    one = _median_us(run, x, 1, seconds, feed)
    return Cost(one, (_median_us(run, x, 100, seconds, feed) if one < SLOW_US else 100 * one) / 100)


def _median_us(
    run: Any,
    x: Float32,
    rows: int,
    seconds: float,
    feed: Callable[[Float32, Places], Mapping[str, NDArray[Any]]] | None,
) -> float:
    names = [i.name for i in run.get_inputs()]
    batches = []
    for i in range(20):
        places = (i * rows + np.arange(rows)) % len(x)
        picked = np.ascontiguousarray(x[places])
        given = {"x": picked} if feed is None else feed(picked, places)
        batches.append({name: given[name] for name in names})
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 10 or (time.perf_counter() < end and len(times) < 2000):
        start = time.perf_counter()
        run.run(["y"], batches[len(times) % len(batches)])
        times.append(time.perf_counter() - start)
    return float(np.median(times[3:])) * 1e6
