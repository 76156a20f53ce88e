"""What a tagger sees of each token: its letters, its shape and its neighbours, as 64-bit keys of observations.

One row of keys a token, computed by array arithmetic from a few properties a distinct token. No word is stored
anywhere: a model keeps the keys it has weights for. Feature set after Ratinov and Roth (2009) and Lample et al. (2016).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

UInt64 = NDArray[np.uint64]
VERSION = 1
"""Raised when the same text would give other keys; a bundle says which version it was trained with."""

PROPERTIES = ("lower", "exact", "masked", "shape", "long_shape", "p1", "p2", "p3", "p4", "s1", "s2", "s3", "s4", "kind")
_AT = {name: place for place, name in enumerate(PROPERTIES)}
_TEMPLATES: tuple[tuple[tuple[int, str], ...], ...] = (
    *(((o, "lower"),) for o in (-4, -3, -2, -1, 0, 1, 2, 3, 4)),
    *(((o, "shape"),) for o in (-2, -1, 0, 1, 2)),
    *(((0, p),) for p in ("exact", "masked", "long_shape", "p1", "p2", "p3", "p4", "s1", "s2", "s3", "s4", "kind")),
    *(((o, p),) for o in (-1, 1) for p in ("p3", "s3", "s2", "long_shape", "kind")),
    ((-1, "lower"), (0, "lower")),
    ((0, "lower"), (1, "lower")),
    ((-2, "lower"), (-1, "lower")),
    ((1, "lower"), (2, "lower")),
    ((-1, "lower"), (1, "lower")),
    ((-3, "lower"), (-2, "lower"), (-1, "lower")),
    ((-1, "lower"), (0, "shape")),
    ((0, "shape"), (1, "lower")),
    ((-1, "shape"), (0, "shape")),
    ((0, "shape"), (1, "shape")),
    ((-1, "shape"), (0, "shape"), (1, "shape")),
    ((-1, "s3"), (0, "s3")),
    ((0, "masked"), (1, "masked")),
    ((-1, "masked"), (0, "masked")),
)
LONGEST_WORD = 64  # letters of a word that are looked at: bounds what strangers can have remembered
BAG = 10
"""So many words to the left and to the right are also seen without their order."""
SLOTS = len(_TEMPLATES) + 2 * BAG + 4
WORD_SLOT = _TEMPLATES.index(((0, "lower"),))
"""Where the token's own word stands."""
REACH = 4
_MIX, _TURN = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)
_DIGITS = re.compile(r"\d")
_RUNS = re.compile(r"(.)\1+")
_EDGE = 1  # the key of what stands before the first and after the last token


def observe(text: str, spans: Sequence[tuple[int, int]]) -> UInt64:
    """Keys of what is observed of each token, shape (tokens, SLOTS); 0 where a slot is empty."""
    count = len(spans)
    if not count:
        return np.zeros((0, SLOTS), dtype=np.uint64)
    words = [text[a:b] for a, b in spans]
    own = np.array([_properties(w[:LONGEST_WORD]) for w in words], dtype=np.uint64)
    edge = np.full((REACH, own.shape[1]), _EDGE, dtype=np.uint64)
    padded = np.concatenate([edge, own, edge])
    keys = np.empty((count, SLOTS), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for slot, template in enumerate(_TEMPLATES):
            key = np.full(count, slot + 1, dtype=np.uint64)
            for offset, name in template:
                key = _mixed(key, padded[REACH + offset : REACH + offset + count, _AT[name]])
            keys[:, slot] = key
        _bags(keys, own[:, 0], len(_TEMPLATES))
        _places(keys, text, spans, own[:, _AT["shape"]], len(_TEMPLATES) + 2 * BAG)
    return keys


def _mixed(key: UInt64, value: UInt64) -> UInt64:
    """Both in one key (a multiplicative hash, Knuth 1998, with a shift so that high bits count below)."""
    key = (key ^ value) * _MIX
    return key ^ (key >> _TURN)


def _bags(keys: UInt64, lower: UInt64, slot: int) -> None:
    """Words to the left and to the right as sets: what else the sentence is about."""
    count = len(lower)
    left, right = _mixed(np.full(count, 901, np.uint64), lower), _mixed(np.full(count, 902, np.uint64), lower)
    keys[:, slot : slot + 2 * BAG] = 0
    for distance in range(1, min(BAG, count - 1) + 1):
        keys[distance:, slot + distance - 1] = left[:-distance]
        keys[:-distance, slot + BAG + distance - 1] = right[distance:]


def _places(keys: UInt64, text: str, spans: Sequence[tuple[int, int]], shapes: UInt64, slot: int) -> None:
    """First and last token, glued to the one before, and how the sentence uses capitals."""
    count = len(spans)
    starts, ends = np.array([a for a, _ in spans]), np.array([b for _, b in spans])
    glued = np.zeros(count + 1, dtype=np.int64)
    glued[1:-1] = starts[1:] == ends[:-1]
    place = (np.arange(count) == 0) + 2 * (np.arange(count) == count - 1)
    letters = [c for c in text if c.isalpha()]
    capital = sum(text[a].isupper() for a, _ in spans)
    manner = 0 if not letters else 1 + min(int(4 * sum(map(str.isupper, letters)) / len(letters)), 3)
    titled = min(int(4 * capital / count), 3)
    keys[:, slot] = _mixed(np.full(count, 911, np.uint64), (glued[:-1] + 2 * glued[1:]).astype(np.uint64))
    keys[:, slot + 1] = _mixed(np.full(count, 912, np.uint64), place.astype(np.uint64))
    keys[:, slot + 2] = _mixed(
        _mixed(np.full(count, 913, np.uint64), shapes), np.full(count, manner * 8 + titled, np.uint64)
    )
    keys[:, slot + 3] = _mixed(_mixed(np.full(count, 914, np.uint64), shapes), place.astype(np.uint64))


@lru_cache(maxsize=50_000)
def _properties(word: str) -> tuple[int, ...]:
    """A key for each of PROPERTIES; equal texts give equal keys in every process."""
    lower = word.casefold()
    shape = "".join(map(_letter, word[:40]))
    short = _RUNS.sub(r"\1", shape)
    values = (
        lower,
        word,
        _DIGITS.sub("0", lower),
        short,
        shape[:12],
        *(lower[:n] if len(lower) >= n else "" for n in (1, 2, 3, 4)),
        *(lower[-n:] if len(lower) >= n else "" for n in (1, 2, 3, 4)),
        f"{min(len(word), 10)}",
    )
    return tuple(_key(v) for v in values)


def _letter(character: str) -> str:
    if character.isupper():
        return "X"
    if character.islower():
        return "x"
    if character.isdigit():
        return "0"
    return "c" if character.isalpha() else character


def _key(text: str) -> int:
    """A 64-bit key of a text: two checksums of 32 bits."""
    raw = text.encode("utf-8", "surrogatepass")
    return (zlib.crc32(raw) << 32) | zlib.adler32(raw)
