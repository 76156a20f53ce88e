"""Everything that is said about the quality of a delivered model, computed once from its answers on held-out rows.

Takes truth and answers as arrays and returns an `Evaluation` of plain JSON values. It knows nothing of how the answers
were made, so the same code judges a bundle, a bare model or somebody else's service.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.run import Score
from .curves import calibration, ranking_curves, threshold_table
from .intervals import from_resamples, is_share, wilson
from .metrics import Scorer, answers_in, bootstrap_interval, bootstrap_values, scorer
from .own import applying

Array = NDArray[np.float64]

OTHERS = {
    "binary": (
        "roc_auc",
        "average_precision",
        "accuracy",
        "balanced_accuracy",
        "f1",
        "precision",
        "recall",
        "log_loss",
    ),
    "multiclass": ("accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "log_loss"),
    "multilabel": ("f1_samples", "f1_micro", "f1_macro", "precision", "recall", "accuracy", "average_precision"),
    "regression": ("rmse", "mae", "median_absolute_error", "r2", "mape"),
}
MAIN_RESAMPLES = 1000
OTHER_RESAMPLES = 200
MOST_CLASSES_DRAWN = 60  # a larger confusion matrix is unreadable; the worst confusions are listed instead
SAMPLE = 400
SORTING = ("roc_auc", "average_precision")
BOOTSTRAP_ROWS = 10_000
FEWEST_BOOTSTRAP_ROWS = 5_000
BOOTSTRAP_CELLS = 10_000_000  # rows x columns sorted or counted over all draws: one to three seconds
FEWEST_DRAWS = 60


@dataclass(frozen=True)
class MetricValue:
    """A metric on the held-out rows. `interval`: 95 %, see `intervals`; None where it cannot be computed."""

    name: str
    value: float | None
    interval: tuple[float, float] | None = None
    baseline: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """JSON-ready evidence. What does not apply to the kind of task is empty or None.

    confusion    rows are the truth, columns the answers, in the order of `labels`
    confused     the most frequent wrong answers: {"true", "answer", "rows", "share" of the true class}
    roc, precision_recall   see `curves.ranking_curves`
    residuals    predicted minus true: quantiles, histogram, a sample of [true, predicted], errors by size of the truth,
                 and for prediction intervals their goal, coverage and widths
    """

    kind: str  # "binary", "multiclass", "regression", "series" or "spans"
    rows: int
    metric: MetricValue
    others: tuple[MetricValue, ...] = ()
    labels: tuple[str, ...] = ()
    positive: str | None = None
    threshold: float | None = None
    confusion: list[list[int]] | None = None
    confused: list[dict[str, Any]] | None = None
    per_class: list[dict[str, Any]] | None = None
    roc: list[dict[str, Any]] | None = None
    precision_recall: list[dict[str, Any]] | None = None
    calibration: dict[str, Any] | None = None
    thresholds: list[dict[str, float]] | None = None
    residuals: dict[str, Any] | None = None

    def of_label(self, label: str | None, metric: str) -> float | None:
        """Precision, recall or F1 of one kind of entity; None for other metrics and tasks."""
        if self.kind != "spans" or label is None:
            return None
        return next((float(c[metric]) for c in self.per_class or [] if c["label"] == label and metric in c), None)

    def score(self, looks: int = 1) -> Score:
        """The main metric as it goes into the report. NaN stands where it is undefined."""
        nan = float("nan")
        m = self.metric
        value = nan if m.value is None else m.value
        baseline = nan if m.baseline is None else m.baseline
        others = {o.name: o.value for o in self.others if o.value is not None}
        return Score(m.name, value, m.interval or (nan, nan), baseline, self.rows, looks, others)


def evaluate(
    y: NDArray[Any],
    answers: NDArray[Any],
    *,
    metric: str,
    labels: Sequence[object] = (),
    positive: int | None = None,
    label_index: NDArray[Any] | None = None,
    threshold: float | None = None,
    intervals: NDArray[Any] | None = None,
    coverage: float = 0.9,
    baseline: NDArray[Any] | float | None = None,
    seed: int = 0,
) -> Evaluation:
    """Judges `answers` against the truth `y`.

    Classification (`labels` given): `y` (rows,) class indices, `answers` (rows, classes) probabilities, `label_index`
    (rows,) the labels actually answered (default: by `threshold`, else the most probable), `positive` the index of the
    positive class of two. Regression: `y` and `answers` (rows,), `intervals` (rows, 2) that promise `coverage`.
    `baseline`: what answering without looking would say: class shares (classes,), one value, or an answer a row.
    Raises InputError for an unknown metric."""
    truth = np.asarray(y, dtype=np.float64)
    given = np.asarray(answers, dtype=np.float64)
    assert len(truth) == len(given) > 0, (truth.shape, given.shape)
    if not labels:
        return _of_values(truth, given, metric, intervals, coverage, baseline, seed)
    assert given.shape == (len(truth), len(labels)), (given.shape, len(labels))
    if truth.ndim == 2:
        return _of_several(truth, given, np.asarray(label_index), tuple(map(str, labels)), metric, baseline, seed)
    case = _Case(
        truth, given, tuple(str(v) for v in labels), 1 if positive is None else positive, threshold, label_index
    )
    return _of_classes(case, metric, baseline, seed)


def _of_several(
    y: Array,
    p: Array,
    said: Array,
    labels: tuple[str, ...],
    metric: str,
    baseline: NDArray[Any] | float | None,
    seed: int,
) -> Evaluation:
    """Rows with any number of labels: y, p and what was answered, all (rows, labels)."""
    said = said.astype(np.float64)
    dummy = None if baseline is None else np.broadcast_to(np.asarray(baseline, dtype=np.float64), y.shape)
    values = []
    for name in [metric, *(n for n in OTHERS["multilabel"] if n != metric)]:
        measure = scorer(name)
        answers = said if measure.needs == "labels" else p
        value = measure(y, answers)
        draws = MAIN_RESAMPLES // 4 if name == metric else FEWEST_DRAWS
        interval = _finite_pair(bootstrap_interval(name, y, answers, seed=seed, n=draws))
        base = None if dummy is None else _same_labels(measure, y, dummy)
        values.append(MetricValue(name, _finite(value), interval, _finite(base)))
    per_class = []
    for k, label in enumerate(labels):
        hit, called_k, true = float((y[:, k] * said[:, k]).sum()), float(said[:, k].sum()), float(y[:, k].sum())
        per_class.append(
            {
                "label": label,
                "precision": hit / called_k if called_k else None,
                "recall": hit / true if true else None,
                "f1": 2 * hit / (called_k + true) if called_k + true else None,
                "support": int(true),
            }
        )
    return Evaluation(
        kind="multilabel",
        rows=len(y),
        metric=values[0],
        others=tuple(values[1:]),
        labels=labels,
        per_class=per_class,
    )


class _Case:
    """Truth and answers of a classifier; `said` (rows,) are the label indices answered."""

    def __init__(
        self,
        y: Array,
        p: Array,
        labels: tuple[str, ...],
        positive: int,
        threshold: float | None,
        label_index: NDArray[Any] | None,
    ) -> None:
        self.y, self.p, self.labels, self.positive, self.threshold = y, p, labels, positive, threshold
        self.binary = len(labels) == 2
        self.said = self._answered() if label_index is None else np.asarray(label_index).astype(np.intp)

    def _answered(self) -> NDArray[np.intp]:
        if self.binary and self.threshold is not None:
            called = self.p[:, self.positive] >= self.threshold
            return np.where(called, self.positive, 1 - self.positive)
        best: NDArray[np.intp] = self.p.argmax(axis=1)
        return best

    def scores(self, measure: Scorer) -> Array:
        """What the scorer takes: probabilities, or the labels answered (1 = positive where there are two classes)."""
        if measure.needs == "probabilities":
            return self.p
        return (self.said == self.positive if self.binary else self.said).astype(np.float64)


def _same_labels(measure: Scorer, y: Array, shares: Array) -> float:
    """What the same answer for all rows reaches: for metrics of labels the better of the commonest label and none."""
    if measure.needs != "labels":
        return measure(y, shares)
    commonest = (shares >= shares.max(axis=1, keepdims=True)).astype(np.float64)
    return max(measure(y, commonest), measure(y, np.zeros_like(commonest)))


def _of_classes(case: _Case, metric: str, baseline: NDArray[Any] | float | None, seed: int) -> Evaluation:
    kind = "binary" if case.binary else "multiclass"
    dummy = _dummy_case(case, baseline)
    names = list(dict.fromkeys([metric, *applying(kind), *OTHERS[kind]]))
    values = [_class_metric(name, case, dummy, seed, first=name == metric) for name in names]
    table = np.zeros((len(case.labels), len(case.labels)), dtype=np.int64)
    np.add.at(table, (case.y.astype(np.intp), case.said), 1)
    roc, pr = ranking_curves(case.y, case.p, list(case.labels), case.positive)
    return Evaluation(
        kind=kind,
        rows=len(case.y),
        metric=values[0],
        others=tuple(values[1:]),
        labels=case.labels,
        positive=case.labels[case.positive] if case.binary else None,
        threshold=case.threshold,
        confusion=table.tolist() if len(case.labels) <= MOST_CLASSES_DRAWN else None,
        confused=_most_confused(table, case.labels),
        per_class=_per_class(table, case.labels),
        roc=roc,
        precision_recall=pr,
        calibration=calibration(case.y, case.p, case.positive),
        thresholds=threshold_table(case.y, case.p, case.positive) if case.binary else None,
    )


def _dummy_case(case: _Case, baseline: NDArray[Any] | float | None) -> _Case | None:
    """The dummy's answers spread over all rows; it answers the most probable label."""
    if baseline is None:
        return None
    p = np.broadcast_to(np.asarray(baseline, dtype=np.float64), case.p.shape)
    return _Case(case.y, p, case.labels, case.positive, None, None)


