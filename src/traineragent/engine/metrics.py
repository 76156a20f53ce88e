"""Metrics by their scikit-learn names, on plain arrays, with bootstrap intervals.

Scores are model outputs as in `ports.Fitted`: float64 (rows, classes) probabilities, or (rows,) values. It knows
nothing of how thresholds are chosen.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..domain.task import Direction
from ..errors import InputError
from . import several
from .agreement import ks_statistic, pearson_correlation, quadratic_kappa, ranks, spearman_correlation
from .intervals import acceleration, from_resamples

Array = NDArray[np.float64]
Needs = Literal["probabilities", "labels", "values"]
Function = Callable[[Array, NDArray[np.float64]], float]

_TOP = re.compile(r"top([1-9]\d?)_accuracy")
EPSILON = 1e-7  # probabilities are clipped here before a logarithm
ABSOLUTE = (
    "mae",
    "median_absolute_error",
    "median_absolute_percentage_error",
    "smape",
    "mape",
    "wape",
    "mase",
)  # the median, not the mean, makes them smallest
SQUARED = ("rmse", "mse", "r2")  # what they say of the errors goes by their squares


@dataclass(frozen=True)
class Scorer:
    """One metric. `function(y, scores)` takes probabilities (rows, classes), labels (rows,) or values (rows,), as
    `needs` says; in a binary task class 1 is its positive one. `best` is its perfect value. `search`: the name of the
    metric that candidates are compared by where this one was asked for. `of_counts` gives it for many thresholds."""

    name: str
    direction: Direction
    needs: Needs
    function: Function
    best: float = 1.0
    tasks: tuple[str, ...] = ("binary", "multiclass")
    search: str = ""
    of_counts: Callable[[Any], Array] | None = None

    def __call__(self, y: Array, scores: Array, threshold: float | None = None, positive: int = 1) -> float:
        """The metric's own value on model outputs: probabilities or values.

        A metric of labels also takes labels (rows,), where 1 means `positive` if there are two classes. `threshold`
        applies to the positive class of a binary task; without one the more probable class is answered. Where `y` is
        (rows, labels), rows have any number of labels; see `several`."""
        if y.ndim == 2:
            return several.score(self.name, y, scores, _rank_of)
        if self.needs == "labels":
            return self.function(1 - y if positive == 0 else y, _labels(scores, threshold, positive))
        if positive == 0 and scores.ndim == 2 and scores.shape[1] == 2:
            return self.function(1 - y, scores[:, ::-1])
        return self.function(y, scores)

    def utility(self, value: float) -> float:
        """Higher is better: errors are negated."""
        return value if self.direction == "maximize" else -value

    def error(self, value: float) -> float:
        """Distance from a perfect score, for saying "8 % more error"."""
        return abs(self.best - value)


def _rank_of(name: str) -> Callable[[NDArray[np.bool_], Array], float] | None:
    """The ranking metric of one label."""
    return {"roc_auc": _auc, "average_precision": _ap}.get(name)


def _labels(scores: Array, threshold: float | None, positive: int) -> Array:
    """Class indices from probabilities; with two classes 1 stands for the positive one."""
    if scores.ndim == 1:
        return scores
    if scores.shape[1] != 2:
        return np.asarray(scores.argmax(axis=1), dtype=np.float64)
    p = scores[:, positive]
    hit = p > 0.5 if threshold is None else p >= threshold
    return np.asarray(hit, dtype=np.float64)


# ------------------------------------------------------------------------------------------- ranking and probabilities
def _auc(truth: NDArray[np.bool_], score: Array) -> float:
    """Area under the ROC curve by ranks (Mann-Whitney); ties count half. NaN when only one class is present."""
    positives = int(truth.sum())
    negatives = truth.size - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    place = ranks(score)
    return float((place[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def roc_auc(y: Array, p: Array) -> float:
    """Binary: of class 1. More classes: unweighted mean of one against the rest, over classes that occur."""
    if p.shape[1] == 2:
        return _auc(y == 1, p[:, 1])
    return float(np.nanmean([_auc(y == k, p[:, k]) for k in range(p.shape[1])]))


def _ap(truth: NDArray[np.bool_], score: Array) -> float:
    """Average precision as scikit-learn defines it: sum over thresholds of recall gain times precision."""
    if not truth.any():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order])
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))  # ties share a threshold
    precision = hits[last] / (last + 1)
    return float(np.sum(np.diff(hits[last], prepend=0) * precision) / hits[-1])


def average_precision(y: Array, p: Array) -> float:
    """Binary: of class 1. More classes: unweighted mean of one against the rest."""
    if p.shape[1] == 2:
        return _ap(y == 1, p[:, 1])
    return float(np.nanmean([_ap(y == k, p[:, k]) for k in range(p.shape[1])]))


def log_loss(y: Array, p: Array) -> float:
    """Mean negative log-likelihood of the true class; rows are renormalised."""
    clipped = np.clip(p, EPSILON, 1.0)
    true = clipped[np.arange(len(y)), y.astype(np.intp)] / clipped.sum(axis=1)
    return float(-np.log(true).mean())


def brier(y: Array, p: Array) -> float:
    """Binary: mean squared error of P(class 1). More classes: mean over rows of the summed squared errors."""
    if p.shape[1] == 2:
        return float(np.mean((p[:, 1] - y) ** 2))
    truth = np.eye(p.shape[1])[y.astype(np.intp)]
    return float(np.mean(((p - truth) ** 2).sum(axis=1)))


# ------------------------------------------------------------------------------------------------------------- labels
def _counts(y: Array, guess: Array) -> tuple[Array, Array, Array, Array]:
    """(classes, true positives, predicted, actual) over the classes that occur in either."""
    classes, inverse = np.unique(np.concatenate([y, guess]), return_inverse=True)
    k, n = len(classes), len(y)
    truth, said = inverse[:n], inverse[n:]
    hit = np.bincount(truth[truth == said], minlength=k).astype(np.float64)
    return classes, hit, np.bincount(said, minlength=k).astype(float), np.bincount(truth, minlength=k).astype(float)


def ratio(top: Array, bottom: Array) -> Array:
    """top / bottom, 0 where there is nothing to divide by."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def accuracy(y: Array, guess: Array) -> float:
    return float(np.mean(y == guess))


