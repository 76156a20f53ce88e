"""Amounts in the unit that the name of a column speaks of: 20 mbar of a column leak_bar are 0.02.

Knows the table of units and nothing of what is limited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .quantities import Quantity, physical_kinds
from .words import fold, name_tokens

_LONGEST = 3  # words of a name that one unit is written in: speed_mm_s, flow_m3_h


def in_unit_of(quantity: Quantity, column: str | None, value: float | None = None) -> float:
    """A time, a measure or an amount of money in the unit that the name of a column speaks of, else in the unit that
    was said; any other quantity as it is. `value`: another number in place of the quantity's own."""
    value = quantity.value if value is None else value
    table = _table_of(quantity)
    if not table or quantity.unit not in table:
        return value
    said = float(table[quantity.unit][0])
    number = value if quantity.kind == "measure" else value / said
    for code in _codes_in(column or ""):
        for name, (factor, *spellings) in table.items():
            if code == fold(name) or code in spellings:
                return round(number * said / float(factor), 12)
    return value if quantity.kind == "money" else number


def with_unit(column: ColumnProfile) -> str:
    """A column's name, with the unit behind it that its values are written in."""
    return f"{column.name} {column.stats['unit']}" if column.stats.get("unit") else column.name


def _table_of(quantity: Quantity) -> dict[str, list[Any]]:
    """The units of the kind that a quantity is of."""
    units = lexicon("units")
    if quantity.kind in ("time", "money"):
        return units[quantity.kind]  # type: ignore[no-any-return]
    kinds = physical_kinds() if quantity.kind == "measure" else ()
    return next((units[kind] for kind in kinds if quantity.unit in units[kind]), {})


def _codes_in(name: str) -> Iterator[str]:
    """What may be the code of a unit in a column's name, the last first: of "speed_mm_s" "mm/s", "mms", "s", "mm", …"""
    tokens = name_tokens(name)
    for end in range(len(tokens), 0, -1):
        for many in range(min(_LONGEST, end), 0, -1):
            tail = tokens[end - many : end]
            yield from ("/".join(tail), "".join(tail)) if many > 1 else tail
    wide = re.search(r"[^\W\d_a-z]+$", fold(name))
    if wide:  # "重量千克" ends in its unit
        yield from (wide.group()[at:] for at in range(len(wide.group())))
