"""Phrases to boxes by a delivered model: pictures and phrases in, boxes in pixels out. Knows nothing of HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import RowError
from ..codecs.picture import BadPicture, from_base64, opened_upright
from ..codecs.table import shown
from ..manifest import Manifest
from ..served import Field, PlainServed
from .finder import Finder
from .pieces import TOKENIZER

IMAGE, PHRASE = "image", "phrase"
MOST_PHRASE = 1000  # characters


def open_bundle(folder: Path, manifest: Manifest, threads: int = 1) -> Pointer:
    """The pointer of a bundle whose manifest was read."""
    return Pointer(folder, manifest, threads)


class Pointer(PlainServed):
    """A loaded model that points at what phrases describe."""

    page = "try-grounding"

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 1) -> None:
        super().__init__(folder, manifest)
        graph = (folder / manifest.graph).read_bytes() if manifest.graph else None
        pieces = (folder / TOKENIZER).read_text(encoding="utf-8") if TOKENIZER in manifest.files else None
        self.finder = Finder(graph, manifest.settings, threads, pieces)

    @property
    def fields(self) -> tuple[Field, ...]:
        return Field(IMAGE, "BYTES"), Field(PHRASE, "BYTES")

    def form(self) -> dict[str, Any]:
        """What the page to try it needs to know."""
        return {"known": list(self.manifest.settings["reading"]["known"])[:40]}

    def respond(self, rows: Sequence[Any]) -> tuple[list[dict[str, Any]], list[str]]:
        notes: dict[str, None] = {}
        return [self._answer(row, index, notes) for index, row in enumerate(rows)], list(notes)

    def _answer(self, row: Any, index: int, notes: dict[str, None]) -> dict[str, Any]:
        if not isinstance(row, Mapping):
            raise RowError(
                row=index, column=None, expected='an object like {"image": "…", "phrase": "…"}', got=shown(row),
                fix="send a picture as base64 and a phrase",
            )  # fmt: skip
        extra = [k for k in row if k not in (IMAGE, PHRASE)]
        if extra:
            notes[f"ignored: {', '.join(map(str, extra[:5]))}"] = None
        phrase = _phrase(row.get(PHRASE), index)
        pixels, width, height = self._picture(row.get(IMAGE), index)
        found, thing = self.finder.find(pixels, phrase)
        if thing.all_unknown:
            notes[f"words not seen in training were passed over: {', '.join(thing.all_unknown[:8])}"] = None
        box = found.box * np.array([width, height] * 2)
        return {"box": [round(float(v), 1) for v in box], "score": round(found.score, 4)}

    def _picture(self, value: Any, index: int) -> tuple[Any, int, int]:
        """Pixels as the graph takes them, and the size of the picture as it was sent, upright. Raises RowError."""
        if value in (None, ""):
            raise RowError(
                row=index, column=IMAGE, expected="a picture as base64", got="nothing",
                fix="send the bytes of a JPEG, PNG or WebP file, encoded as base64",
            )  # fmt: skip
        try:
            return opened_upright(from_base64(value), self.finder.side)
        except BadPicture as bad:
            raise RowError(
                row=index, column=IMAGE, expected="a picture as base64", got=bad.found, fix=bad.fix
            ) from None


def _phrase(value: Any, index: int) -> str:
    if not isinstance(value, str) or not value.strip():
        got = "nothing" if value in (None, "") else shown(value)
        raise RowError(
            row=index, column=PHRASE, expected="a phrase that describes something in the picture", got=got,
            fix='send words such as "the leftmost cup"',
        )  # fmt: skip
    if len(value) > MOST_PHRASE:
        raise RowError(
            row=index, column=PHRASE, expected=f"at most {MOST_PHRASE} characters", got=f"{len(value):,} characters",
            fix="describe one thing in a few words",
        )  # fmt: skip
    return value
