"""Joins the fold models of all members into one ONNX graph that answers as their weighted mean.

Equal parts of the models are computed once, all trees read one matrix, and link functions run over all models at
once. It works on the models' graphs (`ports.Fitted.graph`) and knows nothing of families or data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, shape_inference

from .builder import IR_VERSION, OPSET
from .derived import Derived, Difference
from .trees import ML_DOMAIN, ML_OPSET, Forest, read_node, tree_node

Member = tuple[float, Sequence[onnx.ModelProto]]
Floats = NDArray[np.float32]

SMALLEST_PROBABILITY = 1e-7  # probabilities are kept from zero before a logarithm
_STEPS = ("Mul", "Add", "Sub", "Div", "Min", "Max", "Clip", "Exp", "Sigmoid")
_NO_LIMIT = np.float32(3.4028235e38)


@dataclass(frozen=True)
class Step:
    """One elementwise act on a model's scores: `op` with at most one constant, standing before or after them."""

    op: str
    first: bool = False
    constant: float | None = None

    @property
    def kind(self) -> tuple[str, bool, bool]:
        return (self.op, self.first, self.constant is not None)


@dataclass(frozen=True)
class Tail:
    """How a model's graph ends: `head` (a tensor), elementwise steps, then perhaps a link to probabilities."""

    head: str
    steps: tuple[Step, ...] = ()
    link: Literal["none", "two", "softmax"] = "none"

    @property
    def kind(self) -> tuple[Any, ...]:
        return (self.link, *(s.kind for s in self.steps))


@dataclass(frozen=True)
class _Trees:
    """A model that begins with trees: its forest reads the tensors (name, columns) `parts`, side by side."""

    forest: Forest
    parts: tuple[tuple[str, int], ...]
    tail: Tail
    weight: float


@dataclass
class _Lane:
    """Columns of scores, in `heads`, of models that end alike: their tails and their weights in the mean."""

    heads: list[str]
    models: list[tuple[Tail, float]]

    @property
    def kind(self) -> tuple[Any, ...]:
        return self.models[0][0].kind


def assemble(
    members: Sequence[Member],
    *,
    features: int,
    outputs: int,
    temperature: float = 1.0,
    metadata: Mapping[str, str] | None = None,
    derived: Sequence[Derived] = (),
    views: Mapping[str, onnx.ModelProto] | None = None,
    reads: Sequence[Sequence[str]] = (),
    multi: bool = False,
) -> onnx.ModelProto:
    """One graph: "x" float (rows, features) -> "y" float (rows, outputs), the weighted mean over members of the mean
    over each member's fold models. Classes (outputs > 1): `temperature` other than 1 cools or warms the probabilities.
    The models read `x` with what is `derived` at its end, and after these the views that `reads` names for each member;
    the graphs of `views` go in front, once each. Rich inputs that models or views take are inputs of the whole.
    `multi`: each output is a yes or no of its own.

    Raises onnx.checker.ValidationError when a part is not valid ONNX."""
    joint = _Joint(features, outputs, derived)
    total = sum(weight for weight, _ in members)
    for i, (weight, models) in enumerate(members):
        source = joint.seen([(views or {})[name] for name in reads[i]] if reads else [])
        for model in models:
            joint.add(model, weight / total / len(models), source)
    mean = joint.mean()
    if temperature != 1.0 and multi:
        mean = joint.tempered_each(mean, temperature)
    elif outputs > 1 and temperature != 1.0:
        mean = joint.tempered(mean, temperature)
    return joint.model(mean, metadata or {})


