"""Puts the answers into the graph: beside the scores "y" a label for each row, or an interval around each value.

Whoever loads model.onnx with any runtime then gets what the service answers. It knows nothing of how it was decided.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ..domain.run import Decision, Interval


def with_answers(
    model: onnx.ModelProto,
    decision: Decision | None = None,
    interval: Interval | None = None,
    positive: int | None = None,
    nonnegative: bool = False,
) -> onnx.ModelProto:
    """A copy of `model` ("x" -> "y") with the output "label" int64 (rows,): an index into the labels, for classes;
    "labels" bool (rows, labels) where a row may have several; or "interval" float (rows, 2) for values. Two classes and
    a threshold: the `positive` one from it on. `nonnegative`: values below 0 count as 0, and no interval reaches
    below it."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    outputs = out.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    if decision is not None and decision.thresholds:
        _add_labels(out.graph, decision)
    elif outputs > 1:
        _add_label(out.graph, decision or Decision(), 1 if positive is None else positive, outputs)
    elif interval is not None:
        _add_interval(out.graph, interval, nonnegative)
    onnx.checker.check_model(out)
    return out


class _Tail:
    """Adds nodes and constants under names of their own."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), f"answer_{name}"))
        return f"answer_{name}"

    def op(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        name = output if output in ("label", "labels", "interval") else f"answer_{output}"
        self.graph.node.append(helper.make_node(op, inputs, [name], name=f"Answer_{output}", **attributes))
        return name


def _add_label(graph: onnx.GraphProto, decision: Decision, positive: int, classes: int) -> None:
    tail, scores = _Tail(graph), "y"
    if decision.threshold is not None and classes == 2:
        p = tail.op("Gather", ["y", tail.constant("positive", np.array(positive))], "p", axis=1)
        threshold = tail.constant("threshold", np.array(_least_float(decision.threshold), dtype=np.float32))
        yes = tail.op("GreaterOrEqual", [p, threshold], "yes")
        chosen, other = (tail.constant(f"is_{i}", np.array(i, dtype=np.int64)) for i in (positive, 1 - positive))
        tail.op("Where", [yes, chosen, other], "label")
    else:
        if decision.weights:
            weights = tail.constant("weights", np.array(decision.weights, dtype=np.float32))
            scores = tail.op("Mul", ["y", weights], "weighted")
        tail.op("ArgMax", [scores], "label", axis=1, keepdims=0)
    graph.output.append(helper.make_tensor_value_info("label", TensorProto.INT64, ["rows"]))


def _add_labels(graph: onnx.GraphProto, decision: Decision) -> None:
    """y >= thresholds; where that is none and one is always answered, the likeliest for its threshold."""
    tail = _Tail(graph)
    least = tail.constant("thresholds", np.array([[_least_float(t) for t in decision.thresholds]], dtype=np.float32))
    if not decision.always:
        tail.op("GreaterOrEqual", ["y", least], "labels")
    else:
        reached = tail.op("GreaterOrEqual", ["y", least], "reached")
        share = tail.op("Div", ["y", least], "share")
        largest = tail.op("ReduceMax", [share, tail.constant("axes", np.array([1]))], "largest", keepdims=1)
        likeliest = tail.op("GreaterOrEqual", [share, largest], "likeliest")
        tail.op("Or", [reached, likeliest], "labels")
    shape: list[str | int | None] = ["rows", len(decision.thresholds)]
    graph.output.append(helper.make_tensor_value_info("labels", TensorProto.BOOL, shape))


def _least_float(threshold: float) -> np.float32:
    """The smallest float32 not below the threshold: p >= t then says the same of every float32 p."""
    near = np.float32(threshold)
    return near if float(near) >= threshold else np.nextafter(near, np.float32(np.inf))


def _add_interval(graph: onnx.GraphProto, interval: Interval, nonnegative: bool) -> None:
    """[y + low, y + high] of the bin that y falls into: the number of edges that y has reached."""
    tail, value = _Tail(graph), "y"
    floor = tail.constant("floor", np.array(0, dtype=np.float32)) if nonnegative else ""
    if floor:
        value = tail.op("Max", ["y", floor], "value")
    bounds = np.stack([interval.low, interval.high], axis=1).astype(np.float32)  # (bins, 2)
    if interval.edges:
        least = np.array([_least_float(e) for e in interval.edges], dtype=np.float32)
        edges = tail.constant("edges", least[None, :])
        reached = tail.op("Cast", [tail.op("GreaterOrEqual", [value, edges], "reached")], "ones", to=TensorProto.INT64)
        axes = tail.constant("axes", np.array([1], dtype=np.int64))
        place = tail.op("ReduceSum", [reached, axes], "bin", keepdims=0)
        offsets = tail.op("Gather", [tail.constant("bounds", bounds), place], "offsets", axis=0)
    else:
        offsets = tail.constant("bounds", bounds)
    if floor:
        tail.op("Max", [tail.op("Add", [value, offsets], "ends"), floor], "interval")
    else:
        tail.op("Add", [value, offsets], "interval")
    graph.output.append(helper.make_tensor_value_info("interval", TensorProto.FLOAT, ["rows", 2]))
