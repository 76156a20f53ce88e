"""A conditional random field over what is observed of each token: words, shapes, affixes and their neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..engine.spans.dataset import MarkedTexts
from ..ports import Card, FitContext
from ._chain_model import ChainModel, fit_chain


class LinearChain:
    card = Card(
        name="linear_chain",
        title="conditional random field",
        tasks=("spans",),
        reads=("texts",),
        interpretable=True,
        source="Lafferty, McCallum and Pereira (2001), Conditional random fields",
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {
            "decay": ("float", 1e-4, 1e-1, True),
            "drop": ("float", 0.0, 0.4, False),
            "rate": ("float", 0.05, 0.5, True),
            "epochs": ("int", 5, 20, False),
            "scheme": ("choice", "bio", "bioes"),
            "least": ("choice", 1, 2, 3),
        }

    def fit(self, params: Mapping[str, Any], data: MarkedTexts, context: FitContext) -> ChainModel:
        """Parameters as of `fit_chain`."""
        return fit_chain(params, data, context)

    def load(self, path: Path, context: FitContext) -> ChainModel:
        return ChainModel.load(path)


PLUGIN = LinearChain()
