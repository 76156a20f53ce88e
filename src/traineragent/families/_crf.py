"""A linear-chain conditional random field (Lafferty et al. 2001) over sparse observations, in numpy and scipy.

Learns emissions (one weight an observation and tag) and transitions by AdaGrad (Duchi et al. 2011) on batches of
sentences of similar length, with observations dropped at random and weights averaged (Polyak and Juditsky 1992).
Knows nothing of texts or tag names.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..serve.spans.chain import Turns

Float32 = NDArray[np.float32]
Int = NDArray[np.int32]
BATCH_TOKENS = 600
SMALL = np.float32(1e-30)
FIRST_SUM = 1e-4  # of squared gradients: bounds the first step
SCALED_BY = 20_000  # tokens that tell the scale of vectors


@dataclass(frozen=True)
class Chains:
    """Sentences end to end. `observed` (tokens, slots): index of an observation, 0 for none; `starts` (sentences + 1,)
    where each begins; `tags` (tokens,); `hidden` (tokens, width): vectors of the tokens in context, if there are."""

    observed: Int
    starts: NDArray[np.int64]
    tags: Int
    hidden: NDArray[np.float16] | None = None

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.starts)


@dataclass(frozen=True)
class Head:
    """Scores of vectors: hidden @ weights + offset."""

    weights: Float32
    offset: Float32

    def scores(self, hidden: NDArray[np.float16]) -> Float32:
        return hidden.astype(np.float32) @ self.weights + self.offset


@dataclass(frozen=True)
class Chain:
    """What was learned: `emit` (observations, tags), row 0 zeros; `bias` (tags,); `turns`; `head` of vectors."""

    emit: Float32
    bias: Float32
    turns: Turns
    head: Head | None = None


@dataclass(frozen=True)
class Settings:
    epochs: int = 8
    rate: float = 0.25
    drop: float = 0.15
    decay: float = 1e-2
    head_rate: float = 0.04
    head_drop: float = 0.2


@dataclass(frozen=True)
class _Batch:
    """Sentences of like length. `own`: rows of the weights in use; `seen` (tokens, own) counts; `place` (sentences,
    longest): which token of the batch stands there, -1 behind the end."""

    own: NDArray[np.int64]
    seen: sparse.csr_matrix
    place: NDArray[np.int64]
    tags: Int
    hidden: Float32 | None


def learn(
    chains: Chains, tags: int, settings: Settings, seed: int, deadline: float | None = None, rows: int | None = None
) -> tuple[Chain, int]:
    """The chain, and how many passes it took. `rows`: number of observations including 0. At least one pass is made."""
    rng = np.random.default_rng(seed)
    scale = None if chains.hidden is None else _scale(chains.hidden)
    batches = list(_batches(chains, scale, rng))
    known = int(chains.observed.max(initial=0)) + 1 if rows is None else rows
    learner = _Learner(known, tags, settings, rng, 0 if chains.hidden is None else chains.hidden.shape[1])
    passes = 0
    for epoch in range(settings.epochs):
        begun = time.monotonic()
        for number in rng.permutation(len(batches)):
            learner.step(batches[number])
        learner.average(epoch >= settings.epochs // 3)
        passes += 1
        now = time.monotonic()
        if deadline is not None and now + 1.2 * (now - begun) > deadline:
            break
    return learner.chain(scale), passes


def _scale(hidden: NDArray[np.float16]) -> tuple[Float32, Float32]:
    """(mean, spread) of each number of the vectors, over a sample of the tokens."""
    step = max(1, len(hidden) // SCALED_BY)
    some = hidden[::step].astype(np.float32)
    return some.mean(axis=0), some.std(axis=0) + np.float32(1e-4)


class _Learner:
    """Weights with the sums of squared gradients that set their rates. `rest`: bias, turn, begin, end, and with vectors
    of some width the weights of their numbers."""

    def __init__(self, rows: int, tags: int, settings: Settings, rng: np.random.Generator, width: int) -> None:
        self.settings, self.rng = settings, rng
        self.emit = np.zeros((rows, tags), dtype=np.float32)
        self.emit_sum = np.full((rows, tags), FIRST_SUM, dtype=np.float32)
        sizes: list[tuple[int, ...]] = [(tags,), (tags, tags), (tags,), (tags,)]
        self.rates = [settings.rate] * len(sizes)
        if width:
            sizes.append((width, tags))
            self.rates.append(settings.head_rate)
        self.rest = [np.zeros(s, dtype=np.float32) for s in sizes]
        self.rest_sum = [np.full_like(w, FIRST_SUM) for w in self.rest]
        self.mean: list[Float32] | None = None
        self.means = 0

    def step(self, batch: _Batch) -> None:
        seen = sparse.csr_matrix((self._dropped(batch.seen.data, self.settings.drop), batch.seen.indices,
                                  batch.seen.indptr), batch.seen.shape)  # fmt: skip
        bias, turn, begin, end, *head = self.rest
        weights = self.emit[batch.own]
        scores = np.asarray(seen @ weights) + bias
        hidden = None if batch.hidden is None else self._dropped(batch.hidden, self.settings.head_drop)
        if hidden is not None:
            scores += hidden @ head[0]
        by_score, *by_turn = _gradients(scores, batch, turn, begin, end)
        emit = np.asarray(seen.T @ by_score)
        emit += np.float32(self.settings.decay) * weights
        sums = self.emit_sum[batch.own] + emit * emit
        self.emit_sum[batch.own] = sums
        self.emit[batch.own] = weights - np.float32(self.settings.rate) * emit / np.sqrt(sums)
        self.emit[0] = 0
        gradients = [by_score.sum(0), *by_turn, *([] if hidden is None else [hidden.T @ by_score])]
        for weight, total, gradient, rate in zip(self.rest, self.rest_sum, gradients, self.rates, strict=True):
            total += gradient * gradient
            weight -= np.float32(rate) * gradient / np.sqrt(total)

    def _dropped(self, values: Float32, share: float) -> Float32:
        """Some of the values, the others 0, with the same mean."""
        if not share:
            return values
        keep = self.rng.random(values.shape, dtype=np.float32) >= share
        return np.asarray(values * keep / np.float32(1 - share))

    def average(self, counts: bool) -> None:
        """Weights of this pass join the mean, which begins anew until they count."""
        now = [self.emit, *self.rest]
        if not counts or self.mean is None:
            self.mean, self.means = [w.copy() for w in now], 1
            return
        self.means += 1
        for mean, weight in zip(self.mean, now, strict=True):
            mean += (weight - mean) / np.float32(self.means)

    def chain(self, scale: tuple[Float32, Float32] | None) -> Chain:
        """What was learned; the scale of the vectors is part of the head."""
        assert self.mean is not None
        emit, bias, turn, begin, end, *head = self.mean
        turns = Turns(begin, turn, end)
        if scale is None:
            return Chain(emit, bias, turns)
        mean, spread = scale
        weights = head[0] / spread[:, None]
        return Chain(emit, bias, turns, Head(weights, -(mean @ weights)))


def _batches(chains: Chains, scale: tuple[Float32, Float32] | None, rng: np.random.Generator) -> Iterator[_Batch]:
    """Sentences sorted by length (ties at random), cut so that a batch has about BATCH_TOKENS tokens."""
    lengths = chains.lengths
    order = np.lexsort((rng.random(len(lengths)), lengths))
    order = order[lengths[order] > 0]
    taken: list[int] = []
    for sentence in order:
        if taken and (len(taken) + 1) * lengths[sentence] > BATCH_TOKENS:
            yield _batch(chains, taken, scale)
            taken = []
        taken.append(int(sentence))
    if taken:
        yield _batch(chains, taken, scale)


def _batch(chains: Chains, sentences: Sequence[int], scale: tuple[Float32, Float32] | None) -> _Batch:
    lengths = chains.lengths[sentences]
    tokens = np.concatenate([np.arange(chains.starts[s], chains.starts[s + 1]) for s in sentences])
    place = np.full((len(sentences), int(lengths.max())), -1, dtype=np.int64)
    place[np.arange(place.shape[1]) < lengths[:, None]] = np.arange(len(tokens))
    observed = chains.observed[tokens]
    own, local = np.unique(observed, return_inverse=True)
    used = (observed > 0).ravel()
    rows = np.repeat(np.arange(len(tokens)), observed.shape[1])[used]
    seen = sparse.csr_matrix(
        (np.ones(len(rows), dtype=np.float32), (rows, local.ravel()[used])), shape=(len(tokens), len(own))
    )
    hidden = None
    if chains.hidden is not None and scale is not None:
        hidden = (chains.hidden[tokens].astype(np.float32) - scale[0]) / scale[1]
    return _Batch(own.astype(np.int64), seen, place, chains.tags[tokens], hidden)


def _gradients(
    scores: Float32, batch: _Batch, turn: Float32, begin: Float32, end: Float32
) -> tuple[Float32, Float32, Float32, Float32]:
    """Of the negative log-likelihood: by the emissions (tokens, tags), turn, begin and end. Forward-backward with
    scaling (Rabiner 1989), for all sentences of the batch at once."""
    marginal, turns = expectations(scores, batch.place, turn, begin, end)
    tokens = np.arange(len(scores))
    marginal[tokens, batch.tags] -= 1
    place = batch.place
    first, last = place[:, 0], place.max(axis=1)
    both = place[:, 1:] >= 0
    np.subtract.at(turns, (batch.tags[place[:, :-1][both]], batch.tags[place[:, 1:][both]]), 1)
    return marginal, turns, marginal[first].sum(0), marginal[last].sum(0)


def expectations(
    scores: Float32, place: NDArray[np.int64], turn: Float32, begin: Float32, end: Float32
) -> tuple[Float32, Float32]:
    """Probability of each tag of each token (tokens, tags), and expected number of each turn (tags, tags)."""
    sentences, longest = place.shape
    here = place >= 0
    emit = np.exp(scores - scores.max(axis=1, keepdims=True))[np.maximum(place, 0)]  # (sentences, longest, tags)
    step, close = np.exp(turn), np.exp(end)
    forward = np.empty_like(emit)
    scale = np.ones((sentences, longest), dtype=np.float32)
    now = emit[:, 0] * np.exp(begin)
    for t in range(longest):
        if t:
            after = (now @ step) * emit[:, t]
            now = np.where(here[:, t, None], after, now)
        total = np.maximum(now.sum(1), SMALL)
        now = now / total[:, None]
        scale[:, t] = np.where(here[:, t], total, 1)
        forward[:, t] = now
    whole = np.maximum((now * close).sum(1, keepdims=True), SMALL)
    back = np.broadcast_to(close / whole, now.shape).astype(np.float32)
    marginal = np.empty_like(emit)
    turns = np.zeros_like(turn)
    for t in range(longest - 1, -1, -1):
        marginal[:, t] = forward[:, t] * back
        if t:
            ahead = emit[:, t] * back / scale[:, t, None]
            ahead *= here[:, t, None]
            turns += forward[:, t - 1].T @ ahead
            back = np.where(here[:, t, None], ahead @ step.T, back)
    out = marginal[here]  # in the order of the tokens, as `place` counts them row by row
    return out / np.maximum(out.sum(1, keepdims=True), SMALL), turns * step
