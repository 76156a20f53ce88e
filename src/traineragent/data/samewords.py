"""Which texts are copies or near-copies of one another: other case, marks or blanks, a word more or less.

Texts alike in their letters and digits are one; longer ones also where most runs of three words are shared, found by
the smallest hashes of those runs (Broder 1997). Knows nothing of answers.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..serve.values import tokens
from .unions import Unions

Int64 = NDArray[np.int64]

FEWEST_WORDS = 8  # below, texts that differ by a word may mean different things
LONGEST = 400  # words that are looked at
SKETCH = 6  # smallest hashes that are compared
SAME = 0.7  # of the runs of both together are shared
MOST_TOGETHER = 200  # texts with one hash in common are compared up to so many
_MARKS = re.compile(r"[\W_]+")


def alike_texts(texts: Sequence[str]) -> Int64:
    """A number a text, equal for those that are copies or near-copies. Shape (texts,)."""
    unions = Unions(len(texts))
    first: dict[str, int] = {}
    for i, text in enumerate(texts):
        plain = _MARKS.sub("", unicodedata.normalize("NFKC", text).casefold())
        if plain:
            unions.join(first.setdefault(plain, i), i)
    kept = sorted(first.values())
    runs = {i: found for i in kept if (found := _runs(texts[i])) is not None}
    by_hash: dict[int, list[int]] = {}
    for i, found in runs.items():
        for value in sorted(found)[:SKETCH]:
            by_hash.setdefault(value, []).append(i)
    for together in by_hash.values():
        for place, i in enumerate(together[:MOST_TOGETHER]):
            for j in together[place + 1 : MOST_TOGETHER]:
                if unions.find(i) != unions.find(j) and _shared(runs[i], runs[j]) >= SAME:
                    unions.join(i, j)
    return unions.numbers()


def _runs(text: str) -> frozenset[int] | None:
    """Hashes of the runs of three words; None for short texts."""
    words = tokens(text[: 20 * LONGEST])[:LONGEST]
    if len(words) < FEWEST_WORDS:
        return None
    return frozenset(zlib.crc32(" ".join(words[k : k + 3]).encode()) for k in range(len(words) - 2))


def _shared(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / len(one | other)
