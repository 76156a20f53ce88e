"""Turns out-of-fold predictions into decisions: calibration, the threshold for a label, intervals around a value.

Every choice is learned on some folds and judged on the others, and kept only if it helps there; the reasons are
given in words. It knows nothing of models, files or graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from ..domain.preference import Preference
from ..domain.run import Decision, Interval
from ..domain.task import Requirement
from . import several
from .counts import Counts, counts_at_thresholds
from .metrics import known, scorer

Float64 = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_PREFERENCE = Preference()
HALF = 0.5
COVERAGE = 0.9
SMALLEST_PROBABILITY = 1e-7
SURE = 1.645  # standard errors by which calibration must help
TEMPERATURES = (0.25, 4.0)
MOST_ROWS = 20_000  # rows on which class weights are searched
MOST_ROWS_CALIBRATED = 50_000
ROWS_A_BIN = 100
BINS = (1, 3, 5, 10, 20)
WORTH_A_BIN = 1.01  # more bins must lower the interval score by more than this
RANKING = ("roc_auc", "average_precision")
RARE = 0.4
SOUGHT = "the rarer class is what is sought; at one half it would seldom be answered"
ONE_SIDED = {"precision": ("f_half", "precision alone is best when hardly anything is called positive")} | {
    "recall": ("f_two", "recall alone is best when everything is called positive")
}
PREFERRED = {
    "recall": ("f_two", "missing one was said to be worse than a false alarm"),
    "precision": ("f_half", "a false alarm was said to be worse than missing one"),
}
COUNTERPART = {"precision": "recall", "recall": "precision", "specificity": "recall", "false_positive_rate": "recall"}


@dataclass(frozen=True)
class Decided:
    """What was decided, with the reasons. `temperature` 1 leaves probabilities as they are; `score` is the metric on
    the out-of-fold predictions under these decisions, for metrics of labels. `tradeoff` says what each of several
    stated limits costs in the others; empty where there is no choice to be made."""

    decision: Decision
    temperature: float = 1.0
    interval: Interval | None = None
    score: float | None = None
    why: tuple[str, ...] = ()
    tradeoff: str = ""


def decide(
    y: Float64,
    oof: Float64,
    folds: NDArray[np.int8],
    *,
    classes: int,
    metric: str,
    requirements: Sequence[Requirement] = (),
    positive: int | None = None,
    prefer: Preference = NO_PREFERENCE,
) -> Decided:
    """Decisions for a model whose out-of-fold predictions are `oof`, (rows, classes) or (rows,), NaN where unknown.
    `prefer`: what words settle about mistakes, where no limit says more."""
    known = np.isfinite(oof.reshape(len(y), -1)).all(axis=1)
    y, oof, folds = y[known], oof[known].astype(np.float64), folds[known]
    if y.ndim == 2:
        return _several(y, oof, metric)
    if classes == 0:
        interval, why = intervals(y, oof, folds)
        return Decided(Decision(), interval=interval, why=(why,))
    temperature, why_temperature = calibrate(y, oof, folds)
    p, tradeoff = tempered(oof, temperature), ""
    if classes == 2:
        side = 1 if positive is None else positive
        limits = label_limits(requirements)
        decision, why_label = threshold(y, p, folds, metric=metric, requirements=limits, positive=side, prefer=prefer)
        tradeoff = choice(y == side, p[:, side], limits)
    else:
        decision, why_label = class_weights(y, p, folds, metric=metric)
    score = _label_score(y, p, metric, decision, positive) if scorer(metric).needs == "labels" else None
    return Decided(decision, temperature, None, score, (why_temperature, why_label), tradeoff)


def _several(y: Float64, p: Float64, metric: str) -> Decided:
    """A threshold for each label of rows that may have several."""
    always = bool(y.any(axis=1).all())
    pick = np.random.default_rng(0).permutation(len(y))[:MOST_ROWS]
    chosen = several.thresholds(y[pick], p[pick], metric, always)
    said = several.answered(p, np.array(chosen), always)
    low, high = min(chosen), max(chosen)
    why = f"labels are answered from {low:.2f} to {high:.2f} on, each from its own: highest {metric} out of fold"
    why += "; where none is reached the likeliest is answered, as every row had one" if always else ""
    return Decided(Decision(thresholds=chosen, always=always), score=scorer(metric)(y, said), why=(why,))


# ---------------------------------------------------------------------------------------------- calibration
def tempered(p: Float64, temperature: float) -> Float64:
    """softmax(log(p) / temperature)."""
    if temperature == 1.0:
        return p
    logits = np.log(np.maximum(p, SMALLEST_PROBABILITY)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def calibrate(y: Float64, p: Float64, folds: NDArray[np.int8]) -> tuple[float, str]:
    """Temperature scaling (Guo et al. 2017), kept only if it lowers the log-loss of folds it was not fitted on by more
    than chance would. One number cannot overfit, and the order of the rows by probability stays (two classes)."""
    y, p, folds = _some(y, p, folds, MOST_ROWS_CALIBRATED)
    gain = np.zeros(len(y))
    for held in _held_out(folds):
        temperature = _best_temperature(y[~held], p[~held])
        gain[held] = _losses(y[held], p[held], 1.0) - _losses(y[held], p[held], temperature)
    error = float(gain.std() / np.sqrt(len(y)))
    if gain.mean() <= SURE * error or gain.mean() <= 0:
        return 1.0, "probabilities are left as they are: scaling them does not lower the log-loss of unseen folds"
    temperature = round(_best_temperature(y, p), 4)
    how = "overconfident" if temperature > 1 else "too cautious"
    lower = f"{gain.mean():.2g} ± {error:.1g}"
    return temperature, f"probabilities were {how}: temperature {temperature:.3g} lowers the log-loss by {lower}"


def _best_temperature(y: Float64, p: Float64) -> float:
    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(
        lambda t: float(_losses(y, p, float(np.exp(t))).mean()),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return float(np.exp(found.x))


def _losses(y: Float64, p: Float64, temperature: float) -> Float64:
    q = tempered(p, temperature)
    true = q[np.arange(len(y)), y.astype(np.intp)]
    return np.asarray(-np.log(np.maximum(true, SMALLEST_PROBABILITY)))


def _some(y: Float64, p: Float64, folds: NDArray[np.int8], most: int) -> tuple[Float64, Float64, NDArray[np.int8]]:
    """At most so many rows, drawn with a fixed seed."""
    if len(y) <= most:
        return y, p, folds
    keep = np.random.default_rng(0).permutation(len(y))[:most]
    return y[keep], p[keep], folds[keep]


def _held_out(folds: NDArray[np.int8]) -> list[NDArray[np.bool_]]:
    """Masks of the rows to judge on; halves where there is a single fold."""
    names = np.unique(folds)
    if len(names) > 1:
        return [folds == k for k in names]
    half = np.arange(len(folds)) % 2 == 0
    return [half, ~half]


# ---------------------------------------------------------------------------------------------- two classes
def label_limits(requirements: Sequence[Requirement]) -> list[Requirement]:
    """Those that a threshold can keep or miss, in the order in which they were stated."""
    return [r for r in requirements if known(r.name) and scorer(r.name).needs == "labels"]


def threshold(
    y: Float64,
    p: Float64,
    folds: NDArray[np.int8],
    *,
    metric: str,
    requirements: Sequence[Requirement] = (),
    positive: int = 1,
    prefer: Preference = NO_PREFERENCE,
) -> tuple[Decision, str]:
    """The probability of the positive class from which it is answered: best for the metric, or for the counterpart of
    a stated limit among the thresholds that keep it; that which words settle, where there is no such limit. With none
    of these, the more probable class is answered."""
    limits = label_limits(requirements)
    truth, score = y == positive, p[:, positive]
    if prefer.threshold is not None and not limits:
        return Decision(threshold=prefer.threshold), _settled(truth, score, prefer.threshold, prefer)
    by_label = scorer(metric).needs == "labels"
    sought = metric in RANKING and float(truth.mean()) < RARE
    if not (by_label or limits or sought or prefer.mistake):
        return Decision(), "the more probable class is answered"
    goal, why_goal = _goal(metric, by_label, limits, prefer.mistake)
    if not limits and not _helps(truth, score, folds, goal):
        return Decision(), f"the more probable class is answered: no other threshold raises {goal} on unseen folds"
    best, kept = _best_threshold(truth, score, goal, limits)
    why = f"from {best:.3f} on: {_reached(goal, limits, kept)}"
    return Decision(threshold=best), why + (f" ({why_goal})" if why_goal else "")


def _settled(truth: NDArray[np.bool_], score: Float64, cut: float, prefer: Preference) -> str:
    """Why a case is answered from there on; what that costs a row, where costs are told. With probabilities p that are
    true, a case costs less to answer than to leave where p * miss > (1 - p) * alarm (Elkan 2001)."""
    why = f"from {cut:.3f} on: {prefer.why}"
    if prefer.costs is None:
        return why
    miss, alarm = prefer.costs

    def cost(called: NDArray[np.bool_]) -> float:
        return float(miss * (truth & ~called).mean() + alarm * (~truth & called).mean())

    half = cost(score >= HALF)
    return f"{why}; out of fold that costs {cost(score >= cut):.4g} a row, answering the more probable class {half:.4g}"


def _reached(goal: str, limits: Sequence[Requirement], kept: Sequence[Requirement]) -> str:
    """What a threshold was chosen for, in words."""
    stated, held = (" and ".join(f"{r.name} {r.direction} {r.limit:g}" for r in some) for some in (limits, kept))
    best = f"{'lowest' if scorer_direction(goal) == 'minimize' else 'highest'} {goal} out of fold"
    if not limits:
        return best
    if len(kept) == len(limits):
        return f"{best} among thresholds with {stated}"
    if not kept:
        return f"no threshold gives {stated} out of fold; this one comes nearest"
    missed = " and ".join(f"{r.name} {r.direction} {r.limit:g}" for r in limits if r not in kept)
    return f"no threshold gives {stated} out of fold; this one keeps {held} and comes nearest to {missed}"


def _goal(metric: str, by_label: bool, limits: Sequence[Requirement], mistake: str) -> tuple[str, str]:
    """What to maximise, and why if that is not the metric itself."""
    if mistake and not limits:
        return PREFERRED[mistake]
    if not by_label and not limits:
        return "f1", SOUGHT
    if metric in ONE_SIDED and [r.name for r in limits] == [metric]:
        return COUNTERPART[metric], f"{metric} is only asked to reach its limit"
    other = next((r.name for r in limits if r.name != metric), None)
    if by_label and (metric not in ONE_SIDED or other is not None):
        return metric, ""
    if by_label:
        return ONE_SIDED[metric]
    return COUNTERPART.get(limits[0].name, limits[0].name), ""


def _best_threshold(
    truth: NDArray[np.bool_], score: Float64, goal: str, limits: Sequence[Requirement]
) -> tuple[float, list[Requirement]]:
    """(threshold, the limits that hold there). Limits that cannot all be kept are kept in the order they were stated;
    of the thresholds that do so, those nearest to the others, and of these the best."""
    cuts, counts = counts_at_thresholds(truth, score)
    value = counts.value(goal)
    if scorer_direction(goal) == "minimize":
        value = -value
    allowed = _allowed(counts, limits)
    best = np.where(allowed, value, -np.inf)
    top = np.flatnonzero(best >= best.max() - 1e-12)
    near = top[np.argmin(np.abs(cuts[top] - 0.5))]  # of equal ones the least surprising
    return float(cuts[near]), [r for r in limits if _lack(counts, r, 0.0)[near] <= 0]


def _allowed(counts: Counts, limits: Sequence[Requirement]) -> NDArray[np.bool_]:
    """Thresholds to choose from, (thresholds,). A margin of one standard error is taken while it can be had."""
    allowed = np.ones(len(counts.tp), dtype=np.bool_)
    for margin in (1.0, 0.0):
        lack = np.sum([allowed * 0.0, *(_lack(counts, r, margin) for r in limits)], axis=0)
        if lack.min() <= 0:
            return np.asarray(lack <= 0)
    for limit in limits:
        for margin in (1.0, 0.0):
            both = allowed & (_lack(counts, limit, margin) <= 0)
            if both.any():
                allowed = both
                break
    lack = np.where(allowed, np.sum([_lack(counts, r, 0.0) for r in limits], axis=0), np.inf)
    return np.asarray(lack <= lack.min() + 1e-12)


def choice(truth: NDArray[np.bool_], score: Float64, limits: Sequence[Requirement]) -> str:
    """What keeping each stated limit costs in the others, for the person to choose; "" where nothing is at odds."""
    if not limits:
        return ""
    _, counts = counts_at_thresholds(truth, score)
    lacks = [_lack(counts, r, 0.0) for r in limits]
    if np.sum(lacks, axis=0).min() <= 0 and len(limits) < 2:
        return ""
    return "; ".join(_cost(counts, limits, i, lacks) for i in range(len(limits)))


def _cost(counts: Counts, limits: Sequence[Requirement], i: int, lacks: Sequence[Float64]) -> str:
    """One limit at the threshold that keeps it, or comes nearest, and of those the best for the others."""
    limit, nearest = limits[i], lacks[i] <= lacks[i].min() + 1e-12
    others = list(dict.fromkeys(r.name for r in limits if r.name != limit.name))
    others = others or [n for n in (COUNTERPART.get(limit.name),) if n]
    loss = np.sum([counts.tp * 0.0, *(-_gain(counts, n) for n in others)], axis=0)
    at = int(np.where(nearest, loss, np.inf).argmin())
    comes = " and ".join(f"{_plain(n)} {counts.value(n)[at]:.2f}" for n in others)
    bound = f"at {'least' if limit.direction == '>=' else 'most'} {limit.limit:g}"
    if lacks[i][at] <= 0:
        return f"{_plain(limit.name)} of {bound} comes with {comes}"
    reached = f"{_plain(limit.name)} of {bound} is out of reach: it comes to {counts.value(limit.name)[at]:.2f}"
    return f"{reached}, with {comes}" if comes else reached


def _gain(counts: Counts, name: str) -> Float64:
    return counts.value(name) if scorer_direction(name) == "maximize" else -counts.value(name)


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _lack(counts: Counts, limit: Requirement, margin: float) -> Float64:
    """By how much each threshold misses a limit, 0 where it is kept."""
    value, error = counts.value(limit.name), counts.error(limit.name)
    short = limit.limit - (value - margin * error) if limit.direction == ">=" else value + margin * error - limit.limit
    return np.maximum(short, 0.0)


def scorer_direction(name: str) -> str:
    """ "maximize" or "minimize"; the F-measures used here are not among the public metrics."""
    return "maximize" if name in ("f_half", "f_two") else scorer(name).direction


def _helps(truth: NDArray[np.bool_], score: Float64, folds: NDArray[np.int8], goal: str) -> bool:
    """Whether thresholds chosen on the other folds beat one half on the held ones, taken together. For accuracy one
    half is best where probabilities are right, so there it must be by more than chance would."""
    chosen = np.empty(len(score))
    for held in _held_out(folds):
        chosen[held] = _best_threshold(truth[~held], score[~held], goal, ())[0]
    if goal == "accuracy":
        gain = ((score >= chosen) == truth).astype(float) - ((score >= 0.5) == truth)
        return bool(gain.mean() > SURE * gain.std() / np.sqrt(len(gain)))
    ours, plain = (_at(truth, said, goal) for said in (score >= chosen, score >= 0.5))
    return ours > plain if scorer_direction(goal) == "maximize" else ours < plain


def _at(truth: NDArray[np.bool_], said: NDArray[np.bool_], goal: str) -> float:
    pairs = ((truth & said), (~truth & said), (truth & ~said), (~truth & ~said))
    return float(Counts(*(np.array([float(np.sum(m))]) for m in pairs)).value(goal)[0])


# ---------------------------------------------------------------------------------------------- many classes
def class_weights(y: Float64, p: Float64, folds: NDArray[np.int8], *, metric: str) -> tuple[Decision, str]:
    """Weights on the probabilities that raise a metric which counts classes equally, found by coordinate ascent."""
    plain = "the most probable class is answered"
    if scorer(metric).needs != "labels" or metric in ("accuracy", "f1_weighted", "precision"):
        return Decision(), plain
    y, p, folds = _some(y, p, folds, MOST_ROWS)
    by = scorer(metric)

    def measure(truth: Float64, said: Float64) -> float:
        return by.utility(by.function(truth, said))

    guess = np.empty(len(y))
    for held in _held_out(folds):
        guess[held] = (p[held] * _climb(y[~held], p[~held], measure)).argmax(axis=1)
    before, after = measure(y, p.argmax(axis=1).astype(np.float64)), measure(y, guess)
    if after <= before:
        return Decision(), f"{plain}: weighing the classes does not raise {metric} on unseen folds"
    weights = _climb(y, p, measure)
    why = f"classes are weighed before the largest wins: {metric} {before:.3f} -> {after:.3f} on unseen folds"
    return Decision(weights=tuple(round(float(w), 4) for w in weights)), why


def _climb(y: Float64, p: Float64, measure: Callable[[Float64, Float64], float]) -> Float64:
    """Class weights (classes,), largest 1: from even ones and from inverse frequencies, the better end."""
    prior = np.bincount(y.astype(np.intp), minlength=p.shape[1]) + 1.0
    starts = (np.ones(p.shape[1]), np.sqrt(prior.sum() / prior), prior.sum() / prior)
    best, top = starts[0], -np.inf
    for weights in starts:
        value = measure(y, (p * weights).argmax(axis=1).astype(np.float64))
        if value > top:
            best, top = weights, value
    for factors in (np.geomspace(0.3, 3.0, 6), np.geomspace(0.8, 1.25, 4)):
        for k in range(p.shape[1]):
            for factor in factors:
                tried = best.copy()
                tried[k] *= factor
                value = measure(y, (p * tried).argmax(axis=1).astype(np.float64))
                if value > top + 1e-9:
                    best, top = tried, value
    return np.asarray(best / best.max())


def _label_score(y: Float64, p: Float64, metric: str, decision: Decision, positive: int | None) -> float:
    measure = scorer(metric)
    if decision.weights:
        return measure.function(y, (p * np.array(decision.weights)).argmax(axis=1).astype(np.float64))
    return measure(y, p, decision.threshold, 1 if positive is None else positive)


# ---------------------------------------------------------------------------------------------- values
def intervals(y: Float64, guess: Float64, folds: NDArray[np.int8], coverage: float = COVERAGE) -> tuple[Interval, str]:
    """Conformal interval from out-of-fold residuals (Barber et al. 2021), in bins of the predicted value where bins
    give better intervals on unseen folds by the interval score (Gneiting & Raftery 2007)."""
    most = len(y) // ROWS_A_BIN
    counts = [b for b in BINS if b == 1 or b <= most]
    scores = {b: _interval_score(y, guess, folds, b, coverage) for b in counts}
    best = next(b for b in counts if scores[b] <= WORTH_A_BIN * min(scores.values()))
    found = _fit_interval(y, guess, best, coverage)
    inside = _covered(y, guess, folds, best, coverage)
    bins = "one width for all values" if best == 1 else f"{len(found.low)} ranges of the value have widths of their own"
    return found, f"{coverage:.0%} intervals from {len(y):,} out-of-fold errors; {bins}; they hold {inside:.1%} unseen"


def _fit_interval(y: Float64, guess: Float64, bins: int, coverage: float) -> Interval:
    edges = np.unique(np.quantile(guess, np.linspace(0, 1, bins + 1)[1:-1])) if bins > 1 else np.zeros(0)
    bin_of = np.searchsorted(edges, guess, side="right")
    low, high = [], []
    for b in range(len(edges) + 1):
        residual = np.sort((y - guess)[bin_of == b])
        if len(residual) < 2:
            residual = np.sort(y - guess)
        low.append(float(residual[_rank(len(residual), (1 - coverage) / 2)]))
        high.append(float(residual[-1 - _rank(len(residual), (1 - coverage) / 2)]))
    return Interval(coverage, tuple(low), tuple(high), tuple(edges.tolist()))


def _rank(rows: int, tail: float) -> int:
    """Position from either end that leaves at most `tail` of new values beyond, for exchangeable errors."""
    return max(int(np.floor((rows + 1) * tail)) - 1, 0)


def _ranges(y: Float64, guess: Float64, folds: NDArray[np.int8], bins: int, coverage: float) -> tuple[Float64, Float64]:
    """(low, high) of every row, from intervals fitted on the other folds."""
    low, high = np.empty(len(y)), np.empty(len(y))
    for held in _held_out(folds):
        found = _fit_interval(y[~held], guess[~held], bins, coverage)
        bin_of = np.searchsorted(np.array(found.edges), guess[held], side="right")
        low[held] = guess[held] + np.array(found.low)[bin_of]
        high[held] = guess[held] + np.array(found.high)[bin_of]
    return low, high


def _interval_score(y: Float64, guess: Float64, folds: NDArray[np.int8], bins: int, coverage: float) -> float:
    """Mean width plus 2 / (1 - coverage) for every unit by which the truth lies outside; lower is better."""
    low, high = _ranges(y, guess, folds, bins, coverage)
    outside = np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)
    return float(np.mean(high - low + 2 / (1 - coverage) * outside))


def _covered(y: Float64, guess: Float64, folds: NDArray[np.int8], bins: int, coverage: float) -> float:
    low, high = _ranges(y, guess, folds, bins, coverage)
    return float(np.mean((y >= low) & (y <= high)))
