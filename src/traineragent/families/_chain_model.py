"""A trained tagger: weights of observations, turns of tags; saved as npz, exported as one ONNX graph.

The families that tag differ in how they learn; what they deliver is this.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from scipy import sparse

from ..engine.spans.dataset import MarkedTexts
from ..serve.spans.chain import FORBIDDEN, Turns
from ..serve.spans.observations import SLOTS, VERSION
from ..serve.spans.tagger import Known
from ..serve.spans.tags import permitted
from ._crf import Float32

OPSET, IR = 18, 10
CHUNK = 8192


@dataclass(frozen=True)
class ChainModel:
    """`keys` uint64 (observations,) ascending, `emit` float16 (observations + 1, tags) with zeros in row 0, `bias`
    (tags,)."""

    tags: tuple[str, ...]
    keys: NDArray[np.uint64]
    emit: NDArray[np.float16]
    bias: Float32
    turns: Turns

    @property
    def parameters(self) -> int:
        return int(self.emit.size + self.bias.size + self.turns.stacked().size)

    def scores(self, data: MarkedTexts) -> Float32:
        """Shape (tokens, tags)."""
        known, weights = Known(self.keys), self.emit.astype(np.float32)
        pieces = [np.zeros((0, len(self.tags)), dtype=np.float32)]
        for at in range(0, data.tokens, CHUNK):
            observed = known.indices(data.keys[at : at + CHUNK])
            rows = np.arange(0, observed.size + 1, observed.shape[1])
            seen = sparse.csr_matrix(
                (np.ones(observed.size, np.float32), observed.ravel(), rows), (len(observed), len(weights))
            )
            pieces.append(np.asarray(seen @ weights) + self.bias)
        return np.concatenate(pieces)

    def shifted(self, outside: float) -> ChainModel:
        """The same with `outside` taken from the score of marking nothing: more is marked, less surely."""
        bias = self.bias.copy()
        bias[self.tags.index("O")] -= np.float32(outside)
        return replace(self, bias=bias)

    # ------------------------------------------------------------------ files
    def save(self, path: Path) -> None:
        tags = np.frombuffer(json.dumps(self.tags).encode(), dtype=np.uint8)
        np.savez(path, tags=tags, keys=self.keys, emit=self.emit, bias=self.bias, turns=self.turns.stacked())

    @classmethod
    def load(cls, path: Path) -> ChainModel:
        with np.load(path, allow_pickle=False) as saved:
            tags = tuple(json.loads(saved["tags"].tobytes()))
            return cls(tags, saved["keys"], saved["emit"], saved["bias"], Turns.of(saved["turns"]))

    def settings(self) -> dict[str, Any]:
        """What the tagger of the server needs to know, beside how tokens are cut."""
        return {"tags": list(self.tags), "observations": VERSION}

    def files(self) -> dict[str, bytes]:
        """The files of a bundle by name."""
        return {
            "model.onnx": self.graph().SerializeToString(),
            "observations.npy": _npy(self.keys),
            "turns.npy": _npy(self.turns.stacked()),
        }

    def graph(self) -> onnx.ModelProto:
        """Input "observed" int32 (tokens, SLOTS), output "scores" float (tokens, tags)."""
        nodes = [
            helper.make_node("Gather", ["emit", "observed"], ["weights"]),
            helper.make_node("Cast", ["weights"], ["wide"], to=TensorProto.FLOAT),
            helper.make_node("ReduceSum", ["wide", "slots"], ["summed"], keepdims=0),
            helper.make_node("Add", ["summed", "bias"], ["scores"]),
        ]
        given = {"emit": self.emit, "bias": self.bias, "slots": np.array([1], dtype=np.int64)}
        held = [numpy_helper.from_array(np.ascontiguousarray(a), name) for name, a in given.items()]
        observed = helper.make_tensor_value_info("observed", TensorProto.INT32, ["tokens", SLOTS])
        scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["tokens", len(self.tags)])
        graph = helper.make_graph(nodes, "tagger", [observed], [scores], held)
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
