"""Draws with a network that says where noise should move: a few steps from noise to picture.

The same code draws in training, measuring and serving. Knows nothing of prompts or files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Velocity = Callable[[Float32, Float32, Float32], Float32]
"""(x (n, channels, height, width), t (n,) in [0, 1), words (n, …)) -> where x should move, of the shape of x."""
Paint = Callable[[Float32, Sequence[int]], Pixels]
"""(words (n, k): 1 for each name to be shown, a seed for each) -> pictures uint8 (n, height, width, channels)."""

TOGETHER = 16  # pictures drawn at once: more fall out of the processor's cache
MOST_SEED = 2**32 - 1


def draw(
    velocity: Velocity, words: Float32, seeds: Sequence[int], shape: tuple[int, int, int], times: int | Sequence[float]
) -> Pixels:
    """Pictures uint8 (n, height, width, channels), one a row of `words`; the same seed gives the same noise."""
    drawn = [
        to_pixels(moved(velocity, words[i : i + TOGETHER], seeds[i : i + TOGETHER], shape, times))
        for i in range(0, len(words), TOGETHER)
    ]
    return np.concatenate(drawn) if drawn else np.zeros((0, *shape[1:], shape[0]), dtype=np.uint8)


def moved(
    velocity: Velocity, words: Float32, seeds: Sequence[int], shape: tuple[int, int, int], times: int | Sequence[float]
) -> Float32:
    """Integrates dx/dt = velocity from noise to t = 1, as rectified flow does (Liu 2023), float32 (n, *shape).

    `times`: the moments to stop at, up to 1, or a number of steps. At t, x is t parts of a picture and 1 - t parts of
    noise; in these coordinates an Euler step is one of DDIM (Song 2021), so diffusion models are drawn with alike.
    Those never learned t = 0 and begin a little later, where x has about the spread of both parts together. Steps are
    of second order, by the way before (Adams & Bashforth): Euler's narrow what is drawn, by a tenth in 25 steps."""
    moments = _moments(times) if isinstance(times, int) else np.asarray(times, dtype=np.float64)
    spread = np.float32(np.hypot(moments[0], 1.0 - moments[0]))
    x = spread * np.stack([np.random.default_rng(seed).standard_normal(shape, dtype=np.float32) for seed in seeds])
    before = np.zeros_like(x)
    lengths = np.diff(moments)
    for index, length in enumerate(lengths):
        way = velocity(x, np.full(len(x), moments[index], dtype=np.float32), words)
        share = np.float32(length / lengths[index - 1] / 2.0 if index else 0.0)
        x = x + np.float32(length) * (way + share * (way - before))
        before = way
    return x


def _moments(steps: int) -> NDArray[np.float64]:
    """Denser towards the picture, where its details are decided."""
    return np.asarray(1.0 - (1.0 - np.linspace(0.0, 1.0, steps + 1)) ** 1.5)


def to_pixels(x: Float32) -> Pixels:
    """(n, channels, height, width) in [-1, 1] as uint8 (n, height, width, channels)."""
    pixels: Pixels = np.rint((np.clip(x, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)
    return pixels.transpose(0, 2, 3, 1)


def from_pixels(pixels: Pixels) -> Float32:
    """The inverse of `to_pixels`, up to rounding."""
    return (pixels.transpose(0, 3, 1, 2).astype(np.float32) / 127.5) - 1.0
