"""Writes one ONNX graph node by node: constants become initializers, names are made up as needed.

It knows ONNX's vocabulary and nothing of models; every family describes its own computation with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
ML_OPSET = 5
IR_VERSION = 9


class GraphBuilder:
    """Collects nodes from input "x" float (rows, features) to output "y" float (rows, outputs)."""

    def __init__(self, features: int) -> None:
        self.features = features
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._count = 0

    def name(self, stem: str = "t") -> str:
        """A tensor name that is not taken."""
        self._count += 1
        return f"{stem}{self._count}"

    def constant(self, value: NDArray[Any]) -> str:
        """The name of an initializer that holds `value`."""
        name = self.name("c")
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def floats(self, value: Any) -> str:
        return self.constant(np.asarray(value, dtype=np.float32))

    def integers(self, value: Any) -> str:
        return self.constant(np.asarray(value, dtype=np.int64))

    def add(self, op: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Appends one node of the default domain; returns the name of its (first) output."""
        output = output or self.name()
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def node(self, node: onnx.NodeProto) -> str:
        """Appends a ready node; returns the name of its first output."""
        self.nodes.append(node)
        return str(node.output[0])

    def columns(self, source: str, picked: Sequence[int] | NDArray[Any], width: int | None = None) -> str:
        """`source` restricted to some columns; `source` itself when that is all of them in order."""
        picked = np.asarray(picked, dtype=np.int64)
        if width is not None and np.array_equal(picked, np.arange(width)):
            return source
        return self.add("Gather", source, self.integers(picked), axis=1)

    def model(self, result: str, outputs: int) -> onnx.ModelProto:
        """The finished model, with `result` renamed to "y"."""
        self.add("Identity", result, output="y")
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", self.features])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", outputs])
        graph = helper.make_graph(self.nodes, "model", [x], [y], self.constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="traineragent")
