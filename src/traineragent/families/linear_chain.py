"""A conditional random field over what is observed of each token: words, shapes, affixes and their neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.spans.dataset import MarkedTexts
from ..engine.spans.schemes import tags_in
from ..ports import Card, FitContext
from ..serve.spans.tagger import Known
from ._chain_model import ChainModel, lean, permitted_turns
from ._crf import Chains, Settings, learn

MANY_LABELS = 20
LEAST_WEIGHT = 0.02
MOST_OBSERVATIONS = 2_000_000
SETTINGS = ("epochs", "rate", "drop", "decay")


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
        """`least`: an observation must occur so often; `most`: so many are kept, those with the largest weights."""
        tags, numbers = tags_in(data, params.get("scheme", "bio" if len(data.labels) > MANY_LABELS else "bioes"))
        keys = frequent(data.keys, int(params.get("least", 2)))
        decay = {"decay": 1e-3} if len(data.labels) > MANY_LABELS else {}
        settings = Settings(**{**decay, **{k: v for k, v in params.items() if k in SETTINGS}})
        chains = Chains(Known(keys).indices(data.keys), data.starts, numbers)
        chain, _ = learn(chains, len(tags), settings, context.seed, context.deadline, len(keys) + 1)
        keys, emit = lean(chain.emit, keys, params.get("most"), LEAST_WEIGHT)
        turns = permitted_turns(chain.turns, tags)
        return ChainModel(tags, keys, emit.astype(np.float16), chain.bias, turns)

    def load(self, path: Path, context: FitContext) -> ChainModel:
        return ChainModel.load(path)


def frequent(keys: np.ndarray, least: int) -> np.ndarray:
    """Keys that occur at least so often, ascending; the most frequent where there are too many. 0 is no key."""
    found, counts = np.unique(keys, return_counts=True)
    kept = (counts >= least) & (found > 0)
    if kept.sum() > MOST_OBSERVATIONS:
        kept &= counts > np.partition(counts[kept], -MOST_OBSERVATIONS)[-MOST_OBSERVATIONS]
    return np.asarray(found[kept])


PLUGIN = LinearChain()
