"""Which pictures are copies or near-copies of one another: resaved, resized, brightened or mirrored.

A perceptual hash finds candidates, thumbnails decide, so that pictures that are merely of one kind (digits, say) stay
apart. Knows nothing of files or labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .unions import Unions

Int64 = NDArray[np.int64]
Thumbnails = NDArray[np.uint8]

MOST_BITS = 10  # of 64 in which the hashes of two candidates may differ
MEAN_APART = 4.0  # grey levels on average, of 255
MOST_APART = 28.0  # grey levels at the 98th percentile of the thumbnail's pixels
LEAST_CONTRAST = 6.0  # standard deviation; flatter pictures are alike by nature, not by copying
ALL_PAIRS = 30_000  # pictures up to which every pair is compared
CHUNK = 512


def alike(thumbs: Thumbnails, digests: list[str]) -> Int64:
    """A number a picture, equal for those that are copies or near-copies. `thumbs` (pictures, side, side) grey levels;
    `digests` of the files' bytes. Shape (pictures,)."""
    unions = Unions(len(thumbs))
    first: dict[str, int] = {}
    for i, digest in enumerate(digests):
        unions.join(first.setdefault(digest, i), i)
    known = np.flatnonzero(thumbs.std(axis=(1, 2)) >= LEAST_CONTRAST)
    levels = _standardised(thumbs)
    for one, other, mirrored in _candidates(thumbs, known):
        same = _same(levels, one, other, mirrored)
        for i, j in zip(one[same].tolist(), other[same].tolist(), strict=True):
            unions.join(i, j)
    return unions.numbers()


def hashes(thumbs: Thumbnails) -> NDArray[np.uint64]:
    """Perceptual hash: which of the 8 x 8 lowest frequencies (cosine transform) lie above their median. Noise on even
    ground, which a difference hash follows, hardly touches these. Shape (pictures,)."""
    side = thumbs.shape[1]
    waves = np.cos(np.pi * np.arange(8)[:, None] * (np.arange(side) + 0.5) / side).astype(np.float32)
    parts = (waves @ thumbs.astype(np.float32) @ waves.T).reshape(len(thumbs), 64)
    bits = parts > np.median(parts[:, 1:], axis=1, keepdims=True)
    powers = np.uint64(1) << np.arange(64, dtype=np.uint64)
    return np.asarray((bits * powers).sum(axis=1, dtype=np.uint64), dtype=np.uint64)


def _candidates(thumbs: Thumbnails, known: Int64) -> Iterator[tuple[Int64, Int64, bool]]:
    """Pairs as two arrays (earlier, later) and whether the later are mirrored; their hashes are near."""
    plain, turned = hashes(thumbs)[known], hashes(thumbs[:, :, ::-1])[known]
    for other, mirrored in ((plain, False), (turned, True)):
        pairs = _near_pairs if len(known) <= ALL_PAIRS else _equal_bands
        for a, b in pairs(plain, other):
            yield known[a], known[b], mirrored


def _near_pairs(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> Iterator[tuple[Int64, Int64]]:
    for start in range(0, len(one), CHUNK):
        apart = np.bitwise_count(one[start : start + CHUNK, None] ^ other[None, start:])
        rows, columns = np.nonzero(apart <= MOST_BITS)
        later = columns > rows
        yield rows[later] + start, columns[later] + start


def _equal_bands(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> Iterator[tuple[Int64, Int64]]:
    """Pairs that agree in one of four bands of 16 bits; of a crowded band only neighbours are compared."""
    for band in range(4):
        shift, mask = np.uint64(16 * band), np.uint64(0xFFFF)
        keys = np.concatenate([(one >> shift) & mask, (other >> shift) & mask])
        order = np.argsort(keys, kind="stable")
        for step in range(1, 9):
            same = keys[order[:-step]] == keys[order[step:]]
            ends = np.sort(np.stack([order[:-step][same], order[step:][same]]) % len(one), axis=0)
            near = np.bitwise_count(one[ends[0]] ^ other[ends[1]]) <= MOST_BITS
            pairs = np.unique(ends[:, near & (ends[0] != ends[1])], axis=1)
            yield pairs[0], pairs[1]


@dataclass(frozen=True)
class _Levels:
    """Thumbnails with mean 0 and deviation 1, and what was taken off. (pictures, side, side), (pictures,) each."""

    grey: NDArray[np.float32]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]


def _standardised(thumbs: Thumbnails) -> _Levels:
    grey = thumbs.astype(np.float32)
    mean, deviation = grey.mean(axis=(1, 2)), np.maximum(grey.std(axis=(1, 2)), 1e-3)
    return _Levels((grey - mean[:, None, None]) / deviation[:, None, None], mean, deviation)


def _same(levels: _Levels, one: Int64, other: Int64, mirrored: bool) -> NDArray[np.bool_]:
    """Which pairs are alike pixel by pixel once both have the same brightness and contrast, if these hardly differ."""
    out = np.zeros(len(one), dtype=bool)
    low = np.minimum(levels.deviation[one], levels.deviation[other])
    high = np.maximum(levels.deviation[one], levels.deviation[other])
    lit = np.flatnonzero((high <= 1.25 * low) & (np.abs(levels.mean[one] - levels.mean[other]) <= 25))
    for start in range(0, len(lit), CHUNK * 8):
        part = lit[start : start + CHUNK * 8]
        second = levels.grey[other[part]]
        second = second[:, :, ::-1] if mirrored else second
        apart = np.abs(levels.grey[one[part]] - second) * high[part][:, None, None]
        most = np.quantile(apart.reshape(len(part), -1), 0.98, axis=1)
        out[part] = (apart.mean(axis=(1, 2)) <= MEAN_APART) & (most <= MOST_APART)
    return out
