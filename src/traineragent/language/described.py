"""Columns that are told by what they hold instead of by their names: "where they live", "how old", "who did it".

Only columns whose names are of the kind that is told count. Knows nothing of what is to become of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..knowledge.lexicons import lexicon
from .columns import Columns
from .kinship import akin
from .moments import steps_of_time
from .phrases import matches
from .reading import Reading, Span
from .spelled import unit_codes

_TO_THE_MODEL = re.compile(
    r"[\s,'\"`]*(?:(?:it|them|the model|infos?|information|data|angaben?|wissen)[\s,]+"
    r"(?:(?:on|about|of|zu|sur|sobre)\s)?)?[\s,'\"`]*"
)
"""What may stand before who did it: "don't tell it who", "ohne Angabe, wer"."""
_FILLER = 5  # words of a clause that tells of nothing itself: "bleibt bitte außen vor"
_REACH = 110  # characters from an order to what it is about, at most


def described(columns: Columns, span: Span, alone: bool = True) -> list[str]:
    """The columns that hold what is told in a stretch of the words. `alone`: no column is named beside it."""
    out: list[str] = []
    for fact in lexicon("facts").values():
        if columns.reading.has(fact["said"], span):
            out += _told_apart(columns, span, _called_so(columns, _names_of(fact)))
    return list(dict.fromkeys([*out, *_called(columns, span, alone)]))


def described_behind(columns: Columns, at: int, stop: int, alone: bool = True) -> list[tuple[str, Span]]:
    """The columns told right behind a place, clause by clause as long as each tells of some. `alone`: nothing else
    is named there, so that a clause of few words may stand between."""
    clauses = [(max(a, at), b) for a, b in columns.reading.text.clauses if at < b and a < min(stop, at + _REACH)]
    return _in_turn(columns, clauses, alone)


def described_before(columns: Columns, at: int, start: int, alone: bool = True) -> list[tuple[str, Span]]:
    """The same right before a place."""
    least = max(start, at - _REACH)
    clauses = [(a, min(b, at)) for a, b in columns.reading.text.clauses if a < at and b > least]
    return _in_turn(columns, clauses[::-1], alone)


def left_out_words(reading: Reading) -> list[Span]:
    """Where a clause that leaves something out tells what: it asks for nothing there. Whoever leaves out people
    ("drop everyone with a foreign name") asks for what tells them apart."""
    out: list[Span] = []
    for clause in reading.text.clauses:
        before = [end for _, end in reading.where("exclusions", "before", clause)]
        after = [start for start, _ in reading.where("exclusions", "after", clause)]
        people = _people(reading, clause)
        using = [
            a for a, b in reading.where("exclusions", "use", clause) if not any(a < e and s < b for s, e in people)
        ]
        denied = bool(using) and reading.said("exclusions", "not", clause)
        if not (before or after or denied):
            continue
        told = [m.span() for fact in lexicon("facts").values() for m in reading.find(fact["said"], clause)]
        told = [(start, end) for start, end in told if not any(b <= start for _, b in people)]
        out += [
            (start, end)
            for start, end in told
            if denied or min(before, default=end) <= start or end <= max(after, default=start)
        ]
    return out


def _people(reading: Reading, clause: Span) -> list[Span]:
    """Where people are spoken of, and not something of theirs: "the pupil's surname" is a column."""
    plain = reading.text.plain
    return [(a, b) for a, b in reading.where("exclusions", "persons", clause) if plain[b : b + 1] not in ("'", "’")]


def who_is_told(reading: Reading, position: int) -> int | None:
    """Where a person is told by what she does, right behind a place: "don't use who signed it"."""
    told = reading.where("exclusions", "who", (position, position + 20))
    return next((start for start, _ in told if _TO_THE_MODEL.fullmatch(reading.masked[position:start])), None)


def doers(columns: Columns, span: Span) -> list[tuple[str, Span]]:
    """The column of persons who do what is said, or the only one of persons: "who wrote it" beside a column author."""
    able = _called_so(columns, map(str, lexicon("exclusions")["roles"]))
    found = _told_apart(columns, span, able)
    return [(found[0], span)] if len(found) == 1 else []


def _in_turn(columns: Columns, clauses: list[Span], alone: bool) -> list[tuple[str, Span]]:
    """What clauses tell of, up to the first that tells of nothing; one of few words may stand in front."""
    out: list[tuple[str, Span]] = []
    for nth, clause in enumerate(clauses):
        who = who_is_told(columns.reading, clause[0])
        found = [(name, clause) for name in described(columns, clause, alone)]
        if not found and (who is not None or columns.reading.said("exclusions", "who_anywhere", clause)):
            found = doers(columns, clause)
        if not found and (nth or not alone or len(columns.reading.masked[slice(*clause)].split()) > _FILLER):
            break
        out += found
    return out


def _names_of(fact: dict[str, list[str]]) -> list[str]:
    """How columns that hold it are called: by its own list, by those of ideas and of kinds of personal data."""
    names = [str(n) for n in fact["column"]]
    for concept in fact["concepts"]:
        names += [str(n) for n in lexicon("concepts")[concept]["column"]]
    for kind in fact["personal"]:
        names += [str(n) for n in lexicon("personal")["columns"][kind][1:]]
    return names


def _called_so(columns: Columns, names: Iterable[str]) -> list[str]:
    """Columns of which a name is one of these, with at most one word more."""
    phrases = list(names)
    return [
        c.name
        for c in columns.columns
        if c.meaning not in ("constant", "empty")
        and any(_most_of(m.group(), way) for way in columns.ways(c.name) for m in matches(phrases, way))
    ]


def _most_of(part: str, name: str) -> bool:
    """Whether a part of a name leaves at most one word of it, besides a unit: "tenure" of driver_tenure_years."""
    words = name.split()
    words = (
        words[:-1]
        if len(words) > 1 and words[-1] in unit_codes() | steps_of_time() and words[-1] not in part.split()
        else words
    )
    return len(words) - len(part.split()) <= 1


def _told_apart(columns: Columns, span: Span, able: list[str]) -> list[str]:
    """Those of several columns that share a word with what is said, or all: "how old the car is" beside two ages."""
    said = [w for w, start, _ in columns.reading.text.tokens if span[0] <= start < span[1]]
    return [n for n in able if any(akin(w, t, english=True) for w in said for t in columns.names[n].split())] or able


def _called(columns: Columns, span: Span, alone: bool) -> list[str]:
    """Columns that hold what is called otherwise here: "Postleitzahl" for a column plz. Beside a name "client" only
    says whose it is, and not their numbers."""
    out = []
    for kind, names in lexicon("personal")["columns"].items():
        if kind == "number" and not alone:
            continue
        words = [str(n) for n in names[1:]]
        if matches(words, columns.reading.masked, *span):
            held = [c.name for c in columns.columns if matches(words, columns.names[c.name])]
            out += held if len(held) == 1 else []
    return out
