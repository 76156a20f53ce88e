"""What texts of each class have in common, and labels that look wrong: for people who read the report.

Works on counts of terms and out-of-fold predictions. Words that stand in few texts are never shown, as they may name
somebody; it knows nothing of files or pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ..serve.inputs.parts import Ragged

Float64 = NDArray[np.float64]

SHOWN_WORDS = 8
SHOWN_CLASSES = 40
SHOWN_LABELS = 12
FEWEST_TEXTS = 5  # that a word must stand in
PRIOR = 10.0  # texts' worth of the common rate that a class's own rate leans on
TINY = 1e-9
LONGEST = 200  # characters of a text that are shown


def typical_words(
    part: Ragged, vocabulary: Sequence[str], member: Float64, labels: Sequence[str]
) -> list[dict[str, Any]]:
    """The words and pairs that tell each class from the rest, by the z-score of their log-odds with a prior (Monroe et
    al. 2008). `member` (rows, classes) 0 or 1; `vocabulary` words only."""
    start, end = int(part.offsets[0]), int(part.offsets[-1])
    keep = np.asarray(part.ids[start:end]) < len(vocabulary)
    row = np.repeat(np.arange(len(part)), part.lengths)[keep]
    there = csr_matrix((np.ones(len(row)), (row, np.asarray(part.ids[start:end])[keep])), (len(part), len(vocabulary)))
    inside = np.asarray((there.T @ member).T)  # (classes, words): texts of the class with the word
    total, size = np.asarray(there.sum(axis=0)).ravel().astype(np.float64), member.sum(axis=0)
    common = total / max(len(part), 1)
    out = []
    for k in np.argsort(-size, kind="stable")[:SHOWN_CLASSES].tolist():
        mine, rest = inside[k], total - inside[k]
        z = _log_odds(mine, size[k], common) - _log_odds(rest, len(part) - size[k], common)
        z = z / np.sqrt(_variance(mine, size[k], common) + _variance(rest, len(part) - size[k], common))
        z[mine < FEWEST_TEXTS] = -np.inf
        best = [vocabulary[i] for i in np.argsort(-z, kind="stable")[: 3 * SHOWN_WORDS].tolist() if z[i] > 1.5]
        out.append({"label": labels[k], "rows": int(size[k]), "words": _unlike(best)[:SHOWN_WORDS]})
    return out


def _log_odds(held: Float64, texts: float, common: Float64) -> Float64:
    """Log-odds that a text holds each word, leaning on the common rate."""
    lacking = texts - held + PRIOR * (1 - common)
    return np.asarray(np.log(held + PRIOR * common + TINY) - np.log(lacking + TINY))


def _variance(held: Float64, texts: float, common: Float64) -> Float64:
    return np.asarray(1 / (held + PRIOR * common + TINY) + 1 / (texts - held + PRIOR * (1 - common) + TINY))


def _unlike(words: Sequence[str]) -> list[str]:
    """Words and pairs without those whose words were shown already."""
    kept: list[str] = []
    seen: set[str] = set()
    for term in words:
        if not set(term.split()) <= seen:
            kept.append(term)
            seen |= set(term.split())
    return kept


def doubtful_labels(y: Float64, p: Float64, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Rows whose label is likely wrong, most likely first, by confident learning (Northcutt et al. 2021): another class
    is as probable as it usually is for texts of that class, and more probable than the one given. {"row", "label",
    "likely", "p"}."""
    known = np.flatnonzero(np.isfinite(p).all(axis=1))
    truth, guess = y[known].astype(np.intp), p[known]
    usual = np.array([guess[truth == k, k].mean() if (truth == k).any() else 1.0 for k in range(guess.shape[1])])
    sure = np.where(guess >= usual - TINY, guess, -1.0)
    other = sure.argmax(axis=1)
    odd = np.flatnonzero((sure.max(axis=1) > 0) & (other != truth))
    order = odd[np.argsort(guess[odd, truth[odd]] - guess[odd, other[odd]], kind="stable")]
    return [
        {"row": int(known[i]), "label": labels[truth[i]], "likely": labels[other[i]], "p": float(guess[i, other[i]])}
        for i in order.tolist()
    ]


def shortened(text: str) -> str:
    """A text as a page shows it."""
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"
