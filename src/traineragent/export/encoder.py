"""A transformer encoder of texts as ONNX nodes, written from its weights alone: BERT, RoBERTa and their kin.

Weights are kept in 8 bits, a scale for each output, and computed with as floats: a quarter of the size, and a row's
answer does not depend on the rows beside it, as it does where activations are rounded by batch. Knows no training.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from ..errors import InputError
from .builder import GraphBuilder

Weights = Mapping[str, NDArray[Any]]

LEVELS = 127
MODEL_TYPES = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert")
FLOATS = {"F32": np.float32, "F16": np.float16, "F64": np.float64}
PARTS = (("join", "attention.output.dense"), ("widen", "intermediate.dense"), ("narrow", "output.dense"))
MIDDLE = 128  # the unsigned number that stands for 0
FAR_BELOW = -1e9  # of an attention score: no weight at all


@dataclass(frozen=True)
class Shape:
    """What a checkpoint's config says. `first` is the position of the first token."""

    kind: str
    layers: int
    heads: int
    width: int
    epsilon: float
    positions: int
    first: int

    @classmethod
    def read(cls, checkpoint: Path) -> Shape:
        """Raises InputError for an architecture that is not known here."""
        config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
        kind = config.get("model_type")
        if kind not in MODEL_TYPES:
            raise InputError(f"{checkpoint.name}: an encoder of type {kind!r}; known are {', '.join(MODEL_TYPES)}")
        activation = config.get("hidden_act", config.get("activation", "gelu"))
        if activation != "gelu":
            raise InputError(f"{checkpoint.name}: the activation {activation!r} is not known; known is gelu")
        short = kind == "distilbert"
        roberta = kind in ("roberta", "xlm-roberta", "camembert")
        return cls(
            kind,
            config["n_layers" if short else "num_hidden_layers"],
            config["n_heads" if short else "num_attention_heads"],
            config["dim" if short else "hidden_size"],
            config.get("layer_norm_eps", 1e-12),
            config["max_position_embeddings"],
            config.get("pad_token_id", 1) + 1 if roberta else 0,
        )

    @property
    def longest(self) -> int:
        """Tokens of the longest text."""
        return self.positions - self.first


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a .safetensors file as float32; integers as they are. Raises InputError for a damaged file."""
    try:
        raw = np.memmap(path, dtype=np.uint8, mode="r")
        size = int(raw[:8].view("<u8")[0])
        if 8 + size > len(raw):
            raise ValueError("it ends within its head")
        head = json.loads(bytes(raw[8 : 8 + size]))
        body = raw[8 + size :]
        return {name: _tensor(body, facts) for name, facts in head.items() if name != "__metadata__"}
    except (ValueError, KeyError, IndexError, OverflowError) as error:
        raise InputError(f"{path.name} is no sound safetensors file: {error}", file=path.name) from error


def _tensor(body: NDArray[np.uint8], facts: Mapping[str, Any]) -> NDArray[Any]:
    start, end = facts["data_offsets"]
    content, kind = np.array(body[start:end]), facts["dtype"]
    if kind == "BF16":
        bits = content.view("<u2").astype(np.uint32) << 16
        return np.asarray(bits.view(np.float32).reshape(facts["shape"]))
    if kind in FLOATS:
        return np.asarray(content.view(FLOATS[kind]).reshape(facts["shape"]), dtype=np.float32)
    return np.asarray(content.view({"I64": "<i8", "I32": "<i4", "U8": "u1"}.get(kind, "u1")))


def canonical(weights: Weights, shape: Shape) -> dict[str, NDArray[Any]]:
    """Weights under the names that `write_encoder` knows, whatever the checkpoint calls them."""
    found = {}
    prefixes = ("bert.", "roberta.", "electra.", "distilbert.", "model.", "auto_model.")
    for name, value in weights.items():
        for prefix in prefixes:
            name = name.removeprefix(prefix)
        found[_renamed(name) if shape.kind == "distilbert" else name] = value
    return found


def _renamed(name: str) -> str:
    """DistilBERT's names as BERT's."""
    for old, new in (
        ("transformer.layer", "encoder.layer"),
        ("attention.q_lin", "attention.self.query"),
        ("attention.k_lin", "attention.self.key"),
        ("attention.v_lin", "attention.self.value"),
        ("attention.out_lin", "attention.output.dense"),
        ("sa_layer_norm", "attention.output.LayerNorm"),
        ("ffn.lin1", "intermediate.dense"),
        ("ffn.lin2", "output.dense"),
        ("output_layer_norm", "output.LayerNorm"),
    ):
        name = name.replace(old, new)
    return name


@dataclass(frozen=True)
class Small:
    """A matrix in 8 bits: value = levels * scale, `scale` float32 along the last axis (or the first, for tables)."""

    levels: NDArray[np.int8]
    scale: NDArray[np.float32]

    @classmethod
    def of(cls, matrix: NDArray[Any], axis: int) -> Small:
        """Rounded by output: `axis` is the one that is summed over."""
        scale = np.maximum(np.abs(matrix).max(axis=axis, keepdims=True), 1e-12) / LEVELS
        return cls(np.rint(matrix / scale).astype(np.int8), scale.astype(np.float32))


def packed(weights: Weights, shape: Shape) -> dict[str, NDArray[Any]]:
    """What `write_encoder` needs of canonical weights, matrices in 8 bits: name -> array, to be saved as they are."""
    out: dict[str, NDArray[Any]] = {}
    table = Small.of(weights["embeddings.word_embeddings.weight"], 1)
    out["words"], out["words.scale"] = table.levels, table.scale
    places = np.array(weights["embeddings.position_embeddings.weight"], dtype=np.float32)[shape.first :]
    types = weights.get("embeddings.token_type_embeddings.weight")
    out["places"] = places if types is None else places + types[0].astype(np.float32)
    _keep(out, "embeddings.norm", weights, "embeddings.LayerNorm")
    for i in range(shape.layers):
        here, there = f"layer{i}", f"encoder.layer.{i}"
        mixing = [f"{there}.attention.self.{part}" for part in ("query", "key", "value")]
        matrix = np.concatenate([weights[f"{m}.weight"] for m in mixing]).T
        _matrix(out, f"{here}.mix", matrix, np.concatenate([weights[f"{m}.bias"] for m in mixing]))
        for part, name in PARTS:
            _matrix(out, f"{here}.{part}", weights[f"{there}.{name}.weight"].T, weights[f"{there}.{name}.bias"])
        _keep(out, f"{here}.norm", weights, f"{there}.attention.output.LayerNorm")
        _keep(out, f"{here}.last", weights, f"{there}.output.LayerNorm")
    return out


def _matrix(out: dict[str, NDArray[Any]], name: str, matrix: NDArray[Any], bias: NDArray[Any]) -> None:
    small = Small.of(matrix, 0)
    out[name], out[f"{name}.scale"], out[f"{name}.bias"] = small.levels, small.scale, bias.astype(np.float32)


def _keep(out: dict[str, NDArray[Any]], name: str, weights: Weights, theirs: str) -> None:
    out[f"{name}.scale"] = weights[f"{theirs}.weight"].astype(np.float32)
    out[f"{name}.bias"] = weights[f"{theirs}.bias"].astype(np.float32)


def write_encoder(graph: GraphBuilder, ids: str, there: str, weights: Weights, shape: Shape) -> str:
    """Nodes from token ids int64 and `there` float, 1 for a token and 0 for padding, both (rows, length), to the mean
    of the last layer over the tokens, (rows, width)."""
    h = write_layers(graph, ids, there, weights, shape)
    shown = graph.add("Unsqueeze", there, graph.integers([2]))
    total = graph.add("ReduceSum", graph.add("Mul", h, shown), graph.integers([1]), keepdims=0)
    count = graph.add("ReduceSum", there, graph.integers([1]), keepdims=1)
    return graph.add("Div", total, graph.add("Max", count, graph.floats(1.0)))


def write_layers(
    graph: GraphBuilder,
    ids: str,
    there: str,
    weights: Weights,
    shape: Shape,
    layers: int | None = None,
    beside: int | None = None,
) -> str:
    """As `write_encoder`, to what the last of `layers` (all of them by default) makes of each token: (rows, length,
    width). What the layer number `beside`, counted from 1, makes of it stands before that, where it is asked for."""
    first, last = graph.integers([0]), graph.add("Shape", ids, start=1, end=2)
    words = graph.add("Cast", graph.add("Gather", graph.constant(weights["words"]), ids, axis=0), to=TensorProto.FLOAT)
    words = graph.add("Mul", words, graph.add("Gather", graph.floats(weights["words.scale"]), ids, axis=0))
    places = graph.add("Slice", graph.floats(weights["places"]), first, last, first)
    h = _normed(graph, graph.add("Add", words, places), "embeddings.norm", weights, shape)
    absent = graph.add("Mul", graph.add("Sub", graph.floats(1.0), there), graph.floats(FAR_BELOW))
    absent = graph.add("Unsqueeze", absent, graph.integers([1, 2]))  # (rows, 1, 1, length)
    for i in range(shape.layers if layers is None else layers):
        mixed = _linear(graph, _attended(graph, h, absent, f"layer{i}", weights, shape), f"layer{i}.join", weights)
        h = _normed(graph, graph.add("Add", mixed, h), f"layer{i}.norm", weights, shape)
        wide = _gelu(graph, _linear(graph, h, f"layer{i}.widen", weights))
        narrow = _linear(graph, wide, f"layer{i}.narrow", weights)
        h = _normed(graph, graph.add("Add", narrow, h), f"layer{i}.last", weights, shape)
        if i + 1 == beside:
            before = h
    return h if beside is None else graph.add("Concat", before, h, axis=-1)


def _linear(graph: GraphBuilder, h: str, name: str, weights: Weights) -> str:
    """h @ matrix + bias in 8-bit products, each token's numbers rounded by their own largest."""
    largest = graph.add("ReduceMax", graph.add("Abs", h), graph.integers([-1]), keepdims=1)
    step = graph.add("Mul", graph.add("Max", largest, graph.floats(1e-9)), graph.floats(1 / LEVELS))
    levels = graph.add("Add", graph.add("Round", graph.add("Div", h, step)), graph.floats(MIDDLE))
    levels = graph.add("Cast", levels, to=TensorProto.UINT8)
    middle = graph.constant(np.array([MIDDLE], dtype=np.uint8).reshape(()))
    product = graph.add("MatMulInteger", levels, graph.constant(weights[name]), middle)
    product = graph.add("Mul", graph.add("Cast", product, to=TensorProto.FLOAT), step)
    product = graph.add("Mul", product, graph.floats(weights[f"{name}.scale"]))
    return graph.add("Add", product, graph.floats(weights[f"{name}.bias"]))


