"""What kind of unit the answers are in: "off by 500 grams" is told of a mass, and of no duration.

Knows the table of units and names of columns; nothing of limits.
"""

from __future__ import annotations

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .quantities import physical_kinds
from .reading import Reading
from .unit_words import unit_of


def kind_of_unit(words: str, column: ColumnProfile) -> str | None:
    """The kind of the unit that ends the words of a column's name, behind what is measured: "leftover kg" is a mass."""
    *before, last = words.split() or [""]
    found = unit_of(last) if before and column.meaning == "number" else None
    return found[0] if found else None


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
