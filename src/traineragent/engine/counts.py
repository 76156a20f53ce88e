"""Right and wrong answers about two classes, counted at many thresholds at once, and metrics of labels from them.

It knows nothing of how thresholds are chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .metrics import ratio, scorer

Float64 = NDArray[np.float64]
MOST_THRESHOLDS = 2000


@dataclass(frozen=True)
class Counts:
    """Counts over all thresholds, each (thresholds,)."""

    tp: Float64
    fp: Float64
    fn: Float64
    tn: Float64

    def value(self, name: str) -> Float64:
        """A metric of labels at every threshold."""
        tp, fp, fn, tn = self.tp, self.fp, self.fn, self.tn
        recall, specificity = ratio(tp, tp + fn), ratio(tn, tn + fp)
        positive, negative = ratio(2 * tp, 2 * tp + fp + fn), ratio(2 * tn, 2 * tn + fp + fn)
        total = tp + fp + fn + tn
        match name:
            case "accuracy":
                return (tp + tn) / total
            case "balanced_accuracy":
                return (recall + specificity) / 2
            case "precision":
                return ratio(tp, tp + fp)
            case "recall":
                return recall
            case "specificity":
                return specificity
            case "false_positive_rate":
                return 1 - specificity
            case "f1":
                return positive
            case "f1_macro":
                return (positive + negative) / 2
            case "f1_weighted":
                return ((tp + fn) * positive + (fp + tn) * negative) / total
            case "mcc":
                below = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
                return ratio(tp * tn - fp * fn, below)
            case "min_class_recall":
                return np.minimum(recall, specificity)
            case "cohen_kappa":
                chance = ((tp + fp) * (tp + fn) + (fn + tn) * (fp + tn)) / total**2
                return ratio((tp + tn) / total - chance, 1 - chance)
            case "f_half":
                return ratio(1.25 * tp, 1.25 * tp + fp + 0.25 * fn)
            case "f_two":
                return ratio(5 * tp, 5 * tp + fp + 4 * fn)
        found = scorer(name).of_counts
        if found is None:
            raise KeyError(name)
        return found(self)

    @property
    def rows(self) -> Float64:
        return self.tp + self.fp + self.fn + self.tn

    def error(self, name: str) -> Float64:
        """Standard error of a metric that is a share; of others, as if over all rows; of one's own, by the delta
        method over the four counts."""
        if name not in (*SHARES, "f_half", "f_two"):
            return self._delta_error(name)
        value = self.value(name)
        of = {"precision": self.tp + self.fp, "recall": self.tp + self.fn}
        rows = of.get(name, self.tp + self.fp + self.fn + self.tn)
        return np.sqrt(np.maximum(value * (1 - value), 0.0) / np.maximum(rows, 1.0))

    def _delta_error(self, name: str) -> Float64:
        """Of any function of the counts, whose shares are multinomial."""
        value, rows = self.value(name), np.maximum(self.rows, 1.0)
        slopes = []
        for part in ("tp", "fp", "fn", "tn"):
            moved = {k: getattr(self, k) + (1.0 if k == part else 0.0) for k in ("tp", "fp", "fn", "tn")}
            slopes.append((Counts(**moved).value(name) - value) * rows)
        shares = [getattr(self, k) / rows for k in ("tp", "fp", "fn", "tn")]
        mean = sum(s * p for s, p in zip(slopes, shares, strict=True))
        square = sum(s * s * p for s, p in zip(slopes, shares, strict=True))
        return np.asarray(np.sqrt(np.maximum(square - mean**2, 0.0) / rows))


SHARES = (
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "specificity",
    "false_positive_rate",
    "f1",
    "f1_macro",
    "f1_weighted",
    "mcc",
)


def counts_at_thresholds(truth: NDArray[np.bool_], score: Float64) -> tuple[Float64, Counts]:
    """(thresholds, counts): between any two neighbouring scores, at most MOST_THRESHOLDS of them."""
    values = np.unique(score)
    if len(values) > MOST_THRESHOLDS:
        values = np.unique(np.quantile(values, np.linspace(0, 1, MOST_THRESHOLDS)))
    middle = (values[1:] + values[:-1]) / 2
    cuts = np.unique(np.concatenate([[values[0] / 2], middle, [(1 + values[-1]) / 2], [0.5]]))
    order = np.sort(score)
    hits = np.sort(score[truth])
    said = len(order) - np.searchsorted(order, cuts, side="left")
    tp = (len(hits) - np.searchsorted(hits, cuts, side="left")).astype(np.float64)
    fp = said - tp
    return cuts, Counts(tp, fp, len(hits) - tp, len(order) - len(hits) - fp)
