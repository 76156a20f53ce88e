"""How four numbers are a box, found by content."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.data.grounding.boxes import corners, four_numbers, layout_of, quarters_of


def some(seed: int = 0, rows: int = 80) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(300, 700, (rows, 2)).astype(float)
    first = rng.uniform(0, 0.7, (rows, 2))
    second = first + rng.uniform(0.05, 0.3, (rows, 2))
    return np.concatenate([first, second], axis=1), sizes


@pytest.mark.parametrize("shares", [True, False])
@pytest.mark.parametrize("layout", ["xyxy", "xywh", "cxcywh"])
def test_layouts_are_told_apart_in_pixels_and_in_shares(layout: str, shares: bool) -> None:
    boxes, sizes = some()
    written = boxes.copy()
    if layout != "xyxy":
        written[:, 2:] = boxes[:, 2:] - boxes[:, :2]
    if layout == "cxcywh":
        written[:, :2] = (boxes[:, :2] + boxes[:, 2:]) / 2
    numbers = written if shares else written * np.tile(sizes, 2)
    found, normalised = layout_of(numbers, sizes, hint=layout if layout == "cxcywh" else "")
    assert (found, normalised) == (layout, shares)
    back = corners(numbers, found) / (1.0 if shares else np.tile(sizes, 2))
    assert np.allclose(back, boxes)


def test_names_of_columns_are_believed_unless_numbers_deny_them() -> None:
    boxes, sizes = some()
    assert layout_of(boxes * np.tile(sizes, 2), sizes, hint="xywh")[0] == "xyxy"


@pytest.mark.parametrize(
    "cell",
    ["[1, 2, 3, 4]", "1,2,3,4", "1 2 3 4", "(1.0, 2.0, 3.0, 4.0)", [1, 2, 3, 4], [[1, 2], [3, 4]],
     {"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4}, '{"x": 1, "y": 2, "w": 3, "h": 4}'],
)  # fmt: skip
def test_a_box_is_read_however_it_is_written(cell: object) -> None:
    assert four_numbers(cell) == (1.0, 2.0, 3.0, 4.0)


@pytest.mark.parametrize(
    "cell",
    ["", None, "a cat", "1,2,3", "1,2,3,x", [1, 2, 3, None], "2020-01-02 03:04", [1, 2, 3, float("nan")]],
)
def test_what_is_no_box_is_none(cell: object) -> None:
    assert four_numbers(cell) is None


def test_columns_of_a_box_are_known_by_their_names() -> None:
    assert quarters_of(["file", "xMin", "yMin", "xMax", "yMax"]) == ("xyxy", ("xMin", "yMin", "xMax", "yMax"))
    assert quarters_of(["x", "y", "width", "height", "n"]) == ("xywh", ("x", "y", "width", "height"))
    assert quarters_of(["x", "y", "z"]) is None
