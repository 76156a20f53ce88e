"""Pictures painted for tests: two kinds that differ, written in any format, and files that are damaged."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image


def painted(kind: str, seed: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    """A bright disc on a dark ground, or bright stripes; where and how large is drawn by the seed."""
    r = np.random.default_rng([seed, sum(map(ord, kind))])
    width, height = size
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    a, b, s = r.uniform(0.3, 0.7), r.uniform(0.3, 0.7), r.uniform(0.15, 0.3)
    if kind == "disc":
        light = ((x - a) ** 2 + (y - b) ** 2 < s**2).astype(float)
    else:
        light = (np.sin((x * np.cos(a * 6) + y * np.sin(a * 6)) * 40 * (0.5 + s)) > 0).astype(float)
    colour = r.uniform(100, 255, 3)
    pixels = 30 + light[..., None] * (colour - 30) + r.normal(0, 8, (height, width, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def encoded(picture: Image.Image, format: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, **options)
    return out.getvalue()


def write(path: Path, content: bytes | Image.Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else encoded(content))
    return path


def class_folders(root: Path, each: int = 6, kinds: tuple[str, ...] = ("disc", "stripes")) -> Path:
    """`each` pictures a kind in a folder of that name."""
    for kind in kinds:
        for i in range(each):
            write(root / kind / f"{i:03d}.png", painted(kind, i))
    return root
