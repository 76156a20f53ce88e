"""Whether two words are of one family: "interact" and "interaction", "arrives" and "arrival".

Compares folded words by the root that they share and the endings that are left. Knows no sentences.
"""

from __future__ import annotations

import re

from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .words import INDIC, WIDE

LEAST_ROOT = 5  # letters that two words of one family share, at least
_SHORT_ROOT = 4  # letters of a word that is itself the root: "fail" of "failure"
_INDIC = re.compile(f"[{INDIC}]+")
_SHORT_WORD = 2  # signs of a word that has no ending to lose
_LONGEST_ENDING = 4  # letters of an ending outside English


@once_per_overlay
def akin(one: str, other: str, english: bool) -> bool:
    """Whether both words, folded, come from one root."""
    if one == other:
        return True
    if _INDIC.fullmatch(one) and _INDIC.fullmatch(other):
        return _inflected(one) == _inflected(other)
    if not (one.isascii() and other.isascii() and one.isalpha() and other.isalpha()):
        return False
    if not english:
        one, other = _bare(one), _bare(other)
    shared = _shared(one, other)
    rests = one[shared:], other[shared:]
    if english:
        endings = {"", *map(str, lexicon("endings")["en"])}
        least = _SHORT_ROOT if "" in rests else LEAST_ROOT
        return shared >= least and all(rest in endings for rest in rests)
    return shared >= LEAST_ROOT and all(len(rest) <= _LONGEST_ENDING for rest in rests)


def overlap(name: str, plain: str) -> float:
    """How much of a name in a script without spaces stands in the words, in pieces of two characters or more."""
    letters = "".join(re.findall(f"[{WIDE}]", name))
    return _covered(letters, plain) / len(letters) if letters else 0.0


def _covered(letters: str, plain: str) -> int:
    """Characters of the longest piece that stands in the words, and of those on either side of it."""
    for length in range(len(letters), 1, -1):
        for i in range(len(letters) - length + 1):
            if letters[i : i + length] in plain:
                return _covered(letters[:i], plain) + length + _covered(letters[i + length :], plain)
    return 0


def _bare(word: str) -> str:
    """Without the sign of the German participle, "gekundigt" is of the family of "kundigen", and with the vowel that
    Spanish verbs have where they are not stressed: "renueva" is of "renovar"."""
    bare = word[2:] if word.startswith("ge") and len(word) > LEAST_ROOT + 3 else word
    return re.sub(r"(?<=[^\Waeioug])ue(?=[^aeiou])", "o", bare)


def _inflected(word: str) -> str:
    """A Hindi noun without the vowels by which it is inflected: "आटा" and "आटे" are the same flour."""
    return re.sub("(?:ियों|ियाँ|ियां|ाओं|ों|ें|ाँ|ां|ा|े|ी|ि|ो)$", "", word) if len(word) > _SHORT_WORD else word


def _shared(one: str, other: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
