"""How typed columns become model inputs: lookup tables for trees, piecewise-linear and one-hot blocks for the rest.

Everything is fitted on the rows of one fold; each encoder also writes itself as ONNX nodes, so that the served graph
starts at the typed matrix. It knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..export.builder import GraphBuilder
from ..ports import FitContext

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Ints = NDArray[np.int64]

LARGEST_TABLE = 200_000  # rows of a lookup table for a pair of categories
INNER_FOLDS = 5  # out-of-fold target statistics for the training rows themselves


def target_columns(y: Float64, classes: int) -> Float64:
    """What target statistics average, (rows, k): the value, P(class 1), or one column a class up to eight."""
    if classes == 0:
        return y.reshape(-1, 1).astype(np.float64)
    if classes == 2:
        return np.asarray(y == 1, dtype=np.float64).reshape(-1, 1)
    return np.stack([(y == k) for k in range(min(classes, 8))], axis=1).astype(np.float64)


@dataclass(frozen=True)
class Lookup:
    """Category columns, single or paired, replaced by numbers from one table in a single Gather.

    Column c reads row codes[first[c]] * scale[c] + codes[second[c]] * paired[c] + offset[c] of `table` (entries,
    width), where a code is the category index, `levels` for another value and `levels + 1` for a missing one."""

    columns: Ints  # (categories,) columns of x
    levels: Ints  # (categories,)
    first: Ints  # (looked up,)
    second: Ints
    scale: Ints
    paired: Ints
    offset: Ints
    table: Float32

    @property
    def width(self) -> int:
        """Number of columns that come out."""
        return int(len(self.first) * self.table.shape[1])

    def index(self, x: Float32) -> Ints:
        """(rows, looked up) rows of the table."""
        codes = _codes(x, self.columns, self.levels)
        return codes[:, self.first] * self.scale + codes[:, self.second] * self.paired + self.offset

    def transform(self, x: Float32) -> Float32:
        return self.table[self.index(x)].reshape(len(x), -1)

    def write(self, graph: GraphBuilder, x: str) -> str:
        """Nodes for `transform`; returns the tensor (rows, width)."""
        levels = graph.floats(self.levels)
        value = graph.columns(x, self.columns, graph.features)
        value = graph.add(
            "Where", graph.add("IsNaN", value), graph.floats(self.levels + 1), graph.add("Min", value, levels)
        )
        codes = graph.add("Cast", value, to=7)
        index = codes
        if self.paired.any():
            one = graph.add("Mul", graph.columns(codes, self.first), graph.integers(self.scale))
            two = graph.add("Mul", graph.columns(codes, self.second), graph.integers(self.paired))
            index = graph.add("Add", one, two)
        index = graph.add("Add", index, graph.integers(self.offset))
        values = graph.add("Gather", graph.floats(self.table), index, axis=0)
        return graph.add("Reshape", values, graph.integers([-1, self.width]))

    def arrays(self, prefix: str = "lookup_") -> dict[str, NDArray[Any]]:
        names = ("columns", "levels", "first", "second", "scale", "paired", "offset", "table")
        return {prefix + name: getattr(self, name) for name in names}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str = "lookup_") -> Lookup | None:
        if prefix + "table" not in arrays:
            return None
        names = ("columns", "levels", "first", "second", "scale", "paired", "offset", "table")
        return cls(**{name: arrays[prefix + name] for name in names})


def _codes(x: Float32, columns: Ints, levels: Ints) -> Ints:
    value = x[:, columns]
    return np.where(np.isnan(value), levels + 1, np.minimum(value, levels)).astype(np.int64)


def fit_lookup(
    x: Float32,
    targets: Float64,
    columns: Ints,
    levels: Ints,
    *,
    pairs: tuple[tuple[int, int], ...] = (),
    frequency: bool = True,
    smoothing: float = 10.0,
    seed: int = 0,
) -> tuple[Lookup, Float32]:
    """Counts and smoothed target means of each category (Micci-Barreca 2001).

    Returns the lookup and its values for the training rows, whose own target is kept out by inner folds: a row must not
    see itself in its code. `pairs` are positions in `columns`."""
    size = levels + 2
    first = np.array([*range(len(columns)), *(a for a, _ in pairs)], dtype=np.int64)
    second = np.array([*range(len(columns)), *(b for _, b in pairs)], dtype=np.int64)
    paired = np.array([0] * len(columns) + [1] * len(pairs), dtype=np.int64)
    scale = np.where(paired == 1, size[second], 1)
    entries = np.where(paired == 1, size[first] * size[second], size[first])
    offset = np.concatenate([[0], np.cumsum(entries)[:-1]]).astype(np.int64)
    codes = _codes(x, columns, levels)
    index = codes[:, first] * scale + codes[:, second] * paired + offset
    total = int(entries.sum())
    count = np.bincount(index.ravel(), minlength=total).astype(np.float64)
    table = _means(index, targets, total, count, smoothing)
    own = np.empty((len(x), len(first), targets.shape[1]), dtype=np.float32)
    inner = np.random.default_rng(seed).permutation(len(x)) % INNER_FOLDS
    for fold in range(INNER_FOLDS):
        rest, held = inner != fold, inner == fold
        part = np.bincount(index[rest].ravel(), minlength=total).astype(np.float64)
        own[held] = _means(index[rest], targets[rest], total, part, smoothing).astype(np.float32)[index[held]]
    blocks = [table]
    own_blocks = [own]
    if frequency:
        blocks.insert(0, count[:, None])
        own_blocks.insert(0, count[index][:, :, None].astype(np.float32))
    full = np.concatenate(blocks, axis=1).astype(np.float32)
    mine = np.concatenate(own_blocks, axis=2)
    return Lookup(columns, levels, first, second, scale, paired, offset, full), mine.reshape(len(x), -1)


def _means(index: Ints, targets: Float64, total: int, count: Float64, smoothing: float) -> Float64:
    """Smoothed mean of each target column for each table entry, (total, k)."""
    looked = index.shape[1]
    prior = targets.mean(axis=0)
    out = np.empty((total, targets.shape[1]))
    for k in range(targets.shape[1]):
        sums = np.bincount(index.ravel(), weights=np.repeat(targets[:, k], looked), minlength=total)
        out[:, k] = (sums + smoothing * prior[k]) / (count + smoothing)
    return out


# -------------------------------------------------------------------------------------------------------------- trees
@dataclass(frozen=True)
class TreeEncoder:
    """Inputs of tree models: chosen columns of x as they are, then the lookup's columns. NaN stays NaN."""

    passed: Ints
    lookup: Lookup | None

    @property
    def width(self) -> int:
        return len(self.passed) + (self.lookup.width if self.lookup else 0)

    def transform(self, x: Float32) -> Float32:
        if self.lookup is None:
            return x if len(self.passed) == x.shape[1] else x[:, self.passed]
        return np.concatenate([x[:, self.passed], self.lookup.transform(x)], axis=1)

    def write(self, graph: GraphBuilder, x: str) -> tuple[str, list[int]]:
        """Nodes for the matrix that trees read; returns it and, for each encoded feature, its column there."""
        if self.lookup is None:
            return x, self.passed.tolist()
        joined = graph.add("Concat", x, self.lookup.write(graph, x), axis=1)
        return joined, [*self.passed.tolist(), *range(graph.features, graph.features + self.lookup.width)]

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"passed": self.passed, **(self.lookup.arrays() if self.lookup else {})}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> TreeEncoder:
        return cls(arrays["passed"], Lookup.from_arrays(arrays))