def balanced_accuracy(y: Array, guess: Array) -> float:
    """Mean recall over the classes that occur in the truth."""
    _, hit, _, actual = _counts(y, guess)
    return float((hit[actual > 0] / actual[actual > 0]).mean())


def _f1_per_class(y: Array, guess: Array) -> tuple[Array, Array]:
    _, hit, said, actual = _counts(y, guess)
    return ratio(2 * hit, said + actual), actual


def f1_macro(y: Array, guess: Array) -> float:
    return float(_f1_per_class(y, guess)[0].mean())


def f1_weighted(y: Array, guess: Array) -> float:
    each, actual = _f1_per_class(y, guess)
    return float(np.average(each, weights=actual))


def _binary(y: Array, guess: Array) -> tuple[float, float, float, float]:
    """(tp, fp, fn, tn) with class 1 positive."""
    tp = float(np.sum((y == 1) & (guess == 1)))
    fp = float(np.sum((y != 1) & (guess == 1)))
    fn = float(np.sum((y == 1) & (guess != 1)))
    return tp, fp, fn, float(len(y)) - tp - fp - fn


def _share(top: float, bottom: float) -> float:
    return top / bottom if bottom else 0.0


def _multi(y: Array, guess: Array) -> bool:
    return bool(max(y.max(initial=0), guess.max(initial=0)) > 1)


