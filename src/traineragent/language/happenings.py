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
from .evidence import Candidate
from .horizon import horizon_of
from .ideas import COUNT, called
from .phrases import matches
from .reading import Reading
from .series import key_columns
from .targets import rank_targets
from .transliteration import in_words_of

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
    reading = in_words_of(reading, profiles)
    columns = Columns(reading, profiles)
    regions = Regions(reading, columns.mentions, ())
    ranked = rank_targets(columns, regions, "amount")
    spoken = [c.column for c in ranked if c.pointed or c.spoken]
    if any(_holds_counts(columns, regions, c) for c in ranked if c.pointed or c.spoken):
        return None
    keys = key_columns(columns, None, rows)
    return Counting(_step(reading), tuple(k for k in keys if columns.get(k).meaning != "date"), tuple(spoken))


def _holds_counts(columns: Columns, regions: Regions, found: Candidate) -> bool:
    """Whether a column that is spoken of may hold the numbers: whole ones, or any where the words point at it. That a
    count is asked for speaks for columns called a count, not for all that could be counted: passengers of a ride."""
    column, name = columns.get(found.column), columns.names[found.column]
    whole = all(float(column.stats.get(k, 0.5)).is_integer() for k in ("min", "max", "median"))
    if found.pointed or not (column.meaning == "number" and whole):
        return found.pointed
    sentence = (0, len(columns.reading.text.plain))
    said = {m.column for m in columns.mentions} | {c for c, _ in columns.partial(sentence)}
    about = [c for c, book in regions.concepts.items() if book > 0 and c != COUNT and matches(called(c), name)]
    return found.column in said or bool(about) or bool(matches(lexicon("tasks")["count_names"], name))


def _step(reading: Reading) -> str | None:
    for step, said in lexicon("series")["step_of_counts"].items():
        if reading.has(said):
            return str(step)
    reach = re.fullmatch(r"(\d+(?:\.\d+)?)([dh])", horizon_of(reading, hourly=False) or "")
    if reach is None:
        return None
    days = float(reach[1]) / (24 if reach[2] == "h" else 1)
    return next((step for most, step in STEPS_OF_REACH if days <= most), "month")
