"""Small pictures to learn to draw from, all of one size, with what each shows; saved without pickle.

It knows nothing of where pictures come from or what learns from them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainerError
from ..serve.manifest import file_sha256

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class PictureSet:
    """Pictures ready for learning; held-out ones are never in here.

    pixels   uint8 (n, height, width, channels); 1 channel where all are grey
    words    float32 (n, k): 1 for each name that a picture shows
    y        int64 (n,): the class, -1 where captions may name several things
    held     bool (n,): kept back from learning, to compare candidates on
    names    k entries {"label": …, "said": [other ways to say it]}
    several  a picture may show more than one of the names
    files    where each picture lies in its full size, for what learns larger ones; may be empty"""

    pixels: Pixels
    words: NDArray[np.float32]
    y: NDArray[np.int64]
    held: NDArray[np.bool_]
    names: tuple[dict[str, Any], ...]
    several: bool = False
    files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rows = len(self.pixels)
        assert self.pixels.ndim == 4, self.pixels.shape
        assert self.pixels.dtype == np.uint8, self.pixels.dtype
        assert self.words.shape == (rows, len(self.names)), (self.words.shape, rows, len(self.names))
        assert len(self.files) in (0, rows), (len(self.files), rows)
        assert self.y.shape == self.held.shape == (rows,), (self.y.shape, self.held.shape, rows)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width), as graphs take pictures."""
        _, height, width, channels = self.pixels.shape
        return channels, height, width

    def part(self, chosen: NDArray[np.bool_]) -> PictureSet:
        """The chosen pictures."""
        files = tuple(f for f, c in zip(self.files, chosen, strict=True) if c) if self.files else ()
        return PictureSet(
            self.pixels[chosen], self.words[chosen], self.y[chosen], self.held[chosen], self.names, self.several, files
        )

    def save(self, folder: Path) -> dict[str, str]:
        """Writes one array a file and pictures.json; returns file name -> sha256."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("pixels", "words", "y", "held"):
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        facts = {"names": self.names, "several": self.several, "files": self.files}
        (folder / "pictures.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
        files = ("pixels.npy", "words.npy", "y.npy", "held.npy", "pictures.json")
        return {name: file_sha256(folder / name) for name in files}

    @classmethod
    def load(cls, folder: Path) -> PictureSet:
        """Reads what `save` wrote. Raises TrainerError if one file is lost."""
        try:
            facts = json.loads((folder / "pictures.json").read_text(encoding="utf-8"))
            arrays = {n: np.load(folder / f"{n}.npy", allow_pickle=False) for n in ("pixels", "words", "y", "held")}
        except (OSError, ValueError) as error:
            raise TrainerError(f"the prepared pictures cannot be read again: {error}") from error
        return cls(**arrays, names=tuple(facts["names"]), several=facts["several"], files=tuple(facts["files"]))
