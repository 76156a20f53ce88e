"""A trained tagger: weights of observations and of vectors, turns of tags; saved as npz, exported as one ONNX graph.

The families that tag differ in how they learn; what they deliver is this.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from scipy import sparse

from ..engine.spans.dataset import MarkedTexts
from ..engine.spans.schemes import tags_in
from ..ports import FitContext
from ..serve.spans.chain import FORBIDDEN, Turns
from ..serve.spans.observations import SLOTS, VERSION
from ..serve.spans.tagger import Known
from ..serve.spans.tags import permitted
from ._crf import Chains, Float32, Head, Settings, learn

OPSET, IR = 18, 10
CHUNK = 8192
MANY_LABELS = 20  # beyond, BIOES has too many tags, and their weights need less decay
FIRM_DECAY, LOOSE_DECAY = 1e-2, 1e-3
LEAST_WEIGHT = 0.02
MOST_OBSERVATIONS = 2_000_000
SETTINGS = ("epochs", "rate", "drop", "decay", "head_rate", "head_drop")


@dataclass(frozen=True)
class ChainModel:
    """`keys` uint64 (observations,) ascending, `emit` float16 (observations + 1, tags) with zeros in row 0, `bias`
    (tags,). `encoder`: settings of what computes the vectors that `head` reads; empty without a head. `own`: its files
    by name, where it is no longer the one that lies beside the prepared texts."""

    tags: tuple[str, ...]
    keys: NDArray[np.uint64]
    emit: NDArray[np.float16]
    bias: Float32
    turns: Turns
    head: Head | None = None
    encoder: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        head = 0 if self.head is None else self.head.weights.size + self.head.offset.size
        return int(self.emit.size + self.bias.size + self.turns.stacked().size + head)

    def scores(self, data: MarkedTexts) -> Float32:
        """Shape (tokens, tags)."""
        known, weights = Known(self.keys), self.emit.astype(np.float32)
        hidden = self._hidden(data)
        pieces = [np.zeros((0, len(self.tags)), dtype=np.float32)]
        for at in range(0, data.tokens, CHUNK):
            observed = known.indices(data.keys[at : at + CHUNK])
            rows = np.arange(0, observed.size + 1, observed.shape[1])
            seen = sparse.csr_matrix(
                (np.ones(observed.size, np.float32), observed.ravel(), rows), (len(observed), len(weights))
            )
            pieces.append(np.asarray(seen @ weights) + self.bias)
            if self.head is not None:
                assert hidden is not None
                pieces[-1] += self.head.scores(hidden[at : at + CHUNK])
        return np.concatenate(pieces)

    def _hidden(self, data: MarkedTexts) -> NDArray[np.float16] | None:
        """The vectors of the tokens: as they were read for all models, or by the encoder that is this model's own."""
        if not self.own:
            return data.hidden
        from ..serve.spans.encoder import OnnxEncoder

        with tempfile.TemporaryDirectory(prefix="encoder-") as name:
            for file, content in self.own.items():
                (Path(name) / file).write_bytes(content)
            encoder = OnnxEncoder(Path(name), self.encoder)
            return encoder.encode(data.texts, [data.places_of(i) for i in range(data.rows)])

    def shifted(self, outside: float) -> ChainModel:
        """The same with `outside` taken from the score of marking nothing: more is marked, less surely."""
        bias = self.bias.copy()
        bias[self.tags.index("O")] -= np.float32(outside)
        return replace(self, bias=bias)

    # ------------------------------------------------------------------ files
    def save(self, path: Path) -> None:
        arrays = {"keys": self.keys, "emit": self.emit, "bias": self.bias, "turns": self.turns.stacked()}
        if self.head is not None:
            arrays |= {"head": self.head.weights, "offset": self.head.offset}
        arrays |= {f"own.{name}": np.frombuffer(content, dtype=np.uint8) for name, content in self.own.items()}
        facts = json.dumps({"tags": self.tags, "encoder": dict(self.encoder)})
        np.savez(path, facts=np.frombuffer(facts.encode(), dtype=np.uint8), **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> ChainModel:
        with np.load(path, allow_pickle=False) as saved:
            facts = json.loads(saved["facts"].tobytes())
            head = Head(saved["head"], saved["offset"]) if "head" in saved else None
            tags, turns = tuple(facts["tags"]), Turns.of(saved["turns"])
            own = {name[4:]: saved[name].tobytes() for name in saved.files if name.startswith("own.")}
            return cls(tags, saved["keys"], saved["emit"], saved["bias"], turns, head, facts["encoder"], own)

    def settings(self) -> dict[str, Any]:
        """What the tagger of the server needs to know, beside how tokens are cut."""
        return {"tags": list(self.tags), "observations": VERSION, "encoder": dict(self.encoder) or None}

    def files(self) -> dict[str, bytes]:
        """The files of a bundle by name, those of a shared encoder aside."""
        return {
            **self.own,
            "model.onnx": self.graph().SerializeToString(),
            "observations.npy": _npy(self.keys),
            "turns.npy": _npy(self.turns.stacked()),
        }

    def graph(self) -> onnx.ModelProto:
        """Inputs "observed" int32 (tokens, SLOTS) and, with a head, "hidden" float (tokens, width); output "scores"
        float (tokens, tags)."""
        given = {"emit": self.emit, "bias": self.bias, "slots": np.array([1], dtype=np.int64)}
        nodes = [
            helper.make_node("Gather", ["emit", "observed"], ["weights"]),
            helper.make_node("Cast", ["weights"], ["wide"], to=TensorProto.FLOAT),
            helper.make_node("ReduceSum", ["wide", "slots"], ["summed"], keepdims=0),
        ]
        inputs = [helper.make_tensor_value_info("observed", TensorProto.INT32, ["tokens", SLOTS])]
        last = "summed"
        if self.head is not None:
            given |= {"head": self.head.weights, "offset": self.head.offset}
            sides = ["tokens", self.head.weights.shape[0]]
            inputs.append(helper.make_tensor_value_info("hidden", TensorProto.FLOAT, sides))
            nodes += [
                helper.make_node("MatMul", ["hidden", "head"], ["product"]),
                helper.make_node("Add", ["product", "offset"], ["headed"]),
                helper.make_node("Add", ["summed", "headed"], ["both"]),
            ]
            last = "both"
        nodes.append(helper.make_node("Add", [last, "bias"], ["scores"]))
        output = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["tokens", len(self.tags)])
        held = [numpy_helper.from_array(np.ascontiguousarray(a), name) for name, a in given.items()]
        graph = helper.make_graph(nodes, "tagger", inputs, [output], held)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)


