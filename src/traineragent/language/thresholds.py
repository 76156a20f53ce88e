"""Whether the words ask yes or no about a number ("does it cost more than 100?"), and where the line lies.

Sees profiles only. How the column becomes an answer of yes and no is settled elsewhere (`data.thresholds`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from ..domain.data import ColumnProfile, Cut
from .answers import fits
from .columns import Columns, Mention, Regions
from .converting import in_unit_of, with_unit
from .dimensions import unit_in_name
from .ideas import COUNT, called
from .metrics import find_metrics
from .moments import holds_years
from .phrases import matches
from .quantities import Quantity
from .reading import Reading, Span
from .requirements import find_limits
from .targets import rank_targets
from .transliteration import in_words_of
from .unit_words import unit_of

SIDES = (("at_most", "<="), ("at_least", ">="), ("above", ">"), ("below", "<"))
"""Longer phrases first: "no more than 5" holds "more than 5"."""
FEWEST_VALUES = 2  # of a column that a line can be drawn through: more than these
LEAD = 0.5  # points by which a column leads the next one that could be cut
_SUBJECT = re.compile(
    r"\W*(?:which|who|whose|welche\w*|wer|quel(?:le)?s?|qui|que|quien(?:es)?|cuales|quais|quem|哪些|谁)"
)
_VERB = re.compile(
    r"\b(?:will|would|are|is|was|were|has|have|had|do|does|did|get|go|end|won't|werden|wird|sind|ist|haben|vont|va|sont|"
    r"van|va|son|seran|vao|vai|sao)\b|会|将|要"
)
"""Who is asked about, and what they are asked to do, with a comparison between them."""
_KINDS = ("number", "money", "measure", "time")


def cut_asked(reading: Reading, profiles: Sequence[ColumnProfile], target: str | None = None) -> Cut | None:
    """The column and the line that a question of yes or no is about; None where an amount, a class or anything else is
    asked for, or where the words leave open what is compared."""
    reading = in_words_of(reading, profiles)
    found = _compared(reading)
    if found is None or _asks_how_much(reading, found[1]):
        return None
    side, span, quantity = found
    start, end = reading.text.sentence_of(span[0])
    asked = reading.text.plain[start:end].rstrip().endswith(("?", "\uff1f"))
    if not (asked or reading.said("thresholds", "question")) or _restricts(reading, span):
        return None
    columns = Columns(reading, profiles)
    able = {c.name: value for c in profiles if (value := _line(c, quantity)) is not None}
    name = target or _asked_about(columns, able) or _counted(columns, quantity) or _measured(columns, able, quantity)
    if name not in able or _of_another(columns, name, span):
        return None
    return Cut(name, side, able[name], reading.quote(span))


def _asks_how_much(reading: Reading, compared: Span) -> bool:
    """Whether an amount is asked for, by other words than those that what is compared stands behind: "a quality of at
    least 7" asks for no amount."""
    return any(not 0 <= compared[0] - end <= 1 for _, end in reading.where("tasks", "as_number"))


def _restricts(reading: Reading, compared: Span) -> bool:
    """Whether the comparison only says which of them are asked about: "which loans over 5000 will default"."""
    start, end = reading.text.sentence_of(compared[0])
    before, behind = reading.text.plain[start : compared[0]], reading.text.plain[compared[1] : end]
    return bool(_SUBJECT.match(before) and _VERB.search(behind))


def _line(column: ColumnProfile, quantity: Quantity) -> float | None:
    """Where the line lies in the column's own unit; None for a column that it cannot cut."""
    if column.meaning != "number" or column.distinct <= FEWEST_VALUES or holds_years(column):
        return None
    value = in_unit_of(quantity, with_unit(column))
    low, high = column.stats.get("min"), column.stats.get("max")
    return value if low is not None and high is not None and float(low) < value < float(high) else None


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


def _asked_about(columns: Columns, able: Collection[str]) -> str | None:
    """The one of the columns `able` that the words ask about, if something in them speaks of it, and of no column of
    yes and no."""
    regions = Regions(columns.reading, columns.mentions, ())
    ranked = rank_targets(columns, regions, "amount")
    numbers = [c for c in ranked if c.column in able]
    if not numbers or _flags_spoken(columns, regions) or (ranked[0].pointed and ranked[0] is not numbers[0]):
        return None
    best, *rest = numbers
    alone = best.pointed or not rest or best.score - rest[0].score >= LEAD
    return best.column if (best.pointed or best.spoken) and alone else None


def _counted(columns: Columns, quantity: Quantity) -> str | None:
    """The one column of counts, where so many of something are asked about: "will more than 300 bikes be rented"."""
    behind = columns.reading.text.plain[quantity.end :]
    if quantity.kind != "number" or not re.match(r"\s[^\W\d]{3,}", behind):
        return None
    counts = [c.name for c in columns.columns if any(matches(called(COUNT), way) for way in columns.ways(c.name))]
    return counts[0] if len(counts) == 1 else None


def _measured(columns: Columns, able: Collection[str], quantity: Quantity) -> str | None:
    """The one column in the very unit of what is compared: "less than 20 kilos"; where no column of yes and no is
    spoken of."""
    if quantity.kind not in ("measure", "money") or _flags_spoken(
        columns, Regions(columns.reading, columns.mentions, ())
    ):
        return None
    units = {name: unit_in_name(columns.names[name]) or unit_of(columns.names[name]) for name in able}
    alike = [name for name, unit in units.items() if unit and unit[1] == quantity.unit]
    return alike[0] if len(alike) == 1 else None


def _flags_spoken(columns: Columns, regions: Regions) -> bool:
    flags = [c for c in rank_targets(columns, regions, "flag") if fits(columns.get(c.column), "flag")]
    return any(c.spoken for c in flags)


def _of_another(columns: Columns, name: str, span: Span) -> bool:
    """Whether another column is named right before what is compared, or behind it in the sentence: "will people with
    age over 60 tip?"."""
    clause, sentence = (f(span[0]) for f in (columns.reading.text.clause_of, columns.reading.text.sentence_of))
    before: list[Mention] = [m for m in columns.mentions if clause[0] <= m.start < span[0]]
    if any(span[1] <= m.start < sentence[1] and m.column != name for m in columns.mentions):
        return True
    return bool(before) and max(before, key=lambda m: m.end).column != name