class _Joint:
    """The joint graph while it grows. Nodes and constants that are equal are entered once."""

    def __init__(self, features: int, outputs: int, derived: Sequence[Derived] = ()) -> None:
        self.features, self.outputs = features, outputs
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self._known: dict[tuple[Any, ...], list[str]] = {}
        self._lanes: list[_Lane] = []
        self._trees: list[_Trees] = []
        self._made: dict[str, onnx.NodeProto] = {}
        self._rich: dict[str, onnx.ValueInfoProto] = {}
        self.source = self._extended(derived)  # what models without views read
        self._widths = {self.source: features + len(derived)}

    # ------------------------------------------------------------------------------------ entering
    def _extended(self, derived: Sequence[Derived]) -> str:
        """`extend` as nodes: the matrix that the models read."""
        if not derived:
            return "x"
        parts = ["x"]
        differences = [d for d in derived if isinstance(d, Difference)]
        if differences:
            first, second = (self.constant(np.array([d[s] for d in differences], dtype=np.int64)) for s in (0, 1))
            sides = [self.op("Gather", "x", picked, axis=1) for picked in (first, second)]
            parts.append(self.op("Add", self.op("Sub", *sides), self.floats([d.offset for d in differences])))
        parts += [d.write(self, "x") for d in derived if not isinstance(d, Difference)]
        return self.op("Concat", *parts, axis=1)

    def seen(self, views: Sequence[onnx.ModelProto]) -> str:
        """The matrix that a model reads: the table, then the views; what is equal is computed once."""
        if not views:
            return self.source
        widths = [int(v.graph.output[0].type.tensor_type.shape.dim[1].dim_value) for v in views]
        parts = [self._entered(v) for v in views]
        if self._widths[self.source]:
            parts, widths = [self.source, *parts], [self._widths[self.source], *widths]
        source = parts[0] if len(parts) == 1 else self.op("Concat", *parts, axis=1)
        self._widths[source] = sum(widths)
        return source

    def _entered(self, model: onnx.ModelProto) -> str:
        """All nodes of a view's graph; its output's name here."""
        here = self._own_names(model)
        for node in model.graph.node:
            self._enter(node, here)
        return here[model.graph.output[0].name]

    def _own_names(self, model: onnx.ModelProto) -> dict[str, str]:
        """Names of a model's rich inputs and constants -> names here."""
        here = {"": ""}
        for info in model.graph.input:
            if info.name != "x":
                self._rich.setdefault(info.name, info)
                here[info.name] = info.name
        for tensor in model.graph.initializer:
            here[tensor.name] = self.constant(numpy_helper.to_array(tensor))
        return here

    def _enter(self, node: onnx.NodeProto, here: dict[str, str]) -> None:
        inputs = [here[name] for name in node.input]
        if node.op_type == "Identity":
            here[node.output[0]] = inputs[0]
            return
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = inputs
        here |= zip(node.output, self.node(copy), strict=True)

    def constant(self, value: NDArray[Any]) -> str:
        value = np.ascontiguousarray(value).reshape(value.shape)  # which makes a list of a single number
        digest = value.tobytes() if value.nbytes < 4096 else hashlib.sha256(value.data).digest()
        key = ("constant", value.dtype.str, value.shape, digest)
        if key not in self._known:
            name = f"c{len(self.constants)}"
            self.constants[name] = numpy_helper.from_array(value, name)
            self._known[key] = [name]
        return self._known[key][0]

    def floats(self, value: Any) -> str:
        return self.constant(np.asarray(value, dtype=np.float32))

    def op(self, op: str, *inputs: str, **attributes: Any) -> str:
        return self.node(helper.make_node(op, list(inputs), ["?"], **attributes))[0]

    def node(self, node: onnx.NodeProto) -> list[str]:
        """Enters a node whose inputs are names of the joint graph; returns its outputs' names here."""
        attributes = tuple(sorted((a.name, a.SerializeToString(deterministic=True)) for a in node.attribute))
        key = (node.domain, node.op_type, tuple(node.input), len(node.output), attributes)
        if key not in self._known:
            names = [f"t{len(self.nodes)}_{i}" if i else f"t{len(self.nodes)}" for i in range(len(node.output))]
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            copy.name = f"{node.op_type}_{len(self.nodes)}"
            copy.output[:] = names
            self.nodes.append(copy)
            self._made.update(dict.fromkeys(names, copy))
            self._known[key] = names
        return self._known[key]

    def add(self, model: onnx.ModelProto, weight: float, source: str) -> None:
        """Enters one fold model, which reads the matrix `source`, up to its head. A head made by trees waits, to be
        joined with all other trees."""
        tail = find_tail(model.graph)
        here = {"x": source, **self._own_names(model)}
        for node in _needed(model.graph.node, tail.head):
            if node.op_type == "TreeEnsemble" and node.output[0] == tail.head:
                parts = tuple(self._parts(here[node.input[0]], node.input[0], model))
                forest, rest = _absorb(read_node(node), tail)
                self._trees.append(_Trees(forest, parts, rest, weight))
                return
            self._enter(node, here)
        self._lanes.append(_Lane([here[tail.head]], [(tail, weight)]))

    def _parts(self, source: str, own_name: str, model: onnx.ModelProto) -> list[tuple[str, int]]:
        """The tensors, with their widths, that stand side by side in `source`."""
        if source in self._widths:
            return [(source, self._widths[source])]
        made, own = self._made[source], _producers(model.graph)[own_name]
        if made.op_type != "Concat":
            return [(source, _width(model, own_name))]
        return [
            (name, self._widths.get(name) or _width(model, own_part))
            for name, own_part in zip(made.input, own.input, strict=True)
        ]

    # ------------------------------------------------------------------------------------ the mean
    def mean(self) -> str:
        """The weighted mean of all models: models that end alike go through their steps
        side by side, and one matrix product weighs and sums them."""
        lanes = [*self._join_trees(), *self._lanes]
        kinds = dict.fromkeys(lane.kind for lane in lanes)
        sums = [self._weighed([lane for lane in lanes if lane.kind == kind]) for kind in kinds]
        total = sums[0]
        for other in sums[1:]:
            total = self.op("Add", total, other)
        return total

    def _join_trees(self) -> list[_Lane]:
        """A lane for each way to end. All trees read one matrix, and every target has a node of its own: onnxruntime
        takes a quarter longer for nodes with many targets."""
        if not self._trees:
            return []
        parts = list(dict.fromkeys(p for model in self._trees for p in model.parts))
        source = parts[0][0] if len(parts) == 1 else self.op("Concat", *(name for name, _ in parts), axis=1)
        starts = dict(zip(parts, np.cumsum([0, *(width for _, width in parts)]).tolist(), strict=False))
        lanes = []
        for model in self._trees:
            columns = np.concatenate([np.arange(starts[p], starts[p] + p[1]) for p in model.parts])
            forest = replace(model.forest, feature=columns[model.forest.feature])
            heads = [self.node(tree_node(f, source, "?"))[0] for f in forest.split_by_target()]
            lanes.append(_Lane(heads, [(model.tail, model.weight)]))
        return lanes

    def _weighed(self, lanes: Sequence[_Lane]) -> str:
        """The weighted sum over models that end alike, (rows, outputs)."""
        models = [model for lane in lanes for model in lane.models]
        heads = [head for lane in lanes for head in lane.heads]
        scores = heads[0] if len(heads) == 1 else self.op("Concat", *heads, axis=1)
        link = models[0][0].link
        width = self.outputs if link != "two" else 1
        for i, step in enumerate(models[0][0].steps):
            constants = [tail.steps[i].constant for tail, _ in models]
            scores = self._step(step, scores, constants, width)
        weights = np.array([weight for _, weight in models])
        if link == "softmax":
            return self._softmax_mean(scores, weights)
        if link == "two":
            matrix = weights[:, None] * np.array([[-1.0, 1.0]])
            return self.op("Gemm", scores, self.floats(matrix), self.floats([weights.sum(), 0.0]))
        if len(models) == 1 and weights[0] == 1.0:
            return scores
        return self.op("MatMul", scores, self.floats(np.kron(weights[:, None], np.eye(width))))

    def _step(self, step: Step, scores: str, constants: Sequence[float | None], width: int) -> str:
        """One elementwise step over all models at once; each model's constant covers its own columns."""
        if step.constant is None:
            return self.op(step.op, scores)
        values = np.array(constants, dtype=np.float64)
        limited = np.clip(values, -_NO_LIMIT, _NO_LIMIT)
        column = self.floats(limited[0] if np.all(values == values[0]) else np.repeat(limited, width))
        return self.op(step.op, column, scores) if step.first else self.op(step.op, scores, column)

    def _softmax_mean(self, scores: str, weights: NDArray[np.float64]) -> str:
        classes, models = self.outputs, len(weights)
        if models == 1:
            p = self.op("Softmax", scores, axis=1)
            return p if weights[0] == 1.0 else self.op("Mul", p, self.floats(weights[0]))
        each = self.op("Reshape", scores, self.constant(np.array([-1, models, classes])))
        flat = self.op("Reshape", self.op("Softmax", each, axis=2), self.constant(np.array([-1, models * classes])))
        return self.op("MatMul", flat, self.floats(np.kron(weights[:, None], np.eye(classes))))

    def tempered(self, p: str, temperature: float) -> str:
        """softmax(log(p) / temperature), Guo et al. 2017."""
        kept = self.op("Max", p, self.floats(SMALLEST_PROBABILITY))
        logits = self.op("Mul", self.op("Log", kept), self.floats(1.0 / temperature))
        return self.op("Softmax", logits, axis=1)

    def tempered_each(self, p: str, temperature: float) -> str:
        """sigmoid(logit(p) / temperature), for each output by itself."""
        low, one = self.floats(SMALLEST_PROBABILITY), self.floats(1.0)
        yes = self.op("Log", self.op("Max", p, low))
        no = self.op("Log", self.op("Max", self.op("Sub", one, p), low))
        return self.op("Sigmoid", self.op("Mul", self.op("Sub", yes, no), self.floats(1.0 / temperature)))

    # ------------------------------------------------------------------------------------ leaving
    def model(self, result: str, metadata: Mapping[str, str]) -> onnx.ModelProto:
        for node in self.nodes:
            node.output[:] = ["y" if name == result else name for name in node.output]
            node.input[:] = ["y" if name == result else name for name in node.input]
        nodes = _needed(self.nodes, "y")
        used = {name for node in nodes for name in node.input}
        constants = [c for name, c in self.constants.items() if name in used]
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", self.features])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", self.outputs])
        rich = [info for name, info in self._rich.items() if name in used]
        graph = helper.make_graph(nodes, "model", [x, *rich], [y], constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML_DOMAIN, ML_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="traineragent")
        helper.set_model_props(model, dict(metadata))
        onnx.checker.check_model(model)
        return model


