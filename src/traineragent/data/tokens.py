"""Texts cut into the tokens of a pretrained encoder: its tokenizer as a side file, and how long texts are let be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..domain.data import RichInput
from ..errors import InputError, MissingExtra

FILE, CHECKPOINT = "inputs/tokenizer.json", "inputs/checkpoint.json"
LONGEST = 256  # tokens; time grows with the square, and the first say most
SHORTEST = 16
NEARLY_ALL = 99.0  # per cent of the texts are read whole
LOOKED_AT = 2000  # texts


def fit_tokens(
    texts: Sequence[str], columns: Sequence[str], checkpoint: Path, *, seed: int = 0
) -> tuple[RichInput, dict[str, bytes]]:
    """The input "tokens" of these columns, with its side files: the tokenizer, and where the checkpoint lies, which is
    for training only. Raises MissingExtra, or InputError where the checkpoint has no tokenizer.json."""
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingExtra("tokenizers", "text", "a pretrained encoder of texts") from error
    try:
        content = (checkpoint / "tokenizer.json").read_bytes()
        tokenizer = Tokenizer.from_str(content.decode("utf-8"))
    except Exception as error:  # the package raises plain Exception for a file that it cannot read
        fix = "save the tokenizer beside the weights"
        raise InputError(f"{checkpoint.name}: no tokenizer.json that can be read; {fix}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    some = np.random.default_rng(seed).permutation(len(texts))[:LOOKED_AT]
    lengths = [len(e.ids) for e in tokenizer.encode_batch([texts[i] for i in some.tolist()])]
    most = int(np.clip(np.percentile(lengths, NEARLY_ALL), SHORTEST, LONGEST))
    spec = RichInput("tokens", "tokens", tuple(columns), (FILE,), {"most": most, "encoder": checkpoint.name})
    return spec, {FILE: content, CHECKPOINT: json.dumps({"path": str(checkpoint)}).encode()}
