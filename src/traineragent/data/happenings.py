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
    days = readings[when].by_row
    known = np.flatnonzero(np.isfinite(days))
    if len(known) < FEWEST_ROWS:
        return table
    moments = pd.DatetimeIndex(np.round(days[known] * 86_400).astype("datetime64[s]"))
    for size in (step,) if step else STEPS[::-1]:
        starts = starts_of(moments, size)
        whole = np.flatnonzero(whole_steps(moments, starts))
        if not len(whole):
            continue
        begun = starts[whole]
        span = pd.date_range(begun.min(), begun.max(), freq=_OFFSETS[size])
        if len(span) >= FEWEST_STEPS or (step and len(span) >= FEWEST_STEPS // 2):
            return _as_series(table, known[whole], begun, span, size, when, keys)
    return table


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


def whole_steps(moments: pd.DatetimeIndex, starts: pd.DatetimeIndex) -> NDArray[np.bool_]:
    """Which rows lie in steps that the log covers whole, as far as the first and the last row of other steps tell."""
    kept = np.ones(len(moments), dtype=bool)
    into = pd.Series((moments - starts).total_seconds(), index=starts)
    first, last = into.groupby(level=0).min(), into.groupby(level=0).max()
    if len(first) < FEWEST_STEPS // 2:
        return kept
    if first.iloc[0] > first.iloc[1:].quantile(1 - UNUSUAL):
        kept &= np.asarray(starts != first.index[0])
    if last.iloc[-1] < last.iloc[:-1].quantile(UNUSUAL):
        kept &= np.asarray(starts != last.index[-1])
    return kept


def _as_series(
    table: RawTable,
    rows: NDArray[np.int64],
    starts: pd.DatetimeIndex,
    span: pd.DatetimeIndex,
    step: str,
    when: str,
    keys: Sequence[str],
) -> RawTable:
    cells = {k: table.frame[k].astype(object).to_numpy()[rows] for k in keys}
    events = pd.DataFrame({TIME: starts, **cells}).dropna()
    groups = events[list(keys)].drop_duplicates() if keys else pd.DataFrame(index=[0])
    if len(groups) * len(span) > MOST_CELLS:
        return table
    grid = pd.DataFrame({TIME: span}).merge(groups, how="cross")
    numbers = events.groupby([TIME, *keys], observed=True).size().rename(COUNT).reset_index()
    filled = grid.merge(numbers, how="left", on=[TIME, *keys])
    written = "%Y-%m-%d %H:%M" if step == "hour" else "%Y-%m-%d"
    frame = pd.DataFrame(
        {
            TIME: pd.Series(filled[TIME].dt.strftime(written), dtype=object),
            **{k: pd.Series(filled[k], dtype=object) for k in keys},
            COUNT: pd.Series(filled[COUNT].fillna(0).astype(int).astype(str), dtype=object),
        }
    )
    return _told(table, frame, len(rows), step, when, keys)


def _told(table: RawTable, frame: pd.DataFrame, used: int, step: str, when: str, keys: Sequence[str]) -> RawTable:
    each = f" of each {' and '.join(map(repr, keys))}" if keys else ""
    left = len(table.frame) - used
    rest = f"; {left:,} rows of steps that it covers in part, or without a moment, do not count" if left else ""
    note = (
        f"each of the {len(table.frame):,} rows is one thing that happened at {when!r}; they are counted by the "
        f"{step}{each}: {len(frame):,} values in {COUNT!r}, nought where nothing happened{rest}"
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
    }
    return replace(table, **changed)
