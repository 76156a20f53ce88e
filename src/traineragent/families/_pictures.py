"""Pictures as batches to learn from: scaled as the served graph scales them, and changed a little each time.

Knows nothing of networks; shared by the families that learn from pixels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.data import RichInput
from ..engine.views import session
from ..export.builder import GraphBuilder
from ..export.pixels import scaled_picture
from ..serve.inputs.parts import Part

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

CUT = 0.3  # of a side that a cut-out covers
SHIFT = 0.12  # of a side that a picture moves at most
BLOCK = 64  # pictures scaled at once


class Pictures:
    """The pictures of a rich input at `side` pixels a side, made by the very graph that is served when they are asked
    for: all of them as floats may not fit into memory."""

    def __init__(self, part: Part, spec: RichInput, side: int) -> None:
        small = GraphBuilder(0)
        picture = scaled_picture(small, spec.name, int(spec.options["height"]), int(spec.options["width"]), side)
        made = small.view(small.add("Flatten", picture, axis=1), 3 * side * side)
        self._part, self._name, self._side = part, spec.name, side
        self._run = session(made.SerializeToString())

    def __len__(self) -> int:
        return len(self._part)

    def at(self, rows: NDArray[np.int64]) -> Float32:
        """(rows, 3, side, side) in [0, 1]."""
        blocks = [rows[i : i + BLOCK] for i in range(0, len(rows), BLOCK)]
        found = [self._run.run(None, self._part[block].feeds(self._name))[0] for block in blocks]
        whole = np.concatenate(found) if found else np.zeros((0, 0), dtype=np.float32)
        return np.asarray(whole.reshape(len(rows), 3, self._side, self._side), dtype=np.float32)

    def all(self) -> Float32:
        """Every picture, as `at` gives them."""
        return self.at(np.arange(len(self)))


def mirrors_keep(pixels: Float32, y: Float64, seed: int, most: int = 1500) -> bool:
    """Whether a mirrored picture still shows its class: a linear reader of small versions learns from half of the
    pictures and is asked about the other half, as they are and mirrored. Letters, digits and hands do not survive it.

    `pixels` (rows, 3, side, side)."""
    from sklearn.linear_model import RidgeClassifier

    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(y))[:most]
    step = max(1, pixels.shape[2] // 16)
    small = pixels[rows][:, :, ::step, ::step]
    half = len(rows) // 2
    if len(np.unique(y[rows[:half]])) < 2:
        return True
    reader = RidgeClassifier(alpha=0.1 * small[0].size).fit(small[:half].reshape(half, -1), y[rows[:half]])
    plain, turned = (
        float(np.mean(reader.predict(p[half:].reshape(len(rows) - half, -1)) == y[rows[half:]]))
        for p in (small, small[:, :, :, ::-1])
    )
    chance = float(np.bincount(y[rows].astype(np.int64)).max() / len(rows))
    noise = math.sqrt(plain * (1 - plain) / max(len(rows) - half, 1))
    return plain - turned <= 2 * noise + 0.1 * max(plain - chance, 0.0)


def augmented(torch: Any, pictures: Any, rng: np.random.Generator, mirror: bool, gently: bool = False) -> Any:
    """Pictures (rows, 3, side, side) moved, scaled, brightened, tinted and cut, each by itself; some mirrored.

    `gently`: neither turned, scaled nor cut, since a number may be an angle, a size or a count."""
    rows, _, side, _ = pictures.shape
    free = 0.0 if gently else 1.0
    scale = 1 + free * rng.uniform(-SHIFT, SHIFT, (rows, 2))
    turn = free * rng.normal(0, 0.08, rows)
    across = np.where(rng.random(rows) < 0.5, -1.0, 1.0) if mirror else np.ones(rows)
    frames = np.zeros((rows, 2, 3), dtype=np.float32)
    frames[:, 0, 0], frames[:, 0, 1] = across * scale[:, 0], -turn
    frames[:, 1, 0], frames[:, 1, 1] = across * turn, scale[:, 1]
    frames[:, :, 2] = rng.uniform(-2 * SHIFT, 2 * SHIFT, (rows, 2))
    grid = torch.nn.functional.affine_grid(torch.from_numpy(frames), list(pictures.shape), align_corners=False)
    moved = torch.nn.functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
    light = rng.normal(0, 0.08, (rows, 3, 1, 1)) * 0.5 + rng.normal(0, 0.08, (rows, 1, 1, 1))
    contrast = 1 + rng.uniform(-0.2, 0.2, (rows, 1, 1, 1))
    shaped = (torch.from_numpy(a.astype(np.float32)) for a in (contrast, light))
    moved = moved * next(shaped) + next(shaped)
    cut = max(1, int(CUT * side))
    for i, (top, left) in enumerate(rng.integers(0, side - cut + 1, (rows, 2)).tolist()):
        if i % 2 and not gently:
            moved[i, :, top : top + cut, left : left + cut] = 0
    return moved
