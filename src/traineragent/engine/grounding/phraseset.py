"""Pictures and phrases with their boxes, as models learn from them; saved without pickle.

Knows nothing of files of people or of models. Hold-out pictures are never in here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import TrainerError
from ...serve.grounding.phrases import PhraseReader, Thing

Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class PhraseSet:
    """`pixels` uint8 (pictures, side, side, 3), squashed to a square; `held` (pictures,): kept back to judge by; by
    phrase: `phrases`, `of` int64 its picture, `boxes` float32 (phrases, 4) in shares of the picture. `reading`: what
    `serve.grounding.phrases.PhraseReader` needs ("places", "known", "said"), `words` all words of phrases that are
    learned, `proportions` (pictures,) width by height before squashing."""

    pixels: NDArray[np.uint8]
    held: Bool
    phrases: tuple[str, ...]
    of: NDArray[np.int64]
    boxes: NDArray[np.float32]
    reading: Mapping[str, Any]
    words: tuple[str, ...]

    @property
    def side(self) -> int:
        return int(self.pixels.shape[1])

    @cached_property
    def reader(self) -> PhraseReader:
        return PhraseReader(**self.reading)

    @cached_property
    def things(self) -> list[Thing]:
        """What each phrase says."""
        return [self.reader.read(p) for p in self.phrases]

    @property
    def phrase_held(self) -> Bool:
        return np.asarray(self.held[self.of])

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("pixels", "held", "of", "boxes"):
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        facts = {"phrases": self.phrases, "reading": self.reading, "words": self.words}
        (folder / "phrases.json").write_text(json.dumps(facts), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> PhraseSet:
        """Reads what `save` wrote; the pixels stay on disk. Raises TrainerError if it is lost."""
        try:
            facts = json.loads((folder / "phrases.json").read_text(encoding="utf-8"))
            pixels = np.load(folder / "pixels.npy", mmap_mode="r", allow_pickle=False)
            held, of, boxes = (np.load(folder / f"{n}.npy", allow_pickle=False) for n in ("held", "of", "boxes"))
        except (OSError, ValueError) as error:
            raise TrainerError(f"the prepared pictures cannot be read again: {error}") from error
        return cls(pixels, held, tuple(facts["phrases"]), of, boxes, facts["reading"], tuple(facts["words"]))
