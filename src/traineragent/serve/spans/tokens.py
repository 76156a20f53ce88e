"""Cuts a text into tokens with their places, the same way in training and serving. Offsets are code points.

Knows no language: words are runs of letters, digits and marks; scripts written without spaces go letter by letter.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

Level = Literal["words", "fine"]
LEVELS: tuple[Level, ...] = ("words", "fine")
"""words: addresses, @names, #tags, decimals and mixtures of letters and digits stay whole.
fine: these are cut too, also between letters and digits and at underscores, for annotations that begin or end there."""

MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u0900-\u0903\u093a-\u094f\u0951-\u0957"
    "\u0962\u0963\u0981-\u0983\u09bc-\u09cd\u09d7\u0a01-\u0a03\u0a3c-\u0a51\u0a70\u0a71\u0a81-\u0a83\u0abc-\u0acd"
    "\u0b01-\u0b03\u0b3c-\u0b57\u0b82\u0bbe-\u0bcd\u0c00-\u0c04\u0c3c-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03"
    "\u0d3b-\u0d4d\u0d81-\u0d83\u0dca-\u0ddf\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f"
)
"""Combining marks, which Python's \\w leaves out; those of Thai and its neighbours are in UNSPACED_MARKS."""
UNSPACED_MARKS = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u17b4-\u17d3"
UNSPACED = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ec0-\u0ec6\u1000-\u102a\u1780-\u17b3"
    "\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
)
"""Letters of scripts without spaces between words: Han, kana, Thai, Lao, Burmese, Khmer."""


_UNSPACED = re.compile(f"[{UNSPACED}{UNSPACED_MARKS}\u3001\u3002\uff01-\uff1f\u300a-\u3011]")


def is_unspaced(character: str) -> bool:
    """Whether no space is written beside this character: Han, kana, Thai and their punctuation. "" is not."""
    return _UNSPACED.match(character) is not None


@cache
def _pattern(level: Level) -> re.Pattern[str]:
    letter = rf"(?:[^\W_{UNSPACED}]|[{MARKS}\u200d])"
    single = rf"[{UNSPACED}][{UNSPACED_MARKS}{MARKS}]*"
    if level == "fine":
        word = rf"(?:[^\W\d_{UNSPACED}]|[{MARKS}\u200d])+"
        return re.compile(rf"{single}|\d+|{word}|[^\s]")
    address = r"(?:https?://|www\.)[^\s<>\"'，。]*[^\s<>\"'，。.,;:!?)\]]"
    mail = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    called = r"[@#]\w+"
    number = r"\d+(?:[.,:/]\d+)+(?!\w)"
    return re.compile(rf"{address}|{mail}|{called}|{single}|{number}|(?:{letter}|_)+|[^\s]")


def tokenize(text: str, level: Level = "words") -> list[tuple[int, int]]:
    """Where the tokens of `text` begin and end; whitespace belongs to none."""
    return [match.span() for match in _pattern(level).finditer(text)]


def cuts(text: str, level: Level, places: list[int]) -> int:
    """How many of `places` (offsets where an annotation begins or ends) fall inside a token."""
    inside: set[int] = set()
    for start, end in tokenize(text, level):
        inside.update(range(start + 1, end))
    return sum(place in inside for place in places)
