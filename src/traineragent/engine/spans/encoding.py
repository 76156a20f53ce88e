"""Has a pretrained encoder read the texts: its first layers as a graph, and the vectors of all tokens, once a run.

Middle layers say more about words than the last, which are bent to the encoder's own task (Tenney et al. 2019).
"""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from ...errors import InputError
from ...export.builder import IR_VERSION, OPSET, GraphBuilder
from ...export.encoder import Shape, Weights, read_encoder, write_layers
from ...serve.spans.encoder import GRAPH, TOKENIZER, OnnxEncoder
from .dataset import MarkedTexts

LAYERS_SHARE = 2 / 3
LONGEST = 256  # word pieces of a window
PORTION = 400  # texts read at once


def encoded(data: MarkedTexts, checkpoint: Path, folder: Path, seconds: float | None) -> MarkedTexts | None:
    """The texts with the vectors of their tokens; the encoder's files go into `folder`. None where `seconds` would not
    be enough, judged by the first texts. Raises InputError for a checkpoint that cannot be read."""
    shape, weights = read_encoder(checkpoint)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = checkpoint / TOKENIZER
    if not tokenizer.is_file():
        raise InputError(f"{checkpoint.name}: no tokenizer.json; save the tokenizer beside the weights")
    shutil.copyfile(tokenizer, folder / TOKENIZER)
    layers = max(1, round(LAYERS_SHARE * shape.layers))
    (folder / GRAPH).write_bytes(graph_of(weights, shape, layers).SerializeToString())
    settings = {"width": shape.width, "longest": min(LONGEST, shape.longest), "layers": layers, "name": checkpoint.name}
    hidden = _read(data, OnnxEncoder(folder, settings), seconds)
    if hidden is None:
        return None
    return replace(data, hidden=hidden, encoder=settings)


def _read(data: MarkedTexts, encoder: OnnxEncoder, seconds: float | None) -> np.ndarray | None:
    out = np.zeros((data.tokens, encoder.width), dtype=np.float16)
    begun = time.monotonic()
    order = np.random.default_rng(0).permutation(data.rows)  # so that the first texts tell how long all take
    for at in range(0, data.rows, PORTION):
        some = order[at : at + PORTION].tolist()
        vectors = encoder.encode([data.texts[i] for i in some], [data.places_of(i) for i in some])
        places = np.concatenate([np.arange(data.starts[i], data.starts[i + 1]) for i in some])
        out[places] = vectors
        done = min(at + PORTION, data.rows)
        if seconds is not None and (time.monotonic() - begun) / done * data.rows > seconds:
            return None
    return out


def graph_of(weights: Weights, shape: Shape, layers: int, beside: int | None = None) -> onnx.ModelProto:
    """From "ids" int64 and "there" float, both (rows, length), to "hidden" float (rows, length, width), twice as wide
    with the layer `beside`; see `write_layers`."""
    graph = GraphBuilder(0)
    last = write_layers(graph, "ids", "there", weights, shape, layers, beside)
    graph.add("Identity", last, output="hidden")
    sides: list[Any] = ["rows", "length"]
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, sides),
        helper.make_tensor_value_info("there", TensorProto.FLOAT, sides),
    ]
    width = shape.width * (1 if beside is None else 2)
    output = helper.make_tensor_value_info("hidden", TensorProto.FLOAT, [*sides, width])
    made = helper.make_graph(graph.nodes, "encoder", inputs, [output], graph.constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
