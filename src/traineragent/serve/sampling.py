"""Draws pictures with a graph that says where noise should move: a few Euler steps from noise to picture.

The same code draws in training, measuring and serving. Knows nothing of prompts or files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Velocity = Callable[[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""(x (n, channels, height, width), t (n,) in [0, 1), words (n, k)) -> where x should move, of the shape of x."""

TOGETHER = 16  # pictures drawn at once: more fall out of the processor's cache
MOST_SEED = 2**32 - 1


def draw(
    velocity: Velocity, words: NDArray[np.float32], seeds: Sequence[int], shape: tuple[int, int, int], steps: int
) -> NDArray[np.uint8]:
    """Pictures uint8 (n, height, width, channels), one a row of `words`; the same seed gives the same noise.

    Integrates dx/dt = velocity from t = 0 (noise) to 1 (picture), as rectified flow does (Liu 2023)."""
    drawn = [
        _together(velocity, words[i : i + TOGETHER], seeds[i : i + TOGETHER], shape, steps)
        for i in range(0, len(words), TOGETHER)
    ]
    return np.concatenate(drawn) if drawn else np.zeros((0, *shape[1:], shape[0]), dtype=np.uint8)


def _together(
    velocity: Velocity, words: NDArray[np.float32], seeds: Sequence[int], shape: tuple[int, int, int], steps: int
) -> NDArray[np.uint8]:
    x = np.stack([np.random.default_rng(seed).standard_normal(shape, dtype=np.float32) for seed in seeds])
    for step in range(steps):
        t = np.full(len(x), step / steps, dtype=np.float32)
        x = x + velocity(x, t, words) / np.float32(steps)
    return to_pixels(x)


def to_pixels(x: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(n, channels, height, width) in [-1, 1] as uint8 (n, height, width, channels)."""
    pixels: NDArray[np.uint8] = np.rint((np.clip(x, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)
    return pixels.transpose(0, 2, 3, 1)


def from_pixels(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The inverse of `to_pixels`, up to rounding."""
    return (pixels.transpose(0, 3, 1, 2).astype(np.float32) / 127.5) - 1.0
