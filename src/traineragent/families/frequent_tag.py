"""Each word gets the tag it had most often in training: what any tagger has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.spans.dataset import MarkedTexts
from ..engine.spans.schemes import tags_in
from ..ports import Card, FitContext
from ..serve.spans.chain import Turns
from ..serve.spans.observations import WORD_SLOT
from ..serve.spans.tagger import Known
from ._chain_model import ChainModel, permitted_turns


class FrequentTag:
    card = Card(
        name="frequent_tag",
        title="most frequent tag of each word",
        tasks=("spans",),
        reads=("texts",),
        interpretable=True,
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {}

    def fit(self, params: Mapping[str, Any], data: MarkedTexts, context: FitContext) -> ChainModel:
        """Scores are logarithms of shares; a word never seen is outside."""
        tags, numbers = tags_in(data, "bio")
        words = data.keys[:, WORD_SLOT]
        keys = np.unique(words)
        table = np.zeros((len(keys) + 1, len(tags)), dtype=np.float64)
        np.add.at(table, (Known(keys).indices(words), numbers), 1.0)
        marked = table[1:, 1:].sum(axis=1) > 0  # all others are outside, as unknown words are
        shares = table[1:][marked] / table[1:][marked].sum(axis=1, keepdims=True)
        bias = np.full(len(tags), -8.0, dtype=np.float32)
        bias[0] = 0.0
        emit = np.zeros((int(marked.sum()) + 1, len(tags)), dtype=np.float16)
        emit[1:] = np.log(np.maximum(shares, np.exp(-8.0))) - bias
        none = np.zeros(len(tags), dtype=np.float32)
        turns = permitted_turns(Turns(none, np.zeros((len(tags), len(tags)), dtype=np.float32), none), tags)
        return ChainModel(tags, keys[marked], emit, bias, turns)

    def load(self, path: Path, context: FitContext) -> ChainModel:
        return ChainModel.load(path)


PLUGIN = FrequentTag()
