"""The random field with an encoder whose upper layers were fine-tuned to the tags of these texts.

Two opinions in one sum: the field over observations and what the lower layers see as they are, and tags read off the
fine-tuned last layer. Lower layers are shared, so that an answer reads a text once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.spans.dataset import ENCODER, MarkedTexts
from ..engine.spans.encoding import graph_of
from ..engine.spans.schemes import tags_in
from ..errors import InputError, MissingExtra
from ..ports import Card, FitContext
from ..serve.spans.encoder import GRAPH, TOKENIZER
from ._chain_model import ChainModel, fit_chain, permitted_turns, scheme_for
from ._crf import Head
from ._token_tuning import TokenTuning, Tuned

FIELD_WEIGHT, TUNED_WEIGHT = 0.5, 0.4  # of the scores of the two; both are too sure of themselves to count whole
FIELD_SHARE = 0.25  # of the time


class TunedChain:
    card = Card(
        name="tuned_chain",
        title="fine-tuned encoder and conditional random field",
        tasks=("spans",),
        reads=("texts", "vectors"),
        packages=("torch",),
        min_rows=200,
        licence="that of the checkpoint",
        source="Devlin et al. (2019), BERT; Lafferty, McCallum and Pereira (2001), Conditional random fields",
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {}

    def fit(self, params: Mapping[str, Any], data: MarkedTexts, context: FitContext) -> ChainModel:
        """Parameters as of `fit_chain`, and tuning_rate, tuning_epochs. Raises InputError where no encoder has read the
        texts, ValueError where the time is too short."""
        try:
            import torch  # noqa: F401
        except ImportError as error:
            raise MissingExtra(str(error.name), "text", "fine-tuning an encoder") from error
        if data.hidden is None:
            raise InputError("no pretrained encoder has read these texts")
        first = context
        if context.deadline is not None and np.isfinite(context.deadline):
            now = time.monotonic()
            first = replace(context, deadline=now + FIELD_SHARE * (context.deadline - now))
        field = fit_chain(params, data, first, data.hidden)
        tags, numbers = tags_in(data, scheme_for(params, data))
        assert tags == field.tags
        tuned = TokenTuning(params, data, numbers, len(tags), context).run()
        assert context.folder is not None
        return _together(field, tuned, (context.folder / ENCODER / TOKENIZER).read_bytes())

    def load(self, path: Path, context: FitContext) -> ChainModel:
        return ChainModel.load(path)


def _together(field: ChainModel, tuned: Tuned, tokenizer: bytes) -> ChainModel:
    """The weighted sum of both: vectors are those of the field's layer, then those of the last one."""
    assert field.head is not None
    a, b = np.float32(FIELD_WEIGHT), np.float32(TUNED_WEIGHT)
    layers, shape = int(field.encoder["layers"]), tuned.shape
    head = Head(
        np.concatenate([a * field.head.weights, b * tuned.head.weights]).astype(np.float32),
        np.asarray(a * field.head.offset + b * tuned.head.offset, dtype=np.float32),
    )
    turns = replace(field.turns, begin=a * field.turns.begin, turn=a * field.turns.turn, end=a * field.turns.end)
    graph = graph_of(tuned.weights, shape, shape.layers, beside=layers)
    return replace(
        field,
        emit=(field.emit.astype(np.float32) * a).astype(np.float16),
        bias=field.bias * a,
        turns=permitted_turns(turns, field.tags),
        head=head,
        encoder={**field.encoder, "width": 2 * shape.width, "layers": shape.layers},
        own={GRAPH: graph.SerializeToString(), TOKENIZER: tokenizer},
    )


PLUGIN = TunedChain()
