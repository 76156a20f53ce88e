"""Cells that hold pictures become pixels; what is no picture is refused in words, or grey where rows must not fail."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from traineragent.domain.data import RichInput
from traineragent.serve.inputs import UnreadableCell, open_input

SPEC = RichInput("pixels", "pixels", ("image",), options={"width": 20, "height": 10, "fit": "squash"})


def picture(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (50, 40), colour).save(out, "PNG")
    return out.getvalue()


def test_files_and_base64_give_the_same_pixels() -> None:
    red = picture((200, 0, 0))
    reader = open_input(SPEC, Path())
    part = reader.read([[red, base64.b64encode(red).decode()]], lenient=False)
    values = part.feeds("pixels")["pixels"]
    assert values.shape == (2, 10, 20, 3)
    assert values.dtype == np.uint8
    assert (values == np.array([200, 0, 0])).all()


def test_many_pictures_keep_their_order() -> None:
    shades = [(i, 2 * i, 0) for i in range(30)]
    values = open_input(SPEC, Path()).read([[picture(s) for s in shades]], lenient=False).feeds("p")["p"]
    assert [tuple(v[0, 0].tolist()) for v in values] == shades


def test_what_is_no_picture_is_refused_by_row_and_taken_as_grey_where_asked() -> None:
    cells = [[picture((1, 2, 3)), "bm90IGEgcGljdHVyZQ=="]]
    reader = open_input(SPEC, Path())
    with pytest.raises(UnreadableCell) as error:
        reader.read(cells, lenient=False)
    assert error.value.row == 1
    assert "base64" in error.value.expected
    assert (reader.read(cells, lenient=True).feeds("p")["p"][1] == 127).all()


def test_no_rows_are_no_pictures() -> None:
    assert len(open_input(SPEC, Path()).read([[]], lenient=False)) == 0
