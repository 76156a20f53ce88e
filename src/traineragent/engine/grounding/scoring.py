"""How good boxes are beside the true ones, and what simple rules reach that look at no picture or read no phrase.

Boxes are (n, 4), in shares of the picture or in pixels; returns plain numbers. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..intervals import from_resamples

Floats = NDArray[np.float64]
HIT = 0.5
DRAWS = 1000
MOST_CANDIDATES = 400
METRICS = ("accuracy_iou50", "mean_iou", "pointing_accuracy")


def ious(given: NDArray[np.floating], true: NDArray[np.floating]) -> Floats:
    """Intersection over union of each pair, shape (n,)."""
    low, high = np.maximum(given[:, :2], true[:, :2]), np.minimum(given[:, 2:], true[:, 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=1)
    areas = [np.prod(np.maximum(b[:, 2:] - b[:, :2], 0.0), axis=1) for b in (given, true)]
    return np.asarray(shared / np.maximum(areas[0] + areas[1] - shared, 1e-12), dtype=np.float64)


def each(metric: str, given: NDArray[np.floating], true: NDArray[np.floating]) -> Floats:
    """What each answer adds to the mean that the metric is, shape (n,)."""
    if metric == "pointing_accuracy":
        middle = (given[:, :2] + given[:, 2:]) / 2
        return np.asarray(((middle >= true[:, :2]) & (middle <= true[:, 2:])).all(axis=1), dtype=np.float64)
    overlap = ious(given, true)
    return overlap if metric == "mean_iou" else np.asarray(overlap >= HIT, dtype=np.float64)


def interval(metric: str, values: Floats, of: NDArray[np.int64], seed: int) -> tuple[float, float] | None:
    """95 % interval of the mean: bootstrap over pictures, as the phrases of one share its difficulty. `of` (n,) is the
    picture of each value."""
    units, mine = np.unique(of, return_inverse=True)
    if len(units) < 2:
        return None
    total, count = np.bincount(mine, values), np.bincount(mine)
    weight = np.random.default_rng([seed, 5]).multinomial(len(units), np.full(len(units), 1 / len(units)), size=DRAWS)
    value, draws = float(values.mean()), (weight @ total) / (weight @ count)
    return from_resamples(metric, value, draws, len(units) if value in (0.0, 1.0) else len(values))


def trivial(boxes: NDArray[np.floating], seed: int = 0) -> dict[str, Floats]:
    """Boxes (4,) that rules without eyes give, from those of the training phrases (n, 4) in shares of the picture."""
    rng = np.random.default_rng([seed, 9])
    pool = boxes[rng.permutation(len(boxes))[:MOST_CANDIDATES]].astype(np.float64)
    tried = np.concatenate([pool, boxes.mean(axis=0)[None]])
    hits = [float((ious(np.broadcast_to(c, pool.shape), pool) >= HIT).mean()) for c in tried]
    return {
        "the whole picture": np.array([0.0, 0.0, 1.0, 1.0]),
        "the mean box": boxes.mean(axis=0).astype(np.float64),
        "the most likely box": tried[int(np.argmax(hits))],
    }


def best_trivial(metric: str, rules: Mapping[str, Floats], true: Sequence[Sequence[float]] | Floats) -> float:
    """The best of such rules on these true boxes, in shares of the picture."""
    there = np.asarray(true, np.float64)
    return max(float(each(metric, np.broadcast_to(box, there.shape), there).mean()) for box in rules.values())
