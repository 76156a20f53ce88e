"""Whether the rows at the end of a file differ from the earlier ones, as they do in files in order of time or source.

Measured by words: how many at the end stand nowhere before, beside rows drawn at random. It knows nothing of files,
splits or what follows from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]

DRAWS = 100  # of as many rows at random
FEWEST_ROWS = 300  # below, chance alone makes the end look new
MOST_ROWS = 20_000  # that are looked at, evenly over the file
MOST_WORDS = 80  # of a text
SORTED = 0.9  # of the neighbours ascend, or descend: the file was sorted by that
BLOCKED = 0.5  # of the changes between neighbours that chance would make: the file was put together by that


@dataclass(frozen=True)
class EndOfFile:
    """`new` of the words in the last rows stand in no earlier one; of rows drawn at random, `usual` stand in no other,
    give or take `spread`: a permutation test, told in standard deviations as the draws are few."""

    new: float
    usual: float
    spread: float

    @property
    def ratio(self) -> float:
        return self.new / max(self.usual, 1e-9)

    @property
    def deviations(self) -> float:
        return (self.new - self.usual) / max(self.spread, 1e-9)


def end_of_file(rows: Sequence[Sequence[str]], same: Int64, share: float, seed: int = 0) -> EndOfFile | None:
    """How new the words of the last `share` of the rows are; `rows` are the words of each, in the order of the file,
    `same` (rows,) equal numbers for copies, of which the first counts. None where there are too few rows to tell."""
    places = np.sort(np.unique(same, return_index=True)[1])
    if len(places) < FEWEST_ROWS:
        return None
    places = places[np.linspace(0, len(places) - 1, min(len(places), MOST_ROWS)).astype(np.int64)]
    row, word, known = _numbered([rows[i][:MOST_WORDS] for i in places])
    if not len(word):
        return None
    total = np.bincount(word, minlength=known)
    count, last = len(places), max(round(share * len(places)), 1)
    rng = np.random.default_rng(seed)

    def novelty(chosen: NDArray[np.bool_]) -> float:
        mine = np.bincount(word[chosen[row]], minlength=known)
        return float(mine[mine == total].sum() / max(int(mine.sum()), 1))

    new = novelty(np.arange(count) >= count - last)
    drawn = [novelty(rng.permutation(count) < last) for _ in range(DRAWS)]
    return EndOfFile(new, float(np.mean(drawn)), float(np.std(drawn)))


def _numbered(rows: Sequence[Sequence[str]]) -> tuple[Int64, Int64, int]:
    """(row of each word, number of each word, how many different words there are)."""
    numbers: dict[str, int] = {}
    word = np.array([numbers.setdefault(w, len(numbers)) for r in rows for w in r], dtype=np.int64)
    return np.repeat(np.arange(len(rows)), [len(r) for r in rows]), word, len(numbers)


def was_sorted(values: Sequence[str] | Sequence[float]) -> bool:
    """Whether nearly all neighbours ascend, or descend: then the end of the file says nothing of what comes next."""
    steps = [a < b for a, b in pairwise(values) if a != b]  # type: ignore[operator]
    return len(steps) > 1 and not 1 - SORTED < sum(steps) / len(steps) < SORTED


def in_blocks(values: Sequence[str] | Sequence[int]) -> bool:
    """Whether equal values stand together, as where a file was put together by them."""
    counts = np.array(list(Counter(values).values()))
    changes_by_chance = (1.0 - float(((counts / max(len(values), 1)) ** 2).sum())) * (len(values) - 1)
    return len(counts) > 1 and sum(a != b for a, b in pairwise(values)) < BLOCKED * changes_by_chance
