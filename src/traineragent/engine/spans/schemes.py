"""BIO numbers as tags of a scheme that a model learns: names, numbers of each token, and the turns that may be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .dataset import Int32, MarkedTexts

SCHEMES = ("bio", "bioes")
FULL = "BIES"


def tags_in(data: MarkedTexts, scheme: str) -> tuple[tuple[str, ...], Int32]:
    """(names of the tags that occur, number of each token's tag (tokens,)). "O" is the first."""
    codes = _codes(data, scheme)
    used = np.unique(np.concatenate([[0], codes]))
    names = tuple("O" if c == 0 else f"{FULL[(c - 1) % 4]}-{data.labels[(c - 1) // 4]}" for c in used.tolist())
    return names, np.searchsorted(used, codes).astype(np.int32)


def _codes(data: MarkedTexts, scheme: str) -> NDArray[np.int64]:
    """0 outside, else 1 + 4 l + the place of the prefix in FULL. In BIOES a run ends with E, a lone token is S."""
    bio = data.bio.astype(np.int64)
    label, begins = np.maximum(bio - 1, 0) // 2, bio % 2 == 1
    prefix = np.where(begins, 0, 1)
    if scheme == "bioes":
        after = np.append(bio[1:], 0)
        last_of_text = np.zeros(len(bio), dtype=bool)
        last_of_text[data.starts[1:][np.diff(data.starts) > 0] - 1] = True
        goes_on = (after > 0) & (after % 2 == 0) & ((after - 1) // 2 == label) & ~last_of_text
        prefix = np.where(goes_on, prefix, np.where(begins, 3, 2))
    return np.where(bio == 0, 0, 1 + 4 * label + prefix)


def labels_of(names: Sequence[str], labels: Sequence[str]) -> list[int]:
    """The number of each tag's label; -1 outside."""
    number = {label: i for i, label in enumerate(labels)}
    return [-1 if n == "O" else number[n[2:]] for n in names]
