"""Pictures as pixels: uint8 (rows, height, width, 3) of one declared size. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...domain.data import RichInput
from ..codecs.picture import BadPicture, Fit, from_base64, read_pixels
from ..values import is_null
from . import UnreadableCell
from .parts import Dense

EXPECTED = "a picture as base64"
AT_ONCE = 8  # pictures from which several are decoded at the same time
WORKERS = 4


class PixelReader:
    """A cell is the bytes of a picture's file, or these as base64."""

    def __init__(self, width: int, height: int, fit: Fit) -> None:
        self.width, self.height, self.fit = width, height, fit

    def read(self, cells: Sequence[Sequence[Any]], *, lenient: bool) -> Dense:
        """(rows, height, width, 3). `lenient`: what is no picture becomes an even grey."""
        values = list(cells[0])
        if len(values) < AT_ONCE:
            pictures = [self._pixels(i, value, lenient) for i, value in enumerate(values)]
        else:
            with ThreadPoolExecutor(WORKERS) as pool:
                pictures = list(pool.map(self._pixels, range(len(values)), values, [lenient] * len(values)))
        return Dense(np.stack(pictures) if pictures else np.zeros((0, self.height, self.width, 3), dtype=np.uint8))

    def _pixels(self, row: int, value: Any, lenient: bool) -> NDArray[np.uint8]:
        try:
            if is_null(value):
                raise BadPicture("nothing", "send a picture: in training there was always one")
            data = value if isinstance(value, bytes) else from_base64(value)
            return read_pixels(data, self.width, self.height, self.fit)
        except BadPicture as bad:
            if lenient:
                return np.full((self.height, self.width, 3), 127, dtype=np.uint8)
            raise UnreadableCell(row, 0, EXPECTED, f"found {bad.found}; {bad.fix}") from None


def open_input(spec: RichInput, folder: Path) -> PixelReader:
    """Options: "width" and "height" in pixels, "fit" as in `codecs.picture`."""
    fit: Fit = "crop" if spec.options.get("fit") == "crop" else "squash"
    return PixelReader(int(spec.options["width"]), int(spec.options["height"]), fit)