def f1(y: Array, guess: Array) -> float:
    """Binary F1 of class 1; with more classes the macro mean."""
    if _multi(y, guess):
        return f1_macro(y, guess)
    tp, fp, fn, _ = _binary(y, guess)
    return _share(2 * tp, 2 * tp + fp + fn)


def precision(y: Array, guess: Array) -> float:
    """Of class 1; with more classes the macro mean."""
    if _multi(y, guess):
        _, hit, said, _ = _counts(y, guess)
        return float(ratio(hit, said).mean())
    tp, fp, _, _ = _binary(y, guess)
    return _share(tp, tp + fp)


def recall(y: Array, guess: Array) -> float:
    """Of class 1; with more classes the macro mean."""
    if _multi(y, guess):
        _, hit, _, actual = _counts(y, guess)
        return float(ratio(hit, actual).mean())
    tp, _, fn, _ = _binary(y, guess)
    return _share(tp, tp + fn)


def specificity(y: Array, guess: Array) -> float:
    """Share of the negatives that are called negative."""
    _, fp, _, tn = _binary(y, guess)
    return _share(tn, tn + fp)


def false_positive_rate(y: Array, guess: Array) -> float:
    return 1.0 - specificity(y, guess)


def mcc(y: Array, guess: Array) -> float:
    """Matthews' correlation, any number of classes (Gorodkin 2004)."""
    _, hit, said, actual = _counts(y, guess)
    n = float(len(y))
    top = hit.sum() * n - float(said @ actual)
    bottom = np.sqrt(n * n - float(said @ said)) * np.sqrt(n * n - float(actual @ actual))
    return _share(top, float(bottom))


def cohen_kappa(y: Array, guess: Array) -> float:
    """Agreement beyond what chance gives with these shares of classes (Cohen 1960), any number of classes."""
    _, hit, said, actual = _counts(y, guess)
    n = float(len(y))
    chance = float(said @ actual) / (n * n)
    return _share(float(hit.sum()) / n - chance, 1 - chance)


def hamming_loss(y: Array, guess: Array) -> float:
    """Share of wrong answers; of rows with several labels that of wrong labels, see `several`."""
    return float(np.mean(guess != y))


def min_class_recall(y: Array, guess: Array) -> float:
    """The recall of the class that is found least, of those that occur."""
    _, hit, _, actual = _counts(y, guess)
    return float(ratio(hit, actual)[actual > 0].min())


def _among_first(many: int) -> Function:
    """The share of rows whose class is among the `many` likeliest."""

    def share(y: Array, p: Array) -> float:
        true = p[np.arange(len(y)), y.astype(np.intp)]
        return float(np.mean((p > true[:, None]).sum(axis=1) < many))

    return share


# ------------------------------------------------------------------------------------------------------------- values
def rmse(y: Array, v: Array) -> float:
    return float(np.sqrt(np.mean((y - v) ** 2)))


def mse(y: Array, v: Array) -> float:
    return float(np.mean((y - v) ** 2))


def mae(y: Array, v: Array) -> float:
    return float(np.mean(np.abs(y - v)))


def median_absolute_error(y: Array, v: Array) -> float:
    return float(np.median(np.abs(y - v)))


def max_error(y: Array, v: Array) -> float:
    return float(np.max(np.abs(y - v)))


def r2(y: Array, v: Array) -> float:
    spread = float(np.sum((y - y.mean()) ** 2))
    return 1.0 - float(np.sum((y - v) ** 2)) / spread if spread else 0.0


def mape(y: Array, v: Array) -> float:
    """Mean absolute error as a fraction of the true value, as scikit-learn defines it (0.1 is 10 %)."""
    return float(np.mean(np.abs(y - v) / np.maximum(np.abs(y), np.finfo(np.float64).eps)))


def median_absolute_percentage_error(y: Array, v: Array) -> float:
    """What half of the errors stay below, each as a fraction of its true value."""
    return float(np.median(np.abs(y - v) / np.maximum(np.abs(y), np.finfo(np.float64).eps)))


