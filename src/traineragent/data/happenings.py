"""A log with a row for each thing that happened, as numbers of them: a row for each step of time, of each series.

Steps in which nothing happened count nought; the first and the last are left out where the log covers a part of them
only. Knows nothing of words or models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from .dates import days_of
from .meaning import Reading
from .rawtable import RawTable

STEPS = ("hour", "day", "week", "month")
"""Finest first."""
FEWEST_STEPS = 12  # for a step to be taken unless the words name it
FEWEST_ROWS = 30
REGULAR = 0.5  # of the gaps between moments are alike where values were written down at fixed times
OWN = 0.95  # of the rows are the only one of their kind at their moment where a table holds series side by side
UNUSUAL = 0.05  # share of steps that begin so late, or end so early
MOST_CELLS = 2_000_000
COUNT, TIME = "count", "time"
COUNTED = "count_happenings"

Floats = NDArray[np.float64]


def moments_of_log(readings: Mapping[str, Reading], spoken: Sequence[str] = ()) -> str | None:
    """The column that says when each row happened, where rows are things that happened at any time; None where they
    are values at fixed times. Of several such columns one of those `spoken` of, else the earliest."""
    found = {n: r.by_row for n, r in readings.items() if _are_moments(r) and _irregular(n, readings)}
    if not found:
        return None
    named = {n: v for n, v in found.items() if n in spoken} or found
    return min(named, key=lambda n: (int(np.isnan(named[n]).sum()), float(np.nanmean(named[n]))))


def counted(
    table: RawTable, readings: Mapping[str, Reading], when: str, step: str | None, keys: Sequence[str] = ()
) -> RawTable:
    """The table of how many rows fall into each step of time, for each of the `keys` together. Without a `step` the
    longest of which the log covers enough. The same table where even so there are too few."""
    known, moments = moments_in(readings[when].by_row)
    if len(known) < FEWEST_ROWS:
        return table
    for size in (step,) if step else STEPS[::-1]:
        usual = usual_extent(moments, size)
        done = {
            "do": COUNTED,
            "when": when,
            **written(readings[when]),
            "step": size,
            "keys": list(keys),
            "usual": usual,
        }
        found = _counted(table.frame, known, moments, done)
        if found is None:
            continue
        numbers, rows = found
        steps = numbers[TIME].nunique()
        if steps >= FEWEST_STEPS or (step and steps >= FEWEST_STEPS // 2):
            return table if len(numbers) > MOST_CELLS else _told(table, numbers, rows, done)
    return table


def counted_newer(frame: pd.DataFrame, done: Mapping[str, Any], series: Sequence[tuple[str, ...]]) -> pd.DataFrame:
    """Rows that came since, counted as `done` says; nought for `series` (keys in the order of `done`) of which nothing
    happened. Raises InputError where they cover no whole step."""
    known, moments = moments_in(days_written(frame, done))
    found = _counted(frame, known, moments, done, series) if len(known) else None
    if found is None:
        raise InputError(
            f"the rows cover no whole {done['step']}, by which they are counted; give those of a whole one"
        )
    return found[0]


def written(reading: Reading) -> dict[str, Any]:
    """How the dates of a column are written, for a step that reads them again in newer rows: too few of these would
    not tell days from months."""
    return {"formats": list(reading.dates.formats) if reading.dates is not None else []}


def days_written(frame: pd.DataFrame, done: Mapping[str, Any]) -> Floats:
    """(rows,) days since 1970 in the column that a step names, NaN where there is no date."""
    return days_of(["" if pd.isna(t) else str(t) for t in frame[done["when"]]], done["formats"])


def moments_in(days: Floats) -> tuple[NDArray[np.int64], pd.DatetimeIndex]:
    """(rows with a moment, their moments) of days since 1970."""
    known = np.flatnonzero(np.isfinite(days))
    return known, pd.DatetimeIndex(np.round(days[known] * 86_400).astype("datetime64[s]"))


_OFFSETS: Mapping[str, str] = {"hour": "h", "day": "D", "week": "7D", "month": "MS"}


def _are_moments(reading: Reading) -> bool:
    return reading.dates is not None and not reading.dates.time_only and reading.levels.missing_share < 0.5


def _irregular(name: str, readings: Mapping[str, Reading]) -> bool:
    """Whether moments come as things happen: at uneven gaps, or several a day without being values of several series
    at that day."""
    days = readings[name].by_row
    known = np.isfinite(days)
    each, times = np.unique(days[known], return_counts=True)
    if len(each) < FEWEST_STEPS:
        return False
    gaps = np.unique(np.round(np.diff(each) * 86_400), return_counts=True)[1]
    repeated = float((times > 1).mean())
    if repeated < 1 - OWN:
        return bool(gaps.max() < REGULAR * gaps.sum())
    return not _side_by_side(days, known, name, readings)


def _side_by_side(days: Floats, known: NDArray[np.bool_], name: str, readings: Mapping[str, Reading]) -> bool:
    """Whether rows of a moment are told apart by a column whose values come again at other moments."""
    for other, reading in readings.items():
        if other == name or not 2 <= reading.levels.distinct <= known.sum() / 5:
            continue
        pairs = pd.DataFrame({"moment": days[known], "key": reading.levels.codes[known]})
        if len(pairs.drop_duplicates()) >= OWN * len(pairs):
            return True
    return bool(pd.unique(days[known]).size == known.sum())


def starts_of(moments: pd.DatetimeIndex, step: str) -> pd.DatetimeIndex:
    """When the step began that each moment lies in; weeks begin on Monday."""
    if step == "week":
        days = moments.normalize()
        return pd.DatetimeIndex(days - pd.to_timedelta(days.day_of_week, unit="D"))
    if step == "month":
        return pd.DatetimeIndex(moments.to_period("M").to_timestamp())
    return moments.floor(_OFFSETS[step])


def usual_extent(moments: pd.DatetimeIndex, step: str) -> tuple[float, float] | None:
    """Seconds into a step at which its first and its last row mostly lie at the latest and at the earliest; None where
    there are too few steps to tell."""
    first, last = _extents(moments, starts_of(moments, step))
    if len(first) < FEWEST_STEPS // 2:
        return None
    return float(first.iloc[1:].quantile(1 - UNUSUAL)), float(last.iloc[:-1].quantile(UNUSUAL))


def whole_steps(
    moments: pd.DatetimeIndex, starts: pd.DatetimeIndex, usual: tuple[float, float] | None
) -> NDArray[np.bool_]:
    """Which rows lie in steps that are covered whole, as far as the first and the last row of `usual` steps tell."""
    kept = np.ones(len(moments), dtype=bool)
    if usual is None:
        return kept
    first, last = _extents(moments, starts)
    if first.iloc[0] > usual[0]:
        kept &= np.asarray(starts != first.index[0])
    if last.iloc[-1] < usual[1]:
        kept &= np.asarray(starts != last.index[-1])
    return kept


def _extents(moments: pd.DatetimeIndex, starts: pd.DatetimeIndex) -> tuple[pd.Series[float], pd.Series[float]]:
    """Seconds from the beginning of each step to its first and to its last row."""
    into = pd.Series((moments - starts).total_seconds(), index=starts).groupby(level=0)
    return into.min(), into.max()


def _counted(
    frame: pd.DataFrame,
    known: NDArray[np.int64],
    moments: pd.DatetimeIndex,
    done: Mapping[str, Any],
    series: Sequence[tuple[str, ...]] = (),
) -> tuple[pd.DataFrame, int] | None:
    """(a row for each step and key, how many rows were counted); None where no step is covered whole."""
    step, keys = done["step"], list(done["keys"])
    starts = starts_of(moments, step)
    whole = np.flatnonzero(whole_steps(moments, starts, done["usual"]))
    if not len(whole):
        return None
    rows, begun = known[whole], starts[whole]
    span = pd.date_range(begun.min(), begun.max(), freq=_OFFSETS[step])
    events = pd.DataFrame({TIME: begun, **{k: frame[k].astype(object).to_numpy()[rows] for k in keys}}).dropna()
    groups = events[keys]
    if series:
        groups = pd.concat([pd.DataFrame(list(series), columns=keys, dtype=object), groups])
    groups = groups.drop_duplicates() if keys else pd.DataFrame(index=[0])
    if len(groups) * len(span) > MOST_CELLS:
        raise InputError(f"{len(groups):,} series of {len(span):,} {step}s are more than can be counted")
    grid = pd.DataFrame({TIME: span}).merge(groups, how="cross")
    numbers = events.groupby([TIME, *keys], observed=True).size().rename(COUNT).reset_index()
    filled = grid.merge(numbers, how="left", on=[TIME, *keys])
    written = "%Y-%m-%d %H:%M" if step == "hour" else "%Y-%m-%d"
    out = pd.DataFrame(
        {
            TIME: pd.Series(filled[TIME].dt.strftime(written), dtype=object),
            **{k: pd.Series(filled[k], dtype=object) for k in keys},
            COUNT: pd.Series(filled[COUNT].fillna(0).astype(int).astype(str), dtype=object),
        }
    )
    return out, len(rows)


def _told(table: RawTable, frame: pd.DataFrame, used: int, done: Mapping[str, Any]) -> RawTable:
    each = f" of each {' and '.join(map(repr, done['keys']))}" if done["keys"] else ""
    left = len(table.frame) - used
    rest = f"; {left:,} rows of steps that it covers in part, or without a moment, do not count" if left else ""
    note = (
        f"each of the {len(table.frame):,} rows is one thing that happened at {done['when']!r}; they are counted by "
        f"the {done['step']}{each}: {len(frame):,} values in {COUNT!r}, nought where nothing happened{rest}"
    )
    changed: dict[str, Any] = {
        "frame": frame,
        "part": np.zeros(len(frame), dtype=np.int16),
        "row": np.arange(2, len(frame) + 2, dtype=np.int64),
        "notes": (*table.notes, note),
        "rows_total": len(frame),
        "kind": "series",
        "target": COUNT,
        "alike": None,
        "shaped": (*table.shaped, done),
    }
    return replace(table, **changed)
