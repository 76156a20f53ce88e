"""Whether a short name stands for words of a request: "hwy" for the highway, "medv" for the median value, "wfood" for
food.

Compares folded letters. Knows no columns, and no sentences beyond the order of their words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

SHORTEST, LONGEST = 3, 5  # letters of a name that is pieced together from the beginnings of words
LEAST_INITIALS = 2  # letters of a name made of the first ones of words
LEAST_WORD = 4  # letters of a word that a name is glued to
MOST_GLUED = 4  # letters of a name that belong to none of its words
LONG_PIECE = 3  # letters of a piece from which on a word may be left out behind it: "medv" for the median house value
_CUT_OFF = 2  # letters of a word, at least, that its beginning leaves out
_CONSONANTS = re.compile(r"[b-df-hj-np-tv-z]{3,5}")


def short_for(token: str, word: str) -> bool:
    """Whether a token without vowels holds letters of a word in their order, its first and last among them."""
    return bool(_CONSONANTS.fullmatch(token)) and len(word) > len(token) and _skeleton(token, word)


def cut_from(token: str, word: str) -> bool:
    """Whether a token begins a longer word, or is its consonants: "recl" of reclamation, "nshw" of noshow."""
    begun = len(token) >= LEAST_WORD and word.startswith(token) and len(word) >= len(token) + _CUT_OFF
    return begun or short_for(token, word)


def initials_of(token: str, words: Sequence[tuple[str, int]]) -> frozenset[int]:
    """Where words stand, one behind another, that begin with the letters of a token: "fg" for the final gravity."""
    if not LEAST_INITIALS <= len(token) <= LONGEST or not token.isalpha() or not token.isascii():
        return frozenset()
    size = len(token)
    runs = (words[i : i + size] for i in range(len(words) - size + 1))
    return frozenset(
        start
        for run in runs
        if all(len(w) >= LEAST_WORD - 1 and w[0] == letter for (w, _), letter in zip(run, token, strict=True))
        for _, start in run[:1]
    )


def glued_in(name: str, words: Sequence[str]) -> str | None:
    """The word that a name of one piece holds beside a few letters more: "food" in "wfood", "bids" in "numbids"."""
    able = (w for w in words if len(w) >= LEAST_WORD and 0 < len(name) - len(w) <= MOST_GLUED)
    found = [w for w in able if name.startswith(w) or name.endswith(w) or (w in name and len(w) >= len(name) / 2)]
    return max(found, key=len) if found else None


def pieced_from(name: str, words: Sequence[str]) -> tuple[str, ...]:
    """The words, in their order, whose beginnings make up the name: "median", "value" for "medv"; empty without."""
    if not SHORTEST <= len(name) <= LONGEST or not name.isalpha():
        return ()
    return next((found for i in range(len(words)) if len(found := _pieces(name, words[i:])) > 1), ())


def _pieces(rest: str, words: Sequence[str]) -> tuple[str, ...]:
    """The words that `rest` is made of, the first one of `words` among them."""
    if not words or words[0][:1] != rest[0]:
        return ()
    for length in range(min(len(rest), len(words[0]) - 1), 0, -1):
        piece, behind = rest[:length], rest[length:]
        if not (words[0].startswith(piece) or _skeleton(piece, words[0])):
            continue
        if not behind:
            return (words[0],)
        for skipped in (1, 2) if length >= LONG_PIECE else (1,):
            if further := _pieces(behind, words[skipped:]):
                return (words[0], *further)
    return ()


def _skeleton(token: str, word: str) -> bool:
    letters, last = iter(word), (word[-1], word.removesuffix("s")[-1:])
    return token[0] == word[0] and token[-1] in last and all(letter in letters for letter in token)
