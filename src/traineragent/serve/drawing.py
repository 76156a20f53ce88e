"""Pictures drawn from words by a delivered model: prompts or labels in, PNG out. Knows nothing of HTTP."""

from __future__ import annotations

import base64
import io
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import InputError, RowError
from .codecs.prompts import Prompts, UnknownPrompt
from .codecs.table import shown
from .manifest import Manifest
from .painter import Painter
from .sampling import MOST_SEED
from .served import Field, PlainServed

NAMED = 40  # names listed in a message
MOST_AT_ONCE = 256  # pictures in one request


def open_bundle(folder: Path, manifest: Manifest, threads: int = 1) -> Drawer:
    """The generator of a bundle whose manifest was read."""
    return Drawer(folder, manifest, threads)


class Drawer(PlainServed):
    """A loaded generator. The same seed and prompt give the same picture."""

    page = "try-drawing"
    most_at_once = MOST_AT_ONCE

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 1) -> None:
        super().__init__(folder, manifest)
        try:
            self.prompts = Prompts(manifest.settings["names"], bool(manifest.settings["several"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"bundle.json lacks a setting of its generator ({error}); export it again") from None
        self._painter = Painter(folder, manifest.graph, manifest.settings, threads)

    @property
    def fields(self) -> tuple[Field, ...]:
        return Field("prompt", "BYTES"), Field("label", "BYTES"), Field("seed", "INT64")

    def form(self) -> dict[str, Any]:
        """What the page to try it needs to know."""
        _, height, width = self._painter.shape
        return {"names": self.prompts.labels, "several": self.prompts.several, "width": width, "height": height}

    def respond(self, rows: Sequence[Any]) -> tuple[list[dict[str, Any]], list[str]]:
        if len(rows) > MOST_AT_ONCE:
            raise RowError(
                row=MOST_AT_ONCE, column=None, expected=f"at most {MOST_AT_ONCE} pictures in one request",
                got=f"{len(rows):,} rows", fix="send the rows in several requests",
            )  # fmt: skip
        notes: dict[str, None] = {}
        asked = [self._asked(row, index, notes) for index, row in enumerate(rows)]
        words = np.zeros((len(rows), len(self.prompts.labels)), dtype=np.float32)
        for row, (names, _) in enumerate(asked):
            words[row, names] = 1.0
        drawn = self._painter.paint(words, [seed for _, seed in asked])
        return [{"image": png(p), "seed": seed} for p, (_, seed) in zip(drawn, asked, strict=True)], list(notes)

    # ------------------------------------------------------------------ rows
    def _asked(self, row: Any, index: int, notes: dict[str, None]) -> tuple[list[int], int]:
        """(names to draw, seed) of one row. Raises RowError."""
        if not isinstance(row, Mapping):
            raise RowError(
                row=index, column=None, expected='an object like {"prompt": "…"}', got=shown(row),
                fix='send {"prompt": "' + self.prompts.labels[0] + '"}',
            )  # fmt: skip
        extra = [k for k in row if k not in ("prompt", "label", "seed")]
        if extra:
            notes[f"ignored: {', '.join(map(str, extra[:5]))}"] = None
        return self._names(row, index), _seed(row.get("seed"), index)

    def _names(self, row: Mapping[str, Any], index: int) -> list[int]:
        label, prompt = row.get("label"), row.get("prompt")
        column = "label" if label is not None else "prompt"
        try:
            if label is not None:
                return [self.prompts.label(label)]
            if isinstance(prompt, str) and prompt.strip():
                return [0] if len(self.prompts.labels) == 1 else self.prompts.read(prompt)
            if len(self.prompts.labels) == 1:
                return [0]
            raise UnknownPrompt("no prompt" if prompt in (None, "") else shown(prompt))
        except UnknownPrompt as error:
            raise RowError(
                row=index, column=column, expected=f"one of {self._known()}", got=error.found,
                fix="ask for one of these" if not self.prompts.several else "ask for some of these",
            ) from None  # fmt: skip

    def _known(self) -> str:
        labels = self.prompts.labels
        more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
        return ", ".join(labels[:NAMED]) + more


def _seed(value: Any, index: int) -> int:
    """The seed of a row; a new one where none is given. Raises RowError."""
    if value is None or value == "":
        return secrets.randbelow(MOST_SEED)
    if isinstance(value, str) and value.strip().isdecimal():  # as a cell of a file holds it
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_SEED:
        raise RowError(
            row=index, column="seed", expected=f"a whole number from 0 to {MOST_SEED}", got=shown(value),
            fix="leave it out for a new picture each time",
        )  # fmt: skip
    return value


def png(pixels: NDArray[np.uint8]) -> str:
    """A picture (height, width, channels) as base64 of a PNG file."""
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode("ascii")
