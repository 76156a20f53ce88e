"""Typed values as text: one way of writing each number, date and truth value, whatever the source was.

Knows no files. Integers keep every digit, floats are written as short as they read back, dates in ISO form.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from traineragent.data.columns import compact

Typed = Any
NUMBERS = (int, float, Decimal, np.integer, np.floating)
EXACT = 2.0**53
"""Beyond this a float does not tell neighbouring integers apart, so it is not written as one."""


def text_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Every column of `frame` as text, absent values as missing; names and index are left alone."""
    columns = [text_series(frame.iloc[:, position]) for position in range(frame.shape[1])]
    result = pd.DataFrame(dict(enumerate(columns)), index=pd.RangeIndex(len(frame)))
    result.columns = frame.columns
    return result


def text_series(series: pd.Series[Any]) -> pd.Series[Any]:
    """A column as text: categorical where few texts repeat, else plain."""
    rows = len(series)
    if isinstance(series.dtype, pd.CategoricalDtype):
        texts = text_cells(series.cat.categories.tolist())
        return compact(series.cat.codes.to_numpy().astype(np.int32), np.array(texts, object), rows)
    if series.dtype == object:
        texts = text_cells(series.tolist())
        codes, distinct = pd.factorize(np.array([*texts, None], object)[:-1])
    else:
        codes, values = pd.factorize(series)
        distinct = np.array(text_cells(_plain_values(values)), object)
    return compact(codes.astype(np.int32), np.asarray(distinct, object), rows)


def _plain_values(values: Any) -> Sequence[Typed]:
    """Python values; float32 keeps its own short form instead of a double's long one."""
    if getattr(values, "dtype", None) in (np.float32, np.float16):
        return [float(str(value)) for value in np.asarray(values)]
    return list(values.tolist() if hasattr(values, "tolist") else values)


def text_cells(values: Sequence[Typed]) -> list[str | None]:
    """Text of each value of one column, None where it is missing."""
    plain = [None if _is_missing(value) else value for value in values]
    moments = [value for value in plain if isinstance(value, (datetime, np.datetime64))]
    whole_days = bool(moments) and all(_is_midnight(value) for value in moments)
    floats = [float(value) for value in plain if isinstance(value, (float, np.floating)) and math.isfinite(value)]
    whole = bool(floats) and all(value == int(value) and abs(value) < EXACT for value in floats)
    return [None if value is None else _text(value, whole_days, whole) for value in plain]


def are_numbers(values: Iterable[Typed]) -> bool:
    """Whether every value of a column that is not missing is a number and no text, and there is one."""
    kinds = {type(value) for value in values if not _is_missing(value)}
    return bool(kinds) and all(issubclass(k, NUMBERS) and not issubclass(k, bool) for k in kinds)


def _is_missing(value: Typed) -> bool:
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return isinstance(value, (float, np.floating)) and math.isnan(value)


def _is_midnight(value: Typed) -> bool:
    moment = pd.Timestamp(value)
    return moment.tz is None and moment == moment.normalize()


def _text(value: Typed, whole_days: bool, whole: bool) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, np.floating) and not isinstance(value, float):
        value = float(str(value))
    if isinstance(value, float):
        return str(int(value)) if whole and math.isfinite(value) else repr(float(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (datetime, np.datetime64)):
        moment = pd.Timestamp(value)
        return moment.date().isoformat() if whole_days else moment.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (timedelta, np.timedelta64, pd.Period, pd.Interval)):
        return str(value)
    return _nested(value)


def _nested(value: Typed) -> str:
    """Lists and objects as JSON; bytes as their text, or base64 where they are none."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        raw = bytes(value)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return base64.b64encode(raw).decode()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def distinct_names(names: Iterable[object]) -> list[str]:
    """Column labels of any type as text; parts of a compound label are joined."""
    return [
        " ".join(str(part) for part in name if str(part).strip()) if isinstance(name, tuple) else
        "" if _is_missing(name) or str(name).startswith("Unnamed: ") else str(name)
        for name in names
    ]  # fmt: skip