def _class_metric(name: str, case: _Case, dummy: _Case | None, seed: int, first: bool) -> MetricValue:
    measure = scorer(name)
    scores = case.scores(measure)
    base = _baseline(measure, case, dummy) if dummy else None
    value = measure(case.y, scores, None, case.positive)
    interval = _interval(name, case.y, scores, value, seed, first, case.positive)
    return MetricValue(name, _finite(value), interval, _finite(base))


def _baseline(measure: Scorer, case: _Case, dummy: _Case) -> float:
    """What the dummy reaches. Where answers have costs of the user's own, the cheapest single answer is what doing
    without a model would come to."""
    if measure.of_counts is None or not case.binary:
        return measure(case.y, dummy.scores(measure), None, case.positive)
    always = [measure(case.y, np.full(len(case.y), answer), None, case.positive) for answer in (0.0, 1.0)]
    return max(always, key=measure.utility)


def _interval(
    name: str, y: Array, scores: Array, value: float, seed: int, first: bool, positive: int = 1
) -> tuple[float, float] | None:
    """95 % interval within a few seconds for any number of rows.

    Above `BOOTSTRAP_ROWS` rows the spread is taken from a random part. Side metrics that sort every class's column go
    without."""
    sorts = name in SORTING
    width = scores.shape[1] if sorts and scores.ndim == 2 else 1
    if sorts and width > 2 and not first:
        return None
    rows = min(len(y), max(FEWEST_BOOTSTRAP_ROWS, 2 * BOOTSTRAP_ROWS // max(width, 2)))
    cost = BOOTSTRAP_CELLS // (rows * width)
    draws = max(FEWEST_DRAWS, min(MAIN_RESAMPLES if first else OTHER_RESAMPLES, cost))
    if value in (0.0, 1.0) and is_share(name):
        return wilson(value, _proving_rows(name, y, scores, positive))
    if rows == len(y):
        return _finite_pair(bootstrap_interval(name, y, scores, seed=seed, n=draws, positive=positive))
    pick = np.random.default_rng(seed).permutation(len(y))[:rows]
    middle = scorer(name)(y[pick], scores[pick], None, positive)
    values = bootstrap_values(name, y[pick], scores[pick], seed=seed, n=draws, positive=positive)
    return _finite_pair(from_resamples(name, value, values, answers_in(name, y), part=rows / len(y), middle=middle))


def _proving_rows(name: str, y: Array, scores: Array, positive: int) -> float:
    """How many rows show a share that is 0 or 1: those of the class for a recall, the alarms for a precision, the
    rarest class where every class must be right, else all."""
    if name in ("accuracy", "f1_micro", "f1_weighted") or name.startswith("top"):
        return len(y)
    counts = np.unique(y, return_counts=True)[1]
    case = y == positive
    if len(counts) == 2:
        of_two = {
            "recall": case.sum(), "precision": (scores == 1).sum() if scores.ndim == 1 else len(y),
            "specificity": (~case).sum(), "false_positive_rate": (~case).sum(),
        }  # fmt: skip
        if of_two.get(name):
            return int(of_two[name])
    if len(counts) <= 2 or name == "min_class_recall":
        return int(counts.min())
    return float(len(counts) ** 2 / (1 / counts).sum())  # a mean over classes varies by that of each


def _per_class(table: NDArray[np.int64], labels: tuple[str, ...]) -> list[dict[str, Any]]:
    """Precision, recall and F1 of each class from the confusion table; None where a class never occurs or is never
    answered, since the ratio has no meaning there."""
    out = []
    for k, label in enumerate(labels):
        hit, actual, said = int(table[k, k]), int(table[k].sum()), int(table[:, k].sum())
        out.append(
            {
                "label": label,
                "precision": hit / said if said else None,
                "recall": hit / actual if actual else None,
                "f1": 2 * hit / (said + actual) if said + actual else None,
                "support": actual,
            }
        )
    return out


def _most_confused(table: NDArray[np.int64], labels: tuple[str, ...], most: int = 12) -> list[dict[str, Any]]:
    wrong = table.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True) if wrong[i, j] > 0]
    return [
        {"true": labels[i], "answer": labels[j], "rows": int(wrong[i, j]), "share": float(wrong[i, j] / table[i].sum())}
        for i, j in pairs
    ]


