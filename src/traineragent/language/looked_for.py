"""Limits told of the very case that is looked for, or of every class: "17 of 20 cancellations", "no alloy below 90 %".

What the case and the classes are called comes from the target's name and labels. Knows no metrics by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .phrases import in_languages, matches
from .polarity import pole_pairs, side_in
from .positive import says_no, says_yes
from .reading import Reading, Span
from .words import fold, name_tokens

_PREFIX = 5  # letters that words of one root share
_TWO = 2
_COUNTED = 3  # words in which a class is named behind "none": "none of the four causes"
_LEAST = 4  # letters of a word that says something
_NEAR = 34  # characters behind a share in which it is said of what
_GOOD = {"any": ("{good}",)}
_RIGHT_ANSWERS = {"any": ("{right_answers}",)}
_GENERAL = ("status", "active", "outcome", "result", "event", "target", "label")
_KINDS = {"any": ("{no} {class}", "{worst} {class}", "{worst} of [the|our] [<number>] {class}", "{per_class} {class}")}
_OF = re.compile(r"\W*(?:[^\W\d]+\s+){0,2}?(?:of|from|for|per|von|aus|je|pro|de|par|por|di)?\s*$")
"""Between how many there are and of which kinds: "300 pictures of each kind"."""
_OF_THE = re.compile(r"\s?(?:(?:one|single|einzige[rns]?)\s){0,2}(?:[^\W\d]{1,6}['\s]){0,2}")
"""Between "none" and how many there are: "of the", "der", "d'entre les"."""
_QUANTIFIED = {"any": ("{no}", "{worst}", "{per_class}")}


@dataclass(frozen=True)
class Sought:
    """What the case looked for is called. `roots`: beginnings of words of the target's name and label; `own`: those of
    them that mean it alone, `other`: that mean its opposite; `events`: phrases for what happens to it; `plus`, `minus`:
    phrases of that side and of the opposite one; `label`: it, where it is known; `classes`: how many there are."""

    roots: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    label: str = ""
    classes: int = 0

    def sign(self, reading: Reading, text: str) -> int:
        """1 where the words speak of the case, -1 where they speak of its opposite, 0 where of neither."""
        if not text.strip():
            return 0
        if (at := self._label_in(text)) is not None:
            return _turned(reading, text, at)
        if (at := _at(text, self.own)) is not None:
            return _turned(reading, text, at)
        if (at := _at(text, self.other)) is not None:
            return -_turned(reading, text, at)
        for phrases, sign in ((self.plus, 1), (self.minus, -1), (self.events, 1)):
            if found := matches(phrases, text):
                return sign * _turned(reading, text, found[0].start())
        if (at := _at(text, self._doers)) is not None:
            return _turned(reading, text, at)
        if found := matches(in_languages(lexicon("labels")["case"], reading.languages), text):
            return _turned(reading, text, found[0].start())
        return -1 if matches(in_languages(_GOOD, reading.languages), text) else 0

    def _label_in(self, text: str) -> int | None:
        """Where the label itself stands that is looked for: "of the real sev1s"."""
        label = fold(self.label).strip()
        if len(label) < 2 or says_yes(label) or says_no(label) or label.isdigit():
            return None
        found = re.search(rf"(?<!\w){re.escape(label)}s?(?!\w)", text)
        return found.start() if found else None

    @cached_property
    def _doers(self) -> tuple[str, ...]:
        """Beginnings of words for who does it, with their endings: "leavers" from "leave"."""
        words = {w for phrase in (*self.plus, *self.events) for w in re.findall(r"(?<![a-z])[a-z]{4,}", phrase)}
        return tuple({f"{w.removesuffix('e')}er" for w in words})


def _turned(reading: Reading, text: str, position: int) -> int:
    """-1 where a negation stands right before a place, else 1: "machines that don't fail"."""
    denied = matches(in_languages(lexicon("poles")["negation"], reading.languages), text, 0, position)
    return -1 if any(len(text[m.end() : position].split()) <= 1 for m in denied) else 1


def sought(profile: ColumnProfile | None, positive: str | None, languages: Sequence[str]) -> Sought:
    """What the case looked for may be called in these languages."""
    if profile is None:
        return Sought()
    label = positive or ""
    denied = says_no(label)  # the case of "survived" is a no: who died
    own = _roots(label) or (() if denied else _roots(profile.name))
    other = _roots(profile.name) if denied else _of_the_other(profile, label, own)
    pairs = [
        (pair, sign)
        for pair in pole_pairs()
        if (sign := side_in(pair, label) or (-1 if denied else 1) * side_in(pair, profile.name))
    ]
    plus = tuple(str(p) for pair, sign in pairs for p in pair["plus" if sign > 0 else "minus"])
    minus = tuple(str(p) for pair, sign in pairs for p in pair["minus" if sign > 0 else "plus"])
    named = " ".join(name_tokens(f"{profile.name} {label}"))
    books = [b for b in lexicon("concepts").values() if b["kind"] == "flag" and matches(_telling(b), named)]
    events = () if denied else tuple(p for b in books for p in in_languages(b["said"], languages))
    return Sought(_roots(f"{profile.name} {label}"), own, other, events, plus, minus, label, profile.distinct)


def _of_the_other(profile: ColumnProfile, label: str, own: Sequence[str]) -> tuple[str, ...]:
    """Beginnings of words of the other of two labels, where it is a name of its own: "whole" beside "cracked"."""
    others = [v for v, _ in profile.top if v != label]
    if not label or len(profile.top) != _TWO or says_no(others[0]) or says_yes(others[0]):
        return ()
    return tuple(r for r in _roots(others[0]) if not r.startswith(tuple(own)) and not any(o.startswith(r) for o in own))


def _telling(book: Mapping[str, Any]) -> list[str]:
    """How columns of a concept are called, by words that no other column would have."""
    return [str(p) for p in book["column"] if str(p) not in _GENERAL]


def _roots(text: str) -> tuple[str, ...]:
    """Beginnings of the words of a name, by which others of one family may go."""
    words = list(name_tokens(text))
    words += [re.sub(r"([aou])e", r"\1", w) for w in words]  # "zu_spaet" stands for "zu spät"
    return tuple(dict.fromkeys(w[:_PREFIX] for w in words if len(w) >= _LEAST and not w.isdigit()))


def of_answers(reading: Reading, end: int) -> bool:
    """Whether a share that ends at `end` is one of right answers, and so of no class: "90 % de bonnes réponses"."""
    stop = min(reading.text.clause_of(max(0, end - 1))[1], end + _NEAR)
    return reading.has(_RIGHT_ANSWERS, (end, stop))


def of_the_case(reading: Reading, noun: str, end: int, roots: Sequence[str]) -> bool:
    """Whether a share that ends at `end` is one of the cases looked for: "four fifths of the failures"."""
    if of_answers(reading, end):
        return False
    stop = min(reading.text.clause_of(max(0, end - 1))[1], end + _NEAR)
    called = reading.where("populations", "called", (end, stop))  # "1 in 50 may be called cracked" is told of others
    stop = min([stop, *(a for a, _ in called)])
    return _speaks(f"{noun} {reading.text.plain[end:stop]}", roots)


def of_every_class(reading: Reading, sentence: Span, case: Sought, by_kind: bool = False) -> bool:
    """Whether a sentence is about each class, called by the target's name: "no alloy", "kein Fehlertyp"; by how many
    there are: "none of the four"; or, `by_kind`, by a word for classes: "each kind has to be recognised"."""
    if by_kind and any(not _counted_of(reading, m.span()) for m in reading.find(_KINDS, sentence)):
        return True
    roots, endings = case.roots, tuple(lexicon("groups")["class_endings"])
    for match in reading.find(_QUANTIFIED, sentence):
        if _so_many(reading, match.end(), case.classes):
            return True
        following = re.findall(r"[^\W\d]+", reading.text.plain[match.end() : sentence[1]])[:_COUNTED]
        if any(_speaks(word, roots) or word.endswith(endings) for word in following):
            return True
    return False


def _so_many(reading: Reading, position: int, classes: int) -> bool:
    """Whether as many as there are classes are spoken of right here: "of the four", "der vier"."""
    told = (q for q in reading.quantities if q.kind == "number" and q.value == classes and q.start >= position)
    return any(_OF_THE.fullmatch(reading.text.plain, position, q.start) for q in told)


def _counted_of(reading: Reading, kinds: Span) -> bool:
    """Whether it is only said how many there are of each kind."""
    start = reading.text.clause_of(kinds[0])[0]
    numbers = [q for q in reading.quantities if q.kind == "number" and start <= q.start and q.end <= kinds[0]]
    return any(_OF.fullmatch(reading.text.plain, q.end, kinds[0]) for q in numbers[-1:])


def _speaks(text: str, roots: Sequence[str]) -> bool:
    return _at(text, roots) is not None


def _at(text: str, roots: Sequence[str]) -> int | None:
    """Where a word stands that begins so."""
    words = re.finditer(r"[^\W\d_]+", text)
    return next((m.start() for m in words if m.group().startswith(tuple(roots))), None)
