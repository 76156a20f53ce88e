"""What kind of unit the answers are in: "off by 500 grams" is told of a mass, and of no duration.

Knows the table of units and names of columns; nothing of limits.
"""

from __future__ import annotations

import re

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .quantities import physical_kinds
from .reading import Reading
from .unit_words import Unit, unit_of


def kind_of_unit(words: str, column: ColumnProfile) -> str | None:
    """The kind of the unit in the words of a column's name: "leftover kg" is a mass, "days to fill" a time."""
    if column.meaning != "number":
        return None
    found = unit_of(str(column.stats.get("unit", ""))) or unit_in_name(words)
    return found[0] if found else None


def unit_in_name(words: str) -> Unit | None:
    """The unit that ends a name, behind what is measured, or that opens it: "leftover kg", "days to fill"."""
    tokens = words.split()
    if len(tokens) > 1 and not _OF_ONE.fullmatch(tokens[-2]) and (found := unit_of(tokens[-1])):
        return found
    return unit_of(tokens[0]) if len(tokens) > 2 and tokens[1] in _OPENED_BY else None


_OF_ONE = re.compile(
    r"per|pro|par|por|each|every|next|last|this|past|prev(?:ious)?|first|same|current|nachst\w*|letzt\w*|prochain\w*|"
    r"dernier\w*|proxim\w*|ultim\w*|\d+"
)
"""What stands before units that something is counted for: "crimp per cm" is a rate, "spend next month" no time."""
_OPENED_BY = frozenset({"to", "until", "till", "of", "in", "on", "bis", "de", "jusqu", "hasta", "para", "ate", "fino"})
"""What stands between a unit that opens a name and what is measured in it."""


def kinds_of_errors(reading: Reading) -> frozenset[str]:
    """Kinds of the units that errors of the answers are told in."""
    units = lexicon("units")
    found = set()
    for q in reading.quantities:
        if q.kind not in ("time", "money", "measure"):
            continue
        if not reading.said("service", "deviation", reading.text.clause_of(q.start)):
            continue
        found |= {k for k in physical_kinds() if q.unit in units[k]} if q.kind == "measure" else {q.kind}
    return frozenset(found)