# ------------------------------------------------------------------------------------------------------------- values
def _of_values(
    y: Array,
    v: Array,
    metric: str,
    intervals: NDArray[Any] | None,
    coverage: float,
    baseline: NDArray[Any] | float | None,
    seed: int,
) -> Evaluation:
    dummy = None if baseline is None else np.broadcast_to(np.asarray(baseline, dtype=np.float64), y.shape)
    others = (n for n in OTHERS["regression"] if n != "mape" or np.all(np.abs(y) > 1e-9))
    names = list(dict.fromkeys([metric, *applying("regression"), *others]))
    values = []
    for name in names:
        measure = scorer(name)
        value = measure(y, v)
        base = measure(y, dummy) if dummy is not None else None
        interval = _interval(name, y, v, value, seed, first=name == metric)
        values.append(MetricValue(name, _finite(value), interval, _finite(base)))
    residuals = _residuals(y, v, seed)
    if intervals is not None:
        residuals["interval"] = _interval_facts(y, np.asarray(intervals, dtype=np.float64), coverage)
        values.append(MetricValue("interval_coverage", residuals["interval"]["coverage"]))
    return Evaluation(kind="regression", rows=len(y), metric=values[0], others=tuple(values[1:]), residuals=residuals)


def _residuals(y: Array, v: Array, seed: int) -> dict[str, Any]:
    error = v - y
    levels = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
    low, high = np.quantile(error, [0.005, 0.995])
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(np.clip(error, low, high), bins=31, range=(low, high))
    pick = np.random.default_rng(seed).permutation(len(y))[:SAMPLE]
    return {
        "quantiles": {f"{q:g}": float(value) for q, value in zip(levels, np.quantile(error, levels), strict=True)},
        "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
        "clipped": int(np.sum((error < low) | (error > high))),
        "sample": [[float(a), float(b)] for a, b in zip(y[pick], v[pick], strict=True)],
        "by_size": _by_size(y, v),
        "mean": float(error.mean()),
        "mean_absolute": float(np.abs(error).mean()),
    }


