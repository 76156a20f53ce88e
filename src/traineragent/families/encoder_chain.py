"""The random field with a pretrained encoder beside its observations: vectors of tokens in context, left as they are.

The encoder knows words that these texts lack; the observations know what is particular to these texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..engine.spans.dataset import MarkedTexts
from ..errors import InputError
from ..ports import Card, FitContext
from ._chain_model import ChainModel, fit_chain


class EncoderChain:
    card = Card(
        name="encoder_chain",
        title="pretrained encoder and conditional random field",
        tasks=("spans",),
        reads=("texts", "vectors"),
        source="Peters et al. (2019), To tune or not to tune? Adapting pretrained representations to diverse tasks",
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {
            "decay": ("float", 1e-4, 1e-1, True),
            "drop": ("float", 0.0, 0.4, False),
            "head_rate": ("float", 0.005, 0.08, True),
            "head_drop": ("float", 0.0, 0.5, False),
            "epochs": ("int", 5, 20, False),
            "scheme": ("choice", "bio", "bioes"),
            "least": ("choice", 1, 2, 3),
        }

    def fit(self, params: Mapping[str, Any], data: MarkedTexts, context: FitContext) -> ChainModel:
        """Parameters as of `fit_chain`. Raises InputError where no encoder has read the texts."""
        if data.hidden is None:
            raise InputError("no pretrained encoder has read these texts")
        return fit_chain(params, data, context, data.hidden)

    def load(self, path: Path, context: FitContext) -> ChainModel:
        return ChainModel.load(path)


PLUGIN = EncoderChain()
