"""Rows of a rich input in memory or in mapped files: pick some, and hand them to a graph as tensors.

Knows nothing of what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Part(Protocol):
    """Rows of one input."""

    def __len__(self) -> int: ...

    def __getitem__(self, which: Any) -> Part:
        """Some rows: a slice, a mask (rows,) or indices."""

    def feeds(self, name: str) -> dict[str, NDArray[Any]]:
        """The tensors of all rows, by name."""

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """What to save; `part_of` makes the part of it again."""


@dataclass(frozen=True)
class Dense:
    """Rows of one shape: `values` (rows, ...), such as uint8 pictures (rows, height, width, 3)."""

    values: NDArray[Any]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, which: Any) -> Dense:
        return Dense(self.values[which])

    def feeds(self, name: str) -> dict[str, NDArray[Any]]:
        return {name: np.ascontiguousarray(self.values)}

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"values": self.values}


@dataclass(frozen=True)
class Ragged:
    """Rows of different lengths, end to end: row i is ids[offsets[i]:offsets[i + 1]], with as many `weights` (counts of
    terms), or None where every id counts once and their order matters (tokens)."""

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    weights: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)

    def __getitem__(self, which: Any) -> Ragged:
        rows = np.arange(len(self))[which]
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        picked = np.repeat(self.offsets[:-1][rows], lengths) + within
        return Ragged(self.ids[picked], offsets, None if self.weights is None else self.weights[picked])

    def feeds(self, name: str) -> dict[str, NDArray[Any]]:
        """Ids int64 and weights float32, both (rows, longest row, at least 1), padded with 0."""
        lengths = self.lengths
        shape = (len(self), max(int(lengths.max(initial=0)), 1))
        ids, weights = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.float32)
        filled = np.arange(shape[1]) < lengths[:, None]
        start, end = int(self.offsets[0]), int(self.offsets[-1])
        ids[filled] = self.ids[start:end]
        weights[filled] = 1.0 if self.weights is None else self.weights[start:end]
        return {name: ids, f"{name}.weights": weights}

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        found: dict[str, NDArray[Any]] = {"ids": self.ids, "offsets": self.offsets}
        return found if self.weights is None else {**found, "weights": self.weights}

    @classmethod
    def of(cls, rows: list[Any], weights: list[Any] | None = None) -> Ragged:
        """From one sequence of ids a row, and as many weights."""
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(r) for r in rows], out=offsets[1:])
        ids = np.fromiter((i for r in rows for i in r), dtype=np.int32, count=int(offsets[-1]))
        if weights is None:
            return cls(ids, offsets)
        return cls(ids, offsets, np.fromiter((w for r in weights for w in r), dtype=np.float32, count=len(ids)))


def part_of(arrays: Mapping[str, NDArray[Any]]) -> Part:
    """The part that `arrays` were saved from."""
    if "values" in arrays:
        return Dense(arrays["values"])
    return Ragged(arrays["ids"], arrays["offsets"], arrays.get("weights"))


def joined(parts: list[Any]) -> Part:
    """Parts of one kind, end to end."""
    if isinstance(parts[0], Dense):
        return Dense(np.concatenate([p.values for p in parts]))
    weights = None if parts[0].weights is None else np.concatenate([p.weights for p in parts])
    lengths = np.concatenate([p.lengths for p in parts])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(np.concatenate([p.ids for p in parts]), offsets, weights)


@dataclass(frozen=True)
class Rows:
    """Rows ready for a graph: `x` float32 (rows, features), and the rows of each rich input by its name."""

    x: NDArray[np.float32]
    more: Mapping[str, Part]

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, which: Any) -> Rows:
        return Rows(self.x[which], {name: part[which] for name, part in self.more.items()})

    def feeds(self) -> dict[str, NDArray[Any]]:
        """Every tensor by name."""
        found: dict[str, NDArray[Any]] = {"x": self.x}
        for name, part in self.more.items():
            found |= part.feeds(name)
        return found
