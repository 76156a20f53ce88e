"""The steps by which layers of an encoder and a head learn, on a schedule that follows the clock.

Whatever time there is, the learning rate ends near zero (Howard & Ruder 2018). Knows no task; needs torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]
DECAY = 0.01
LAST_RATE = 0.02  # of the peak, at the beginning and at the end
BUCKET = 32  # batches that are sorted by length together


def batches(lengths: NDArray[np.int64], size: int, total: int, rng: np.random.Generator) -> Iterator[Rows]:
    """Rows of each of `total` steps and a few more: shuffled, then sorted by length within a bucket, so that little is
    padding."""
    done = 0
    while done < total:
        order = rng.permutation(len(lengths))
        for start in range(0, len(order), size * BUCKET):
            bucket = order[start : start + size * BUCKET]
            bucket = bucket[np.argsort(lengths[bucket], kind="stable")]
            parts = [bucket[i : i + size] for i in range(0, len(bucket), size)]
            for k in rng.permutation(len(parts)).tolist():
                yield parts[k]
                done += 1


def tune(
    groups: Sequence[tuple[list[Any], float]],
    rows: Iterator[Rows],
    loss_of: Callable[[Rows], Any],
    total: int,
    ends: float | None,
    *,
    warm_up: float,
    watch: Callable[[int, float], None] = lambda taken, used: None,
) -> int:
    """AdamW steps on `groups` of (weights, peak of the learning rate) until there were `total` or `ends` (on
    time.monotonic()) is reached; how many there were. `watch` is told after each how many, and which share of the time
    is used; what it raises ends the training. The first group's gradients are clipped."""
    import torch

    optimizer = torch.optim.AdamW([{"params": w, "lr": r} for w, r in groups], weight_decay=DECAY)
    began, taken = time.monotonic(), 0
    for batch in rows:
        used = 0.0 if ends is None else (time.monotonic() - began) / max(ends - began, 1e-3)
        done = max(taken / total, used)
        if done >= 1 and taken:
            break
        for group, (_, peak) in zip(optimizer.param_groups, groups, strict=True):
            group["lr"] = peak * min(1.0, done / warm_up + LAST_RATE) * max(1.0 - done, LAST_RATE)
        loss = loss_of(batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(groups[0][0], 1.0)
        optimizer.step()
        taken += 1
        watch(taken, used)
    return taken
