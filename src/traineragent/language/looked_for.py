"""Limits told of the very case that is looked for, or of every class: "17 of 20 cancellations", "no alloy below 90 %".

What the case and the classes are called comes from the target's name and labels. Knows no metrics by name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .reading import Reading, Span
from .words import name_tokens

_PREFIX = 5  # letters that words of one root share
_LEAST = 4  # letters of a word that says something
_NEAR = 34  # characters behind a share in which it is said of what
_QUANTIFIED = {"any": ("{no}", "{worst}", "{per_class}")}


def roots_of(profile: ColumnProfile | None, positive: str | None) -> tuple[str, ...]:
    """Beginnings of the words by which the case looked for may go: those of the target's name and of its label."""
    if profile is None:
        return ()
    words = [w for text in (profile.name, positive or "") for w in name_tokens(text)]
    words += [re.sub(r"([aou])e", r"\1", w) for w in words]  # "zu_spaet" stands for "zu spät"
    return tuple(dict.fromkeys(w[:_PREFIX] for w in words if len(w) >= _LEAST and not w.isdigit()))


def of_the_case(reading: Reading, noun: str, end: int, roots: Sequence[str]) -> bool:
    """Whether a share that ends at `end` is one of the cases looked for: "four fifths of the failures"."""
    stop = min(reading.text.clause_of(max(0, end - 1))[1], end + _NEAR)
    return _speaks(f"{noun} {reading.text.plain[end:stop]}", roots)


def of_every_class(reading: Reading, sentence: Span, roots: Sequence[str]) -> bool:
    """Whether a sentence is about each class, called by the target's name: "no alloy", "kein Fehlertyp"."""
    endings = tuple(lexicon("groups")["class_endings"])
    for match in reading.find(_QUANTIFIED, sentence):
        following = re.match(r"\W*([^\W\d]+)", reading.text.plain[match.end() : sentence[1]])
        if following and (_speaks(following[1], roots) or following[1].endswith(endings)):
            return True
    return False


def _speaks(text: str, roots: Sequence[str]) -> bool:
    words = re.findall(r"[^\W\d_]+", text)
    return any(word.startswith(root) for word in words for root in roots)
