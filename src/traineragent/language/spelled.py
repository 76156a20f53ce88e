"""How a column's name is spelled, as evidence that it is meant: its unit, a number in it, what it is short for.

Knows names and units; nothing of values.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .abbreviations import glued_in, initials_of, pieced_from
from .alike import numberless
from .columns import COMMON, Columns, Regions, written_out
from .conventions import known_before
from .dimensions import kind_of_unit, unit_in_name
from .evidence import Evidence
from .moments import part_of_moment
from .reading import Reading
from .unit_words import Unit, unit_of, units_asked
from .words import fold

_CODE = 3  # letters of a unit's code: eur, kwh
REACHED = 0.5  # of the weight of a goal, from which on a word belongs to it


def by_unit(evidence: Evidence, columns: Columns) -> None:
    """Its name ends in the unit that the answer is asked for in: "how many kilos", "in days"."""
    name = columns.names[evidence.column.name]
    own = (unit_in_name(name) or _called_a_unit(name)) if evidence.column.meaning == "number" else None
    if own and own in units_asked(columns.reading):
        evidence.add(2.0, f"it is in {own[1]}, the unit that the request asks for", spoken=True)


def _called_a_unit(name: str) -> Unit | None:
    """The unit that is the whole name: kg; a minute is as often one of the clock."""
    own = unit_of(name)
    return own if own and own[0] != "time" else None


def by_unit_of_errors(evidence: Evidence, columns: Columns, errors: Collection[str], told: bool) -> None:
    """It is in a unit of the kind that errors are told in, or of another: "within 500 grams" is told of no hours; least
    of all where another column is in such a unit (`told`)."""
    own = kind_of_unit(columns.names[evidence.column.name], evidence.column) if errors else None
    if own in errors:
        points = 1.2 if own == "time" else 2.0  # times are told of more than errors
        evidence.add(points, "errors are told in such units", spoken=True)
    elif own:
        spoken = -3.0 if told else -1.0
        evidence.add(spoken if evidence.spoken else -6.0, "")


def by_unit_of_ideas(evidence: Evidence, columns: Columns, ideas: Mapping[str, float]) -> None:
    """It is in a unit of what is asked for, as a time where it is how long; or in one of something else. `ideas`: kinds
    of units with the weight of what is told in them."""
    name = columns.names[evidence.column.name]
    alone = sum(weight for kind, weight in ideas.items() if name in codes_of(kind))
    number = evidence.column.meaning == "number"  # a hall is "Saal", and a year in Hindi
    if alone and number and not part_of_moment(evidence.column):
        evidence.add(2 * alone, "it is called after the unit of what is asked for", spoken=True)
        return
    own = _wide_kind(name, ideas) or kind_of_unit(name, evidence.column)
    own = "energy" if own == "power" and "energy" in ideas else own  # how much is drawn, in kW
    if weight := ideas.get(own or "", 0.0):
        evidence.add(weight, f"it is in a unit of {own}, as what is asked for", spoken=True)
    elif own and not evidence.spoken:
        evidence.add(-max(ideas.values(), default=0.0), "")


def _wide_kind(name: str, kinds: Iterable[str]) -> str | None:
    """The kind whose unit ends a name in a script without spaces: "完赛分钟"."""
    if name.isascii():
        return None
    wide = {k: tuple(c for c in codes_of(k) if len(c) > 1 and not c.isascii()) for k in kinds}
    return next((kind for kind, codes in wide.items() if name.endswith(codes)), None)


def by_number_in_name(evidence: Evidence, columns: Columns) -> None:
    """Of columns that are called alike but for a number, it is the one whose number is said: "after 28 days"."""
    name = columns.names[evidence.column.name]
    kind = numberless(name)
    twins = kind != name and columns.numbered[kind] > 1
    times = [q for q in columns.reading.quantities if q.kind == "time" and q.noun != "ahead"]
    if evidence.spoken and not twins and not known_before(name):
        for number, unit in re.findall(r"(\d+) ([a-z]+)", name):
            size = lexicon("units")["time"].get((unit_of(unit) or ("", ""))[1])
            if size and any(abs(q.value - float(number) * float(size[0])) < 1 for q in times):
                evidence.add(1.5, f"its {number} {unit} are said")
    for number, unit in re.findall(r"(\d+) ([a-z])", name) if twins else ():
        if re.search(rf"(?<![\w.]){number}[\s-]?{unit}[a-z]*(?!\w)", columns.reading.text.plain):
            evidence.add(2.0, f"its number {number} is said", spoken=True)


def by_initials(evidence: Evidence, columns: Columns, regions: Regions) -> None:
    """A piece of its name is made of the first letters of what is asked for: "final gravity" beside fg_plato."""
    words = [(w, start) for w, start, _ in columns.reading.text.tokens]
    for token in columns.names[evidence.column.name].split():
        if token in COMMON or token in unit_codes() or written_out(token):
            continue
        if any(regions.weight(start) >= 1 for start in initials_of(token, words)):
            evidence.add(2.0, f"{token!r} is short for words of the request", spoken=True)
            return


def by_short_name(evidence: Evidence, columns: Columns, regions: Regions) -> None:
    """Its name is short for words of the request, or glued to one: "medv" for the median value, "wfood" for food."""
    tokens = columns.names[evidence.column.name].split()
    goal = [w for w, start, _ in columns.reading.text.tokens if w not in COMMON and regions.weight(start) >= REACHED]
    own = {t for name in columns.names.values() for t in name.split()}
    if len(tokens) != 1 or not tokens[0].isascii():
        return
    if word := glued_in(tokens[0], [w for w in goal if w not in own]):
        points = 0.8 if word in _measures() else 2.0  # "tbilrate" is one of many rates
        evidence.add(points, f"its name holds {word!r}, which the request says", spoken=True)
    elif words := pieced_from(tokens[0], goal):
        evidence.add(2.0, f"its name is short for {' '.join(words)!r}", spoken=True)


@once_per_overlay
def _measures() -> frozenset[str]:
    """Words for how a thing is measured, which say nothing about the thing: rate, level, price."""
    return frozenset(fold(w) for w in lexicon("series")["not_additive"])


@once_per_overlay
def unit_codes() -> frozenset[str]:
    """Short spellings of units, as they end a column's name; "min" is as often the least value."""
    kinds = ("money", "mass", "length", "energy", "power", "time")
    return frozenset(s for kind in kinds for s in codes_of(kind) if len(s) <= _CODE) - {"min"}


@once_per_overlay
def codes_of(kind: str) -> frozenset[str]:
    """Spellings of the units of a kind as they end a column's name."""
    rows = lexicon("units").get(kind, {}).values()
    return frozenset(str(s) for row in rows for s in row[1:])


def symbol(piece: str, reading: Reading) -> str:
    """A piece of two letters where the words hold it as a symbol, with a capital letter: "estimate Ra", "the pH"; else
    ""."""
    if len(piece) != len("Ra") or not piece.isalpha() or piece in COMMON or piece in _NO_SYMBOLS:
        return ""
    found = [(a, b) for word, a, b in reading.text.tokens if word == piece]
    written = [reading.quote(span) for span in found if span[0] != reading.text.sentence_of(span[0])[0]]
    return piece if any(_SYMBOL.fullmatch(w) for w in written) else ""


_SYMBOL = re.compile(r"[A-Z][a-z]|[a-z][A-Z]")
_NO_SYMBOLS = frozenset({"mr", "ms", "dr", "st", "nr", "no", "id", "kg", "km", "hz", "db", "kb", "mb", "gb"})
