"""Labels that stand in an order, such as "low", "medium", "high": their places. Knows nothing of targets or metrics."""

from __future__ import annotations

from collections.abc import Sequence

from ..knowledge.lexicons import lexicon
from .wordlists import fold_words

FEWEST = 3  # two labels have no middle: their order is told by which of them is positive


def places(labels: Sequence[object]) -> tuple[int, ...] | None:
    """The step of each label on the one scale that holds them all, each on a step of its own; None where there is
    none: any two words of an unknown scale are no order."""
    words = [fold_words(str(label)) for label in labels]
    if len(words) < FEWEST:
        return None
    for scale in lexicon("scales")["scales"]:
        step = {fold_words(word): number for number, same in enumerate(scale) for word in same}
        if all(w in step for w in words) and len({step[w] for w in words}) == len(words):
            return tuple(step[w] for w in words)
    return None
