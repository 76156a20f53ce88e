"""Brings tables of values over time into the one shape that a forecast is made from: a row for each series and moment.

What is to be done is said by steps, which are JSON: found once in the data of a run (`data.timetable`,
`data.happenings`, `data.coarsening`), kept with the model, and carried out again on rows that come later. Knows nothing
of models.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..knowledge.lexicons import lexicon
from .meaning import Reading, read_column
from .wordlists import fold_words

Float64 = NDArray[np.float64]
Step = Mapping[str, Any]
"""What is done, under "do", and with what."""
Shaped = tuple[pd.DataFrame, NDArray[np.int64]]
"""A table in another shape, and for each of its rows the row that it comes from."""

SERIES = "series"
HEADER, MONTHS, COLUMNS, PARTS, FRACTIONS, ORDER, FILES = (
    "moments_in_header",
    "months_in_header",
    "series_in_columns",
    "parts_of_moment",
    "fractions_of_year",
    "take_in_order",
    "names_of_files",
)
_YEAR = re.compile(r"\D{0,3}(1[5-9]\d\d|2[01]\d\d)(?:\D.*)?")


def shaped(frame: pd.DataFrame, step: Step) -> Shaped:
    """The table after a step. Raises InputError that names the columns the step needs and the table lacks."""
    return _DOES[step["do"]](frame, step)


def years_in(names: Sequence[str]) -> dict[str, str]:
    """Column -> the year that it is called after, of those that are."""
    return {n: m[1] for n in names if (m := _YEAR.fullmatch(n.strip()))}


def part_numbers(reading: Reading, part: str) -> Float64 | None:
    """(rows,) numbers of a part of a date; months may be words, quarters "Q3". None where they are no numbers."""
    if reading.values is not None and reading.dates is None:
        return reading.by_row
    texts = [fold_words(t) for t in reading.levels.texts]
    if part == "quarter":
        found = [re.fullmatch(r"[qt] ?([1-4])|([1-4])[. ]*(?:q|t|quart\w*|trim\w*)", t) for t in texts]
        each = [float(m[1] or m[2]) if m else np.nan for m in found]
    elif part == "month":
        months = lexicon("series")["months"].values()
        each = [next((i + 1.0 for m in months for i, w in enumerate(m) if t.startswith(w)), np.nan) for t in texts]
    else:
        return None
    return reading.levels.spread(np.array(each)) if np.isfinite(each).all() else None


def stamps_of(parts: Mapping[str, Float64]) -> list[str | None]:
    """(rows,) moments in ISO 8601 of the numbers of their parts; None where there is no such day."""
    return [_stamp({p: v[i] for p, v in parts.items()}) for i in range(len(parts["year"]))]


# ---------------------------------------------------------------------------------------------- many columns
def _of_header(frame: pd.DataFrame, step: Step) -> Shaped:
    """Columns called by moments, below one another."""
    names = [str(n) for n in frame.columns if str(n) not in step["kept"]]
    moments = years_in(names) if step["years"] else {n: n for n in names if any(map(str.isdigit, n))}
    named: Sequence[str] | None = step["named"]  # in the data learned from; later rows stand under later moments
    if named is not None:
        moments = {n: moments[n] for n in named}
    if not moments:
        raise InputError(f"no column is called by a {'year' if step['years'] else 'date'}, as in the data learned from")
    out, source = _melted(frame, list(moments), step["kept"], step["time"], step["value"])
    out[step["time"]] = [moments[str(n)] for n in out[step["time"]]]
    if step["rows"]:
        out[SERIES] = [f"row {i + 1}" for i in source]
    return out, source


def _of_months(frame: pd.DataFrame, step: Step) -> Shaped:
    """A row a year and a column a month, or a quarter, as a row for each, oldest first."""
    months, year = step["months"], str(step["year"])
    require(frame, [year, *months])
    kept = [str(n) for n in frame.columns if str(n) not in months and n != year]
    out, source = _melted(frame, list(months), kept, step["time"], step["value"])
    years = read_column(year, frame[year]).by_row[source]
    stamps = [
        f"{int(y):04d}-{months[name]:02d}" if np.isfinite(y) else None
        for y, name in zip(years, out[step["time"]], strict=True)
    ]
    out[step["time"]] = stamps
    order = np.argsort([s or "" for s in stamps], kind="stable")
    return out.iloc[order].reset_index(drop=True), source[order]


def _of_columns(frame: pd.DataFrame, step: Step) -> Shaped:
    """Series that stand side by side, below one another; of rows that come later those that are there."""
    taken = [n for n in step["columns"] if n in frame.columns]
    require(frame, taken or step["columns"])
    kept = [str(n) for n in frame.columns if str(n) not in taken]
    return _melted(frame, taken, kept, step["series"], step["value"])


def _melted(frame: pd.DataFrame, taken: Sequence[str], kept: Sequence[str], called: str, value: str) -> Shaped:
    """The columns `taken` below one another in `value`, the name of each in `called`."""
    require(frame, kept)
    rows, count = len(frame), len(taken)
    source = np.tile(np.arange(rows), count)
    columns: dict[str, Any] = {n: frame[n].astype(object).to_numpy()[source] for n in kept}
    columns[called] = np.repeat(np.array(taken, dtype=object), rows)
    columns[value] = np.concatenate([frame[n].astype(object).to_numpy() for n in taken])
    return pd.DataFrame(columns), source


# ---------------------------------------------------------------------------------------------- when a row is
def _of_parts(frame: pd.DataFrame, step: Step) -> Shaped:
    """A year in one column, its quarter, month, week, day or hour in others, as one moment."""
    columns: dict[str, str] = dict(step["parts"])
    require(frame, list(columns.values()))
    parts = {part: part_numbers(read_column(name, frame[name]), part) for part, name in columns.items()}
    for part, numbers in parts.items():
        if numbers is None:
            raise InputError(f"column {columns[part]!r} holds no {part}s that can be read", column=columns[part])
    stamps = stamps_of({p: n for p, n in parts.items() if n is not None})
    return _with(frame.drop(columns=list(columns.values())), step["time"], stamps)


def _of_fractions(frame: pd.DataFrame, step: Step) -> Shaped:
    """Years with months or quarters as fractions, as dates."""
    name, parts = str(step["column"]), int(step["parts"])
    require(frame, [name])
    places = np.round(read_column(name, frame[name]).by_row * parts)
    stamps = [
        f"{int(p // parts):04d}-{int(p % parts) * (12 // parts) + 1:02d}-01" if np.isfinite(p) else None for p in places
    ]
    return _with(frame, name, stamps)


def _in_order(frame: pd.DataFrame, step: Step) -> Shaped:
    """Rows counted in their order."""
    return _with(frame, step["time"], [str(i + 1) for i in range(len(frame))])


def _with(frame: pd.DataFrame, name: str, moments: Sequence[str | None]) -> Shaped:
    out = frame.copy()
    out[name] = pd.Series(list(moments), index=out.index, dtype=object)
    return out, np.arange(len(frame))


def _stamp(parts: Mapping[str, float]) -> str | None:
    if not all(np.isfinite(v) for v in parts.values()):
        return None
    year = int(parts["year"])
    month = int(parts.get("month", 3 * parts.get("quarter", 1) - 2))
    try:
        if "week" in parts and "month" not in parts:
            day = date.fromisocalendar(year, int(parts["week"]), 1) + timedelta(days=int(parts.get("day", 1)) - 1)
        else:
            day = date(year, month, int(parts.get("day", 1)))
        day += timedelta(days=int(parts.get("hour", 0)) // 24)
    except ValueError:
        return None
    return f"{day.isoformat()} {int(parts['hour']) % 24:02d}:00" if "hour" in parts else day.isoformat()


def require(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """Raises InputError that names the columns that are not there."""
    there = set(map(str, frame.columns))
    if lost := [n for n in names if n not in there]:
        told = ", ".join(map(repr, lost))
        raise InputError(f"no column {told}, as in the data learned from; give rows as they were then", column=lost[0])


_DOES: Mapping[str, Callable[[pd.DataFrame, Step], Shaped]] = {
    HEADER: _of_header,
    MONTHS: _of_months,
    COLUMNS: _of_columns,
    PARTS: _of_parts,
    FRACTIONS: _of_fractions,
    ORDER: _in_order,
}
