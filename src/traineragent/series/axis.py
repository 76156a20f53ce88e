"""Finds the time axis of a table: its time column, the columns that tell series apart, and how far its steps lie apart.

It sees moments and keys only; it knows nothing of values or models.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..data.meaning import Reading, joint
from ..data.timetable import counts_steps, holds_years
from ..data.wordlists import name_words, words_of
from ..errors import InputError
from ..serve.series.timeline import COUNT, DAY, HOUR, MINUTE, NEAR, WEEK, WEEKDAYS, Timeline, Unit

Float64 = NDArray[np.float64]

FEWEST_STEPS = 10
MOST_KEYS = 2  # columns that together tell series apart
DOUBLED = 0.01  # of the rows may stand twice at one moment of one series
FEWEST_WEEKS = 2.5  # that show on which days of the week there are no values
OFTEN = 0.6  # of the weeks must have a value on each other day
ON_GRID = 0.9  # of the moments, for steps to count as regular
_EPOCH = datetime(1970, 1, 1)
_NICE_S = (
    *(1, 5, 10, 15, 30),
    *(n * MINUTE for n in (1, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 4, 6, 12)),
    *(DAY, WEEK),
)


@dataclass(frozen=True)
class Axis:
    """The time axis of a table. `series` (rows,) numbers the series of each row in the order of `keys`; `step` (rows,)
    is its step on `timeline`, -1 where the row has no moment. `irregular`: share of the moments off the grid."""

    time: str
    key_names: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    timeline: Timeline
    series: NDArray[np.int64]
    step: NDArray[np.int64]
    irregular: float
    doubled: float
    notes: tuple[str, ...] = ()


def time_columns(readings: Mapping[str, Reading], target: str) -> list[str]:
    """Columns that may be the time of a row, the likeliest first: dates, else years, else counted steps."""
    dated = [r for n, r in readings.items() if n != target and r.dates is not None and not r.dates.time_only]
    dated.sort(key=lambda r: -(r.levels.distinct + r.levels.present / max(r.levels.rows, 1)))
    if dated:
        return [r.name for r in dated]
    others = [r for n, r in readings.items() if n != target]
    return [r.name for r in others if holds_years(r)] or [r.name for r in others if counts_steps(r)]


def find_axis(
    readings: Mapping[str, Reading], target: str, time: str | None = None, keys: Sequence[str] | None = None
) -> Axis:
    """The axis of the table behind `readings`. `time` and `keys` where they are known.

    Raises InputError when no column places the rows in time, or too few moments are there."""
    columns = [time] if time is not None else time_columns(readings, target)
    if not columns:
        raise InputError("no column says when a row was; a forecast needs a column with dates or times")
    time = columns[0]
    at = _seconds(readings[time])
    known = np.isfinite(at)
    if len(np.unique(at[known])) < FEWEST_STEPS:
        raise InputError(f"column {time!r} holds {len(np.unique(at[known]))} different moments; a forecast needs more")
    names = tuple(keys) if keys is not None else _keys(readings, at, known, time, target)
    series, listed = _numbered(readings, names, len(at))
    timeline, irregular, notes = _timeline(at[known], series[known], _formats(readings[time]))
    step = np.full(len(at), -1, dtype=np.int64)
    step[known] = _steps(timeline, at[known])
    pairs = np.stack([series[known], step[known]])
    doubled = 1.0 - len(np.unique(pairs, axis=1).T) / max(int(known.sum()), 1)
    return Axis(time, names, listed, timeline, series, step, irregular, doubled, notes)


def steps_on(timeline: Timeline, reading: Reading) -> NDArray[np.int64]:
    """The step of each row on an axis that is known already, -1 where the row has no moment."""
    at = _seconds(reading)
    known = np.isfinite(at)
    step = np.full(len(at), -1, dtype=np.int64)
    step[known] = _steps(timeline, at[known])
    return step


def _formats(reading: Reading) -> tuple[str, ...]:
    if reading.dates is not None:
        return reading.dates.formats
    return ("%Y",) if holds_years(reading) else (COUNT,)


def _seconds(reading: Reading) -> Float64:
    """Seconds since 1970 of each row, NaN where unknown; a year is its first day, a counted step a day."""
    values = reading.by_row
    if reading.dates is not None or not holds_years(reading):
        return np.round(values * DAY, 3)
    out = np.full(len(values), np.nan)
    for year in np.unique(values[np.isfinite(values)]):
        out[values == year] = (datetime(int(year), 1, 1) - _EPOCH).total_seconds()
    return out


# ---------------------------------------------------------------------------------------------- which series
def _keys(
    readings: Mapping[str, Reading], at: Float64, known: NDArray[np.bool_], time: str, target: str
) -> tuple[str, ...]:
    """The fewest columns that leave hardly a moment twice within a series; none where moments differ anyway."""
    moment = np.unique(at[known], return_inverse=True)[1]
    if _doubles(moment, np.zeros(len(moment), dtype=np.int64)) <= DOUBLED:
        return ()
    likely = [
        n
        for n, r in readings.items()
        if n not in (time, target) and r.meaning in ("category", "id", "boolean", "number", "text") and _may_be_key(r)
    ]
    likely.sort(
        key=lambda n: (not name_words(n) & (words_of("entities") | words_of("ids")), readings[n].levels.distinct)
    )
    for size in range(1, MOST_KEYS + 1):
        for names in combinations(likely[:8], size):
            if _doubles(moment, joint(readings, names)[known]) <= DOUBLED:
                return names
    return ()


def _may_be_key(reading: Reading) -> bool:
    levels = reading.levels
    whole = reading.meaning != "number" or reading.integer
    return whole and 2 <= levels.distinct <= levels.present / FEWEST_STEPS and levels.missing_share < 0.01


def _doubles(moment: NDArray[np.int64], series: NDArray[np.int64]) -> float:
    pairs = np.unique(moment.astype(np.int64) * (int(series.max()) + 1) + series)
    return 1.0 - len(pairs) / max(len(moment), 1)


def _numbered(
    readings: Mapping[str, Reading], names: tuple[str, ...], rows: int
) -> tuple[NDArray[np.int64], tuple[tuple[str, ...], ...]]:
    """The series of each row, numbered by key in order of the keys."""
    found = row_keys(readings, names, rows)
    listed = tuple(sorted(set(found)))
    number = {key: i for i, key in enumerate(listed)}
    return np.array([number[key] for key in found], dtype=np.int64), listed


def row_keys(readings: Mapping[str, Reading], names: Sequence[str], rows: int) -> list[tuple[str, ...]]:
    """The key of each row's series: the texts in the columns `names`; the empty key where there are none."""
    if not names:
        return [()] * rows
    columns = []
    for name in names:
        levels = readings[name].levels
        columns.append([levels.texts[c] if c >= 0 else "" for c in levels.codes])
    return list(zip(*columns, strict=True))


