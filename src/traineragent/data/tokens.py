"""Texts cut into the tokens of a pretrained encoder: its tokenizer as a side file, and how long texts are let be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..domain.data import RichInput
from ..errors import InputError, MissingExtra
from ..serve.spans.tokens import is_unspaced

FILE, CHECKPOINT = "inputs/tokenizer.json", "inputs/checkpoint.json"
LONGEST = 256  # tokens; time grows with the square, and the first say most
SHORTEST = 16
NEARLY_ALL = 99.0  # per cent of the texts are read whole
LOOKED_AT = 2000  # texts
UNKNOWN = ("[UNK]", "<unk>")


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
    looked_at = [texts[i] for i in some.tolist()]
    cut = tokenizer.encode_batch(looked_at)
    most = int(np.clip(np.percentile([len(e.ids) for e in cut], NEARLY_ALL), SHORTEST, LONGEST))
    options = {"most": most, "encoder": checkpoint.name, "strange": _strange(looked_at, cut, tokenizer)}
    spec = RichInput("tokens", "tokens", tuple(columns), (FILE,), options)
    return spec, {FILE: content, CHECKPOINT: json.dumps({"path": str(checkpoint)}).encode()}


def _strange(texts: Sequence[str], cut: Sequence[Any], tokenizer: Any) -> float:
    """Share of the pieces that say nothing to the encoder: those it does not know, and lone letters of words that are
    written with several. High where it has learned other languages."""
    unknown = {tokenizer.token_to_id(name) for name in UNKNOWN}
    pieces = strange = 0
    for text, found in zip(texts, cut, strict=True):
        for number, (a, b), mark in zip(found.ids, found.offsets, found.special_tokens_mask, strict=True):
            if mark or a == b:
                continue
            pieces += 1
            around = text[max(a - 1, 0) : a] + text[b : b + 1]
            lone = b - a == 1 and text[a].isalpha() and any(map(str.isalpha, around)) and not is_unspaced(text[a])
            strange += number in unknown or lone
    return round(strange / max(pieces, 1), 3)
