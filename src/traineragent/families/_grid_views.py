"""Pictures as a model meets them in training: cut, mirrored, lighter or darker; with what their network sees of them.

A view is made once and met many times, since a frozen network would see the same again. Words stay true: what is cut
away is not asked for, and mirrored phrases have left and right swapped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
LEAST_SHARE = 0.65  # of a picture's side that a cut keeps
VISIBLE = 0.6  # of a box that must be left for it to be asked for
LIGHT = 0.25  # how much lighter or darker at most


@dataclass(frozen=True)
class View:
    """A part of picture `of` from `left`, `top`, `size` of its sides, mirrored or not, its levels times `light`."""

    of: int
    left: float = 0.0
    top: float = 0.0
    size: float = 1.0
    mirrored: bool = False
    light: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @property
    def cut(self) -> bool:
        return self.size < 1.0


def views_of(pictures: NDArray[np.int64], number: int, rng: np.random.Generator) -> list[View]:
    """View `number` of each picture: 0 as it is, 1 mirrored, then cut at random, every other one mirrored."""
    if number < 2:
        return [View(of, mirrored=number == 1) for of in pictures.tolist()]
    out = []
    for of in pictures.tolist():
        size = float(rng.uniform(LEAST_SHARE, 1.0))
        left, top = rng.uniform(0.0, 1.0 - size, 2)
        light = 1.0 + rng.uniform(-LIGHT, LIGHT) + rng.uniform(-0.05, 0.05, 3)
        tone = float(light[0]), float(light[1]), float(light[2])
        out.append(View(of, float(left), float(top), size, number % 2 == 1, tone))
    return out


def pixels_of(view: View, picture: Pixels) -> Pixels:
    """The view of a picture (side, side, 3), of the same shape."""
    side = picture.shape[0]
    seen = Image.fromarray(picture)
    if view.cut:
        box = (view.left * side, view.top * side, (view.left + view.size) * side, (view.top + view.size) * side)
        seen = seen.resize((side, side), Image.Resampling.BILINEAR, box)
    if view.mirrored:
        seen = seen.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if view.light == (1.0, 1.0, 1.0):
        return np.asarray(seen)
    return np.asarray(np.clip(np.asarray(seen) * np.array(view.light), 0, 255), dtype=np.uint8)


def boxes_of(view: View, boxes: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Boxes (n, 4) of the picture as they lie in the view, and which of them can be seen there."""
    moved = (boxes - np.array([view.left, view.top] * 2, np.float32)) / view.size
    inside = np.clip(moved, 0.0, 1.0)
    share = _areas(inside) / np.maximum(_areas(moved), 1e-9)
    if view.mirrored:
        inside = np.stack([1 - inside[:, 2], inside[:, 1], 1 - inside[:, 0], inside[:, 3]], axis=1)
    return inside.astype(np.float32), share >= VISIBLE


def _areas(boxes: Floats) -> NDArray[np.float32]:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
