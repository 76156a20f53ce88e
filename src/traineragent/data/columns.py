"""Text columns grown block by block, compactly, and sampled uniformly when they would not fit.

Knows nothing of files. A column with few distinct texts is held as codes; one with many as plain text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import psutil

Codes = npt.NDArray[np.int32]
Texts = npt.NDArray[Any]
SEED = 20_221
MEMORY_SHARE = 0.25
"""Share of the free memory that the raw text of all files may take."""
FEW = 2_000
"""A column may have this many distinct texts before their share decides how it is held."""


@dataclass(frozen=True)
class Block:
    """Rows read together. One (codes, texts) pair a column, code -1 where the cell is absent; `lines` (rows,)."""

    columns: Sequence[tuple[Codes, Texts]]
    lines: npt.NDArray[np.int64]


def block_from_cells(rows: Sequence[Sequence[str | None]], lines: Sequence[int], width: int) -> Block:
    """A block of rows that all have `width` cells; None is an absent cell."""
    columns = []
    for position in range(width):
        cells = np.empty(len(rows), object)
        cells[:] = [row[position] for row in rows]
        codes, texts = pd.factorize(cells)
        columns.append((codes.astype(np.int32), np.asarray(texts, object)))
    return Block(columns, np.asarray(lines, np.int64))


@dataclass
class _Column:
    known: dict[str, int] | None = field(default_factory=dict)  # None once the column is held as plain text
    parts: list[npt.NDArray[Any]] = field(default_factory=list)
    letters: int = 0  # of the texts held, for the estimate of memory


class TextColumns:
    """Collects blocks. Keeps every row, or a uniform sample of `max_rows`, or of what fits into `memory` bytes.

    Each row draws a key; the rows with the smallest keys are kept, so a sample is uniform however late it starts."""

    def __init__(self, width: int, max_rows: int | None, memory: int, seed: int = SEED) -> None:
        self._columns = [_Column() for _ in range(width)]
        self._lines: list[npt.NDArray[np.int64]] = []
        self._keys: list[npt.NDArray[np.float64]] = []
        self._random = np.random.default_rng(seed)
        self._limit, self._memory, self._below = max_rows, memory, 1.0
        self.seen = self.kept = 0

    def add(self, block: Block) -> None:
        rows = len(block.lines)
        self.seen += rows
        keys = self._random.random(rows)
        chosen = keys < self._below if self._below < 1.0 else None
        self._lines.append(block.lines if chosen is None else block.lines[chosen])
        self._keys.append(keys if chosen is None else keys[chosen])
        self.kept += len(self._keys[-1])
        for column, (codes, texts) in zip(self._columns, block.columns, strict=True):
            self._grow(column, codes if chosen is None else codes[chosen], texts)
        if self._limit is not None and self.kept > max(2 * self._limit, 20_000):
            self._thin(self._limit)
        if self.kept > 1_000 and self.bytes_held() > self._memory:
            self._limit = max(1_000, self.kept * 2 // 3)
            self._thin(self._limit)

    def _grow(self, column: _Column, codes: Codes, texts: Texts) -> None:
        if column.known is not None:
            known = column.known
            before = len(known)
            table = np.fromiter((known.setdefault(text, len(known)) for text in texts), np.int32, len(texts))
            column.letters += sum(map(len, texts)) if len(known) > before else 0
            column.parts.append(_take(table, codes, -1))
            if len(known) > max(FEW, 0.4 * self.kept):
                self._as_text(column)
            return
        part = _take(texts, codes, None)
        column.letters += sum(len(texts[code]) for code in codes if code >= 0)
        column.parts.append(part)

    def _as_text(self, column: _Column) -> None:
        texts = np.array(list(column.known or ()), object)
        column.parts = [_take(texts, part, None) for part in column.parts]
        column.known = None
        column.letters = sum(len(text) for part in column.parts for text in part if text is not None)

    def _thin(self, limit: int) -> None:
        """Keep the `limit` rows with the smallest keys."""
        if self.kept <= limit:
            return
        keys, lines = np.concatenate(self._keys), np.concatenate(self._lines)
        self._below = float(np.partition(keys, limit)[limit])
        chosen = keys < self._below
        self._keys, self._lines = [keys[chosen]], [lines[chosen]]
        share = chosen.sum() / max(1, len(chosen))
        for column in self._columns:
            column.parts = [np.concatenate(column.parts)[chosen]]
            column.letters = int(column.letters * share) if column.known is None else column.letters
        self.kept = int(chosen.sum())

    def bytes_held(self) -> int:
        """Estimated bytes of all columns: 4 a code, 57 and its letters a text."""
        total = 16 * self.kept
        for column in self._columns:
            texts = len(column.known) if column.known is not None else self.kept
            cell = 4 if column.known is not None else 8
            total += cell * self.kept + texts * (57 if column.known is None else 160) + 2 * column.letters
        return total

    @property
    def sampled(self) -> bool:
        return self.kept < self.seen or self._below < 1.0

    def finish(self, names: Sequence[str]) -> tuple[pd.DataFrame, npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """The frame (rows, columns), the lines (rows,) and the sampling keys (rows,). Empties the collection."""
        if self._limit is not None:
            self._thin(self._limit)
        lines = np.concatenate(self._lines) if self._lines else np.empty(0, np.int64)
        keys = np.concatenate(self._keys) if self._keys else np.empty(0, np.float64)
        series = {}
        for name, column in zip(names, self._columns, strict=True):
            series[name] = self._series(column, len(lines))
            column.parts = []
        frame = pd.DataFrame(series, index=pd.RangeIndex(len(lines)), columns=pd.Index(list(names), dtype=object))
        return frame, lines, keys

    def _series(self, column: _Column, rows: int) -> pd.Series[Any]:
        if column.known is None or not column.parts:
            return pd.Series(np.concatenate(column.parts) if column.parts else np.empty(0, object), dtype=object)
        codes, texts = np.concatenate(column.parts), np.array(list(column.known), object)
        return compact(codes, texts, rows)


def compact(codes: Codes, texts: Texts, rows: int) -> pd.Series[Any]:
    """Codes and texts as a categorical column, or as plain text where more than half of the rows are distinct."""
    used = np.unique(codes[codes >= 0])
    if len(used) > rows / 2:
        return pd.Series(_take(texts, codes, None), dtype=object)
    if len(used) < len(texts):
        back = np.full(len(texts), -1, np.int32)
        back[used] = np.arange(len(used), dtype=np.int32)
        codes, texts = _take(back, codes, -1), texts[used]
    categories = pd.Index(texts, dtype=object)
    return pd.Series(pd.Categorical.from_codes(codes, categories=categories))


def _take(texts: npt.NDArray[Any], codes: Codes, absent: Any) -> npt.NDArray[Any]:
    """`texts[codes]` with `absent` where the code is -1."""
    missing = codes < 0
    if not len(texts):
        return np.full(len(codes), absent, texts.dtype)
    taken = texts[np.where(missing, 0, codes)]
    if missing.any():
        taken[missing] = absent
    return taken


def memory_for_text() -> int:
    """Bytes the text of a table may take now: a share of what is free, within the limits of a container."""
    free = int(psutil.virtual_memory().available)
    for limit_file, used_file in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            limit = int(Path("/sys/fs/cgroup", limit_file).read_text())
            free = min(free, limit - int(Path("/sys/fs/cgroup", used_file).read_text()))
        except (OSError, ValueError):
            continue
    return max(64 * 10**6, int(MEMORY_SHARE * free))