def _attended(graph: GraphBuilder, h: str, absent: str, name: str, weights: Weights, shape: Shape) -> str:
    """Scaled dot-product attention over all heads (Vaswani et al. 2017), (rows, length, width)."""
    size = shape.width // shape.heads
    mixed = _linear(graph, h, f"{name}.mix", weights)
    mixed = graph.add("Reshape", mixed, graph.integers([0, 0, 3 * shape.heads, size]))
    mixed = graph.add("Transpose", mixed, perm=[0, 2, 1, 3])  # (rows, 3 heads, length, size)
    cuts = [graph.integers([k * shape.heads]) for k in range(4)]
    query, key, value = (graph.add("Slice", mixed, cuts[k], cuts[k + 1], graph.integers([1])) for k in range(3))
    scores = graph.add("MatMul", query, graph.add("Transpose", key, perm=[0, 1, 3, 2]))
    scores = graph.add("Add", graph.add("Mul", scores, graph.floats(size**-0.5)), absent)
    heads = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    return graph.add("Reshape", graph.add("Transpose", heads, perm=[0, 2, 1, 3]), graph.integers([0, 0, shape.width]))


def _normed(graph: GraphBuilder, h: str, name: str, weights: Weights, shape: Shape) -> str:
    scale, bias = graph.floats(weights[f"{name}.scale"]), graph.floats(weights[f"{name}.bias"])
    return graph.add("LayerNormalization", h, scale, bias, axis=-1, epsilon=shape.epsilon)


def _gelu(graph: GraphBuilder, h: str) -> str:
    erf = graph.add("Erf", graph.add("Mul", h, graph.floats(2**-0.5)))
    return graph.add("Mul", graph.add("Mul", h, graph.add("Add", erf, graph.floats(1.0))), graph.floats(0.5))


def read_encoder(checkpoint: Path) -> tuple[Shape, dict[str, NDArray[Any]]]:
    """A checkpoint in the Hugging Face layout: its shape and its packed weights. Raises InputError where it is not one
    that can be read."""
    shape = Shape.read(checkpoint)
    files = sorted(checkpoint.glob("*.safetensors"))
    if not files:
        raise InputError(f"{checkpoint.name}: no .safetensors file; pickled weights are not opened")
    weights: dict[str, NDArray[Any]] = {}
    for file in files:
        weights |= read_safetensors(file)
    try:
        return shape, packed(canonical(weights, shape), shape)
    except KeyError as error:
        raise InputError(f"{checkpoint.name}: the checkpoint lacks the tensor {error}") from error