# ---------------------------------------------------------------------------------------------- how far apart
def _timeline(
    at: Float64, series: NDArray[np.int64], formats: tuple[str, ...]
) -> tuple[Timeline, float, tuple[str, ...]]:
    """(axis, share of the moments off it, notes)."""
    moments = np.unique(at)
    gaps = _gaps(at, series)
    if formats == (COUNT,):
        first, apart = _EPOCH + timedelta(seconds=float(moments[0])), np.gcd.reduce(np.round(gaps).astype(np.int64))
        return Timeline("second", int(apart), first.isoformat(), formats), 0.0, ()
    unit, step = _unit(moments, gaps)
    open_days = _open_days(moments) if unit == "second" and step == DAY else ""
    if open_days:
        opened = _EPOCH + timedelta(seconds=float(moments[0]))
        return Timeline("business_day", 1, opened.isoformat(), formats, open_days), 0.0, _closed(open_days)
    first = _EPOCH + timedelta(seconds=float(moments[0]))
    if unit == "second" and step in (HOUR, MINUTE, DAY):
        first = _floored(first, step)
    timeline = Timeline(unit, step, first.isoformat(), formats)
    off = float(np.mean([timeline.step_of(_EPOCH + timedelta(seconds=float(s))) is None for s in moments]))
    if off <= 1 - ON_GRID:
        return timeline, off, ()
    nice = _nice(float(np.median(gaps)))
    first = _floored(first, nice)
    words = Timeline("second", nice, first.isoformat(), ("iso", *formats))
    said = f"the moments are irregular ({off:.0%} off any grid); values are gathered by {words.word}"
    return words, off, (said,)