def fit_trees(
    x: Float32, targets: Float64, context: FitContext, *, pairs: int = 0, smoothing: float = 10.0, index_up_to: int = 0
) -> tuple[TreeEncoder, Float32]:
    """An encoder for trees and the encoded training rows, (rows, width).

    Categories become a count and target means; the plain index is kept too for those with at most `index_up_to` levels.
    Two-level categories need no table: the index says it all. `pairs`: so many pairs of categories get a table too."""
    levels = np.array(context.levels, dtype=np.int64)
    category = np.array([kind == "category" for kind in context.kinds])
    coded = np.flatnonzero(category & (levels > 2))
    passed = np.flatnonzero(~category | (levels <= max(2, index_up_to)))
    if not len(coded):
        return TreeEncoder(passed, None), x[:, passed]
    chosen = _strong_pairs(x, targets, coded, levels[coded], pairs) if pairs else ()
    lookup, mine = fit_lookup(x, targets, coded, levels[coded], pairs=chosen, smoothing=smoothing, seed=context.seed)
    return TreeEncoder(passed, lookup), np.concatenate([x[:, passed], mine], axis=1)


def _strong_pairs(x: Float32, targets: Float64, columns: Ints, levels: Ints, most: int) -> tuple[tuple[int, int], ...]:
    """The pairs of categories whose joint mean explains most of the target beyond the better of the two."""
    size = levels + 2
    codes = _codes(x, columns, levels)
    target = targets - targets.mean(axis=0)

    def explained(index: Ints, total: int) -> float:
        count = np.bincount(index, minlength=total)
        sums = np.stack([np.bincount(index, weights=target[:, k], minlength=total) for k in range(target.shape[1])])
        return float((sums**2 / (count + 10.0) ** 2 * count).sum())

    alone = [explained(codes[:, j], int(size[j])) for j in range(len(columns))]
    gains = []
    for a in range(len(columns)):
        for b in range(a + 1, len(columns)):
            total = int(size[a] * size[b])
            if total <= LARGEST_TABLE:
                gains.append((explained(codes[:, a] * size[b] + codes[:, b], total) - max(alone[a], alone[b]), a, b))
    gains.sort(key=lambda g: (-g[0], g[1], g[2]))
    return tuple((a, b) for gain, a, b in gains[:most] if gain > 0)


