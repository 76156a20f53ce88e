"""Kinds of models that the words ask for or refuse: "with a random forest", "no neural networks". It knows what
people call them and where a name only speaks of a model that there is; nothing of training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..knowledge.lexicons import lexicon
from .phrases import in_languages, matches
from .reading import Reading, Span

REACH = 40  # characters before or behind a name in which a word may ask for it
WANTED, REFUSED = "model:", "not_model:"


@dataclass(frozen=True)
class AskedModels:
    """Names of kinds in the lexicon; `absent` are those asked for of which there is no family here."""

    wanted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()

    @property
    def constraints(self) -> tuple[str, ...]:
        return (*(WANTED + n for n in self.wanted), *(REFUSED + n for n in self.refused))


def find_models(reading: Reading) -> AskedModels:
    """What is asked for and what is refused; a kind that is both is refused."""
    wanted: list[str] = []
    refused: list[str] = []
    spans: list[Span] = []
    for name, start, stop in _names(reading):
        how = _how(reading, (start, stop))
        if how:
            (wanted if how == WANTED else refused).append(name)
            spans.append((start, stop))
    kinds = lexicon("models")["kinds"]
    asked = [n for n in dict.fromkeys(wanted) if n not in refused]
    return AskedModels(
        tuple(n for n in asked if kinds[n]["families"]),
        tuple(n for n in dict.fromkeys(refused) if kinds[n]["families"]),
        tuple(n for n in asked if not kinds[n]["families"]),
        tuple(spans),
    )


def told(constraint: str) -> str:
    """A wish in words: "random forest is asked for", "neural network is ruled out"."""
    kinds = lexicon("models")["kinds"]
    for kind, words in ((WANTED, "is asked for"), (REFUSED, "is ruled out")):
        name = constraint.removeprefix(kind)
        if name != constraint and name in kinds:
            return f"{kinds[name]['title']} {words}"
    return f"{constraint.replace('_', ' ')} is asked for"


def still_asked(constraints: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """The earlier constraints but those on kinds of models that new ones replace: a kind asked for now takes the place
    of those asked for before, and what is asked for is refused no longer."""
    chosen = {c.removeprefix(WANTED) for c in new if c.startswith(WANTED)}
    refused = {c.removeprefix(REFUSED) for c in new if c.startswith(REFUSED)}
    gone = {REFUSED + n for n in chosen} | {WANTED + n for n in refused}
    return tuple(c for c in constraints if c not in gone and not (chosen and c.startswith(WANTED)))


def _names(reading: Reading) -> Iterator[tuple[str, int, int]]:
    """Every kind named, longest first where two overlap: "convolutional neural network" is no other network."""
    kinds = lexicon("models")["kinds"].items()
    found = [(name, *match.span()) for name, kind in kinds for match in reading.find(kind["said"])]
    found += [
        (name, *match.span())
        for name, kind in kinds
        for match in reading.find(kind.get("ordinary", {}))
        if _speaks_of_learning(reading, match.start())
    ]
    taken: list[Span] = []
    for name, start, stop in sorted(found, key=lambda f: (f[1] - f[2], f[1])):
        if not any(a < stop and start < b for a, b in taken):
            taken.append((start, stop))
            yield name, start, stop


def _speaks_of_learning(reading: Reading, start: int) -> bool:
    """Whether a word that has another meaning, too, is a kind of model here: "use a transformer", "train a CNN", but
    not "which transformer burns out"."""
    around = lexicon("models")["around"]
    return _leads(reading, around["takes"], start) or reading.has(around["learning"], reading.text.sentence_of(start))


def _how(reading: Reading, span: Span) -> str:
    """WANTED, REFUSED, or "" for a name that only tells of something."""
    around = lexicon("models")["around"]
    clause = reading.text.clause_of(span[0])
    if _leads(reading, around["refuses"], span[0]) or _follows(reading, around["refused_behind"], span[1]):
        return REFUSED
    if reading.has(around["speaks_of"], clause):
        return ""
    if _leads(reading, around["asks"], span[0]) or _follows(reading, around["behind"], span[1]):
        return WANTED
    return ""


def _leads(reading: Reading, table: Mapping[str, Any], start: int) -> bool:
    """Whether such a word stands before, with nothing but articles and the like between."""
    between = lexicon("models")["around"]["between"]
    first = max(reading.text.sentence_of(start)[0], start - REACH)
    for found in reading.find(table, (first, start)):
        gap = reading.masked[found.end() : start]
        covered = matches(in_languages(between, reading.languages), gap)
        if not "".join(c for i, c in enumerate(gap) if not any(m.start() <= i < m.end() for m in covered)).strip(" '-"):
            return True
    return False


def _follows(reading: Reading, table: Mapping[str, Any], stop: int) -> bool:
    return any(not reading.masked[stop : m.start()].strip(" ,-") for m in reading.find(table, (stop, stop + REACH)))