def rmspe(y: Array, v: Array) -> float:
    """Root of the mean squared error as a fraction of the true value."""
    return float(np.sqrt(np.mean(((y - v) / np.maximum(np.abs(y), np.finfo(np.float64).eps)) ** 2)))


def smape(y: Array, v: Array) -> float:
    """Symmetric version: |error| over the mean of both magnitudes, as a fraction."""
    size = (np.abs(y) + np.abs(v)) / 2
    return float(np.mean(np.divide(np.abs(y - v), size, out=np.zeros_like(size), where=size > 0)))


def rmsle(y: Array, v: Array) -> float:
    """Root mean squared error of log1p; values below 0 count as 0."""
    return float(np.sqrt(np.mean((np.log1p(np.maximum(y, 0)) - np.log1p(np.maximum(v, 0))) ** 2)))


def _class_scorers() -> list[Scorer]:
    up: Direction = "maximize"
    down: Direction = "minimize"
    only = ("binary",)
    return [
        Scorer("roc_auc", up, "probabilities", roc_auc),
        Scorer("average_precision", up, "probabilities", average_precision),
        Scorer("log_loss", down, "probabilities", log_loss, 0.0),
        Scorer("brier_score", down, "probabilities", brier, 0.0),
        Scorer("accuracy", up, "labels", accuracy),
        Scorer("balanced_accuracy", up, "labels", balanced_accuracy),
        Scorer("f1", up, "labels", f1),
        Scorer("f1_macro", up, "labels", f1_macro),
        Scorer("f1_weighted", up, "labels", f1_weighted),
        Scorer("precision", up, "labels", precision),
        Scorer("recall", up, "labels", recall),
        Scorer("specificity", up, "labels", specificity, tasks=only),
        Scorer("false_positive_rate", down, "labels", false_positive_rate, 0.0, tasks=only),
        Scorer("mcc", up, "labels", mcc),
        Scorer("cohen_kappa", up, "labels", cohen_kappa),
        Scorer("quadratic_kappa", up, "labels", quadratic_kappa),
        Scorer("ks_statistic", up, "probabilities", ks_statistic),
        Scorer("hamming_loss", down, "labels", hamming_loss, 0.0, tasks=("binary", "multiclass", "multilabel")),
        Scorer("min_class_recall", up, "labels", min_class_recall),
        Scorer("f1_samples", up, "labels", accuracy, tasks=("multilabel",)),
        Scorer("f1_micro", up, "labels", accuracy),
    ]


def _value_scorers() -> list[Scorer]:
    down: Direction = "minimize"
    errors = {
        "rmse": rmse,
        "mse": mse,
        "mae": mae,
        "median_absolute_error": median_absolute_error,
        "max_error": max_error,
        "mape": mape,
        "median_absolute_percentage_error": median_absolute_percentage_error,
        "smape": smape,
        "rmsle": rmsle,
        "rmspe": rmspe,
    }
    tasks = ("regression",)
    found = [Scorer(name, down, "values", function, 0.0, tasks) for name, function in errors.items()]
    of_order = {"spearman_correlation": spearman_correlation, "pearson_correlation": pearson_correlation}
    found += [Scorer(name, "maximize", "values", function, 1.0, tasks) for name, function in of_order.items()]
    return [*found, Scorer("r2", "maximize", "values", r2, 1.0, tasks)]


SCORERS = {scorer.name: scorer for scorer in [*_class_scorers(), *_value_scorers()]}


def scorer(name: str) -> Scorer:
    """The scorer called `name`, one that ships or one that the overlay in force defines. Raises InputError with the
    known names."""
    found = SCORERS.get(name) or _own().get(name) or _of_first(name)
    if found is None:
        raise InputError(f"there is no metric named {name!r}; known are {', '.join(sorted({**SCORERS, **_own()}))}")
    return found


