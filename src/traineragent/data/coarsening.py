"""A table of values at fine steps of time, read by a coarser one: days that are to be summed by the week.

Only the moments are changed, to when their week or month begins; how values of one moment come together is settled
where series are prepared. Knows nothing of words or models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .happenings import FEWEST_STEPS, days_written, moments_in, starts_of, usual_extent, whole_steps, written
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
    each = np.unique(days[np.isfinite(days)])
    if len(each) < 2 * FEWEST_STEPS or np.median(np.diff(each)) > FINER * _DAYS[step]:
        return table
    done = {"do": COARSER, "when": when[0], **written(readings[when[0]]), "step": step}
    done["usual"] = usual_extent(moments_in(days)[1], step)
    frame, kept = coarser(table.frame, done)
    if frame[when[0]].nunique() < FEWEST_STEPS:
        return table
    left = len(table.frame) - len(kept)
    rest = f"; {left:,} rows of {step}s that it covers in part, or without a moment, are left out" if left else ""
    note = f"values are taken together by the {step}, as the words ask for it: each moment in {when[0]!r} is when its "
    taken = table.taking(kept, f"{note}{step} begins{rest}")
    return replace(taken, frame=frame, findings={**table.findings, COARSER: step}, shaped=(*table.shaped, done))


def coarser(frame: pd.DataFrame, done: Mapping[str, Any]) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """(the rows of whole steps with their moment at the beginning of it, which rows these are)."""
    when, step = str(done["when"]), str(done["step"])
    known, moments = moments_in(days_written(frame, done))
    starts = starts_of(moments, step)
    kept = np.flatnonzero(whole_steps(moments, starts, done["usual"])) if len(known) else known
    out = frame.iloc[known[kept]].reset_index(drop=True)
    return out.assign(**{when: pd.Series(starts[kept].strftime("%Y-%m-%d"), dtype=object)}), known[kept]
