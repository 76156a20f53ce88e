"""Which columns of yes and no are labels of one question ("which of these does it show? may be several").

Sees profiles only. How they become one column is settled elsewhere (`data.labels`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.data import ColumnProfile
from .columns import Columns, Regions, only_glue
from .exclusions import find_exclusions
from .positive import says_yes_or_no
from .reading import Reading

FEWEST_LISTED = 3
"""Columns in one list that are labels although no word says that a row may have several."""


def flag_columns(reading: Reading, profiles: Sequence[ColumnProfile]) -> tuple[str, ...]:
    """Columns of yes and no that are asked for together: those named in the goal; all of them where the words say that
    several may hold and nothing else in the table could be the answer. Empty where one column is meant."""
    flags = [c.name for c in profiles if says_yes_or_no(c)]
    if len(flags) < 2:
        return ()
    several = reading.said("tasks", "several_labels")
    listed = _listed(reading, profiles, flags)
    if len(listed) >= (2 if several else FEWEST_LISTED):
        return listed
    rest = [c for c in profiles if c.name not in flags and c.meaning not in ("id", "text", "date", "constant", "empty")]
    return tuple(flags) if several and not listed and not rest else ()


def _listed(reading: Reading, profiles: Sequence[ColumnProfile], flags: Sequence[str]) -> tuple[str, ...]:
    """The flags that stand in the longest list of the goal, in the order of the table."""
    columns = Columns(reading, profiles)
    regions = Regions(reading, columns.mentions, [e.span for e in find_exclusions(columns)])
    said = [
        m for m in columns.mentions if m.column in flags and not regions.given(m.start) and not regions.excluded(m.start)
    ]
    best: set[str] = set()
    for first in range(len(said)):
        run = [said[first]]
        for mention in said[first + 1 :]:
            if only_glue(reading, (run[-1].end, mention.start)):
                run.append(mention)
        best = max(best, {m.column for m in run}, key=len)
    return tuple(name for name in flags if name in best)