def find_tail(graph: onnx.GraphProto) -> Tail:
    """Follows a graph back from "y" through its link and its elementwise steps with scalar constants."""
    producers = _producers(graph)
    constants = {t.name: t for t in graph.initializer}
    head, link = _link(producers, constants, _through(producers, "y"))
    steps: list[Step] = []
    while (node := producers.get(head)) is not None and node.op_type in _STEPS:
        found = _steps_of(node, constants)
        if found is None:
            break
        head, more = found
        head = _through(producers, head)
        steps[:0] = more
    return Tail(head, tuple(steps), link)


def _link(
    producers: Mapping[str, onnx.NodeProto], constants: Mapping[str, onnx.TensorProto], y: str
) -> tuple[str, Literal["none", "two", "softmax"]]:
    """Recognises [1 - p, p] side by side and a softmax over classes."""
    node = producers.get(y)
    if node is None:
        return y, "none"
    if node.op_type == "Softmax" and _integer(node, "axis", -1) in (1, -1):
        return _through(producers, node.input[0]), "softmax"
    if node.op_type == "Concat" and len(node.input) == 2:
        rest, p = producers.get(node.input[0]), node.input[1]
        if rest is not None and rest.op_type == "Sub" and rest.input[1] == p and _scalar(constants, rest.input[0]) == 1:
            return _through(producers, p), "two"
    return y, "none"


