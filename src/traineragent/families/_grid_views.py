"""Pictures as a model meets them in training: cut or set back, mirrored, turned, lighter or darker.

Words stay true: what is cut away is not asked for, mirrored phrases have left and right swapped, and in turned views
nothing is asked for by its place. Knows nothing of networks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
LEAST_SHARE = 0.65  # of a picture's side that a cut keeps
MOST_SHARE = 1.2  # of a picture's side that a view shows, where the picture is set back
STRETCHED = 0.15  # how much wider or higher at most
VISIBLE = 0.6  # of a box that must be left for it to be asked for
LIGHT, TINT, CONTRAST = 0.25, 0.05, 0.3  # how much lighter or darker, how much a colour, and how much flatter at most
MIDDLE = 128.0  # grey, that contrast is about
_TURNS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}
_TURNED = {"left": "bottom", "bottom": "right", "right": "top", "top": "left"}  # by a quarter, against the clock
_MIRRORED = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class View:
    """A part of picture `of` from `left`, `top`, `width` and `height` of its sides (beyond it: grey), then mirrored or
    not, then turned by so many quarters against the clock; its levels times `light`, with `contrast` about grey."""

    of: int
    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0
    mirrored: bool = False
    turns: int = 0
    light: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0

    @property
    def whole(self) -> bool:
        """Whether it shows the picture as it is, and nothing else."""
        return (self.left, self.top, self.width, self.height) == (0.0, 0.0, 1.0, 1.0)

    def end(self, end: str) -> str:
        """Where an end of the picture lies in the view."""
        seen = _MIRRORED.get(end, end) if self.mirrored else end
        for _ in range(self.turns):
            seen = _TURNED.get(seen, seen)
        return seen


def views_of(pictures: NDArray[np.int64], number: int, rng: np.random.Generator) -> list[View]:
    """View `number` of each picture: 0 as it is, 1 mirrored, then cut at random, every other one mirrored."""
    if number < 2:
        return [View(of, mirrored=number == 1) for of in pictures.tolist()]
    out = []
    for of in pictures.tolist():
        size = float(rng.uniform(LEAST_SHARE, 1.0))
        left, top = rng.uniform(0.0, 1.0 - size, 2)
        out.append(View(of, float(left), float(top), size, size, number % 2 == 1, light=_light(rng)))
    return out


def view_of(picture: int, rng: np.random.Generator, turned: bool = False) -> View:
    """A new view of a picture; `turned`: also by quarters."""
    size = float(rng.uniform(LEAST_SHARE, MOST_SHARE))
    stretch = float(np.exp(rng.uniform(-STRETCHED, STRETCHED)))
    width, height = size * stretch, size / stretch
    left, top = (float(rng.uniform(min(0.0, 1.0 - s), max(0.0, 1.0 - s))) for s in (width, height))
    turns = int(rng.integers(4)) if turned else 0
    contrast = float(1.0 + rng.uniform(-CONTRAST, CONTRAST))
    return View(picture, left, top, width, height, bool(rng.random() < 0.5), turns, _light(rng), contrast)


def _light(rng: np.random.Generator) -> tuple[float, float, float]:
    light = 1.0 + rng.uniform(-LIGHT, LIGHT) + rng.uniform(-TINT, TINT, 3)
    return float(light[0]), float(light[1]), float(light[2])


def pixels_of(view: View, picture: Pixels) -> Pixels:
    """The view of a picture (side, side, 3), of the same shape."""
    side = picture.shape[0]
    seen = Image.fromarray(picture)
    if not view.whole:
        right, bottom = view.left + view.width, view.top + view.height
        box = (view.left * side, view.top * side, right * side, bottom * side)
        inside = min(view.left, view.top) >= 0.0 and max(right, bottom) <= 1.0
        seen = _cut(seen, box, side) if inside else _set_back(seen, box, side)
    if view.mirrored:
        seen = seen.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if view.turns:
        seen = seen.transpose(_TURNS[view.turns])
    if view.light != (1.0, 1.0, 1.0) or view.contrast != 1.0:
        levels = np.arange(256.0)
        changed = [(levels * tone - MIDDLE) * view.contrast + MIDDLE for tone in view.light]
        seen = seen.point(np.clip(np.concatenate(changed), 0, 255).astype(int).tolist())
    return np.asarray(seen)


def _cut(picture: Image.Image, box: tuple[float, float, float, float], side: int) -> Image.Image:
    return picture.resize((side, side), Image.Resampling.BILINEAR, box)


def _set_back(picture: Image.Image, box: tuple[float, float, float, float], side: int) -> Image.Image:
    """A part that reaches beyond the picture."""
    grey = (int(MIDDLE),) * 3
    return picture.transform((side, side), Image.Transform.EXTENT, box, Image.Resampling.BILINEAR, fillcolor=grey)


def boxes_of(view: View, boxes: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Boxes (n, 4) of the picture as they lie in the view, and which of them can be seen there."""
    start, size = np.array([view.left, view.top] * 2), np.array([view.width, view.height] * 2)
    moved = (boxes - start) / size
    inside = np.clip(moved, 0.0, 1.0)
    share = _areas(inside) / np.maximum(_areas(moved), 1e-9)
    if view.mirrored:
        inside = np.stack([1 - inside[:, 2], inside[:, 1], 1 - inside[:, 0], inside[:, 3]], axis=1)
    for _ in range(view.turns):
        inside = np.stack([inside[:, 1], 1 - inside[:, 2], inside[:, 3], 1 - inside[:, 0]], axis=1)
    return inside.astype(np.float32), np.asarray(share >= VISIBLE)


def _areas(boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), dtype=np.float64)
