"""Rows as everything a graph takes: the matrix of the plain columns, and the rich inputs beside it.

For a table without rich inputs it is `TableCodec` and nothing else. Knows nothing of HTTP, models or answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...domain.data import Column, RichInput
from ...errors import RowError
from ..inputs import InputReader, UnreadableCell, open_input
from ..inputs.parts import Part, Rows, joined
from ..values import is_null
from .table import TableCodec, shown

CELLS = 512  # rows of a frame that are read at once: bounds the memory of opened files


class RowCodec:
    """`table` reads the plain columns; each of `inputs` is read from its columns with side files in `folder`."""

    def __init__(self, columns: Sequence[Column], inputs: Sequence[RichInput] = (), folder: Path = Path()) -> None:
        self.table = TableCodec(columns, text=_main_text(inputs))
        self.inputs = tuple(inputs)
        self._readers: dict[str, InputReader] = {i.name: open_input(i, folder) for i in inputs}

    @property
    def width(self) -> int:
        """Features of the matrix."""
        return self.table.width

    @property
    def tensors(self) -> frozenset[str]:
        """Names of all tensors that a graph may take."""
        return frozenset(["x", *(n for i in self.inputs for n in (i.name, f"{i.name}.weights"))])

    def decode(self, rows: Sequence[Any]) -> tuple[Rows, list[str]]:
        """JSON rows with warnings. Raises RowError naming the row and the column."""
        x, warnings = self.table.decode(rows)
        return Rows(x, {i.name: self._decoded(i, rows) for i in self.inputs}), warnings

    def _decoded(self, spec: RichInput, rows: Sequence[Any]) -> Part:
        cells = [[self.table.value(i, row, name) for i, row in enumerate(rows)] for name in spec.columns]
        try:
            return self._readers[spec.name].read(cells, lenient=False)
        except UnreadableCell as e:
            got = cells[e.column][e.row]
            raise RowError(
                row=e.row, column=spec.columns[e.column], expected=e.expected, got=shown(got), fix=e.fix
            ) from None

    def encode_frame(self, columns: Mapping[str, Any]) -> Rows:
        """Whole columns of raw cells; what a service would refuse counts as empty."""
        x = self.table.encode_frame(columns)
        rows = len(x) if len(self.table.columns) else 0
        return Rows(x, {i.name: self._encoded(i, columns, rows) for i in self.inputs})

    def _encoded(self, spec: RichInput, columns: Mapping[str, Any], rows: int) -> Part:
        parts = []
        for start in range(0, max(rows, 1), CELLS):
            stop = min(start + CELLS, rows)
            cells = [_cells(columns.get(name), start, stop) for name in spec.columns]
            parts.append(self._readers[spec.name].read(cells, lenient=True))
        return joined(parts)

    def matrix(self, x: NDArray[np.float32]) -> Rows:
        """Typed rows of a table without rich inputs."""
        return Rows(x, {})


def _cells(column: Any, start: int, stop: int) -> list[Any]:
    """Cells of a column that may be an array, a series, a list or a sequence that opens files; None for nothing."""
    if column is None:
        return [None] * (stop - start)
    picked = column.iloc[start:stop] if hasattr(column, "iloc") else column[start:stop]
    return [None if is_null(v) else v for v in picked]


def _main_text(inputs: Sequence[RichInput]) -> str | None:
    """The column that clients may also call "text": the first of a model that reads texts."""
    return next((i.columns[0] for i in inputs if i.kind in ("terms", "tokens")), None)
