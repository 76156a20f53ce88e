"""Decoding a chain of tags: the likeliest path, and how sure each tag of it is. Knows scores and turns, no texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
FORBIDDEN = np.float32(-1e4)


@dataclass(frozen=True)
class Turns:
    """Scores of going from one tag to the next, `turn` (tags, tags) from row to column, and of being the first and the
    last: `begin`, `end` (tags,). A turn that may not be has FORBIDDEN."""

    begin: Float32
    turn: Float32
    end: Float32

    def stacked(self) -> Float32:
        """As one matrix (tags + 2, tags), for a file: begin, turn, end."""
        return np.vstack([self.begin, self.turn, self.end]).astype(np.float32)

    @staticmethod
    def of(stacked: Float32) -> Turns:
        return Turns(stacked[0], stacked[1:-1], stacked[-1])


def likeliest(scores: Float32, turns: Turns) -> NDArray[np.int64]:
    """The tags of the best path (Viterbi 1967), shape (tokens,). `scores` (tokens, tags)."""
    tokens = len(scores)
    into = np.ascontiguousarray(turns.turn.T)  # (tags, tags): to, from
    best = np.empty(scores.shape, dtype=np.float32)
    best[0] = scores[0] + turns.begin
    for t in range(1, tokens):
        best[t] = (best[t - 1] + into).max(axis=1) + scores[t]
    path = np.empty(tokens, dtype=np.int64)
    path[-1] = (best[-1] + turns.end).argmax()
    for t in range(tokens - 1, 0, -1):
        path[t - 1] = (best[t - 1] + into[path[t]]).argmax()
    return path


def marginals(scores: Float32, turns: Turns) -> NDArray[np.float64]:
    """Probability of each tag of each token, shape (tokens, tags): forward-backward with scaling (Rabiner 1989)."""
    tokens = len(scores)
    emit = np.exp((scores - scores.max(axis=1, keepdims=True)).astype(np.float64))
    step = np.exp(turns.turn.astype(np.float64))
    forward, scale = np.empty_like(emit), np.empty(tokens)
    now = emit[0] * np.exp(turns.begin.astype(np.float64))
    for t in range(tokens):
        if t:
            now = (now @ step) * emit[t]
        scale[t] = max(now.sum(), 1e-300)
        now = now / scale[t]
        forward[t] = now
    back = np.exp(turns.end.astype(np.float64))
    out = np.empty_like(emit)
    for t in range(tokens - 1, -1, -1):
        out[t] = forward[t] * back
        if t:
            back = step @ (emit[t] * back) / scale[t]
    return np.asarray(out / np.maximum(out.sum(axis=1, keepdims=True), 1e-300))
