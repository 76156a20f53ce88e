"""The words of a table as a request in another script writes them: "दूध" beside a column doodh_litre.

Compares by sound: long and short vowels, doubled letters and the many spellings of one consonant are alike. The tables
are a lexicon. Knows words only; what is replaced sounds like what stood there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ..domain.data import ColumnProfile
from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .quantities import find_quantities
from .reading import Reading
from .words import INDIC, fold, name_tokens

_LANGUAGE = "hi"
_WORD = re.compile(rf"[{INDIC}]+")
_SAID = re.compile(rf"[{INDIC}]+|(?<![a-z0-9_])[a-z]+(?![a-z0-9_])")
_LATIN = re.compile(r"[a-z]+")
_LEAST, _SIGNS = 3, 2  # letters of a Latin word, and signs of one of Devanagari, that sound like something
_FEW = 20  # values of a column whose words a request may say


def in_words_of(reading: Reading, columns: Iterable[ColumnProfile]) -> Reading:
    """The reading with words that sound like one of the table's in the table's own spelling."""
    if reading.languages[0] != _LANGUAGE:
        return reading
    theirs = tuple(dict.fromkeys(_words_of(columns)))
    said = [(m.group(), *m.span()) for m in _SAID.finditer(reading.text.plain)]
    spoken = {word for word, _, _ in said}
    changes = [
        (start, end, meant)
        for word, start, end in said
        if word not in theirs and (meant := _written(word, theirs, spoken)) and word not in _own_words()
    ]
    if not changes:
        return reading
    text = reading.text.replaced(changes)
    return replace(reading, text=text, quantities=find_quantities(text.plain, reading.languages))


def _words_of(columns: Iterable[ColumnProfile]) -> Iterator[str]:
    """The words of the names of columns, then those of their values, where these are few."""
    listed = list(columns)
    for column in listed:
        yield from name_tokens(column.name)
    for column in listed:
        if column.meaning in ("category", "boolean") and column.distinct <= _FEW:
            for value, _ in column.top:
                yield from name_tokens(value)


def _written(word: str, theirs: tuple[str, ...], spoken: set[str]) -> str | None:
    """The first word of the table that sounds so; those that are said themselves are none."""
    return next((other for other in theirs if other not in spoken and _same(word, other)), None)


def _same(one: str, other: str) -> bool:
    """Whether two words, in whichever scripts, sound alike."""
    native = [w for w in (one, other) if _WORD.fullmatch(w)]
    latin = [w for w in (one, other) if _LATIN.fullmatch(w) and len(w) > 1]
    if len(latin) > 1:
        return min(map(len, latin)) > _LEAST and _folded(one) == _folded(other)
    return len(native) == len(latin) == 1 and sounds_alike(native[0], latin[0])


def sounds_alike(native: str, latin: str) -> bool:
    """Whether a word of Devanagari, folded, is written so in Latin letters, whatever its ending."""
    if _spelled(native) == latin:
        return True
    if len(latin) < _LEAST or len(native) < _SIGNS:
        return False
    return _sound(native).fullmatch(_folded(latin)) is not None


@once_per_overlay
def _spelled(native: str) -> str:
    """The letters that a word is the names of, "बीएमआई" -> "bmi"; "" where it is none."""
    names = {fold(name): letter for name, letter in _book()["letter_names"].items()}
    piece = "|".join(sorted(names, key=len, reverse=True))
    if not re.fullmatch(f"(?:{piece})+", native):
        return ""
    return "".join(names[name] for name in re.findall(piece, native))


@once_per_overlay
def _folded(latin: str) -> str:
    """A Latin word in one spelling of its sounds, no letter doubled."""
    for spelling, sound in _book()["folds"]:
        latin = latin.replace(spelling, sound)
    return re.sub(r"(.)\1+", r"\1", latin)


@once_per_overlay
def _sound(native: str) -> re.Pattern[str]:
    """What a word of Devanagari is as a folded Latin one."""
    book = _book()
    letters: dict[str, str] = {fold(sign): sound for sign, sound in book["letters"].items()}
    bare = native.rstrip(book["ends"])
    stem = bare if len(bare) >= _SIGNS else native
    pieces: list[str] = []
    for match in re.finditer("|".join(sorted(map(re.escape, letters), key=len, reverse=True)) + "|.", stem):
        sign, after = match.group(), stem[match.end() : match.end() + 1]
        sound = letters.get(sign, "")
        if pieces and pieces[-1] == sound:
            pieces.pop()  # "च्च" is heard once
        if sound:
            pieces.append(sound)
        if _consonant(sign) and not (after and _follows(after)):
            pieces.append(book["schwa"])
    return re.compile("".join(pieces) + book["ending"] + "?")


def _consonant(sign: str) -> bool:
    return "\u0915" <= sign[-1] <= "\u0939"


def _follows(sign: str) -> bool:
    """Whether it is a vowel sign, or the sign for no vowel."""
    return "\u093e" <= sign <= "\u094d"


def _book() -> dict[str, Any]:
    book: dict[str, Any] = lexicon("transliteration")[_LANGUAGE]
    return book


@once_per_overlay
def _own_words() -> frozenset[str]:
    """Words in which requests are made, whatever they are about."""
    things = set(_book()["things"])
    books = [
        {k: v for k, v in dict(lexicon(name)).items() if k not in things} if name == "classes" else lexicon(name)
        for name in _book()["own"]
    ]
    return frozenset(word for text in _texts(books) for word in re.findall(rf"[{INDIC}]+|[a-z]+", fold(text)))


def _texts(node: Any) -> Iterator[str]:
    """All that is listed for the language, whichever way."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        inner = [node[_LANGUAGE]] if _LANGUAGE in node else list(node.values())
        for child in inner:
            yield from _texts(child)
        for key in node:
            if _WORD.fullmatch(fold(str(key))):
                yield str(key)
    else:
        for child in node:
            yield from _texts(child)