def _by_size(y: Array, v: Array, parts: int = 10) -> list[dict[str, float]]:
    """Mean absolute error and bias (mean of predicted minus true) in tenths of the rows, ordered by the truth."""
    edges = np.unique(np.quantile(y, np.linspace(0, 1, parts + 1)))
    if len(edges) < 3:
        return []
    where = np.clip(np.searchsorted(edges, y, side="right") - 1, 0, len(edges) - 2)
    out = []
    for k in range(len(edges) - 1):
        inside = where == k
        if inside.sum() >= 5:
            error = v[inside] - y[inside]
            low, high = float(edges[k]), float(edges[k + 1])
            mae, bias = float(np.abs(error).mean()), float(error.mean())
            out.append({"low": low, "high": high, "rows": int(inside.sum()), "mae": mae, "bias": bias})
    return out


def _interval_facts(y: Array, intervals: Array, goal: float) -> dict[str, float]:
    assert intervals.shape == (len(y), 2), intervals.shape
    width = intervals[:, 1] - intervals[:, 0]
    inside = (y >= intervals[:, 0]) & (y <= intervals[:, 1])
    return {
        "goal": goal,
        "coverage": float(inside.mean()),
        "below": float(np.mean(y < intervals[:, 0])),
        "above": float(np.mean(y > intervals[:, 1])),
        "mean_width": float(width.mean()),
        "median_width": float(np.median(width)),
    }


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _finite_pair(pair: tuple[float, float]) -> tuple[float, float] | None:
    return pair if math.isfinite(pair[0]) and math.isfinite(pair[1]) else None
