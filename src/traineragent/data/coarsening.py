"""A table of values at fine steps of time, read by a coarser one: days that are to be summed by the week.

Only the moments are changed, to when their week or month begins; how values of one moment come together is settled
where series are prepared. Knows nothing of words or models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from .happenings import FEWEST_STEPS, starts_of, whole_steps
from .meaning import Reading
from .rawtable import RawTable

COARSER = "coarser_step"
"""What the findings of such a table name the step by."""
_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4}
FINER = 0.6  # of the step: rows further apart are no finer


def coarsened(table: RawTable, readings: Mapping[str, Reading], step: str) -> RawTable:
    """The table with each moment at the beginning of its `step` ("day", "week" or "month"), without steps that it
    covers in part only; as it is where its rows are no finer, or too few steps would be left, or where it is not
    plain which column says when."""
    when = [n for n, r in readings.items() if r.dates is not None and not r.dates.time_only]
    if len(when) != 1 or step not in _DAYS:
        return table
    days = readings[when[0]].by_row
    known = np.flatnonzero(np.isfinite(days))
    each = np.unique(days[known])
    if len(each) < 2 * FEWEST_STEPS or np.median(np.diff(each)) > FINER * _DAYS[step]:
        return table
    moments = pd.DatetimeIndex(np.round(days[known] * 86_400).astype("datetime64[s]"))
    starts = starts_of(moments, step)
    kept = np.flatnonzero(whole_steps(moments, starts))
    if len(starts[kept].unique()) < FEWEST_STEPS:
        return table
    rows = known[kept]
    left = len(table.frame) - len(rows)
    rest = f"; {left:,} rows of {step}s that it covers in part, or without a moment, are left out" if left else ""
    note = f"values are taken together by the {step}, as the words ask for it: each moment in {when[0]!r} is when its "
    taken = table.taking(rows, f"{note}{step} begins{rest}")
    frame = taken.frame.assign(**{when[0]: pd.Series(starts[kept].strftime("%Y-%m-%d"), dtype=object)})
    return replace(taken, frame=frame, findings={**table.findings, COARSER: step})