# ------------------------------------------------------------------------------------------- nets and linear models
@dataclass(frozen=True)
class DenseEncoder:
    """Inputs of nets and linear models, all within [0, 1] but for looked-up columns.

    Numbers: piecewise-linear bins between quantiles (Gorishniy et al. 2022), zeros where missing, and a flag a column
    that had missing values. Categories: one-hot of the frequent levels. Large categories: standardised lookups."""

    filled: Ints  # (numbers,) columns of x with bins
    fill: Float32  # (numbers,) value for NaN
    source: Ints  # (bins,) position in `filled`
    low: Float32  # (bins,) left edge
    slope: Float32  # (bins,) 1 / width
    flags: Ints  # columns of x that get a "missing" flag
    hot_columns: Ints  # (hot,) column of x
    hot_values: Float32  # (hot,) its category
    lookup: Lookup | None
    shift: Float32  # of looked-up columns
    scale: Float32

    @property
    def width(self) -> int:
        return len(self.low) + len(self.flags) + len(self.hot_values) + (self.lookup.width if self.lookup else 0)

    def transform(self, x: Float32, mine: Float32 | None = None) -> Float32:
        """(rows, width). `mine` replaces the lookup's values for the rows it was fitted on."""
        rows = len(x)
        out = np.empty((rows, self.width), dtype=np.float32)
        value = x[:, self.filled]
        value = np.where(np.isnan(value), self.fill, value)
        bins, flags, hot = len(self.low), len(self.flags), len(self.hot_values)
        np.clip((value[:, self.source] - self.low) * self.slope, 0.0, 1.0, out=out[:, :bins])
        out[:, bins : bins + flags] = np.isnan(x[:, self.flags])
        out[:, bins + flags : bins + flags + hot] = x[:, self.hot_columns] == self.hot_values
        if self.lookup is not None:
            looked = self.lookup.transform(x) if mine is None else mine
            out[:, bins + flags + hot :] = (looked - self.shift) * self.scale
        return out

    def write(self, graph: GraphBuilder, x: str) -> str:
        """Nodes for `transform`; returns the tensor (rows, width)."""
        parts = []
        if len(self.low):
            value = graph.columns(x, self.filled, graph.features)
            value = graph.add("Where", graph.add("IsNaN", value), graph.floats(self.fill), value)
            value = graph.add("Sub", graph.columns(value, self.source, len(self.filled)), graph.floats(self.low))
            value = graph.add("Mul", value, graph.floats(self.slope))
            parts.append(graph.add("Clip", value, graph.floats(0.0), graph.floats(1.0)))
        if len(self.flags):
            parts.append(graph.add("Cast", graph.add("IsNaN", graph.columns(x, self.flags)), to=1))
        if len(self.hot_values):
            same = graph.add("Equal", graph.columns(x, self.hot_columns), graph.floats(self.hot_values))
            parts.append(graph.add("Cast", same, to=1))
        if self.lookup is not None:
            centred = graph.add("Sub", self.lookup.write(graph, x), graph.floats(self.shift))
            parts.append(graph.add("Mul", centred, graph.floats(self.scale)))
        return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)

    def arrays(self) -> dict[str, NDArray[Any]]:
        names = ("filled", "fill", "source", "low", "slope", "flags", "hot_columns", "hot_values", "shift", "scale")
        return {**{name: getattr(self, name) for name in names}, **(self.lookup.arrays() if self.lookup else {})}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> DenseEncoder:
        names = ("filled", "fill", "source", "low", "slope", "flags", "hot_columns", "hot_values", "shift", "scale")
        return cls(**{name: arrays[name] for name in names}, lookup=Lookup.from_arrays(arrays))


