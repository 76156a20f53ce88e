"""Whether the words ask how many of something will come where a table has a row for each, and in which steps of time.

Sees profiles only. How rows are counted is settled elsewhere (`data.happenings`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .columns import Columns, Regions
from .horizon import horizon_of
from .reading import Reading
from .series import key_columns
from .targets import rank_targets

STEPS_OF_REACH = ((2.0, "hour"), (62.0, "day"), (190.0, "week"))
"""Days that a forecast reaches at most -> the step that is counted by where the words name none; else months."""


@dataclass(frozen=True)
class Counting:
    """Rows are to be counted: by which `step` where one is said or follows from how far ahead it is to go, of which
    `keys` each, and which columns are `spoken` of."""

    step: str | None
    keys: tuple[str, ...]
    spoken: tuple[str, ...]


def counting_asked(reading: Reading, profiles: Sequence[ColumnProfile], rows: int) -> Counting | None:
    """What is to be counted; None where the words ask for no count, or where a column holds the numbers asked for."""
    if not reading.said("series", "counted"):
        return None
    columns = Columns(reading, profiles)
    ranked = rank_targets(columns, Regions(reading, columns.mentions, ()), "amount")
    spoken = [c.column for c in ranked if c.pointed or c.spoken]
    if any(_holds_counts(columns.get(c.column), c.pointed) for c in ranked if c.pointed or c.spoken):
        return None
    keys = key_columns(columns, None, rows)
    return Counting(_step(reading), tuple(k for k in keys if columns.get(k).meaning != "date"), tuple(spoken))


def _holds_counts(column: ColumnProfile, pointed: bool) -> bool:
    """Whether a column that is spoken of may hold the numbers: whole ones, or any where the words point at it."""
    whole = all(float(column.stats.get(k, 0.5)).is_integer() for k in ("min", "max"))
    return pointed or (column.meaning == "number" and whole)


def _step(reading: Reading) -> str | None:
    for step, said in lexicon("series")["step_of_counts"].items():
        if reading.has(said):
            return str(step)
    reach = re.fullmatch(r"(\d+(?:\.\d+)?)([dh])", horizon_of(reading, hourly=False) or "")
    if reach is None:
        return None
    days = float(reach[1]) / (24 if reach[2] == "h" else 1)
    return next((step for most, step in STEPS_OF_REACH if days <= most), "month")
