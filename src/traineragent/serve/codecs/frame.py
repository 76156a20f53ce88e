"""Columns of a frame, taken apart by distinct values so that each value is parsed once.

Takes anything that numpy can see as one-dimensional, table libraries' series included, without importing them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .readers import NAN, Unreadable, WideReader

Distinct = tuple[list[Any], NDArray[np.intp]]


def numeric(values: Any) -> NDArray[np.float64] | None:
    """A column of numbers or booleans as float64, NaN where there is none; None for any other column."""
    if isinstance(values, (list, tuple)) or hasattr(getattr(values, "dtype", None), "categories"):
        return None
    array = np.asarray(values)
    return array.astype(np.float64) if array.dtype.kind in "fiub" else None


def distinct(values: Any) -> Distinct:
    """(distinct values as Python objects, index of each cell's value among them)."""
    categories = getattr(getattr(values, "dtype", None), "categories", None)
    if categories is not None:
        codes = np.asarray(values.cat.codes if hasattr(values, "cat") else values.codes, dtype=np.intp)
        found = [*np.asarray(categories, dtype=object).tolist(), None]
        return found, np.where(codes < 0, len(found) - 1, codes)
    return _factorize(values if isinstance(values, (list, tuple)) else _objects(np.asarray(values)))


def _objects(array: NDArray[Any]) -> list[Any]:
    if array.dtype.kind == "M":  # datetimes: to microseconds, which Python knows
        array = array.astype("datetime64[us]")
    return list(array.tolist())


def _factorize(values: list[Any] | tuple[Any, ...]) -> Distinct:
    """By a dictionary. 1, 1.0 and True are one key, so cells of several types are told apart by type as well."""
    index: dict[Any, int] = {}
    place = index.setdefault
    keys: Any = values
    if len(set(map(type, values)) - {type(None), str}) > 1:
        keys = list(zip(map(type, values), values, strict=True))
    try:
        codes = np.fromiter((place(k, len(index)) for k in keys), dtype=np.intp, count=len(values))
    except TypeError:  # lists and other unhashable cells
        return list(values), np.arange(len(values))
    return [k[1] for k in index] if keys is not values else list(index), codes


def scalar_feature(read: Callable[[Any], float], values: Any) -> NDArray[np.float64]:
    """One feature, shape (rows,); NaN also for values that a service would refuse."""
    found, codes = distinct(values)
    return np.array([_read_or_nan(read, v) for v in found], dtype=np.float64)[codes]


def _read_or_nan(read: Callable[[Any], float], value: Any) -> float:
    try:
        return read(value)
    except Unreadable:
        return NAN


def wide_features(reader: WideReader, values: Any, out: NDArray[np.float32]) -> None:
    """Fills `out` (rows, width), zeros before, with the features of a date or text column."""
    found, codes = distinct(values)
    if len(found) * 2 > len(codes):  # mostly different: a second matrix would only cost memory
        for row, code in zip(out, codes.tolist(), strict=True):
            _fill_or_nan(reader, row, found[code])
        return
    table = np.zeros((len(found), reader.width), dtype=np.float32)
    for row, value in zip(table, found, strict=True):
        _fill_or_nan(reader, row, value)
    out[:] = table[codes]


def _fill_or_nan(reader: WideReader, row: NDArray[np.float32], value: Any) -> None:
    try:
        reader.fill(row, value)
    except Unreadable:
        row[:] = NAN
