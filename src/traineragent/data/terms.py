"""The vocabulary of texts: which words, pairs and runs of characters are worth counting.

Fitted on training rows without their answers. `serve/inputs/terms.py` counts by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ..domain.data import RichInput
from ..serve.inputs.terms import runs_of
from ..serve.values import terms

FILE = "inputs/terms.txt"
RUNS = (2, 5)  # characters; five tell stems and endings of most languages
MOST_READ = 8_000_000  # characters that the vocabulary is taken from, of texts drawn at random
FEWEST_TEXTS = 2  # that a term must stand in
MANY_TEXTS = 5000  # from here on one more
COMMON = 0.98  # of the texts hold a term that tells none apart


def fit_terms(texts: Sequence[str], columns: Sequence[str], *, most: int, seed: int = 0) -> tuple[RichInput, bytes]:
    """The input "terms" of these columns and its side file: half of the `most` terms are words and pairs, the rest
    runs, the most frequent of each."""
    some = _sample(texts, seed)
    words = _frequent((terms(t) for t in some), len(some), most // 2)
    runs = _frequent((runs_of(t, *RUNS) for t in some), len(some), most - len(words))
    options = {"words": len(words), "runs": list(RUNS), "terms": len(words) + len(runs)}
    content = "".join(f"{term}\n" for term in (*words, *runs))
    return RichInput("terms", "terms", tuple(columns), (FILE,), options), content.encode("utf-8", "replace")


def _sample(texts: Sequence[str], seed: int) -> list[str]:
    """Texts in a random order until enough characters are read."""
    order = np.random.default_rng(seed).permutation(len(texts))
    kept, characters = [], 0
    for i in order.tolist():
        kept.append(texts[i])
        characters += len(texts[i])
        if characters > MOST_READ:
            break
    return kept


def _frequent(grams: Iterable[Iterable[str]], texts: int, most: int) -> list[str]:
    """Terms by falling number of texts they stand in; ties by spelling."""
    counts: Counter[str] = Counter()
    for found in grams:
        counts.update(set(found))
    fewest = FEWEST_TEXTS + (texts > MANY_TEXTS)
    kept = [(n, t) for t, n in counts.items() if n >= fewest and (n <= COMMON * texts or texts < 20)]
    kept.sort(key=lambda p: (-p[0], p[1]))
    return [t for _, t in kept[:most]]
