"""Is the event itself asked for, or its opposite: "who will not renew" wants the "no" of a column called Renewed.

Compares the side that the words take with the side that the column's name takes. Knows nothing of which label is yes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .phrases import matches
from .reading import Reading, Span
from .words import WIDE, name_tokens, stem

_NEGATED_NAME = re.compile(r"^(?:not|no|non|nicht|un|never)\b|\bnot\b|^(?:不|未)")
_BETWEEN = 2  # words between a negation and its verb, in languages other than English
_GOAL = 90  # characters in which a request that has said one side says the other about something else


@dataclass(frozen=True)
class Side:
    """What the words ask for: `sign` +1 for the event in `said`, -1 for its opposite."""

    sign: int
    said: str


def opposite_asked(reading: Reading, name: str) -> str | None:
    """The words that ask for the opposite of the event that a column is named after; None where they ask for it."""
    for pair in pole_pairs():
        own = side_in(pair, name)
        if own:
            side = _side(reading, [(pair["plus"], 1), (pair["minus"], -1)])
            return side.said if side and side.sign != own else None
    words = [stem(t) for t in name_tokens(name) if len(t) > 3 or re.search(f"[{WIDE}]", t)]
    side = _side_of_tokens(reading, set(words))
    own = -1 if _NEGATED_NAME.search(" ".join(name_tokens(name))) else 1
    return side.said if side and side.sign != own else None


def label_side(label: str, name: str) -> int:
    """The side that a label takes by itself: +1 for the event of the column's name, -1 for its opposite, 0 for none."""
    for pair in pole_pairs():
        own = side_in(pair, name)
        if own:
            return own * side_in(pair, label)
    return 0


def label_asked(reading: Reading, labels: Sequence[str]) -> tuple[str, str] | None:
    """(label, words) where two labels are opposites and the words take the side of one: "leave" of churned/retained."""
    for pair in pole_pairs():
        signs = {side_in(pair, label): label for label in labels}
        if set(signs) == {1, -1}:
            side = _side(reading, [(pair["plus"], 1), (pair["minus"], -1)])
            return (signs[side.sign], side.said) if side else None
    return None


@once_per_overlay
def pole_pairs() -> tuple[dict[str, Any], ...]:
    """Events and their opposites, each with phrases of both sides."""
    return tuple(lexicon("poles")["pairs"])


def side_in(pair: dict[str, Any], name: str) -> int:
    """The side of a column's name or label; a negation in it turns it round ("not_renewed")."""
    words = " ".join(name_tokens(name))
    plus, minus = (bool(matches(map(str, pair[key]), words)) for key in ("plus", "minus"))
    if plus == minus:
        return 0
    return (1 if plus else -1) * (-1 if _NEGATED_NAME.search(words) and not words.startswith("no show") else 1)


def _side(reading: Reading, books: list[tuple[Any, int]]) -> Side | None:
    found = [(m.span(), sign) for phrases, sign in books for m in matches(map(str, phrases), reading.masked)]
    return _first(reading, sorted(found))


def _side_of_tokens(reading: Reading, stems: set[str]) -> Side | None:
    found = [((a, b), 1) for word, a, b in reading.text.tokens if stem(word) in stems]
    return _first(reading, found)


def _first(reading: Reading, found: list[tuple[Span, int]]) -> Side | None:
    """The side taken first, unless the words near it take both sides."""
    sides = [_turned(reading, span, sign) for span, sign in found]
    if not sides:
        return None
    start = found[0][0][0]
    sentence = reading.text.sentence_of(start)
    near = {s.sign for s, (span, _) in zip(sides, found, strict=True) if span[0] < min(sentence[1], start + _GOAL)}
    if len({s.sign for s in sides}) == 2 and all(_beside_share(reading, span) for span, _ in found):
        return None  # "of 100 friendly lines one may be hidden, of 100 nasty ones get 80" asks for both
    return sides[0] if len(near) == 1 else None


def _beside_share(reading: Reading, span: Span) -> bool:
    start, end = reading.text.sentence_of(span[0])
    return any(q.kind == "share" and start <= q.start < end for q in reading.quantities)


def _turned(reading: Reading, span: Span, sign: int) -> Side:
    negation = _negation(reading, span)
    if negation is None:
        return Side(sign, reading.quote(span))
    return Side(-sign, reading.quote((min(span[0], negation[0]), max(span[1], negation[1]))))


def _negation(reading: Reading, verb: Span) -> Span | None:
    """Where the verb at this place is negated. Nothing but few words may stand between, and no mark of a pause."""
    sentence = reading.text.sentence_of(verb[0])
    void = reading.where("poles", "either", sentence)
    for start, end in reading.where("poles", "negation", (sentence[0], verb[0])):
        between = reading.masked[end : verb[0]]
        if not any(a <= start < b for a, b in void) and _joined(between, _words_between(reading)):
            return start, end
    for start, end in reading.where("poles", "negation_behind", (verb[1], sentence[1])):
        between = reading.masked[verb[1] : start]
        if not any(a <= start < b for a, b in void) and _joined(between, 1):
            return start, end
    return None


def _words_between(reading: Reading) -> int:
    return 0 if reading.languages[0] == "en" else _BETWEEN


def _joined(between: str, words: int) -> bool:
    if re.search(rf"[{WIDE}]", between):
        return len(between.strip()) <= 2
    return not re.search(r"[,.;:!?()]", between) and len(between.split()) <= words
