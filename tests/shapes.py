"""Small drawn shapes in class folders, real PNG files that a generator can learn within seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from traineragent.engine.pictureset import PictureSet

SIZE, FINE = 16, 8  # drawn eight times as large, so that no two are alike
LABELS = ("Circle", "Cross", "Square")


def shape(label: str, rng: np.random.Generator) -> Image.Image:
    """A white outline on black, moved and sized at random."""
    picture = Image.new("L", (SIZE * FINE, SIZE * FINE))
    pen, reach = ImageDraw.Draw(picture), int(rng.integers(4 * FINE, 6 * FINE))
    x, y = (int(v) for v in rng.integers(reach + FINE, (SIZE - 1) * FINE - reach, 2))
    box = (x - reach, y - reach, x + reach, y + reach)
    if label == "Circle":
        pen.ellipse(box, outline=255, width=2 * FINE)
    elif label == "Square":
        pen.rectangle(box, outline=255, width=2 * FINE)
    else:
        pen.line(box, fill=255, width=2 * FINE)
        pen.line((box[0], box[3], box[2], box[1]), fill=255, width=2 * FINE)
    return picture.resize((SIZE, SIZE), Image.Resampling.BOX)


def write_shapes(folder: Path, each: int = 40, seed: int = 0) -> Path:
    """Class folders of PNG files below `folder`."""
    rng = np.random.default_rng(seed)
    for label in LABELS:
        (folder / label).mkdir(parents=True, exist_ok=True)
        for i in range(each):
            shape(label, rng).save(folder / label / f"{i:03d}.png")
    return folder


def shapes(each: int = 60, seed: int = 0) -> PictureSet:
    rng = np.random.default_rng(seed)
    y = np.arange(each * len(LABELS)) % len(LABELS)
    pixels = np.stack([np.asarray(shape(LABELS[c], rng)) for c in y])[..., None]
    names = tuple({"label": label, "said": []} for label in LABELS)
    return PictureSet(pixels, np.eye(len(LABELS), dtype=np.float32)[y], y, rng.random(len(y)) < 0.2, names)
