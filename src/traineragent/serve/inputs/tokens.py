"""Texts as token ids of a pretrained encoder, cut by the checkpoint's own tokenizer.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from ...domain.data import RichInput
from .parts import Ragged
from .terms import joined_texts


class TokenReader:
    """Ids in the order of the text, the encoder's marks at both ends."""

    def __init__(self, tokenizer: Tokenizer, most: int) -> None:
        self._tokenizer = tokenizer
        tokenizer.no_padding()
        tokenizer.enable_truncation(most)

    def read(self, cells: Sequence[Sequence[Any]], *, lenient: bool) -> Ragged:
        texts = joined_texts(cells, lenient=lenient)
        if len(texts) == 1:  # a batch of one costs a thread pool
            return Ragged.of([self._tokenizer.encode(texts[0]).ids])
        return Ragged.of([e.ids for e in self._tokenizer.encode_batch(texts)])


def open_input(spec: RichInput, folder: Path) -> TokenReader:
    """Options: "most", tokens of a text that are kept."""
    return TokenReader(Tokenizer.from_file(str(folder / spec.files[0])), int(spec.options["most"]))
