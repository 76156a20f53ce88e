"""Which columns of yes and no are labels of one question ("which of these does it show? may be several").

Sees profiles only. How they become one column is settled elsewhere (`data.labels`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.data import ColumnProfile
from .columns import Columns
from .positive import says_yes_or_no
from .reading import Reading
from .series import listed_together
from .transliteration import in_words_of

FEWEST_LISTED = 3
"""Columns in one list that are labels although no word says that a row may have several."""


def flag_columns(reading: Reading, profiles: Sequence[ColumnProfile]) -> tuple[str, ...]:
    """Columns of yes and no that are asked for together: those named in the goal; all of them where the words say that
    several may hold and nothing else in the table could be the answer. Empty where one column is meant."""
    flags = [c.name for c in profiles if says_yes_or_no(c)]
    if len(flags) < 2:
        return ()
    reading = in_words_of(reading, profiles)
    several = reading.said("tasks", "several_labels")
    listed = listed_together(Columns(reading, profiles), flags)
    if len(listed) >= (2 if several else FEWEST_LISTED):
        return tuple(name for name in flags if name in listed)
    rest = [c for c in profiles if c.name not in flags and c.meaning not in ("id", "text", "date", "constant", "empty")]
    return tuple(flags) if several and not listed and not rest else ()
