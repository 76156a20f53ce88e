"""Finds how a table of values over time is brought into the one shape that a forecast is made from.

Moments that stand in the header, in several columns, as fractions of a year or not at all become a column of dates or
of counted steps; series that stand side by side are put below one another. What is found is a step that
`data.shaping` carries out. Knows nothing of models.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
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
from .shaping import (
    COLUMNS,
    FILES,
    FRACTIONS,
    HEADER,
    MONTHS,
    ORDER,
    PARTS,
    SERIES,
    Step,
    part_numbers,
    shaped,
    stamps_of,
    years_in,
)
from .wordlists import fold_words, name_words

Float64 = NDArray[np.float64]

VALUE, TIME, STEP = "value", "time", "step"
FEWEST_ACROSS = 6  # moments in a header
FEWEST_YEARS = 5
OWN_MOMENTS = 0.95  # of the rows of a file must stand at a moment of their own, for files to be series
SHARED_MOMENTS = 0.3  # of all moments must stand in several files
MOST_CELLS = 20_000_000
FEWEST_IN_ORDER, ALIKE = 60, 0.8  # rows, and autocorrelation, from which on values show that they go on
FEW_VALUES = 10  # up to which a column tells kinds apart rather than how much
GRID = 0.02  # of a twelfth or quarter of a year: how far from it a written fraction may be
_COUNTS_OF_TIME = ("t", "step", "tick")
_PARTS = ("year", "quarter", "month", "week", "day", "hour")


@dataclass(frozen=True)
class _Found:
    """A step that brings the table nearer to its shape, with why; `target` is the column that holds the values then."""

    step: Step
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
    moments = _with_moments(readings)
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
    step = {"do": FILES, "series": called}
    frame = frame.assign(**{called: told})
    return replace(table, frame=frame, notes=(*table.notes, note), shaped=(*table.shaped, step))


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
    rest = [str(n) for n in table.frame.columns if str(n) not in series]
    name = SERIES if SERIES not in rest else f"{SERIES}_name"
    name, value = _free_names(rest, name)
    note = f"the {len(series)} columns {', '.join(series[:4])}{' …' if len(series) > 4 else ''} are series of their own"
    note += f"; their values are read into {value!r}, a row for each in {name!r}"
    step = {"do": COLUMNS, "columns": list(series), "series": name, "value": value}
    return _as(table, _Found(step, note, value))


def _in_order(table: RawTable, readings: Mapping[str, Reading]) -> RawTable:
    """The table with a column that counts steps: the one that is there, or a new one."""
    counting = next((n for n, r in readings.items() if counts_steps(r)), None)
    if counting is not None:
        note = f"no column holds dates; {counting!r} counts the steps"
        return replace(table, notes=(*table.notes, note), kind="series", alike=None)
    name = _free(readings, STEP)
    note = f"no column says when a row was; rows are taken in their order, counted in {name!r}"
    return _as(table, _Found({"do": ORDER, "time": name}, note, counted=True))


def _as(table: RawTable, found: _Found) -> RawTable:
    frame, source = shaped(table.frame, found.step)
    return replace(
        table,
        frame=frame,
        part=table.part[source],
        row=table.row[source],
        notes=(*table.notes, found.note),
        rows_total=len(frame),
        kind="series" if found.target or found.counted else table.kind,
        target=found.target or table.target,
        alike=None,
        shaped=(*table.shaped, found.step),
    )


def _free_names(rest: Sequence[str], called: str) -> tuple[str, str]:
    """Names for the columns of what values belong to and of the values, which no column of the `rest` has."""
    value = VALUE if VALUE not in rest else f"{VALUE}_of_{called}"
    return called if called not in rest else f"{called}_of_{value}", value


def _free(there: Collection[str], called: str) -> str:
    return called if called not in there else f"{called}_read"


# ---------------------------------------------------------------------------------------------- many columns
def _across_header(frame: pd.DataFrame) -> _Found | None:
    """Columns that are called like moments, a series a row: "1960, 1961, …" or "2020-01, 2020-02, …"."""
    names = [str(n) for n in frame.columns]
    years = years_in(names)
    by_year = len(years) >= FEWEST_ACROSS and len(set(years.values())) == len(years)
    moments = list(years) if by_year else _dates_in(names) or _dates_in([n for n in names if any(map(str.isdigit, n))])
    if len(moments) < max(FEWEST_ACROSS, 0.5 * frame.shape[1]) or len(moments) * len(frame) > MOST_CELLS:
        return None
    rest = [n for n in names if n not in moments]
    time, value = _free_names(rest, "year" if by_year else TIME)
    note = f"the {len(moments)} columns {moments[0]!r} to {moments[-1]!r} are moments; a row is read for each"
    step = {
        "do": HEADER,
        "years": by_year,
        "named": moments,
        "kept": rest,
        "time": time,
        "value": value,
        "rows": not rest and len(frame) > 1,
    }
    return _Found(step, note, value)


def _dates_in(names: Sequence[str]) -> list[str]:
    """Those that are dates, where enough are there and written in one manner."""
    dates = read_dates(names, np.ones(len(names), dtype=np.int64)) if len(names) >= FEWEST_ACROSS else None
    if dates is None or dates.time_only:
        return []
    return [n for n, v in zip(names, dates.values, strict=True) if np.isfinite(v)]


def _across_months(frame: pd.DataFrame, readings: Mapping[str, Reading]) -> _Found | None:
    """A row a year and a column a month, or a quarter."""
    year = next((n for n, r in readings.items() if holds_years(r)), None)
    if year is None:
        return None
    months = _months_in([str(n) for n in frame.columns])
    if len(months) not in (4, 12):
        return None
    time, value = _free_names([str(n) for n in frame.columns if str(n) not in months and n != year], TIME)
    what = "months" if len(months) == 12 else "quarters"
    note = f"the columns {next(iter(months))!r} to {list(months)[-1]!r} are {what} of the year in {year!r}"
    return _Found({"do": MONTHS, "year": year, "months": months, "time": time, "value": value}, note, value)


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


# ---------------------------------------------------------------------------------------------- when a row is
def _with_moments(readings: Mapping[str, Reading]) -> _Found | None:
    """A column of dates where moments are written in parts or as fractions; None where they are not."""
    return _of_parts(readings) or (_of_fractions(readings) if not _dated(readings) else None)


def _dated(readings: Mapping[str, Reading]) -> bool:
    """Whether a column holds dates or years."""
    return any((r.dates is not None and not r.dates.time_only) or holds_years(r) for r in readings.values())


def _of_parts(readings: Mapping[str, Reading]) -> _Found | None:
    """Moments whose year stands in one column and whose quarter, month, week, day or hour in others. These go: a part
    could be taken for the answer."""
    named = {part: _called(readings, part) for part in _PARTS}
    year = next((n for n in named["year"] if holds_years(readings[n])), None)
    if year is None:
        return None
    numbers: dict[str, Float64] = {"year": readings[year].by_row}
    limits = {"quarter": (1, 4), "month": (1, 12), "week": (1, 53), "day": (1, 31), "hour": (0, 24)}
    used = {"year": year}
    for part, (low, high) in limits.items():
        for name in named[part]:
            values = part_numbers(readings[name], part)
            known = values[np.isfinite(values)] if values is not None else np.zeros(0)
            if values is not None and len(known) and known.min() >= low and known.max() <= high:
                numbers[part], used[part] = values, name
                break
    if not {"quarter", "month", "week"} & set(numbers):
        return None
    stamps = stamps_of(numbers)
    if sum(s is not None for s in stamps) < 0.9 * len(stamps):
        return None
    time = _free([n for n in readings if n not in used.values()], TIME)
    note = f"the moment of a row is read from {', '.join(map(repr, used.values()))}"
    return _Found({"do": PARTS, "parts": used, "time": time}, note)


def _called(readings: Mapping[str, Reading], part: str) -> list[str]:
    listed = {fold_words(w) for w in lexicon("series")["names_of_time"][part]}
    return [n for n in readings if fold_words(n) in listed]


def _of_fractions(readings: Mapping[str, Reading]) -> _Found | None:
    """Moments written as 1949.0833: years with months or quarters as fractions."""
    for name, reading in readings.items():
        values = reading.by_row if reading.values is not None and reading.dates is None else np.zeros(0)
        known = values[np.isfinite(values)]
        if len(known) < FEWEST_YEARS or known.min() < YEARS[0] or known.max() >= YEARS[1] or reading.integer:
            continue
        parts = next((p for p in (4, 12) if _on_grid(known * p, GRID * p)), None)
        if parts is None:
            continue
        word = "quarters" if parts == 4 else "months"
        note = f"{name!r} holds years with {word} as fractions; they are read as dates"
        return _Found({"do": FRACTIONS, "column": name, "parts": parts}, note)
    return None


def _on_grid(places: Float64, near: float) -> bool:
    near_enough = float(np.abs(places - np.round(places)).max()) <= near
    return near_enough and len(np.unique(np.round(places))) > FEWEST_YEARS


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
