"""Tables of values over time in the one shape that a forecast is made from: a row for each series and moment.

Moments that stand in the header, in several columns, as fractions of a year or not at all become a column of dates or
of counted steps; series that stand side by side are put below one another. Knows nothing of models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..domain.data import YEARS
from ..knowledge.lexicons import lexicon
from .dates import read_dates
from .meaning import Reading, read_column
from .order import was_sorted
from .rawtable import RawTable
from .wordlists import fold_words, name_words

Float64 = NDArray[np.float64]

SERIES, VALUE, TIME, STEP = "series", "value", "time", "step"
FEWEST_ACROSS = 6  # moments in a header
FEWEST_YEARS = 5
OWN_MOMENTS = 0.95  # of the rows of a file must stand at a moment of their own, for files to be series
SHARED_MOMENTS = 0.3  # of all moments must stand in several files
MOST_CELLS = 20_000_000
FEWEST_IN_ORDER, ALIKE = 60, 0.8  # rows, and autocorrelation, from which on values show that they go on
FEW_VALUES = 10  # up to which a column tells kinds apart rather than how much
GRID = 0.02  # of a twelfth or quarter of a year: how far from it a written fraction may be
_YEAR = re.compile(r"\D{0,3}(1[5-9]\d\d|2[01]\d\d)(?:\D.*)?")
_COUNTS_OF_TIME = ("t", "step", "tick")
_PARTS = ("year", "quarter", "month", "week", "day", "hour")


@dataclass(frozen=True)
class _Shaped:
    """A table in another shape: `source` (rows,) is the row of the table before that each row comes from."""

    frame: pd.DataFrame
    source: NDArray[np.int64]
    note: str
    target: str | None = None
    counted: bool = False


def arranged(table: RawTable, readings: Mapping[str, Reading], *, in_order: bool = False) -> RawTable:
    """The table with a row for each series and moment and a column that says when; the same table where it is in that
    shape. `in_order`: rows without dates may be taken as steps in their order. Its kind becomes "series" where it can
    be nothing else, and its target is known where values were gathered from many columns."""
    found = _across_header(table.frame) or _across_months(table.frame, readings)
    if found is not None:
        table = _as(table, found)
        readings = {str(n): read_column(str(n), table.frame[n]) for n in table.frame.columns}
    moments = _with_moments(table.frame, readings)
    if moments is not None:
        return _as(table, moments)
    return _in_order(table, readings) if in_order and not _dated(readings) else table


def told_by_file(table: RawTable) -> RawTable:
    """The table with a column of the files (or sheets) that rows come from, where each holds the series of another
    thing: moments are its own within a file and come again in others. The same table where they are not."""
    if len(table.files) < 2 or any(f.role for f in table.files):
        return table
    frame, part = table.frame, table.part
    when = next((n for n in map(str, frame.columns) if _holds_moments(n, frame[n])), None)
    if when is None:
        return table
    moments = pd.DataFrame({"part": part, "moment": frame[when].astype(object).to_numpy()}).dropna()
    repeated = moments.drop_duplicates().groupby("moment").size()
    alone = len(moments.drop_duplicates()) >= OWN_MOMENTS * len(moments)
    shared = bool(len(repeated)) and float((repeated > 1).mean()) >= SHARED_MOMENTS
    if not (alone and shared):
        return table
    names = _names_of_files(table)
    called = SERIES if SERIES not in frame.columns else f"{SERIES}_of_file"
    told = pd.Series([names[i] for i in part.tolist()], index=frame.index, dtype=object)
    note = f"each file holds the same moments, so each is a series of its own, told apart in {called!r}"
    return replace(table, frame=frame.assign(**{called: told}), notes=(*table.notes, note))


def _holds_moments(name: str, column: pd.Series[Any]) -> bool:
    reading = read_column(name, column)
    return (reading.dates is not None and not reading.dates.time_only) or holds_years(reading)


def _names_of_files(table: RawTable) -> list[str]:
    """What files are called without folder and ending; of one workbook the sheets."""
    sheets = [f.name.rpartition("#") for f in table.files]
    if len({book for book, _, _ in sheets}) == 1 and all(mark for _, mark, _ in sheets):
        return [sheet for _, _, sheet in sheets]
    stems = [f.name.partition(".")[0] for f in table.files]
    return stems if len(set(stems)) == len(stems) else [f.name for f in table.files]


def below_one_another(table: RawTable, series: Sequence[str]) -> RawTable:
    """The table with the columns of numbers `series`, each a series of its own, below one another."""
    frame = table.frame
    rest = [str(n) for n in frame.columns if str(n) not in series]
    name = SERIES if SERIES not in rest else f"{SERIES}_name"
    shaped = _melted(frame, list(series), rest, name, list(series))
    note = f"the {len(series)} columns {', '.join(series[:4])}{' …' if len(series) > 4 else ''} are series of their own"
    note += f"; their values are read into {shaped.target!r}, a row for each in {name!r}"
    return _as(table, replace(shaped, note=note))


def _in_order(table: RawTable, readings: Mapping[str, Reading]) -> RawTable:
    """The table with a column that counts steps: the one that is there, or a new one."""
    counting = next((n for n, r in readings.items() if counts_steps(r)), None)
    if counting is not None:
        note = f"no column holds dates; {counting!r} counts the steps"
        return _as(table, _Shaped(table.frame, np.arange(len(table.frame)), note, counted=True))
    steps = [str(i + 1) for i in range(len(table.frame))]
    note = "no column says when a row was; rows are taken in their order, counted in 'step'"
    return _as(table, replace(_with(table.frame, steps, note, STEP), counted=True))


def _as(table: RawTable, shaped: _Shaped) -> RawTable:
    return replace(
        table,
        frame=shaped.frame,
        part=table.part[shaped.source],
        row=table.row[shaped.source],
        notes=(*table.notes, shaped.note),
        rows_total=len(shaped.frame),
        kind="series" if shaped.target or shaped.counted else table.kind,
        target=shaped.target or table.target,
        alike=None,
    )


# ---------------------------------------------------------------------------------------------- many columns
def _across_header(frame: pd.DataFrame) -> _Shaped | None:
    """Columns that are called like moments, a series a row: "1960, 1961, …" or "2020-01, 2020-02, …"."""
    names = [str(n) for n in frame.columns]
    years = {n: m[1] for n in names if (m := _YEAR.fullmatch(n.strip()))}
    if len(years) >= FEWEST_ACROSS and len(set(years.values())) == len(years):
        moments, called = years, "year"
    else:
        dates = read_dates(names, np.ones(len(names), dtype=np.int64)) if len(names) >= FEWEST_ACROSS else None
        if dates is None:
            named = [n for n in names if any(c.isdigit() for c in n)]
            dates = read_dates(named, np.ones(len(named), dtype=np.int64)) if len(named) >= FEWEST_ACROSS else None
            names = named
        if dates is None or dates.time_only:
            return None
        moments = {n: n for n, v in zip(names, dates.values, strict=True) if np.isfinite(v)}
        called = TIME
    if len(moments) < max(FEWEST_ACROSS, 0.5 * frame.shape[1]) or len(moments) * len(frame) > MOST_CELLS:
        return None
    rest = [str(n) for n in frame.columns if str(n) not in moments]
    melted = _melted(frame, list(moments), rest, called, [moments[n] for n in moments])
    if not rest and len(frame) > 1:
        melted.frame[SERIES] = [f"row {i + 1}" for i in melted.source]
    note = (
        f"the {len(moments)} columns {next(iter(moments))!r} to {[*moments][-1]!r} are moments; a row is read for each"
    )
    return replace(melted, note=note)


def _across_months(frame: pd.DataFrame, readings: Mapping[str, Reading]) -> _Shaped | None:
    """A row a year and a column a month, or a quarter."""
    year = next((n for n, r in readings.items() if holds_years(r)), None)
    if year is None:
        return None
    months = _months_in([str(n) for n in frame.columns])
    if len(months) not in (4, 12):
        return None
    numbers = readings[year].by_row
    rest = [str(n) for n in frame.columns if str(n) not in months and n != year]
    melted = _melted(frame, list(months), rest, TIME, list(months))
    stamps = [
        f"{int(numbers[row]):04d}-{months[name]:02d}" if np.isfinite(numbers[row]) else None
        for row, name in zip(melted.source, melted.frame[TIME], strict=True)
    ]
    melted.frame[TIME] = stamps
    what = "months" if len(months) == 12 else "quarters"
    order = np.argsort([s or "" for s in stamps], kind="stable")
    note = f"the columns {next(iter(months))!r} to {list(months)[-1]!r} are {what} of the year in {year!r}"
    return _Shaped(melted.frame.iloc[order].reset_index(drop=True), melted.source[order], note, VALUE)


def _months_in(names: Sequence[str]) -> dict[str, int]:
    """Column -> the month that it is called after, or begins with; empty where not all twelve or four are there."""
    folded = {n: fold_words(n) for n in names}
    for listed in lexicon("series")["months"].values():
        found = {n: i + 1 for i, m in enumerate(listed) for n, f in folded.items() if f.startswith(m)}
        if len(found) == 12 and len(set(found.values())) == 12:
            return found
    for pattern, months in ((r"(?:m|month|monat|mois|mes)? ?0?(\d{1,2})月?", 1), (r"(?:q|t|qtr|quarter) ?([1-4])", 3)):
        numbered = {n: int(m[1]) for n, f in folded.items() if (m := re.fullmatch(pattern, f))}
        if sorted(numbered.values()) == list(range(1, 12 // months + 1)):
            return {n: months * (i - 1) + 1 for n, i in numbered.items()}
    return {}


def _melted(
    frame: pd.DataFrame, taken: Sequence[str], rest: Sequence[str], called: str, told: Sequence[str]
) -> _Shaped:
    """The columns `taken` below one another, with `told` of each in a column `called`."""
    value = VALUE if VALUE not in rest else f"{VALUE}_of_{called}"
    called = called if called not in rest else f"{called}_of_{value}"
    rows, count = len(frame), len(taken)
    source = np.tile(np.arange(rows), count)
    columns: dict[str, Any] = {n: frame[n].astype(object).to_numpy()[source] for n in rest}
    columns[called] = np.repeat(np.array(told, dtype=object), rows)
    columns[value] = np.concatenate([frame[n].astype(object).to_numpy() for n in taken])
    return _Shaped(pd.DataFrame(columns), source, "", value)


# ---------------------------------------------------------------------------------------------- when a row is
def _with_moments(frame: pd.DataFrame, readings: Mapping[str, Reading]) -> _Shaped | None:
    """A column of dates where moments are written in parts or as fractions; None where they are not."""
    finer = _of_parts(readings)
    if finer is not None:
        stamps, note, parts = finer
        return _with(frame.drop(columns=parts), stamps, note)  # else a part could be taken for the answer
    fractions = _of_fractions(readings) if not _dated(readings) else None
    return _with(frame, *fractions) if fractions is not None else None


def _dated(readings: Mapping[str, Reading]) -> bool:
    """Whether a column holds dates or years."""
    return any((r.dates is not None and not r.dates.time_only) or holds_years(r) for r in readings.values())


def _with(
    frame: pd.DataFrame, moments: Sequence[str | None], note: str, called: str = TIME, in_place: bool = False
) -> _Shaped:
    """The table with the moments in a column `called` so, which replaces one of that name `in_place`."""
    out = frame.copy()
    name = called if in_place or called not in frame.columns else f"{called}_read"
    out[name] = pd.Series(list(moments), index=out.index, dtype=object)
    return _Shaped(out, np.arange(len(frame)), note)


def _of_parts(readings: Mapping[str, Reading]) -> tuple[list[str | None], str, list[str]] | None:
    """Moments whose year stands in one column and whose quarter, month, week, day or hour in others, and these."""
    named = {part: _called(readings, part) for part in _PARTS}
    year = next((n for n in named["year"] if holds_years(readings[n])), None)
    if year is None:
        return None
    numbers: dict[str, Float64] = {"year": readings[year].by_row}
    limits = {"quarter": (1, 4), "month": (1, 12), "week": (1, 53), "day": (1, 31), "hour": (0, 24)}
    used = [year]
    for part, (low, high) in limits.items():
        for name in named[part]:
            values = _part_numbers(readings[name], part)
            known = values[np.isfinite(values)] if values is not None else np.zeros(0)
            if values is not None and len(known) and known.min() >= low and known.max() <= high:
                numbers[part] = values
                used.append(name)
                break
    if not {"quarter", "month", "week"} & set(numbers):
        return None
    stamps = [_stamp({p: v[i] for p, v in numbers.items()}) for i in range(len(numbers["year"]))]
    if sum(s is not None for s in stamps) < 0.9 * len(stamps):
        return None
    return stamps, f"the moment of a row is read from {', '.join(map(repr, used))}", used


def _called(readings: Mapping[str, Reading], part: str) -> list[str]:
    listed = {fold_words(w) for w in lexicon("series")["names_of_time"][part]}
    return [n for n in readings if fold_words(n) in listed]


def _part_numbers(reading: Reading, part: str) -> Float64 | None:
    """The numbers of a part of a date; months may be written as words, quarters as "Q3"."""
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


def _stamp(parts: Mapping[str, float]) -> str | None:
    """A moment in ISO 8601; None where a part is missing or there is no such day."""
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


def _of_fractions(readings: Mapping[str, Reading]) -> tuple[list[str | None], str, str, bool] | None:
    """Moments written as 1949.0833: years with months or quarters as fractions; what `_with` takes of them."""
    for name, reading in readings.items():
        values = reading.by_row if reading.values is not None and reading.dates is None else np.zeros(0)
        known = values[np.isfinite(values)]
        if len(known) < FEWEST_YEARS or known.min() < YEARS[0] or known.max() >= YEARS[1] or reading.integer:
            continue
        parts = next((p for p in (4, 12) if _on_grid(known * p, GRID * p)), None)
        if parts is None:
            continue
        stamps = [_month_stamp(v, parts) if np.isfinite(v) else None for v in np.round(values * parts)]
        word = "quarters" if parts == 4 else "months"
        return stamps, f"{name!r} holds years with {word} as fractions; they are read as dates", name, True
    return None


def _on_grid(places: Float64, near: float) -> bool:
    near_enough = float(np.abs(places - np.round(places)).max()) <= near
    return near_enough and len(np.unique(np.round(places))) > FEWEST_YEARS


def _month_stamp(place: float, parts: int) -> str:
    return f"{int(place // parts):04d}-{int(place % parts) * (12 // parts) + 1:02d}-01"


def holds_years(reading: Reading) -> bool:
    """Whole numbers that are years, under a name that says so."""
    if reading.values is None or not reading.integer or reading.dates is not None:
        return False
    named = {fold_words(w) for part in ("year", "moment") for w in lexicon("series")["names_of_time"][part]}
    low, high = float(np.nanmin(reading.values)), float(np.nanmax(reading.values))
    spoken = fold_words(reading.name) in named or bool({fold_words(w) for w in name_words(reading.name)} & named)
    return spoken and YEARS[0] <= low <= high <= YEARS[1] and reading.levels.distinct >= FEWEST_YEARS


def counts_steps(reading: Reading) -> bool:
    """Whole numbers that rise evenly through the table, under a name for that: "t", "week", "period"."""
    if reading.values is None or not reading.integer or reading.dates is not None or reading.levels.missing_share:
        return False
    listed = lexicon("series")["names_of_time"]
    named = {fold_words(w) for part in ("count", "week", "day", "hour", "month", "quarter") for w in listed[part]}
    if fold_words(reading.name) not in named:
        return False
    each = np.unique(reading.values)
    gaps = np.diff(each)
    return len(each) >= FEWEST_ACROSS and float(gaps.max()) == float(gaps.min()) and not holds_years(reading)


def go_on(readings: Mapping[str, Reading]) -> bool:
    """Whether every column of numbers goes on from row to row, as values over time do, and none only because the rows
    were sorted: neighbours are alike in all (autocorrelation), while rows of people or things are strangers."""
    numbers = [r for r in readings.values() if r.meaning == "number" and not counts_steps(r)]
    told = [r.by_row for r in numbers if r.levels.distinct > FEW_VALUES]
    return bool(told) and all(_goes_on(values) for values in told)


def _goes_on(values: NDArray[np.float64]) -> bool:
    known = values[np.isfinite(values)]
    if len(known) < FEWEST_IN_ORDER or known.std() == 0 or was_sorted(known.tolist()):
        return False
    return float(np.corrcoef(known[1:], known[:-1])[0, 1]) >= ALIKE


def counts_time(reading: Reading) -> bool:
    """Steps that are counted under a name of time, "week" or "t", and not of rows, "no" or "index"."""
    listed = lexicon("series")["names_of_time"]
    named = {fold_words(w) for part in ("week", "day", "hour", "month", "quarter", "moment") for w in listed[part]}
    return counts_steps(reading) and fold_words(reading.name) in {*named, *_COUNTS_OF_TIME}
