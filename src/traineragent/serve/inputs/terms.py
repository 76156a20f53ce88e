"""Texts as counts of known terms: words, pairs of neighbouring words, and runs of characters within words.

The vocabulary is a side file of the bundle, one term a line, words and pairs before runs. Knows no weights or models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...domain.data import RichInput
from ..values import as_text, is_null, terms
from . import UnreadableCell
from .parts import Ragged

MOST_CHARACTERS = 20_000  # of a text that are read; what comes later changes little and costs time
EXPECTED = ("text", "send one string")


class TermReader:
    """Ids are places in the vocabulary, ascending in each row; weights are counts."""

    def __init__(self, words: Sequence[str], runs: Sequence[str], lengths: tuple[int, int]) -> None:
        self._words = {term: i for i, term in enumerate(words)}
        self._runs = {run: i for i, run in enumerate(runs, len(words))}
        self._lengths = lengths

    def read(self, cells: Sequence[Sequence[Any]], *, lenient: bool) -> Ragged:
        rows = [self._counts(text) for text in joined_texts(cells, lenient=lenient)]
        ids = [sorted(counts) for counts in rows]
        return Ragged.of(ids, [[counts[i] for i in known] for counts, known in zip(rows, ids, strict=True)])

    def _counts(self, text: str) -> dict[int, int]:
        found: dict[int, int] = {}
        for table, grams in ((self._words, terms(text)), (self._runs, runs_of(text, *self._lengths))):
            place = table.get
            for gram in grams:
                i = place(gram)
                if i is not None:
                    found[i] = found.get(i, 0) + 1
        return found


def runs_of(text: str, shortest: int, longest: int) -> Iterator[str]:
    """Runs of `shortest` to `longest` characters, case-folded, each within a word and the blanks around it."""
    if not longest:
        return
    for word in text.casefold().split():
        padded = f" {word} "
        for length in range(shortest, longest + 1):
            for start in range(max(len(padded) - length + 1, 1)):
                yield padded[start : start + length]
            if len(padded) <= length:
                break


def joined_texts(cells: Sequence[Sequence[Any]], *, lenient: bool) -> list[str]:
    """The text of each row: its columns, one below the other. Raises UnreadableCell for a cell that is no text."""
    columns = [[_text(v, i, j, lenient) for i, v in enumerate(column)] for j, column in enumerate(cells)]
    return ["\n".join(filter(None, parts))[:MOST_CHARACTERS] for parts in zip(*columns, strict=True)]


def _text(value: Any, row: int, column: int, lenient: bool) -> str:
    if isinstance(value, str):
        return value
    if is_null(value):
        return ""
    if isinstance(value, (int, float, np.generic)):
        return as_text(value.item() if isinstance(value, np.generic) else value)
    if lenient:
        return ""
    raise UnreadableCell(row, column, *EXPECTED)


def open_input(spec: RichInput, folder: Path) -> TermReader:
    """Options: "words", how many of the vocabulary's terms are words and pairs; "runs", shortest and longest run."""
    vocabulary = (folder / spec.files[0]).read_text(encoding="utf-8").split("\n")[:-1]
    words, (shortest, longest) = int(spec.options["words"]), spec.options["runs"]
    return TermReader(vocabulary[:words], vocabulary[words:], (int(shortest), int(longest)))
