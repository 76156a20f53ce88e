"""Chooses what is delivered: a greedy weighted ensemble of trials, within limits and only if it is worth it.

Works on out-of-fold predictions alone (Caruana et al. 2004). It knows nothing of models or files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..domain.run import Member, Selection, TrialResult
from .metrics import EPSILON, SQUARED, paired_gain, roc_auc, scorer

Float64 = NDArray[np.float64]
Loader = Callable[[int], NDArray[np.float32]]

ROUNDS = 25
SMALLEST_WEIGHT = 0.08
MOST_CANDIDATES = 24  # the best by score take part
MOST_CELLS = 200_000  # rows times outputs on which a greedy step is judged; a sample of the rows beyond
MOST_ROWS = 20_000  # and so many rows at most, here and for the resamples that say whether an ensemble is worth it
BAG_BELOW_ROWS = 6000  # below, greedy selection is repeated on halves of the rows and averaged
BAGS = 10
ANCHOR_WEIGHT = 0.5  # of the default model, where nothing beats it beyond doubt
BEYOND_DOUBT = 0.95
LIKELY = 0.85  # that a candidate of few folds is better, from which all are judged on its rows
FEW_FOLDS = 3  # of a candidate that is too dear for all
ENOUGH_ROWS, FEWEST_ROWS = 60, 30  # on which such a candidate may be judged; on fewer only a lead beyond doubt counts
RANKED = ("roc_auc", "average_precision")
SPEAKING = 100  # rows at least, in effect, decide on weights by squared errors
SURE = 0.7  # share of resamples in which an ensemble must beat the single best
WORTH_MORE, MOST_TIMES = 0.1, 30.0
"""Of the error that a model must remove beyond doubt to be delivered although it costs more than is usual, and how many
times as much it may cost, where no limit is stated."""
NOTICED_US, TIMES_AS_FAST, WITHIN_CHANCE = 2000.0, 10.0, 0.9
"""Where no limit is stated, a model whose answers take longer than is noticed beside the price of HTTP gives way to one
that is so many times as fast, unless it is better in at least this share of resamples."""
TIMES_AS_DEAR = 1.5
"""An ensemble whose price is noticed and so many times that of its best model must be better in that share, too."""


@dataclass(frozen=True)
class Limits:
    """What the selection must keep to; None is no limit. `latency_us`: one row through all graphs. `usual`: nobody
    stated size or latency, so that a single model that is much better may cost more."""

    size_mb: float | None = None
    latency_us: float | None = None
    interpretable: bool = False
    max_members: int = 8
    usual: bool = False

    def times(self, many: float) -> Limits:
        """Limits on size and latency so many times as wide."""
        size, time = (None if v is None else many * v for v in (self.size_mb, self.latency_us))
        return replace(self, size_mb=size, latency_us=time, usual=False)


@dataclass(frozen=True)
class _Pool:
    """Candidates with predictions (members, rows, outputs) for rows (rows,); outputs is 1 unless many classes."""

    results: list[TrialResult]
    predictions: NDArray[np.float32]
    y: Float64
    gain: Callable[[Float64, Float64], float]  # (y, mean prediction) -> utility
    limit: float | None = None  # errors beyond count as this one


def select(
    history: Sequence[TrialResult],
    oof: Loader,
    y: Float64,
    folds: NDArray[np.int8],
    metric: str,
    limits: Limits | None = None,
    seed: int = 0,
    interpretable: Callable[[str], bool] = lambda family: False,
    positive: int = 1,
) -> Selection:
    """The members and weights to deliver. `oof(index)` gives a trial's predictions, NaN where never validated.

    Raises ValueError when no trial has a usable model."""
    limits = limits or Limits()
    usable = [r for r in history if r.status in ("done", "timeout") and r.score is not None and np.isfinite(r.score)]
    if limits.interpretable:
        usable = [r for r in usable if interpretable(r.candidate.family)]
    if not usable:
        raise ValueError("no trial gave a usable model")
    fitting = [r for r in usable if _fits([r], limits)]
    if not fitting and limits.usual and any(_fits([r], limits.times(MOST_TIMES)) for r in usable):
        limits = replace(limits.times(MOST_TIMES), max_members=1)
        fitting = [r for r in usable if _fits([r], limits)]
    if not fitting:
        cheapest = min(usable, key=lambda r: (r.predict_us, r.size_mb))
        why = "no model keeps the limits; this one comes nearest"
        return Selection((Member(cheapest.index, 1.0),), float(cheapest.score or 0.0), cheapest.index, why)
    fitting, oof = _on_one_fold(fitting, oof, y, metric, seed, positive)
    pool, known = _pool(fitting, oof, y, metric)
    judge = _Judge(metric, y, known, oof, seed, positive, pool.limit)
    single = max(pool.results, key=lambda r: (r.score or -np.inf, -r.index))
    members, why = {single.index: 1.0}, "best single model"
    if not limits.interpretable and limits.max_members > 1 and len(pool.results) > 1:
        weights = _weights(pool, limits, seed)
        together = {r.index: float(w) for r, w in zip(pool.results, weights, strict=True) if w > 0}
        gain, sure = judge.gain(together, members)
        if gain > 0 and sure >= _needed(together, single, pool.results):
            members = together
            why = f"{len(together)} models together beat the best one by {gain:.4g} in {sure:.0%} of resamples"
        members, note = _anchored(members, fitting, judge, limits)
        why += note
    if limits.usual and (dear := _worth_more(members, usable, judge, limits)):
        members, why = {dear.index: 1.0}, "best single model; it costs more than usual, and is much better"
    if limits.usual and limits.latency_us and (quick := _as_good_and_quick(members, fitting, judge)):
        members, why = {quick.index: 1.0}, "as good as the best one within chance, and answers many times as fast"
    ordered = sorted(members.items(), key=lambda m: (-m[1], m[0]))
    return Selection(tuple(Member(index, weight) for index, weight in ordered), judge.score(members), single.index, why)


def _needed(together: Mapping[int, float], single: TrialResult, results: Sequence[TrialResult]) -> float:
    """The share of resamples in which an ensemble must beat the best of its models: more where its price is noticed."""
    price = sum(r.predict_us for r in results if r.index in together)
    return WITHIN_CHANCE if price >= max(NOTICED_US, TIMES_AS_DEAR * single.predict_us) else SURE


def _on_one_fold(
    results: list[TrialResult], oof: Loader, y: Float64, metric: str, seed: int, positive: int
) -> tuple[list[TrialResult], Loader]:
    """The candidates and predictions to choose from. A candidate that is too dear for all folds is known on the
    rows of some only; where it, or its mean with the best of the others, likely beats the latter there, all are judged
    on these rows."""
    known = {r.index: _known(oof(r.index)) for r in results}
    most = max(int(k.sum()) for k in known.values())
    whole = [r for r in results if int(known[r.index].sum()) == most]
    single = [r for r in results if _few_folds(r) and FEWEST_ROWS <= known[r.index].sum() < most]
    if not single:
        return results, oof
    best, rival = (max(some, key=lambda r: (r.score or -np.inf, -r.index)) for some in (single, whole))
    rows = known[best.index]
    if (rows & known[rival.index]).sum() != rows.sum():
        return results, oof
    own, other = (oof(r.index)[rows].astype(np.float64) for r in (best, rival))
    gains = [
        paired_gain(metric, y[rows], guess, other, seed=seed, positive=positive) for guess in (own, (own + other) / 2)
    ]
    wanted = LIKELY if rows.sum() >= ENOUGH_ROWS else BEYOND_DOUBT
    if not any(gain > 0 and sure >= wanted for gain, sure in gains):
        return results, oof

    def there(index: int) -> NDArray[np.float32]:
        guess = np.full_like(oof(index), np.nan)
        guess[rows] = oof(index)[rows]
        return guess

    measure = scorer(metric)
    judged = []
    for r in results:
        if known[r.index][rows].all():
            value = measure(y[rows], oof(r.index)[rows].astype(np.float64), None, positive)
            judged.append(replace(r, score=measure.utility(value)))
    return judged, there


def _few_folds(result: TrialResult) -> bool:
    folds = result.candidate.params.get("folds")
    return isinstance(folds, int) and folds <= FEW_FOLDS


@dataclass(frozen=True)
class _Judge:
    """Scores weighted members on the rows that all of them predicted."""

    metric: str
    y: Float64
    known: NDArray[np.bool_]
    oof: Loader
    seed: int
    positive: int
    limit: float | None = None

    def predictions(self, members: dict[int, float], rows: NDArray[np.int64]) -> Float64:
        parts = [weight * self.oof(index)[rows].astype(np.float64) for index, weight in members.items()]
        return np.asarray(sum(parts))

    def score(self, members: dict[int, float]) -> float:
        measure, rows = scorer(self.metric), np.flatnonzero(self.known)
        return measure.utility(measure(self.y[rows], self.predictions(members, rows), None, self.positive))

    def _limited(self, predictions: Float64, rows: NDArray[np.int64]) -> Float64:
        if self.limit is None:
            return predictions
        return np.asarray(self.y[rows] + np.clip(predictions - self.y[rows], -self.limit, self.limit))

    def sample(self, outputs: int) -> NDArray[np.int64]:
        """Rows on which resamples are drawn: all, or a random part where that would take too long."""
        rows, most = np.flatnonzero(self.known), min(MOST_CELLS // outputs, MOST_ROWS)
        if len(rows) <= most:
            return rows
        return np.sort(np.random.default_rng(self.seed).permutation(rows)[:most])

    def gain(self, better: dict[int, float], worse: dict[int, float]) -> tuple[float, float]:
        """(mean gain in utility, share of resamples with a gain). Sorting every class's column hundreds of times
        would take minutes, so log-loss stands in for ranking metrics of many classes."""
        rows = self.sample(_outputs(self.oof(next(iter(better)))[:1]).shape[1])
        first, second = (self._limited(self.predictions(m, rows), rows) for m in (better, worse))
        many = first.ndim == 2 and first.shape[1] > 2 and (self.y.ndim == 2 or self.metric in RANKED)
        metric = "log_loss" if many else self.metric
        return paired_gain(metric, self.y[rows], first, second, seed=self.seed, positive=self.positive)


def _anchored(
    members: dict[int, float], results: list[TrialResult], judge: _Judge, limits: Limits
) -> tuple[dict[int, float], str]:
    """Gives the default model, the first that predicted all rows, half the weight where the choice does not beat it
    beyond doubt: on small sets out-of-fold scores of many tuned, early-stopped models promise more than they keep."""
    complete = [r for r in results if np.array_equal(_known(judge.oof(r.index)), judge.known)]
    anchor = min(complete, key=lambda r: r.index)
    if set(members) == {anchor.index}:
        return members, ""
    _, sure = judge.gain(members, {anchor.index: 1.0})
    if sure >= BEYOND_DOUBT:
        return members, ""
    blended = {index: weight * (1 - ANCHOR_WEIGHT) for index, weight in members.items()}
    blended[anchor.index] = blended.get(anchor.index, 0.0) + ANCHOR_WEIGHT
    used = [r for r in results if r.index in blended]
    if len(used) > limits.max_members or not _fits(used, limits):
        return members, ""
    return blended, "; the default model keeps half the weight, as nothing beats it beyond doubt"


def _worth_more(
    members: dict[int, float], results: list[TrialResult], judge: _Judge, limits: Limits
) -> TrialResult | None:
    """The best model that costs more than is usual, if it beats the members beyond doubt and by much."""
    wide = limits.times(MOST_TIMES)
    dear = [r for r in results if not _fits([r], limits) and _fits([r], wide)]
    best = max(dear, key=lambda r: (r.score or -np.inf, -r.index), default=None)
    if best is None or not np.array_equal(_known(judge.oof(best.index)), judge.known):
        return None
    measure, ours = scorer(judge.metric), judge.score(members)
    gain, left = judge.score({best.index: 1.0}) - ours, measure.error(measure.utility(ours))
    if gain <= 0 or gain < WORTH_MORE * left:
        return None
    return best if judge.gain({best.index: 1.0}, members)[1] >= BEYOND_DOUBT else None


def _as_good_and_quick(members: dict[int, float], results: list[TrialResult], judge: _Judge) -> TrialResult | None:
    """The best model that is many times as fast as the members, if they are slow and not better beyond chance."""
    used = sum(r.predict_us for r in results if r.index in members)
    if used < NOTICED_US:
        return None
    quick = [r for r in results if 0 < r.predict_us * TIMES_AS_FAST <= used]
    best = max(quick, key=lambda r: (r.score or -np.inf, -r.index), default=None)
    if best is None or not _known(judge.oof(best.index))[judge.known].all():
        return None
    return best if judge.gain(members, {best.index: 1.0})[1] < WITHIN_CHANCE else None


def _fits(results: Sequence[TrialResult], limits: Limits) -> bool:
    if limits.size_mb is not None and sum(r.size_mb for r in results) > limits.size_mb:
        return False
    return limits.latency_us is None or sum(r.predict_us for r in results) <= limits.latency_us


def _pool(results: list[TrialResult], oof: Loader, y: Float64, metric: str) -> tuple[_Pool, NDArray[np.bool_]]:
    """The best candidates that predicted the most rows, and which rows those are."""
    results = sorted(results, key=lambda r: (-(r.score or 0.0), r.index))
    known = {r.index: _known(oof(r.index)) for r in results}
    most = max(int(k.sum()) for k in known.values())
    results = [r for r in results if int(known[r.index].sum()) == most]
    rows: NDArray[np.bool_] = known[results[0].index]
    results = [r for r in results if np.array_equal(known[r.index], rows)][:MOST_CANDIDATES]
    stacked = np.stack([_outputs(oof(r.index)[rows], y.ndim == 2) for r in results])
    limit = _far_off(metric, y[rows], stacked[0])
    return _Pool(results, stacked, y[rows], _objective(metric, stacked.shape[2], limit), limit), rows


def _known(predictions: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(predictions.reshape(len(predictions), -1)).all(axis=1))


def _outputs(predictions: NDArray[np.float32], several: bool = False) -> NDArray[np.float32]:
    """(rows, outputs): the positive class of two, or all."""
    if predictions.ndim == 1 or several:
        return predictions.reshape(len(predictions), -1)
    return predictions[:, 1:] if predictions.shape[1] == 2 else predictions


def _far_off(metric: str, y: Float64, best: NDArray[np.float32]) -> float | None:
    """The error beyond which all errors count alike when models are weighed by squares, or None for other metrics.

    Where a few rows hold most of the squared error (some cars at a million), weights chosen by it answer for those rows
    alone and are worse on all others. So the largest are cut down until the effective number of rows, the squared sum
    of the losses over the sum of their squares (Kish 1965), is `SPEAKING`, or a tenth of the rows if that is less."""
    if metric not in SQUARED:
        return None
    errors = np.sort(np.abs(best[:, 0].astype(np.float64) - y))
    cut = np.arange(len(errors))[::-1]  # so many come down to each error, were it the limit
    squares = errors**2
    two, four = np.cumsum(squares) + cut * squares, np.cumsum(squares**2) + cut * squares**2
    enough = np.flatnonzero(two**2 >= min(SPEAKING, len(errors) / 10) * four)
    return float(errors[enough[-1]]) or None


def _objective(metric: str, outputs: int, limit: float | None) -> Callable[[Float64, Float64], float]:
    """What greedy selection climbs. Metrics of labels are too coarse to climb: log-loss stands in for them, and a
    little of it steadies ranking metrics."""
    measure = scorer(metric)
    if measure.needs == "values":
        return lambda y, p: measure.utility(
            measure(y, p[:, 0] if limit is None else y + np.clip(p[:, 0] - y, -limit, limit))
        )

    def binary_loss(y: Float64, p: Float64) -> float:
        q = np.clip(p[:, 0], EPSILON, 1 - EPSILON)
        return float(np.mean(np.log(np.where(y == 1, q, 1 - q))))

    if outputs > 1:  # also where a row may have several labels
        return lambda y, p: -scorer("log_loss")(y, p)
    if metric == "roc_auc":
        return lambda y, p: roc_auc(y, np.repeat(p, 2, axis=1)) + 0.02 * binary_loss(y, p)
    if metric == "average_precision":
        return lambda y, p: measure(y, np.repeat(p, 2, axis=1)) + 0.05 * binary_loss(y, p)
    return binary_loss


def _weights(pool: _Pool, limits: Limits, seed: int) -> Float64:
    """Averaged over bags of rows for small sets; small weights dropped; at most `max_members` left."""
    rng = np.random.default_rng(seed)
    rows = len(pool.y)
    if rows < BAG_BELOW_ROWS:
        picks = [rng.permutation(rows)[: max(rows // 2, 2)] for _ in range(BAGS)]
    else:
        most = min(MOST_CELLS // pool.predictions.shape[2], MOST_ROWS)
        picks = [np.arange(rows) if rows <= most else np.sort(rng.permutation(rows)[:most])]
    total = np.zeros(len(pool.results))
    for pick in picks:
        total += _greedy(pool, pick, limits)
    weights = total / total.sum()
    keep = np.argsort(-weights, kind="stable")[: limits.max_members]
    kept = np.zeros_like(weights)
    kept[keep] = np.where(weights[keep] >= SMALLEST_WEIGHT, weights[keep], 0.0)
    if not kept.any():
        kept[int(weights.argmax())] = 1.0
    while np.count_nonzero(kept) > 1 and not _fits([pool.results[i] for i in np.flatnonzero(kept)], limits):
        kept[np.flatnonzero(kept)[kept[kept > 0].argmin()]] = 0.0
    return np.asarray(kept / kept.sum())


def _greedy(pool: _Pool, pick: NDArray[np.int64], limits: Limits) -> Float64:
    """How often each candidate is added while the mean of the added ones improves most, from the best one on."""
    predictions, y = pool.predictions[:, pick].astype(np.float64), pool.y[pick]
    count = np.zeros(len(predictions))
    total = np.zeros(predictions.shape[1:])
    best_count, best_score = count, -np.inf
    for done in range(ROUNDS):
        allowed = [i for i in range(len(predictions)) if count[i] or _room(pool, count, i, limits)]
        scores = {i: pool.gain(y, (total + predictions[i]) / (done + 1)) for i in allowed}
        winner = max(allowed, key=lambda i: (scores[i], -i))
        total += predictions[winner]
        count = count.copy()
        count[winner] += 1
        if scores[winner] > best_score:
            best_count, best_score = count, scores[winner]
    return np.asarray(best_count / best_count.sum())


def _room(pool: _Pool, count: Float64, new: int, limits: Limits) -> bool:
    chosen = [pool.results[i] for i in (*np.flatnonzero(count).tolist(), new)]
    return len(chosen) <= limits.max_members and _fits(chosen, limits)
