"""The rows of a table that are to count. Knows nothing of words."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from ..domain.data import Removal
from ..domain.selection import FEWEST_CHOSEN, RowCondition
from ..errors import InputError
from .meaning import Reading
from .rawtable import RawTable

COMPARED = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
LEFT_OUT = "rows that the words leave out"


def selected(table: RawTable, conditions: Sequence[RowCondition], readings: Mapping[str, Reading]) -> RawTable:
    """The table with the rows that meet the conditions. Of the values that one column is to have, any is enough; all
    other conditions must be met.

    Raises InputError where fewer than ten rows are left."""
    keep = meets(conditions, readings, len(table.frame))
    said = " and ".join(c.words for c in conditions)
    rows = np.flatnonzero(keep)
    if len(rows) < FEWEST_CHOSEN:
        raise InputError(
            f"{len(rows)} of {len(table.frame):,} rows are such that {said}, as the words ask for it; at least "
            f"{FEWEST_CHOSEN} are needed. Ask for other rows, or for all of them."
        )
    lost = Removal(LEFT_OUT, len(table.frame) - len(rows), f"only those count where {said}")
    chosen = table.taking(rows, f"{len(rows):,} of {len(keep):,} rows count, as the words ask for it: {said}")
    return replace(chosen, removed=(*table.removed, lost))


def meets(conditions: Sequence[RowCondition], readings: Mapping[str, Reading], rows: int) -> NDArray[np.bool_]:
    """Which rows meet the conditions. Shape (rows,)."""
    keep = np.ones(rows, dtype=np.bool_)
    for column in dict.fromkeys(c.column for c in conditions):
        own = [c for c in conditions if c.column == column]
        alternatives = [_met(c, readings[column]) for c in own if c.operator == "="]
        if alternatives:
            keep &= np.logical_or.reduce(alternatives)
        for condition in own:
            if condition.operator != "=":
                keep &= _met(condition, readings[column])
    return keep


def _met(condition: RowCondition, reading: Reading) -> NDArray[np.bool_]:
    """Which rows meet a condition; a missing value meets none but "is not"."""
    if condition.operator in ("=", "!="):
        equal = np.append(_named(condition.value, reading), False)[reading.levels.codes]
        return equal if condition.operator == "=" else ~equal
    limit = _number(condition, reading)
    numbers = reading.by_row
    return np.asarray(np.isfinite(numbers) & COMPARED[condition.operator](numbers, limit), dtype=np.bool_)


def _named(value: str, reading: Reading) -> NDArray[np.bool_]:
    """Which of a column's distinct texts are this value: as written, in either case; a date by its year, month or day;
    a number however it is written. Shape (distinct,)."""
    if reading.dates is not None and reading.values is not None:
        days = [datetime.fromtimestamp(d * 86_400, UTC).isoformat() if np.isfinite(d) else "" for d in reading.values]
        return np.array([day.startswith(value) for day in days], dtype=np.bool_)
    wanted = value.strip().casefold()
    same = np.array([t.strip().casefold() == wanted for t in reading.levels.texts], dtype=np.bool_)
    if reading.values is None or reading.meaning != "number" or same.any():
        return same
    try:
        return np.asarray(reading.values == float(value), dtype=np.bool_)
    except ValueError:
        return same


def _number(condition: RowCondition, reading: Reading) -> float:
    """The limit as a number of the column: days since 1970 of a date."""
    try:
        if reading.dates is None:
            return float(condition.value)
        return datetime.fromisoformat(condition.value).replace(tzinfo=UTC).timestamp() / 86_400
    except ValueError as e:
        raise InputError(
            f"{condition.value!r} is no {'number' if reading.dates is None else 'date'} to compare the column "
            f"{condition.column!r} with",
            column=condition.column,
        ) from e
