"""Whether the words ask yes or no about a number ("does it cost more than 100?"), and where the line lies.

Sees profiles only. How the column becomes an answer of yes and no is settled elsewhere (`data.thresholds`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..domain.data import ColumnProfile, Cut
from .columns import Columns, Mention, Regions
from .converting import in_unit_of
from .metrics import find_metrics
from .moments import holds_years
from .quantities import Quantity
from .reading import Reading, Span
from .requirements import find_limits
from .targets import rank_targets
from .transliteration import in_words_of

SIDES = (("at_most", "<="), ("at_least", ">="), ("above", ">"), ("below", "<"))
"""Longer phrases first: "no more than 5" holds "more than 5"."""
FEWEST_VALUES = 10  # of a column, to be an amount
_KINDS = ("number", "money", "measure", "time")


def cut_asked(reading: Reading, profiles: Sequence[ColumnProfile], target: str | None = None) -> Cut | None:
    """The column and the line that a question of yes or no is about; None where an amount, a class or anything else is
    asked for, or where the words leave open what is compared."""
    reading = in_words_of(reading, profiles)
    found = None if reading.said("tasks", "as_number") else _compared(reading)
    if found is None:
        return None
    side, span, quantity = found
    _, end = reading.text.sentence_of(span[0])
    if not reading.said("thresholds", "question") and not re.match(r"\s*[?？]", reading.text.plain[end - 1 : end + 2]):
        return None
    columns = Columns(reading, profiles)
    column = columns.get(target) if target else _asked_about(columns)
    if column is None or column.meaning != "number" or column.distinct <= FEWEST_VALUES or holds_years(column):
        return None
    if _of_another(columns, column.name, span):
        return None
    value = in_unit_of(quantity, column.name)
    low, high = column.stats.get("min"), column.stats.get("max")
    if low is None or high is None or not float(low) < value < float(high):
        return None
    return Cut(column.name, side, value, reading.quote(span))


def _compared(reading: Reading) -> tuple[str, Span, Quantity] | None:
    """The one comparison with an amount that limits neither a metric nor the service; None where there is not one."""
    namings = find_metrics(reading)
    used = {
        (x.quantity.start, x.quantity.end)
        for task in ("classification", "regression")
        for x in find_limits(reading, namings, task)
    }
    found: dict[Span, tuple[str, Span, Quantity]] = {}
    for key, side in SIDES:
        for start, end in reading.where("thresholds", key):
            quantity = next((q for q in reading.quantities if start <= q.start and q.end <= end), None)
            if quantity is None or quantity.kind not in _KINDS or (quantity.start, quantity.end) in used:
                continue
            found.setdefault((quantity.start, quantity.end), (side, (start, end), quantity))
    return next(iter(found.values())) if len(found) == 1 else None


def _asked_about(columns: Columns) -> ColumnProfile | None:
    """The column that the words ask about, if something in them speaks of it."""
    best = next(iter(rank_targets(columns, Regions(columns.reading, columns.mentions, ()), None)), None)
    return columns.get(best.column) if best is not None and (best.pointed or best.spoken) else None


def _of_another(columns: Columns, name: str, span: Span) -> bool:
    """Whether another column is named right before what is compared, or behind it in the sentence: "will people with
    age over 60 tip?"."""
    clause, sentence = (f(span[0]) for f in (columns.reading.text.clause_of, columns.reading.text.sentence_of))
    before: list[Mention] = [m for m in columns.mentions if clause[0] <= m.start < span[0]]
    if any(span[1] <= m.start < sentence[1] and m.column != name for m in columns.mentions):
        return True
    return bool(before) and max(before, key=lambda m: m.end).column != name
