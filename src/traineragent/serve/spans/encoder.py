"""Vectors of tokens in their context, from a pretrained encoder in the bundle: its word pieces and its graph.

The same code computes the vectors that models learn from. Needs `tokenizers` beside onnxruntime.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import open_session

Place = tuple[int, int]
GRAPH, TOKENIZER = "encoder.onnx", "tokenizer.json"
WORDS, AROUND = 96, 16
"""Longer texts are read in windows of so many words, with so many more on either side that are only context."""
ROWS = 16  # windows of like length at once


@dataclass(frozen=True)
class Window:
    """Words `first` to before `behind` of all words are read, those from `start` to before `end` get their vectors."""

    first: int
    start: int
    end: int
    behind: int

    def owned(self, words: Sequence[int | None]) -> NDArray[np.int64]:
        """The word of each piece, counted through all words; -1 for pieces that are context or no word. `words` are
        counted from the window's first."""
        found = np.array([-1 if w is None else w + self.first for w in words], dtype=np.int64)
        return np.where((found >= self.start) & (found < self.end), found, -1)


def open_tokenizer(path: Path, longest: int) -> Any:
    """A tokenizer that cuts word pieces off beyond `longest` and pads nothing."""
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(path))
    found.no_padding()
    found.enable_truncation(longest)
    return found


class OnnxEncoder:
    """`settings`: "width" of a vector, "longest" number of word pieces that a window may have."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], threads: int = 1) -> None:
        self._session = open_session(folder / GRAPH, threads)
        self._tokenizer = open_tokenizer(folder / TOKENIZER, int(settings["longest"]))
        self.width = int(settings["width"])

    def encode(self, texts: Sequence[str], places: Sequence[Sequence[Place]]) -> NDArray[np.float16]:
        """The mean over a token's word pieces, shape (all tokens, width); zeros for a token of which none is read."""
        words = [text[a:b] for text, cut in zip(texts, places, strict=True) for a, b in cut]
        out = np.zeros((len(words), self.width), dtype=np.float16)
        windows = list(windows_of([len(cut) for cut in places]))
        windows.sort(key=lambda w: w.behind - w.first)
        for at in range(0, len(windows), ROWS):
            self._read(words, windows[at : at + ROWS], out)
        return out

    def _read(self, words: Sequence[str], windows: Sequence[Window], out: NDArray[np.float16]) -> None:
        given = [words[w.first : w.behind] for w in windows]
        if len(given) == 1:  # a batch of one costs a thread pool
            pieces = [self._tokenizer.encode(given[0], is_pretokenized=True)]
        else:
            pieces = self._tokenizer.encode_batch(given, is_pretokenized=True)
        longest = max(len(p.ids) for p in pieces)
        ids = np.zeros((len(pieces), longest), dtype=np.int64)
        there = np.zeros(ids.shape, dtype=np.float32)
        for row, p in enumerate(pieces):
            ids[row, : len(p.ids)], there[row, : len(p.ids)] = p.ids, 1
        hidden = self._session.run(["hidden"], {"ids": ids, "there": there})[0]
        for row, (window, p) in enumerate(zip(windows, pieces, strict=True)):
            self._put(hidden[row], p.word_ids, window, out)

    def _put(
        self, hidden: NDArray[np.float32], owners: Sequence[int | None], window: Window, out: NDArray[np.float16]
    ) -> None:
        owned = window.owned(owners)
        mine = owned >= 0
        sums = np.zeros((window.end - window.start, self.width), dtype=np.float32)
        np.add.at(sums, owned[mine] - window.start, hidden[: len(owned)][mine])
        counts = np.bincount(owned[mine] - window.start, minlength=len(sums))
        out[window.start : window.end] = sums / np.maximum(counts, 1)[:, None]


def windows_of(lengths: Sequence[int]) -> Iterator[Window]:
    """Each text whole, or in overlapping windows. Words are counted through all texts."""
    first = 0
    for length in lengths:
        end = first + length
        for start in range(first, end, WORDS):
            stop = min(start + WORDS, end)
            yield Window(max(start - AROUND, first), start, stop, min(stop + AROUND, end))
        first = end