def _npy(array: NDArray[Any]) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()


def permitted_turns(turns: Turns, tags: tuple[str, ...]) -> Turns:
    """Turns that the scheme forbids can never be on the best path."""
    may, first = permitted(tags)
    return Turns(
        np.where(first, turns.begin, FORBIDDEN).astype(np.float32),
        np.where(may, turns.turn, FORBIDDEN).astype(np.float32),
        turns.end,
    )


def lean(emit: Float32, keys: NDArray[np.uint64], most: int | None, least: float) -> tuple[Any, Any]:
    """(keys, emit) of the observations that matter: some weight of at least `least`, and at most `most` of them."""
    weight = np.abs(emit[1:]).max(axis=1, initial=0.0)
    keep = weight >= least
    if most is not None and keep.sum() > most:
        keep &= weight >= np.partition(weight, -most)[-most]
    return keys[keep], np.concatenate([np.zeros((1, emit.shape[1]), np.float32), emit[1:][keep]])


def fit_chain(
    params: Mapping[str, Any], data: MarkedTexts, context: FitContext, hidden: NDArray[np.float16] | None = None
) -> ChainModel:
    """Learns from what is observed of tokens and, where given, from their vectors `hidden` (tokens, width).

    Of the parameters, "least": an observation must occur so often; "most": so many are kept, the weightiest."""
    many = len(data.labels) > MANY_LABELS
    tags, numbers = tags_in(data, scheme_for(params, data))
    keys = frequent(data.keys, int(params.get("least", 2)))
    decay = {"decay": FIRM_DECAY if not many else LOOSE_DECAY}
    settings = Settings(**{**decay, **{k: v for k, v in params.items() if k in SETTINGS}})
    chains = Chains(Known(keys).indices(data.keys), data.starts, numbers, hidden)
    chain, _ = learn(chains, len(tags), settings, context.seed, context.deadline, len(keys) + 1)
    keys, emit = lean(chain.emit, keys, params.get("most"), LEAST_WEIGHT)
    encoder = {} if hidden is None else dict(data.encoder or {})
    turns = permitted_turns(chain.turns, tags)
    return ChainModel(tags, keys, emit.astype(np.float16), chain.bias, turns, chain.head, encoder)


def scheme_for(params: Mapping[str, Any], data: MarkedTexts) -> str:
    """The scheme of tags that is asked for, or the one that suits the number of labels."""
    return str(params.get("scheme", "bio" if len(data.labels) > MANY_LABELS else "bioes"))


def frequent(keys: NDArray[np.uint64], least: int) -> NDArray[np.uint64]:
    """Keys that occur at least so often, ascending; the most frequent where there are too many. 0 is no key."""
    found, counts = np.unique(keys, return_counts=True)
    kept = (counts >= least) & (found > 0)
    if kept.sum() > MOST_OBSERVATIONS:
        kept &= counts > np.partition(counts[kept], -MOST_OBSERVATIONS)[-MOST_OBSERVATIONS]
    return np.asarray(found[kept])
