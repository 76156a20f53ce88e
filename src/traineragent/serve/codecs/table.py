"""Rows of a table as the float32 matrix the graph takes: for training (whole columns) and for serving (JSON rows).

Both ways give the same value to the last bit. Knows nothing of HTTP, models or answers.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...domain.data import Column
from ...errors import RowError
from ..values import FLOAT32_MAX, as_text, is_null
from . import frame
from .readers import NumberReader, UnexpectedlyMissing, Unreadable, WideReader, scalar_reader, wide_reader

Matrix = NDArray[np.float32]
_ODD = (KeyError, TypeError, OverflowError, AttributeError, Unreadable, UnexpectedlyMissing)
_BY_COLUMN = 4  # rows from which working by columns is faster
_UNSEEN = 3  # values listed that training did not see
_NAMED = 12  # names listed in a message before it says "and 30 more"


class TableCodec:
    """Encodes rows with the given columns. `features` are the matrix's columns in order, `width` their number."""

    def __init__(self, columns: Sequence[Column], text: str | None = None) -> None:
        """`text` names the column that clients may also call "text"."""
        self.columns = tuple(columns)
        self.features = tuple(f for c in columns for f in c.features)
        self.width = len(self.features)
        self._known = frozenset(c.name for c in columns)
        self._starts = dict(zip(self._known_order(), _starts(columns), strict=True))
        self._scalars = {c.name: scalar_reader(c) for c in columns if c.kind not in ("date", "text", "image")}
        self._wides = {c.name: wide_reader(c) for c in columns if c.kind in ("date", "text")}
        self._by_name = {c.name: c for c in columns}
        self._alias = _text_alias(columns, text)
        self._prepare_fast_path()

    def _known_order(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def _prepare_fast_path(self) -> None:
        names = list(self._scalars)
        self._lookups = [None if isinstance(r, NumberReader) else r.codes for r in self._scalars.values()]
        self._get = _getter(names)
        self._scalar_places = np.array([self._starts[n] for n in names], dtype=np.intp)
        kinds = [self._by_name[n] for n in names]
        self._coded = np.array([c.kind == "category" for c in kinds], dtype=bool)
        odd = [len(c.categories) if c.kind == "category" else math.inf for c in kinds]
        self._odd = np.array(odd, dtype=np.float32)  # from here on a feature is "another category", or infinite

    # ------------------------------------------------------------------------------------------ whole columns
    def encode_frame(self, columns: Mapping[str, Any]) -> Matrix:
        """Columns of raw cells (text or typed; None, NaN or NA where empty) as a matrix (rows, features).

        A column that is not there counts as empty, and so does a cell that a service would refuse."""
        present = [c for c in self.columns if c.name in columns]
        rows = len(columns[present[0].name]) if present else 0
        out = np.zeros((rows, self.width), dtype=np.float32)
        for column in self.columns:
            if not column.features:
                continue
            start = self._starts[column.name]
            part = out[:, start : start + len(column.features)]
            if column.name in columns:
                self._encode_column(column, columns[column.name], part)
            elif column.kind != "text":
                part[:] = math.nan
        return out

    def _encode_column(self, column: Column, values: Any, out: Matrix) -> None:
        if column.name in self._wides:
            frame.wide_features(self._wides[column.name], values, out)
            return
        reader = self._scalars[column.name]
        numbers = frame.numeric(values) if isinstance(reader, NumberReader) else None
        if numbers is None:
            numbers = frame.scalar_feature(reader.read, values)
        else:
            numbers[np.isinf(numbers)] = math.nan
            np.clip(numbers, -FLOAT32_MAX, FLOAT32_MAX, out=numbers)
        out[:, 0] = numbers

    # ------------------------------------------------------------------------------------------ rows of a request
    def decode(self, rows: Sequence[Any]) -> tuple[Matrix, list[str]]:
        """JSON rows as (matrix (rows, features), warnings). Raises RowError naming the row and the column."""
        notes: dict[str, None] = {}
        scalars = self._decode_scalars(rows, notes)
        if not self._wides and scalars.shape[1] == self.width:
            return scalars, list(notes)
        out = np.zeros((len(rows), self.width), dtype=np.float32)
        out[:, self._scalar_places] = scalars
        for name, reader in self._wides.items():
            start = self._starts[name]
            self._decode_wide(name, reader, rows, out[:, start : start + reader.width], notes)
        return out, list(notes)

    def _decode_scalars(self, rows: Sequence[Any], notes: dict[str, None]) -> Matrix:
        """The one-feature columns, shape (rows, those columns): the short way if nothing is odd."""
        try:
            out = self._by_column(rows) if len(rows) >= _BY_COLUMN else self._by_row(rows, notes)
        except _ODD:
            out = self._by_row(rows, notes)
        if b"\1" in (np.abs(out) >= self._odd).tobytes():  # any(), which takes longer than all the rest for one row
            return self._reconsidered(rows, out, notes)
        return out

    def _reconsidered(self, rows: Sequence[Any], out: Matrix, notes: dict[str, None]) -> Matrix:
        """Numbers beyond float32 or not finite are read with care, categories that are not known are noted."""
        if np.isinf(out).any():
            out = np.array([self._careful_row(i, row, notes) for i, row in enumerate(rows)], dtype=np.float32)
        names = list(self._scalars)
        other = (out == self._odd) & self._coded
        for place in np.flatnonzero(other.any(axis=0)):
            self._note_unseen(names[place], [rows[i] for i in np.flatnonzero(other[:, place]).tolist()], notes)
        return out

    def _by_column(self, rows: Sequence[Any]) -> Matrix:
        """For what clients usually send: every column there, numbers as numbers. Raises one of _ODD for anything else.

        `array.extend` takes nothing but numbers, so it is the type check too."""
        if not self._lookups or any(n != len(self.columns) for n in set(map(len, rows))):
            raise KeyError
        flat = array("f")
        for codes, values in zip(self._lookups, zip(*map(self._get, rows), strict=True), strict=bool(rows)):
            flat.extend(values if codes is None else map(codes.__getitem__, values))
        return np.ascontiguousarray(np.frombuffer(flat, dtype=np.float32).reshape(len(self._lookups), len(rows)).T)

    def _by_row(self, rows: Sequence[Any], notes: dict[str, None]) -> Matrix:
        """Rows of which some lack a column, have others, or hold odd values: each as fast as it allows."""
        flat = array("f")
        lookups, get, width = self._lookups, self._get, len(self._scalars)
        for i, row in enumerate(rows):
            try:
                if not width or len(row) != len(self.columns):
                    self._check_row(i, row, notes)
                flat.extend([v if k is None else k[v] for k, v in zip(lookups, get(row), strict=True)])
            except _ODD:
                del flat[i * width :]
                flat.extend(self._careful_row(i, row, notes))
        return np.frombuffer(flat, dtype=np.float32).reshape(len(rows), width)

    def _careful_row(self, i: int, row: Any, notes: dict[str, None]) -> list[float]:
        self._check_row(i, row, notes)
        return [self._read(i, row, name, notes) for name in self._scalars]

    def _read(self, i: int, row: Mapping[str, Any], name: str, notes: dict[str, None]) -> float:
        try:
            value = self._scalars[name].read(self.value(i, row, name))
        except Unreadable as error:
            raise _row_error(i, name, row[name], error) from None
        if value != value:
            self._note_missing(name, notes)
        return value

    def _decode_wide(
        self, name: str, reader: WideReader, rows: Sequence[Any], out: Matrix, notes: dict[str, None]
    ) -> None:
        for i, row in enumerate(rows):
            value = self.value(i, row, name)
            try:
                if not reader.fill(out[i], value) and is_null(value):
                    self._note_missing(name, notes)
            except Unreadable as error:
                raise _row_error(i, name, value, error) from None

    def value(self, i: int, row: Mapping[str, Any], name: str) -> Any:
        """The raw value; None for a column that is not there but may be empty."""
        if name in row:
            return row[name]
        if name == self._alias and "text" in row:
            return row["text"]
        column = self._by_name[name]
        if column.nullable or (column.kind == "text" and self._alias and "text" in row):
            return None
        raise RowError(
            row=i,
            column=name,
            expected=column.kind,
            got="nothing",
            fix=f"send a value for {name!r}: in training it was never empty",
        )

    def _check_row(self, i: int, row: Any, notes: dict[str, None]) -> None:
        """Refuses what is no row of this model, and notes columns it does not know."""
        if not isinstance(row, dict):
            raise RowError(
                row=i,
                column=None,
                expected="an object of columns and values",
                got=shown(row),
                fix=f"send each row as an object with {_listed(self._known_order())}",
            )
        unknown = [k for k in row if k not in self._known and not (k == "text" and self._alias)]
        if (unknown and len(unknown) == len(row)) or not row:
            raise RowError(
                row=i,
                column=None,
                expected=f"columns of this model: {_listed(self._known_order())}",
                got=f"only {_listed(unknown)}" if unknown else "an empty object",
                fix="use the column names of the training data",
            )
        for name in unknown[:_NAMED]:
            notes[f"column {shown(name)!r} is not used by this model and was ignored"] = None

    def _note_unseen(self, name: str, rows: Sequence[Any], notes: dict[str, None]) -> None:
        values = list(dict.fromkeys(shown(row[name]) for row in rows))
        some = ", ".join(map(repr, values[:_UNSEEN]))
        if len(values) > _UNSEEN:
            some += f" and {len(values) - _UNSEEN} more"
        said = f"{some} was never seen in training" if len(values) == 1 else f"{some} were never seen in training"
        notes[f"column {name!r}: {said}, or too rarely to be learned; it is treated as any other value"] = None

    def _note_missing(self, name: str, notes: dict[str, None]) -> None:
        if not self._by_name[name].nullable:
            notes[f"column {name!r} was never empty in training and is here; the answer is less certain"] = None


def _starts(columns: Iterable[Column]) -> list[int]:
    """Where each column's features begin."""
    starts, at = [], 0
    for column in columns:
        starts.append(at)
        at += len(column.features)
    return starts


def _getter(names: list[str]) -> Any:
    """Row -> tuple of values, in C."""
    if not names:
        return lambda row: ()
    if len(names) == 1:
        only = names[0]
        return lambda row: (row[only],)
    return itemgetter(*names)


def _text_alias(columns: Sequence[Column], main: str | None) -> str | None:
    """The column that clients may also call "text": the one named, or the only one of a table of texts."""
    names = {c.name for c in columns}
    if "text" in names:
        return None
    if main in names:
        return main
    return columns[0].name if len(columns) == 1 and columns[0].kind == "text" else None


def shown(value: Any) -> str:
    """A value as an error message shows it: short, and never a whole document."""
    if isinstance(value, str):
        return value if len(value) <= 60 else value[:57] + "..."
    if value is None:
        return "null"
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    text = as_text(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(repr(shown(n)) for n in names[:_NAMED])
    return listed + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _row_error(i: int, name: str, value: Any, error: Unreadable) -> RowError:
    return RowError(row=i, column=name, expected=error.expected, got=shown(value), fix=error.fix)
