"""Mends typing slips in a request, so that "predcit", "recal" and "forcast" find their words.

Only slips that rarely turn one good word into another: two letters swapped, a letter doubled or not, and one letter
too many or too few in longer words. Knows only the words of the lexicons.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .words import Text, fold

_SHORT, _LONG = 5, 7
_BOOKS = ("concepts", "metrics", "service", "tasks", "deployment", "wishes", "constraints", "costs", "exclusions")
_OTHERS = ("classes", "requirements", "populations", "groups", "horizon", "rows", "series", "poles", "models", "units")
"""Lexicons whose words are no slips, and which no slip is mended to."""
_GOOD_ENDINGS = ("s", "ed", "ing", "ly", "er", "ion")  # "stories" is no slip for "stores"
_VOWELS = "aeiou"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def mended(text: Text) -> Text:
    """The text with slips replaced by the words that were meant; the way back to the user's characters is kept."""
    changes = []
    for word, start, end in text.tokens:
        if len(word) >= _SHORT - 1 and word.isascii() and word.isalpha():
            meant = _known_slip(word)
            if meant is None and not _good(word):
                meant = _meant(word) if len(word) >= _SHORT else _halved(word)
            if meant:
                changes.append((start, end, meant))
    return text.replaced(changes) if changes else text


def _meant(word: str) -> str | None:
    """The one word that a slip can come from; None where there is none, or more than one idea."""
    for slips, spare in ((_swaps(word), 2), (_doubles(word), 2), (_one_letter(word), 0)):
        found = {slip for slip in slips if slip[0] == word[0] and _known(slip, least=max(5, len(slip) - spare))}
        if found:
            ideas = {slip[: _SHORT - 1] for slip in found}
            return min(found, key=lambda slip: (abs(len(slip) - len(word)), slip)) if len(ideas) == 1 else None
    return None


def _known_slip(word: str) -> str | None:
    """One of the long words that are often misspelt, with its letters in another order or one of them wrong."""
    if len(word) < _SHORT + 1:
        return None
    for right in map(str, lexicon("service")["misspelt"]["en"]):
        if word[0] != right[0] or word.startswith(right[:-1]) or right.startswith(word):
            continue
        if sorted(word) == sorted(right) or _one_apart(word, right):
            return right
    return None


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter is too many or too few, or one vowel is another."""
    short, long = sorted((one, other), key=len)
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    alike = len(short) == len(long)
    if alike and not {short[at : at + 1], long[at : at + 1]} <= set(_VOWELS):
        return False
    return short[at + alike :] == long[at + 1 :]


def _halved(word: str) -> str | None:
    """The word of a short one in which a double letter inside was written once: "eror"."""
    found = {word[: i + 1] + word[i:] for i in range(1, len(word) - 1)} & _vocabulary()[0]
    return found.pop() if len(found) == 1 else None


def _good(word: str) -> bool:
    """A word that means what it says: one of the lexicons, or of the policy, whose words no slip may turn into."""
    others = (_policy(), _other_words())
    return _known(word, least=4) or any(word in words or word.startswith(stems) for words, stems in others)


def _known(word: str, least: int) -> bool:
    """A word of the lexicons, or one that begins with a stem of theirs of at least so many letters."""
    words, stems = _vocabulary()
    return word in words or any(word[:size] in stems for size in range(least, len(word) + 1))


def _swaps(word: str) -> Iterator[str]:
    for i in range(len(word) - 1):
        if word[i] != word[i + 1]:
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def _doubles(word: str) -> Iterator[str]:
    for i, letter in enumerate(word):
        yield word[: i + 1] + letter + word[i + 1 :]
        if i and word[i - 1] == letter:
            yield word[:i] + word[i + 1 :]


def _one_letter(word: str) -> Iterator[str]:
    if len(word) < _LONG or word.endswith(_GOOD_ENDINGS):
        return
    for i in range(1, len(word)):
        yield word[:i] + word[i + 1 :]
        yield from (word[:i] + letter + word[i:] for letter in _LETTERS)


_LATIN = re.compile("[A-Za-z]")


@once_per_overlay
def _vocabulary() -> tuple[frozenset[str], frozenset[str]]:
    """(words, stems): English and technical words of the lexicons."""
    return _words_of(phrase for book in _BOOKS for phrase in _phrases(lexicon(book)))


@once_per_overlay
def _policy() -> tuple[frozenset[str], tuple[str, ...]]:
    """(words, stems) of the policy."""
    words, stems = _words_of(_phrases(lexicon("ideas", "policy")))
    return words, tuple(stems)


@once_per_overlay
def _other_words() -> tuple[frozenset[str], tuple[str, ...]]:
    """(words, stems) of lexicons that slips are not mended to."""
    words, stems = _words_of(phrase for book in _OTHERS for phrase in _phrases(lexicon(book)))
    return words, tuple(stems)


def _words_of(phrases: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    words: set[str] = set()
    stems: set[str] = set()
    for phrase in phrases:
        if not _LATIN.search(phrase):
            continue  # folding takes long, and nothing of it would be a word here
        for word, star in re.findall(r"([a-z]{4,})(\*?)", fold(phrase)):
            (stems if star else words).add(word)
    return frozenset(words), frozenset(stems)


def _phrases(node: Any) -> Iterator[str]:
    """Phrases under "en" and "any"; names of columns are in all languages and are left out."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, child in node.items():
            if key != "column" and (len(key) != 2 or key == "en"):
                yield from _phrases(child)
    else:
        for child in node:
            yield from _phrases(child)