def known(name: str) -> bool:
    """Whether there is a scorer of this name."""
    return name in SCORERS or name in _own() or _of_first(name) is not None


def _of_first(name: str) -> Scorer | None:
    """ "top3_accuracy" and the like, for any number of guesses; candidates are compared by how sure they are."""
    found = _TOP.fullmatch(name)
    if found is None:
        return None
    return Scorer(name, "maximize", "probabilities", _among_first(int(found[1])), search="log_loss")


def _own() -> Mapping[str, Scorer]:
    from .own import own_scorers  # made of the scorers of this module

    return own_scorers()


# ---------------------------------------------------------------------------------------------------------- intervals
_BY_CLASS = ("balanced_accuracy", "f1_macro")
RANKED = 6  # times the rarer class: by this many answers the intervals of an AUC hold it 19 times of 20
MOST_DRAWN = 2e8  # resampled values in all, so that half a million rows take seconds


def bootstrap_values(
    metric: str,
    y: Array,
    scores: Array,
    *,
    seed: int = 0,
    n: int = 1000,
    threshold: float | None = None,
    positive: int = 1,
) -> Array:
    """The metric on `n` resamples of the rows (fewer on very many rows), NaN where a resample cannot be scored.

    The same seed draws the same rows, so the values of two models pair up."""
    rng = np.random.default_rng(seed)
    rows = len(y)
    measure = scorer(metric)
    losses = _row_losses(metric, y, scores, threshold, positive)
    ranked = _Ranked(y == positive, scores[:, positive]) if metric == "roc_auc" and scores.shape[1] == 2 else None
    out = np.empty(max(50, min(n, int(MOST_DRAWN // max(rows, 1)))))
    for i in range(len(out)):
        pick = rng.integers(0, rows, rows)
        if losses is not None:
            out[i] = losses[pick].mean()
        elif ranked is not None:
            out[i] = ranked.auc(np.bincount(pick, minlength=rows))
        else:
            out[i] = measure(y[pick], scores[pick], threshold, positive)
    return np.sqrt(out) if metric == "rmse" else out


def _row_losses(metric: str, y: Array, scores: Array, threshold: float | None, positive: int) -> Array | None:
    """Losses of the rows for metrics that are their mean (its root for rmse), or None."""
    if y.ndim == 2:
        return several.row_losses(y, scores) if metric == "log_loss" else None
    if metric in ("rmse", "mse"):
        return np.square(y - scores)
    if metric == "mae":
        return np.abs(y - scores)
    if metric == "accuracy":
        truth = 1 - y if positive == 0 else y
        return np.asarray(_labels(scores, threshold, positive) == truth, dtype=np.float64)
    if metric == "log_loss":
        p = np.clip(scores, EPSILON, 1.0)
        true = p[np.arange(len(y)), y.astype(np.intp)]
        return np.asarray(-np.log(true / p.sum(axis=1)))
    return None


class _Ranked:
    """Scores sorted once, so that each resample's AUC is a pass over counts."""

    def __init__(self, truth: NDArray[np.bool_], score: Array) -> None:
        self.order = np.argsort(score, kind="stable")
        self.truth = truth[self.order]
        ordered = score[self.order]
        self.starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))

    def auc(self, counts: NDArray[np.int64]) -> float:
        """AUC when row i occurs counts[i] times."""
        weight = counts[self.order].astype(np.float64)
        positive = np.add.reduceat(np.where(self.truth, weight, 0.0), self.starts)
        negative = np.add.reduceat(np.where(self.truth, 0.0, weight), self.starts)
        pairs = positive.sum() * negative.sum()
        if pairs == 0:
            return float("nan")
        below = np.cumsum(negative) - negative
        return float(positive @ (below + negative / 2) / pairs)


def _paired_auc(truth: NDArray[np.bool_], better: Array, worse: Array) -> tuple[float, float]:
    """(gain, probability that it is one) of two scores' AUC on the same rows."""
    parts = [_placements(truth, score) for score in (better, worse)]
    positives, negatives = (a - b for a, b in zip(*parts, strict=True))
    gain = float(positives.mean())
    if len(positives) < 2 or len(negatives) < 2:
        return 0.0, 0.0
    error = math.sqrt(positives.var(ddof=1) / len(positives) + negatives.var(ddof=1) / len(negatives))
    if error == 0:
        return gain, float(gain > 0)
    return gain, 0.5 * math.erfc(-gain / error / math.sqrt(2))


def _placements(truth: NDArray[np.bool_], score: Array) -> tuple[Array, Array]:
    """For each positive row the share of negatives below it, for each negative row that of positives above it."""
    place = ranks(score)
    positives, negatives = int(truth.sum()), int((~truth).sum())
    below = (place[truth] - ranks(score[truth])) / max(negatives, 1)
    above = 1.0 - (place[~truth] - ranks(score[~truth])) / max(positives, 1)
    return below, above


def bootstrap_interval(
    metric: str,
    y: Array,
    scores: Array,
    *,
    seed: int = 0,
    n: int = 1000,
    threshold: float | None = None,
    positive: int = 1,
) -> tuple[float, float]:
    """95 % interval of the metric, see `intervals.from_resamples`; NaN when no resample can be scored."""
    values = bootstrap_values(metric, y, scores, seed=seed, n=n, threshold=threshold, positive=positive)
    value, grows = scorer(metric)(y, scores, threshold, positive), _acceleration(metric, y, scores)
    return from_resamples(metric, value, values, answers_in(metric, y), grows=grows)


def _acceleration(metric: str, y: Array, scores: Array) -> float | None:
    """That of metrics whose value without a row follows from sums: means of losses, and R²; None for others."""
    if metric == "r2" and y.ndim == 1 and len(y) > 2:
        errors, spread = np.square(y - scores), np.square(y - y.mean()) * len(y) / (len(y) - 1)
        left = np.square(y - y.mean()).sum() - spread
        return acceleration(1 - (errors.sum() - errors) / left) if (left > 0).all() else None
    losses = None if metric == "accuracy" else _row_losses(metric, y, scores, None, 1)
    return acceleration((losses.sum() - losses) / max(len(losses) - 1, 1)) if losses is not None else None


def answers_in(metric: str, y: Array) -> int:
    """As how many independent answers the rows may count: where a rare class is ranked against the rest, its few rows
    say what there is to say (six times their number: measured by `benchmarks/intervals.py`); where every class counts
    alike, as many as a mean over classes of these sizes is worth."""
    if metric not in ("roc_auc", *_BY_CLASS) or y.ndim == 2:
        return len(y)
    counts = np.unique(y, return_counts=True)[1]
    if metric in _BY_CLASS:
        return int(min(len(y), len(counts) ** 2 / float((1 / counts).sum())))
    return int(min(len(y), RANKED * counts.min())) if len(counts) == 2 else len(y)


def paired_gain(
    metric: str, y: Array, better: Array, worse: Array, *, seed: int = 0, n: int = 200, positive: int = 1
) -> tuple[float, float]:
    """(mean gain in utility of `better` over `worse`, share of resamples in which it gains).

    For the AUC of two classes the share follows from its variance in closed form (DeLong et al. 1988)."""
    measure = scorer(metric)
    if metric == "roc_auc" and better.ndim == 2 and better.shape[1] == 2:
        return _paired_auc(y == positive, better[:, positive], worse[:, positive])
    first = bootstrap_values(metric, y, better, seed=seed, n=n, positive=positive)
    second = bootstrap_values(metric, y, worse, seed=seed, n=n, positive=positive)
    gain = (first - second) if measure.direction == "maximize" else (second - first)
    gain = gain[np.isfinite(gain)]
    return (float(gain.mean()), float((gain > 0).mean())) if len(gain) else (0.0, 0.0)
