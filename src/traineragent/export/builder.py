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
    """Collects nodes from input "x" float (rows, features), and rich inputs, to output "y" float (rows, outputs)."""

    def __init__(self, features: int) -> None:
        self.features = features
        self.inputs: list[onnx.ValueInfoProto] = []
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._count = 0

    def name(self, stem: str = "t") -> str:
        """A tensor name that is not taken."""
        self._count += 1
        return f"{stem}{self._count}"

    def ragged(self, name: str) -> tuple[str, str]:
        """Declares a ragged rich input: its ids int64 and weights float, both (rows, length), padded with 0."""
        for tensor, kind in ((name, TensorProto.INT64), (f"{name}.weights", TensorProto.FLOAT)):
            self.inputs.append(helper.make_tensor_value_info(tensor, kind, ["rows", f"{name}.length"]))
        return name, f"{name}.weights"

    def dense(self, name: str, kind: int, shape: Sequence[int]) -> str:
        """Declares a rich input of one shape, such as uint8 (rows, height, width, 3)."""
        self.inputs.append(helper.make_tensor_value_info(name, kind, ["rows", *shape]))
        return name

    def constant(self, value: NDArray[Any]) -> str:
        """The name of an initializer that holds `value`."""
        name = self.name("c")
        whole = np.ascontiguousarray(value).reshape(value.shape)  # which makes a list of a single number
        self.constants.append(numpy_helper.from_array(whole, name))
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

    def op(self, op: str, *inputs: str, **attributes: Any) -> str:
        """`add`, by the name it has in the joint graph."""
        return self.add(op, *inputs, **attributes)

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
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", self.features])
        return self._finished(result, "y", outputs, [x, *self.inputs])

    def view(self, result: str, width: int) -> onnx.ModelProto:
        """The finished graph of a view, from rich inputs alone, with `result` renamed to "view"."""
        return self._finished(result, "view", width, self.inputs)

    def _finished(self, result: str, name: str, width: int, inputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
        self.add("Identity", result, output=name)
        output = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", width])
        graph = helper.make_graph(self.nodes, "model", inputs, [output], self.constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="traineragent")
