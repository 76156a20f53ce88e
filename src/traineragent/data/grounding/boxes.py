"""How four numbers are a box: corners or a corner and a size, in pixels or in shares of the picture. Found by content.

Boxes leave here as left, top, right, bottom in pixels, (n, 4).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from traineragent.data.grounding.annotated import Four

Floats = NDArray[np.float64]
LAYOUTS = ("xyxy", "xywh", "cxcywh")
WORDS = {
    "xyxy": "left, top, right, bottom",
    "xywh": "left, top, width, height",
    "cxcywh": "middle, width, height",
}
CLEARLY = 0.02  # share of boxes by which another layout must fit better than an earlier one
NORMALISED = 1.02  # no number larger than this: shares of the picture
SLACK = 0.01  # of the picture by which boxes may stick out and still fit a layout
WHOLE_CELLS = ("box", "bbox", "boxes", "bounding box", "bounding boxes", "xyxy", "xywh", "region", "rect", "rectangle")
"""Names of columns that hold all four numbers."""
QUARTERS: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    ("xyxy", (("x0", "y0", "x1", "y1"), ("xmin", "ymin", "xmax", "ymax"), ("x1", "y1", "x2", "y2"),
              ("left", "top", "right", "bottom"), ("x min", "y min", "x max", "y max"))),
    ("cxcywh", (("cx", "cy", "w", "h"), ("xc", "yc", "w", "h"), ("x center", "y center", "width", "height"),
                ("xcenter", "ycenter", "width", "height"), ("cx", "cy", "width", "height"))),
    ("xywh", (("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"),
              ("xmin", "ymin", "width", "height"), ("bbox x", "bbox y", "bbox w", "bbox h"),
              ("bbox x", "bbox y", "bbox width", "bbox height"))),
)  # fmt: skip
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def plain_name(name: str) -> str:
    return " ".join(re.split(r"[\s_.-]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).strip().casefold()))


def four_numbers(value: Any) -> Four | None:
    """The numbers of a box from a list, an object of names, or a text of either; None where there are not four."""
    if isinstance(value, str):
        text = value.strip()
        if text[:1] in ("[", "{"):
            try:
                return four_numbers(json.loads(text))
            except (ValueError, RecursionError):
                pass
        parts = _NUMBER.findall(text)
        rest = _NUMBER.sub("", text).strip(" ,;|[](){}\t")
        value = parts if len(parts) == 4 and not re.search(r"\w", rest) else None
    if isinstance(value, Mapping):
        quarters = quarters_of([str(k) for k in value])
        value = None if quarters is None else [value[n] for n in quarters[1]]
    if not isinstance(value, (list, tuple)):
        return None
    if len(value) == 2 and all(isinstance(v, (list, tuple)) and len(v) == 2 for v in value):
        value = [*value[0], *value[1]]  # two corners
    try:
        numbers = [float(v) for v in value]
    except (TypeError, ValueError):
        return None
    if len(numbers) != 4 or not np.isfinite(numbers).all():
        return None
    return numbers[0], numbers[1], numbers[2], numbers[3]


def quarters_of(names: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """(layout, the four names) where names are those of a box in parts; None where they are not."""
    by_plain = {plain_name(n): n for n in names}
    for layout, groups in QUARTERS:
        for group in groups:
            if all(g in by_plain for g in group):
                return layout, tuple(by_plain[g] for g in group)
    return None


def layout_of(numbers: Floats, sizes: Floats, hint: str = "") -> tuple[str, bool]:
    """(layout, whether in shares of the picture) that fits most boxes; `hint` is believed unless it fits clearly worse.
    numbers (n, 4), sizes (n, 2) width and height in pixels."""
    shares = bool(len(numbers)) and bool((np.abs(numbers) <= NORMALISED).mean() > 0.999)
    scaled = numbers if shares else numbers / np.tile(sizes, 2)
    order = sorted(LAYOUTS, key=lambda layout: layout != hint)
    fits = {layout: float(_fits(corners(scaled, layout)).mean()) for layout in order}
    best = order[0]
    for layout in order[1:]:
        if fits[layout] > fits[best] + CLEARLY:
            best = layout
    return best, shares


def corners(numbers: Floats, layout: str) -> Floats:
    """Left, top, right, bottom of boxes in a layout, as they stand: possibly inverted."""
    first, second = numbers[:, :2], numbers[:, 2:]
    if layout == "xywh":
        return np.concatenate([first, first + second], axis=1)
    if layout == "cxcywh":
        return np.concatenate([first - second / 2, first + second / 2], axis=1)
    return numbers


def _fits(boxes: Floats) -> NDArray[np.bool_]:
    """Whether boxes in shares of the picture have a size and lie inside."""
    inside = (boxes >= -SLACK).all(axis=1) & (boxes <= 1 + SLACK).all(axis=1)
    return np.asarray(inside & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))
