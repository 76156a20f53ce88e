"""What a pretrained encoder makes of a whole text: the mean over its tokens, of length 1 (Reimers & Gurevych 2019).

Read from a checkpoint's own files; needs no torch, only `tokenizers` for cutting texts into tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import onnx

from ..domain.data import RichInput, ViewSpec
from ..export.builder import GraphBuilder
from ..export.encoder import read_encoder, write_encoder
from ..serve.inputs.parts import Part

CHECKPOINT = "inputs/checkpoint.json"  # {"path", "name"} of the encoder whose tokens the texts were cut into


class Sentence:
    title = "Pretrained sentence encoder"

    def offer(self, inputs: Sequence[RichInput], options: Mapping[str, Any]) -> str:
        if not any(i.kind == "tokens" for i in inputs):
            return "there is no pretrained encoder of texts; name a folder that holds one with --models"
        return "" if find_spec("tokenizers") else "pip install 'traineragent[text]' brings the tokenizers"

    def graph(
        self, more: Mapping[str, Part], spec: ViewSpec, inputs: Sequence[RichInput], folder: Path
    ) -> onnx.ModelProto:
        tokens = next(i for i in inputs if i.kind == "tokens")
        shape, weights = read_encoder(checkpoint_of(folder))
        graph = GraphBuilder(0)
        mean = write_encoder(graph, *graph.ragged(tokens.name), weights, shape)
        length = graph.add("ReduceL2", mean, graph.integers([1]), keepdims=1)
        return graph.view(graph.add("Div", mean, graph.add("Max", length, graph.floats(1e-9))), shape.width)


def checkpoint_of(folder: Path) -> Path:
    """Where the encoder lies whose tokens the prepared texts in `folder` were cut into."""
    return Path(json.loads((folder / CHECKPOINT).read_text(encoding="utf-8"))["path"])


PLUGIN = Sentence()