def _steps_of(node: onnx.NodeProto, constants: Mapping[str, onnx.TensorProto]) -> tuple[str, list[Step]] | None:
    """(what the node acts on, the steps it stands for), or None where it is no elementwise step."""
    names = list(node.input)
    if node.op_type in ("Exp", "Sigmoid"):
        return names[0], [Step(node.op_type)]
    values = [_scalar(constants, name) for name in names]
    if node.op_type == "Clip":
        if None in values[1:]:
            return None
        return names[0], [Step(op, constant=v) for op, v in zip(("Max", "Min"), values[1:], strict=False)]
    if len(names) != 2 or (values[0] is None) == (values[1] is None):
        return None
    if values[0] is None:
        return names[0], [Step(node.op_type, constant=values[1])]
    return names[1], [Step(node.op_type, first=True, constant=values[0])]


def _absorb(forest: Forest, tail: Tail) -> tuple[Forest, Tail]:
    """Multiplications and additions right after the trees are taken into their leaves."""
    steps = list(tail.steps)
    while steps and steps[0].op in ("Mul", "Add"):
        step = steps.pop(0)
        assert step.constant is not None
        forest = forest.scaled(step.constant) if step.op == "Mul" else forest.shifted(step.constant)
    return forest, Tail(tail.head, tuple(steps), tail.link)


def _producers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    return {name: node for node in graph.node for name in node.output}


def _through(producers: Mapping[str, onnx.NodeProto], name: str) -> str:
    while (node := producers.get(name)) is not None and node.op_type == "Identity":
        name = node.input[0]
    return name


def _needed(nodes: Sequence[onnx.NodeProto], result: str) -> list[onnx.NodeProto]:
    """The nodes that `result` depends on, in order."""
    wanted, kept = {result}, []
    for node in reversed(nodes):
        if wanted & set(node.output):
            wanted |= set(node.input)
            kept.append(node)
    return kept[::-1]


def _scalar(constants: Mapping[str, onnx.TensorProto], name: str) -> float | None:
    if name not in constants:
        return None
    value = numpy_helper.to_array(constants[name])
    return float(value.reshape(())) if value.size == 1 and value.dtype == np.float32 else None


def _integer(node: onnx.NodeProto, name: str, default: int) -> int:
    return next((int(a.i) for a in node.attribute if a.name == name), default)


def _width(model: onnx.ModelProto, name: str) -> int:
    """Columns of a tensor of a model's own graph, by shape inference."""
    if name == "x":
        return int(model.graph.input[0].type.tensor_type.shape.dim[1].dim_value)
    for info in shape_inference.infer_shapes(model).graph.value_info:
        dims = info.type.tensor_type.shape.dim
        if info.name == name and len(dims) == 2 and dims[1].dim_value:
            return int(dims[1].dim_value)
    raise ValueError(f"the number of columns of {name!r} is not fixed by the graph")
