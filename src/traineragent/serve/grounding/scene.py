"""What stands where in a picture, and which of these things a phrase means, by arithmetic.

Takes maps of scores and boxes that a network gave for words, in any units of the picture's width and height. Knows
nothing of networks, files or requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .phrases import Thing

Floats = NDArray[np.float64]
MOST_CELLS = 250  # of a map that are looked at; the others score less
MOST_FOUND = 60
LEAST = 1e-4
OVERLAP = 0.5  # of two boxes of one thing
JOINED = 0.65  # of boxes that are averaged into one
SAME = 0.4  # overlap above which a thing is no neighbour but itself
SOFT = 0.02  # shares of the picture by which places must differ to be told apart surely
NEAR = 0.2  # distance, in shares of the picture, at which nearness has fallen to 1/e
KEYS: Mapping[str, Callable[[Floats], Floats]] = {
    "left": lambda b: -(b[:, 0] + b[:, 2]) / 2,
    "right": lambda b: (b[:, 0] + b[:, 2]) / 2,
    "top": lambda b: -(b[:, 1] + b[:, 3]) / 2,
    "bottom": lambda b: (b[:, 1] + b[:, 3]) / 2,
    "largest": lambda b: np.sqrt(_area(b)),
    "smallest": lambda b: -np.sqrt(_area(b)),
    "tallest": lambda b: b[:, 3] - b[:, 1],
    "widest": lambda b: b[:, 2] - b[:, 0],
    "middle": lambda b: -np.hypot((b[:, 0] + b[:, 2]) / 2 - 0.5, (b[:, 1] + b[:, 3]) / 2 - 0.5),
}
"""How far a box (left, top, right, bottom in shares of the picture) lies towards an end; larger is further."""


@dataclass(frozen=True)
class Found:
    """Things of one kind in a picture: `boxes` (n, 4) in shares of it, `sure` (n,) probabilities; surest first."""

    boxes: Floats
    sure: Floats


@dataclass(frozen=True)
class Calibration:
    """Scores of a map as log-odds times `scale` plus `shift`; learned on pictures that were kept back."""

    scale: float = 1.0
    shift: float = 0.0

    def __call__(self, logits: Floats) -> Floats:
        return 1.0 / (1.0 + np.exp(-np.clip(self.scale * logits + self.shift, -30.0, 30.0)))


def things(logits: NDArray[np.float32], boxes: NDArray[np.float32], calibration: Calibration) -> Found:
    """The peaks of a map: logits (cells,) and boxes (cells, 4). Boxes of one thing are averaged, the surer more."""
    order = np.argsort(-logits, kind="stable")[:MOST_CELLS]
    sure, where = calibration(logits[order].astype(np.float64)), boxes[order].astype(np.float64)
    keep = (sure > LEAST) | (np.arange(len(order)) == 0)
    sure, where = sure[keep], where[keep]
    overlaps = iou(where, where)
    free = np.ones(len(sure), dtype=bool)
    found, weights = [], []
    for i in range(len(sure)):
        if not free[i]:
            continue
        joined = free & (overlaps[i] >= JOINED)
        found.append(np.average(where[joined], axis=0, weights=sure[joined]))
        weights.append(sure[i])
        free &= overlaps[i] < OVERLAP
        if len(found) == MOST_FOUND:
            break
    return Found(np.clip(np.array(found), 0.0, 1.0), np.array(weights))


def chances(thing: Thing, found: Mapping[tuple[str, ...], Found], alone: float = 1.0) -> Floats:
    """For each box of what the thing's words find, the probability that it is the one that is meant, up to a factor.

    A box is meant if it is such a thing, stands in all relations, and no such thing lies further towards the end. Who
    says "the leftmost king" mostly sees several kings: `alone` is how readily it is said of the only one, beside one
    that has another behind it (0 to 1)."""
    mine = found[thing.words]
    fits = mine.sure.copy()
    for relation, others in thing.relations:
        fits = fits * _related(relation, mine, [_meant(other, found, alone) for other in others])
    if thing.ends:
        key = sum((KEYS[e](mine.boxes) for e in thing.ends), start=np.zeros(len(fits)))
        return fits * _ranked(key, fits, thing.rank, alone)
    return fits


def _meant(thing: Thing, found: Mapping[tuple[str, ...], Found], alone: float) -> Found:
    """The things that an anchor may be, each with its chance."""
    return Found(found[thing.words].boxes, np.clip(chances(thing, found, alone), 0.0, 1.0))


def _ranked(key: Floats, fits: Floats, rank: int, alone: float) -> Floats:
    """The probability that exactly `rank` - 1 fitting things lie further than each, and that there is another one less
    far where none lies further, or else the chance `alone`; shape (n,)."""
    out = np.zeros(len(key))
    for i in range(len(key)):
        further = 1.0 / (1.0 + np.exp(-np.clip((key - key[i]) / (SOFT / 4), -30, 30)))
        further[i] = 0.0
        chance = np.clip(fits * further, 0.0, 1.0)
        counts = np.zeros(rank)  # of how many lie further: a Poisson-binomial distribution, cut at rank
        counts[0] = 1.0
        for p in chance:
            counts[1:] = counts[1:] * (1 - p) + counts[:-1] * p
            counts[0] *= 1 - p
        out[i] = counts[rank - 1]
        if rank == 1:
            less = np.delete(np.clip(fits * (1.0 - further), 0.0, 1.0), i)
            out[i] *= alone + (1.0 - alone) * (1.0 - np.prod(1.0 - less))
    return out


def _related(relation: str, mine: Found, others: list[Found]) -> Floats:
    """How well each thing stands in the relation to the best of the others, shape (n,)."""
    if relation == "between":
        return _between(mine, others[0], others[-1], same_kind=len(others) == 1)
    fits = _RELATIONS[relation](mine.boxes, others[0].boxes)
    apart = iou(mine.boxes, others[0].boxes) < SAME
    if relation not in ("inside", "around"):
        fits = fits * apart
    return np.asarray((fits * others[0].sure).max(axis=1, initial=LEAST))


def _between(mine: Found, one: Found, two: Found, same_kind: bool) -> Floats:
    """Nearness to the stretch from one thing to the other, best over their surest pairs."""
    out = np.full(len(mine.sure), LEAST)
    here = _centres(mine.boxes)
    for i in np.argsort(-one.sure)[:6]:
        for j in np.argsort(-two.sure)[:6]:
            if same_kind and i == j:
                continue
            a, b = _centres(one.boxes)[i], _centres(two.boxes)[j]
            way = b - a
            share = ((here - a) @ way) / max(float(way @ way), 1e-9)
            aside = np.hypot(*(here - a - np.outer(share, way)).T)
            fits = _above_zero(np.minimum(share, 1 - share)) * np.exp(-aside / NEAR) * one.sure[i] * two.sure[j]
            itself = (iou(mine.boxes, one.boxes[[i]])[:, 0] >= SAME) | (iou(mine.boxes, two.boxes[[j]])[:, 0] >= SAME)
            out = np.maximum(out, np.where(itself, LEAST, fits))
    return out


def _sided(axis: int, sign: float) -> Callable[[Floats, Floats], Floats]:
    """On that side of the other; of several that are, rather one that is near and lies straight there."""

    def fits(mine: Floats, others: Floats) -> Floats:
        a, b = _centres(mine), _centres(others)
        beyond = sign * (b[None, :, axis] - a[:, None, axis])  # (mine, others)
        aside = np.abs(b[None, :, 1 - axis] - a[:, None, 1 - axis])
        return _above_zero(beyond) / (1.0 + 0.5 * _distances(mine, others) + aside)

    return fits


def _near(mine: Floats, others: Floats) -> Floats:
    return np.asarray(np.exp(-_distances(mine, others) / NEAR))


def _far(mine: Floats, others: Floats) -> Floats:
    return np.asarray(np.exp((_distances(mine, others) - np.sqrt(2.0)) / NEAR))


def _inside(mine: Floats, others: Floats) -> Floats:
    return _shared(mine, others) / np.maximum(_area(mine), 1e-9)[:, None]


def _around(mine: Floats, others: Floats) -> Floats:
    return _shared(mine, others) / np.maximum(_area(others), 1e-9)[None, :]


_RELATIONS: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "left_of": _sided(0, 1.0),
    "right_of": _sided(0, -1.0),
    "above": _sided(1, 1.0),
    "below": _sided(1, -1.0),
    "near": _near,
    "far": _far,
    "inside": _inside,
    "around": _around,
}


def _above_zero(values: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values / (SOFT / 2), -30, 30))))


def _centres(boxes: Floats) -> Floats:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _distances(mine: Floats, others: Floats) -> Floats:
    return np.asarray(np.linalg.norm(_centres(mine)[:, None] - _centres(others)[None], axis=2))


def _area(boxes: Floats) -> Floats:
    return np.asarray(np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0), axis=1))


def _shared(one: Floats, two: Floats) -> Floats:
    low = np.maximum(one[:, None, :2], two[None, :, :2])
    high = np.minimum(one[:, None, 2:], two[None, :, 2:])
    return np.asarray(np.prod(np.maximum(high - low, 0.0), axis=2))


def iou(one: Floats, two: Floats) -> Floats:
    """Intersection over union of all pairs of boxes, (n, 4) and (m, 4) -> (n, m)."""
    shared = _shared(one, two)
    return np.asarray(shared / np.maximum(_area(one)[:, None] + _area(two)[None] - shared, 1e-12))