def fit_dense(
    x: Float32, targets: Float64, context: FitContext, *, bins: int = 16, most_levels: int = 32, rare: int = 4
) -> tuple[DenseEncoder, Float32]:
    """A dense encoder and the encoded training rows, (rows, width).

    `bins` quantile bins a number; categories with more than `most_levels` frequent levels are looked up as well."""
    levels = np.array(context.levels, dtype=np.int64)
    category = np.array([kind == "category" for kind in context.kinds])
    numbers = np.flatnonzero(~category)
    filled, fill, source, low, slope = _bins(x, numbers, bins)
    flags = np.array([j for j in range(x.shape[1]) if np.isnan(x[:, j]).any()], dtype=np.int64)
    hot_columns, hot_values, large = _hot(x, np.flatnonzero(category), levels, most_levels, rare)
    lookup, mine = None, None
    shift = scale = np.zeros(0, dtype=np.float32)
    if len(large):
        lookup, mine = fit_lookup(x, targets, large, levels[large], frequency=False, seed=context.seed)
        shift = mine.mean(axis=0, dtype=np.float64).astype(np.float32)
        scale = (1.0 / np.maximum(mine.std(axis=0, dtype=np.float64), 1e-6)).astype(np.float32)
    encoder = DenseEncoder(filled, fill, source, low, slope, flags, hot_columns, hot_values, lookup, shift, scale)
    return encoder, encoder.transform(x, mine)


def _bins(x: Float32, numbers: Ints, bins: int) -> tuple[Ints, Float32, Ints, Float32, Float32]:
    filled: list[int] = []
    fill: list[float] = []
    source: list[int] = []
    low: list[float] = []
    slope: list[float] = []
    for j in numbers.tolist():
        value = x[:, j]
        value = value[np.isfinite(value)].astype(np.float64)
        if not len(value) or value.min() == value.max():
            continue
        edges = np.unique(np.quantile(value, np.linspace(0, 1, bins + 1)).astype(np.float32))
        if len(edges) < 2:
            edges = np.array([value.min(), value.max()], dtype=np.float32)
        width = np.diff(edges.astype(np.float64))
        edges, width = edges[:-1][width > 0], width[width > 0]
        source += [len(filled)] * len(width)
        low += edges.tolist()
        slope += (1.0 / width).tolist()
        filled.append(j)
        fill.append(float(np.median(value)))
    f32 = np.float32
    return (
        np.array(filled, dtype=np.int64),
        np.array(fill, dtype=f32),
        np.array(source, dtype=np.int64),
        np.array(low, dtype=f32),
        np.minimum(np.array(slope), 1e30).astype(f32),
    )


def _hot(x: Float32, columns: Ints, levels: Ints, most: int, rare: int) -> tuple[Ints, Float32, Ints]:
    """(columns, values) of the one-hot block and the columns with more frequent levels than fit."""
    hot_columns: list[int] = []
    hot_values: list[int] = []
    large = []
    for j in columns.tolist():
        value = x[:, j]
        count = np.bincount(value[~np.isnan(value)].astype(np.int64), minlength=int(levels[j]) + 1)
        frequent = np.flatnonzero(count >= rare)
        if len(frequent) > most:
            large.append(j)
            frequent = np.sort(frequent[np.argsort(-count[frequent], kind="stable")[:most]])
        if len(frequent) == 2 and not np.isnan(value).any():
            frequent = frequent[1:]
        hot_columns += [j] * len(frequent)
        hot_values += frequent.tolist()
    return (
        np.array(hot_columns, dtype=np.int64),
        np.array(hot_values, dtype=np.float32),
        np.array(large, dtype=np.int64),
    )
