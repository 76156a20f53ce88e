"""How much the wording of a request, as a whole, is like that of requests that were declined.

A linear model over words, pairs of words and pieces of words, whatever the language: logistic regression on hashed
features (Weinberger et al. 2009) weighted by how rare they are. Its weights are data (knowledge/policy/wording.npz),
learned by benchmarks/wording_weights.py. Knows nothing of rules.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

BUCKETS = 1 << 16
SHORTEST, LONGEST = 2, 5  # letters of a piece, the blanks around a word included
SHORT = 8000.0
"""The squared length, before scaling, of a request whose words count for half as much: about two sentences."""
FILE = "wording.npz"
_WORD = re.compile(r"[\w\u0300-\u036f\u0900-\u0dff]+")  # with the vowel signs of Indian scripts
_DIGIT = re.compile(r"\d")


def likeness(text: str) -> float:
    """The probability that a request worded so is declined for what it would do to people."""
    return _model().likeness(text)


def hashed(text: str) -> dict[int, float]:
    """Bucket -> how often features of the text fall into it, each once and with its sign."""
    out: dict[int, float] = {}
    for feature in features(text):
        number = zlib.crc32(feature.encode())
        out[number % BUCKETS] = out.get(number % BUCKETS, 0.0) + (1.0 if number >> 31 else -1.0)
    return out


def features(text: str) -> set[str]:
    """Words, pairs of neighbours and pieces of words; each digit counts as nought."""
    words = _WORD.findall(_DIGIT.sub("0", text.casefold()))
    out = {f"w {word}" for word in words} | {f"p {a} {b}" for a, b in pairwise(words)}
    for word in set(words):
        padded = f" {word} "
        for size in range(SHORTEST, LONGEST + 1):
            out.update(padded[i : i + size] for i in range(len(padded) - size + 1))
    return out


@dataclass(frozen=True)
class WordingModel:
    """`rarity` (BUCKETS,): weight of a bucket by how few requests it occurs in; `weights` (BUCKETS,) and `intercept`
    of the log odds."""

    rarity: Float64
    weights: Float64
    intercept: float

    def likeness(self, text: str) -> float:
        """The probability of being declined."""
        place, value = self.row(hashed(text))
        return float(1 / (1 + np.exp(-(self.weights[place] @ value + self.intercept))))

    def row(self, counts: Mapping[int, float]) -> tuple[NDArray[np.int64], Float64]:
        """(buckets, their values) of a request; long ones have a length near one, short ones are shorter, because few
        words prove little."""
        place = np.fromiter(counts, dtype=np.int64, count=len(counts))
        value = np.fromiter(counts.values(), dtype=np.float64, count=len(counts)) * self.rarity[place]
        return place, value / np.sqrt(value @ value + SHORT)

    def quantized(self) -> dict[str, NDArray[np.generic]]:
        """The arrays of the file: a byte a number, and what one step of each is worth."""
        rare, heavy = float(self.rarity.max()) / 255, float(np.abs(self.weights).max()) / 127
        return {
            "rarity": np.round(self.rarity / rare).astype(np.uint8),
            "weights": np.round(self.weights / heavy).astype(np.int8),
            "scales": np.array([rare, heavy, self.intercept]),
        }

    @staticmethod
    def of_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> WordingModel:
        """The model of `quantized` arrays."""
        rare, heavy, intercept = np.asarray(arrays["scales"], dtype=np.float64).tolist()
        rarity, weights = (np.asarray(arrays[k], dtype=np.float64) for k in ("rarity", "weights"))
        return WordingModel(rarity * rare, weights * heavy, intercept)


def rarity_of(rows: Iterable[Mapping[int, float]], count: int) -> Float64:
    """(BUCKETS,) inverse document frequencies over `count` requests, hashed."""
    seen = np.zeros(BUCKETS)
    for row in rows:
        seen[list(row)] += 1
    return np.log((1 + count) / (1 + seen))


@cache
def _model() -> WordingModel:
    source = resources.files("traineragent") / "knowledge" / "policy" / FILE
    with resources.as_file(source) as path, np.load(path, allow_pickle=False) as arrays:
        return WordingModel.of_arrays(dict(arrays))
