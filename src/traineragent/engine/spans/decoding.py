"""The best paths of many texts at once, for validation. Same results as `serve.spans.chain`, a text at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...serve.spans.chain import Turns

BATCH_CELLS = 4_000_000  # sentences x tags x tags at once


def paths(scores: NDArray[np.float32], starts: NDArray[np.int64], turns: Turns) -> NDArray[np.int64]:
    """The tag of each token, shape (tokens,). `scores` (tokens, tags), `starts` (texts + 1,)."""
    lengths = np.diff(starts)
    out = np.zeros(len(scores), dtype=np.int64)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    size = max(1, BATCH_CELLS // max(scores.shape[1] ** 2, 1))
    for at in range(0, len(order), size):
        _decode(scores, starts, order[at : at + size], turns, out)
    return out


def _decode(
    scores: NDArray[np.float32],
    starts: NDArray[np.int64],
    texts: NDArray[np.int64],
    turns: Turns,
    out: NDArray[np.int64],
) -> None:
    """Viterbi over texts of ascending length: those that ended keep their best score."""
    lengths = np.diff(starts)[texts]
    longest = int(lengths.max())
    into = np.ascontiguousarray(turns.turn.T)  # (tags, tags): to, from
    best = np.empty((longest, len(texts), scores.shape[1]), dtype=np.float32)
    best[0] = scores[starts[texts]] + turns.begin
    for t in range(1, longest):
        alive = lengths > t
        ways = best[t - 1, alive][:, None, :] + into  # (texts, to, from)
        best[t] = best[t - 1]
        best[t, alive] = ways.max(axis=2) + scores[starts[texts[alive]] + t]
    now = (best[-1] + turns.end).argmax(axis=1)
    for t in range(longest - 1, -1, -1):
        alive = lengths > t
        out[starts[texts[alive]] + t] = now[alive]
        if t:
            now[alive] = (best[t - 1, alive] + into[now[alive]]).argmax(axis=1)
