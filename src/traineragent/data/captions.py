"""What pictures show, by their labels or captions: names that can be asked for, with other ways to say each.

Knows nothing of pixels or models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..domain.data import Target
from ..knowledge.lexicons import lexicon
from ..serve.codecs.prompts import folded

Named = tuple[tuple[dict[str, Any], ...], NDArray[np.float32], NDArray[np.int64], bool]
CAPTIONS = ("caption", "captions", "text", "description", "prompt")
FEWEST_CAPTIONS = 5  # that a word must stand in to be a name
MOST_WORDS = 200
ONE_NAME = "picture"


def names_of(frame: pd.DataFrame, target: Target) -> Named:
    """(names, words (rows, names), class of each row or -1, whether a picture may show several).

    Labels become classes; captions become the words that occur in enough of them; without either there is one name."""
    if target.labels:
        return _classes([str(v) for v in frame[target.name]], [str(label) for label in target.labels])
    column = next((c for c in frame.columns if str(c).casefold() in CAPTIONS), None)
    if column is not None:
        found = _captions(["" if pd.isna(v) else str(v) for v in frame[column]])
        if found is not None:
            return found
    rows = len(frame)
    return ({"label": ONE_NAME, "said": []},), np.ones((rows, 1), np.float32), np.zeros(rows, np.int64), False


def _classes(values: Sequence[str], labels: Sequence[str]) -> Named:
    place = {label: i for i, label in enumerate(labels)}
    y = np.array([place[v] for v in values], dtype=np.int64)
    taken = {folded(label) for label in labels}
    names = tuple({"label": label, "said": sayings(label, taken)} for label in labels)
    return names, np.eye(len(labels), dtype=np.float32)[y], y, False


def _captions(captions: Sequence[str]) -> Named | None:
    """Words of captions as names; None where no word occurs in enough captions and not in all."""
    idle = {w for word in lexicon("names")["idle"] for w in folded(word)}
    said = [set(folded(c)) - idle for c in captions]
    counts = Counter(w for words in said for w in words)
    kept = [w for w, n in counts.most_common() if n >= FEWEST_CAPTIONS and n < 0.99 * len(captions)][:MOST_WORDS]
    if not kept:
        return None
    words = np.array([[w in s for w in kept] for s in said], dtype=np.float32)
    names = tuple({"label": w, "said": sayings(w, {(k,) for k in kept})} for w in kept)
    return names, words, np.full(len(captions), -1, dtype=np.int64), True


def sayings(label: str, taken: set[tuple[str, ...]]) -> list[str]:
    """Other words for a label, from the lexicon of names, unless another label claims them."""
    mine = folded(label)
    found = [group for group in lexicon("names")["same"] if mine in {folded(w) for w in group}]
    return list(dict.fromkeys(w for group in found for w in group if folded(w) != mine and folded(w) not in taken))
