"""Training rows whose label is probably wrong: held-out probabilities against what is written.

Confident learning (Northcutt, Jiang & Chuang 2021): a row is suspect where a model that never saw it is surer of
another class than it usually is of rows that carry that class. Knows nothing of what a row is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST_OF_A_CLASS = 8  # rows below which nothing usual can be said of a class
MOST_SHARE = 0.1  # of all rows that may be called suspect; beyond, it is the model that is weak
LEAST_RIGHT = 0.8  # of the rows that the model must answer as written; one that is weaker cannot correct anybody
LEAST_MARGIN = 0.2  # of probability between the likely class and the given one


@dataclass(frozen=True)
class Suspect:
    """Row `row` carries class `given`, of probability `p_given`, and looks like `likely`, of `p_likely`."""

    row: int
    given: int
    likely: int
    p_given: float
    p_likely: float


def suspects(y: NDArray[np.float64], p: NDArray[np.float64], most: int = 24) -> list[Suspect]:
    """The likeliest errors first; none where the models are weak. `p` (rows, classes) of models that did not see the
    row, NaN where there are none."""
    known = np.flatnonzero(np.isfinite(p).all(axis=1) & np.isfinite(y))
    labels = y.astype(np.intp, copy=True) if len(known) == len(y) else np.nan_to_num(y).astype(np.intp)
    classes = p.shape[1]
    if not len(known) or (p[known].argmax(axis=1) == labels[known]).mean() < LEAST_RIGHT:
        return []
    own = p[known, labels[known]]
    counts = np.bincount(labels[known], minlength=classes)
    usual = np.bincount(labels[known], weights=own, minlength=classes) / np.maximum(counts, 1)
    usual[counts < FEWEST_OF_A_CLASS] = np.inf
    sure = np.where(p[known] >= usual, p[known], -1.0)
    likely = sure.argmax(axis=1)
    margin = sure[np.arange(len(known)), likely] - own
    wrong = np.flatnonzero((likely != labels[known]) & (margin >= LEAST_MARGIN))
    if len(wrong) > max(MOST_SHARE * len(known), 1):
        wrong = wrong[np.argsort(-margin[wrong], kind="stable")][: int(MOST_SHARE * len(known))]
    ordered = wrong[np.argsort(-margin[wrong], kind="stable")][:most]
    return [
        Suspect(int(known[i]), int(labels[known[i]]), int(likely[i]), float(own[i]), float(p[known[i], likely[i]]))
        for i in ordered.tolist()
    ]
