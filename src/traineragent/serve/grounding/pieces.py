"""Phrases as the word pieces that a pretrained reader of texts was trained on, one phrase after another.

Needs `tokenizers`. Knows nothing of pictures or of what the phrases mean.
"""

from __future__ import annotations

from ...errors import InputError

TOKENIZER = "tokenizer.json"
MOST_PIECES = 48
_ENDS = str.maketrans({".": " ", "?": " "})  # would end a phrase for such readers


class Pieces:
    """`tokenizer`: the content of a tokenizer.json. Raises InputError where it is none, or `tokenizers` is missing."""

    def __init__(self, tokenizer: str) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise InputError(f"this bundle needs {error.name}: pip install -r requirements.txt") from None
        try:
            self._tokenizer = Tokenizer.from_str(tokenizer)
        except Exception as error:
            raise InputError(f"{TOKENIZER} cannot be read; export the bundle again") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def ids(self, text: str) -> list[int]:
        """Start, pieces, a full stop, end."""
        ids: list[int] = self._tokenizer.encode(f"{text.translate(_ENDS).strip().lower()} .").ids
        return ids if len(ids) <= MOST_PIECES else [*ids[: MOST_PIECES - 2], *ids[-2:]]