def _gaps(at: Float64, series: NDArray[np.int64]) -> Float64:
    order = np.lexsort((at, series))
    gaps = np.diff(at[order])[np.diff(series[order]) == 0]
    gaps = gaps[gaps > 0]
    return gaps if len(gaps) else np.diff(np.unique(at))


def _unit(moments: Float64, gaps: Float64) -> tuple[Unit, int]:
    days = [_EPOCH + timedelta(seconds=float(s)) for s in moments]
    if gaps.min() >= 27 * DAY and (months := _months(days)):
        return "month", months
    common = Counter(np.round(gaps, 3).tolist()).most_common(1)[0][0]
    step = max(1, round(common))
    return "second", step


def _open_days(moments: Float64) -> str:
    """1 for each day from Monday to Sunday on which there are values, where some never have any though all others
    mostly do: shops that are shut on Sundays, markets at weekends. Empty where there are none such."""
    days = [_EPOCH + timedelta(seconds=float(s)) for s in moments]
    weeks = (days[-1] - days[0]).days / 7
    counts = Counter(d.weekday() for d in days)
    usual = [counts[d] for d in range(7) if counts[d]]
    if weeks < FEWEST_WEEKS or len(usual) == 7 or len({d.time() for d in days}) > 1:
        return ""
    return "".join(str(int(counts[d] > 0)) for d in range(7)) if min(usual) >= OFTEN * weeks else ""


def _closed(open_days: str) -> tuple[str, ...]:
    """A sentence about days without values, where they are others than Saturday and Sunday."""
    shut = [calendar.day_name[d] for d in range(7) if open_days[d] == "0"]
    said = f"no value ever stands on a {' or '.join(shut)}: these days are no steps, and no forecast is made for them"
    return () if open_days == WEEKDAYS else (said,)


def _months(days: Sequence[datetime]) -> int:
    """Months in a step, where each moment stands on the same day of its month or on the last; 0 where not."""
    last = [d.day == calendar.monthrange(d.year, d.month)[1] for d in days]
    if len({d.day for d in days}) > 1 and not all(last):
        return 0
    numbers = np.array([12 * d.year + d.month for d in days])
    found = Counter(np.diff(numbers).tolist()).most_common(1)
    return int(found[0][0]) if found else 0


def _floored(moment: datetime, step: int) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if step >= DAY:
        return midnight
    return midnight + timedelta(seconds=(moment - midnight).total_seconds() // step * step)


def _nice(seconds: float) -> int:
    return next((s for s in _NICE_S if s >= 0.99 * seconds), WEEK)


def _steps(timeline: Timeline, at: Float64) -> NDArray[np.int64]:
    """The step of each moment: the nearest, or the one it falls into where values are gathered."""
    if timeline.unit == "second":
        start = (timeline.start - _EPOCH).total_seconds()
        return np.floor((at - start) / timeline.step + NEAR).astype(np.int64)
    unique, place = np.unique(at, return_inverse=True)
    steps = np.array([timeline.into(_EPOCH + timedelta(seconds=float(s))) for s in unique], dtype=np.int64)
    return steps[place]
