"""Metrics for several yes-or-no answers a row, by their scikit-learn names.

Truth is 0 or 1, (rows, labels); answers are probabilities or, for metrics of labels, also 0 or 1, of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EPSILON = 1e-7
HALF = 0.5


def _ratio(top: Array, bottom: Array) -> Array:
    return np.divide(top, bottom, out=np.zeros_like(top, dtype=np.float64), where=bottom > 0)


def _counts(y: Array, said: Array, axis: int) -> tuple[Array, Array, Array]:
    """(hits, said, true) summed over rows (0) or over labels (1)."""
    return (y * said).sum(axis=axis), said.sum(axis=axis), y.sum(axis=axis)


def f1_samples(y: Array, said: Array) -> float:
    """The mean over rows of each row's F1; a row that rightly has no label counts as 1."""
    hit, called, true = _counts(y, said, 1)
    each = _ratio(2 * hit, called + true)
    return float(np.where(called + true == 0, 1.0, each).mean())


def f1_macro(y: Array, said: Array) -> float:
    """The mean over labels, those that occur in truth or answers."""
    hit, called, true = _counts(y, said, 0)
    there = called + true > 0
    return float(_ratio(2 * hit, called + true)[there].mean()) if there.any() else 0.0


def f1_weighted(y: Array, said: Array) -> float:
    hit, called, true = _counts(y, said, 0)
    return float(np.average(_ratio(2 * hit, called + true), weights=true)) if true.any() else 0.0


def _totals(y: Array, said: Array) -> tuple[float, float, float]:
    return float((y * said).sum()), float(said.sum()), float(y.sum())


def f1_micro(y: Array, said: Array) -> float:
    hit, called, true = _totals(y, said)
    return 2 * hit / (called + true) if called + true else 0.0


def precision(y: Array, said: Array) -> float:
    """Of all labels answered."""
    hit, called, _ = _totals(y, said)
    return hit / called if called else 0.0


def recall(y: Array, said: Array) -> float:
    """Of all labels that hold."""
    hit, _, true = _totals(y, said)
    return hit / true if true else 0.0


def accuracy(y: Array, said: Array) -> float:
    """Share of rows whose labels are all right and none too many."""
    return float((y == said).all(axis=1).mean())


def hamming_loss(y: Array, said: Array) -> float:
    """Share of the yes-or-no answers that are wrong."""
    return float((y != said).mean())


def jaccard(y: Array, said: Array) -> float:
    """The mean over rows of what truth and answer share of all they name (Jaccard 1901); 1 where both name nothing."""
    hit, called, true = _counts(y, said, 1)
    either = called + true - hit
    return float(np.where(either == 0, 1.0, _ratio(hit, either)).mean())


def log_loss(y: Array, p: Array) -> float:
    return float(row_losses(y, p).mean())


def row_losses(y: Array, p: Array) -> Array:
    """Mean negative log-likelihood over the labels of each row, (rows,)."""
    q = np.clip(p, EPSILON, 1 - EPSILON)
    return np.asarray(-np.log(np.where(y == 1, q, 1 - q)).mean(axis=1))


def brier(y: Array, p: Array) -> float:
    return float(np.mean((p - y) ** 2))


def _each(y: Array, p: Array, one: Callable[[NDArray[np.bool_], Array], float]) -> float:
    found = [one(y[:, k] == 1, p[:, k]) for k in range(y.shape[1])]
    known = [v for v in found if np.isfinite(v)]
    return float(np.mean(known)) if known else float("nan")


LABELS: dict[str, Callable[[Array, Array], float]] = {
    "f1_samples": f1_samples,
    "f1": f1_samples,
    "f1_macro": f1_macro,
    "f1_micro": f1_micro,
    "f1_weighted": f1_weighted,
    "precision": precision,
    "recall": recall,
    "accuracy": accuracy,
    "jaccard": jaccard,
    "hamming_loss": hamming_loss,
}
"""Metrics of the labels answered; higher is better but for losses."""


def score(
    name: str, y: Array, answers: Array, rank: Callable[[str], Callable[[NDArray[np.bool_], Array], float] | None]
) -> float:
    """The metric called `name`; `rank` gives ranking metrics of one label. NaN for metrics that do not apply."""
    if name in LABELS:
        return LABELS[name](y, (answers > HALF).astype(np.float64))
    if name == "log_loss":
        return log_loss(y, answers)
    if name == "brier_score":
        return brier(y, answers)
    one = rank(name)
    return float("nan") if one is None else _each(y, answers, one)


def answered(p: Array, thresholds: Array, always: bool) -> Array:
    """1 for the labels that are answered: from their threshold on, and `always` at least the likeliest for it. Of the
    shape of `p`."""
    said = p >= thresholds
    if always:
        none = ~said.any(axis=1)
        said[none, (p[none] / np.maximum(thresholds, EPSILON)).argmax(axis=1)] = True
    return said.astype(np.float64)


def thresholds(y: Array, p: Array, metric: str, always: bool, rounds: int = 2) -> tuple[float, ...]:
    """A threshold a label that is best for a metric of labels: one for all first, then each by itself where its own
    gain is worth it; rare labels lean on the common one."""
    found = LABELS.get(metric, f1_micro)

    def goal(y: Array, said: Array) -> float:
        return -found(y, said) if metric == "hamming_loss" else found(y, said)

    grid = np.unique(np.concatenate([np.linspace(0.04, 0.6, 29), np.quantile(p, np.linspace(0.5, 0.999, 20))]))
    grid = grid[(grid > 0.005) & (grid < 0.95)]
    best = max(grid.tolist(), key=lambda t: goal(y, answered(p, np.full(p.shape[1], t), always)))
    chosen = np.full(p.shape[1], best)
    now = goal(y, answered(p, chosen, always))
    for _ in range(rounds):
        for k in range(p.shape[1]):
            for t in np.unique(np.clip(best * np.array([0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0]), 0.01, 0.95)).tolist():
                tried = chosen.copy()
                tried[k] = t
                value = goal(y, answered(p, tried, always))
                if value > now + WORTH / np.sqrt(max(y[:, k].sum(), 1.0)):
                    now, chosen = value, tried
    return tuple(float(t) for t in chosen)


WORTH = 2e-4  # that a label's own threshold must gain, times the root of a hundred rows with it, roughly
