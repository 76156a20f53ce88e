"""A feature as a list of steps over typed columns: checked, computed with numpy, and written as nodes of a graph.

The steps come from `sandbox/tracing.py` by way of a process that nobody trusts, so every one of them is checked here.
Numbers are float32 in both computations; what is not finite in the end is missing. It knows nothing of who wrote it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Step = tuple[Any, ...]
MOST_STEPS = 300
NUMBER, TRUTH = "number", "truth"
FLOAT = 1  # element type of ONNX


class NotExpressible(ValueError):
    """The steps are not ones that can be exported."""


class Nodes(Protocol):
    """The part of a growing graph that is needed here."""

    def op(self, op: str, *inputs: str, **attributes: Any) -> str: ...

    def floats(self, value: Any) -> str: ...

    def constant(self, value: NDArray[Any]) -> str: ...


@dataclass(frozen=True)
class _Act:
    """What an operation takes and gives, how numpy computes it and what ONNX calls it."""

    takes: tuple[str, ...]
    gives: str
    compute: Callable[..., Any]
    node: str


_ONE, _TWO = (NUMBER,), (NUMBER, NUMBER)
ACTS: Mapping[str, _Act] = {
    "add": _Act(_TWO, NUMBER, np.add, "Add"),
    "sub": _Act(_TWO, NUMBER, np.subtract, "Sub"),
    "mul": _Act(_TWO, NUMBER, np.multiply, "Mul"),
    "div": _Act(_TWO, NUMBER, np.divide, "Div"),
    "min": _Act(_TWO, NUMBER, np.minimum, "Min"),
    "max": _Act(_TWO, NUMBER, np.maximum, "Max"),
    "neg": _Act(_ONE, NUMBER, np.negative, "Neg"),
    "abs": _Act(_ONE, NUMBER, np.abs, "Abs"),
    "sqrt": _Act(_ONE, NUMBER, np.sqrt, "Sqrt"),
    "log": _Act(_ONE, NUMBER, np.log, "Log"),
    "exp": _Act(_ONE, NUMBER, np.exp, "Exp"),
    "sin": _Act(_ONE, NUMBER, np.sin, "Sin"),
    "cos": _Act(_ONE, NUMBER, np.cos, "Cos"),
    "tanh": _Act(_ONE, NUMBER, np.tanh, "Tanh"),
    "floor": _Act(_ONE, NUMBER, np.floor, "Floor"),
    "ceil": _Act(_ONE, NUMBER, np.ceil, "Ceil"),
    "round": _Act(_ONE, NUMBER, np.rint, "Round"),
    "isnan": _Act(_ONE, TRUTH, np.isnan, "IsNaN"),
    "less": _Act(_TWO, TRUTH, np.less, "Less"),
    "less_equal": _Act(_TWO, TRUTH, np.less_equal, "LessOrEqual"),
    "equal": _Act(_TWO, TRUTH, np.equal, "Equal"),
    "and": _Act((TRUTH, TRUTH), TRUTH, np.logical_and, "And"),
    "or": _Act((TRUTH, TRUTH), TRUTH, np.logical_or, "Or"),
    "not": _Act((TRUTH,), TRUTH, np.logical_not, "Not"),
    "where": _Act((TRUTH, NUMBER, NUMBER), NUMBER, np.where, "Where"),
    "number": _Act((TRUTH,), NUMBER, lambda v: v.astype(np.float32), "Cast"),
}
LEAVES: Mapping[str, tuple[int, str]] = {  # number of arguments, what it gives
    "column": (1, NUMBER),
    "constant": (1, NUMBER),
    "is": (2, TRUTH),
    "missing": (1, TRUTH),
}


@dataclass(frozen=True)
class Traced:
    """A feature. `steps` refer to earlier ones by place, and to columns of the typed matrix by index."""

    name: str
    steps: tuple[Step, ...]

    def __call__(self, x: Float32) -> Float32:
        """(rows, at least the typed columns) -> (rows,), NaN where it is not finite."""
        known: list[Any] = []
        with np.errstate(all="ignore"):
            for operation, *arguments in self.steps:
                known.append(_leaf(operation, arguments, x) if operation in LEAVES else
                             ACTS[operation].compute(*(known[a] for a in arguments)))  # fmt: skip
            found = np.broadcast_to(np.asarray(known[-1], dtype=np.float32), (len(x),))
        return np.where(np.isfinite(found), found, np.float32(np.nan)).astype(np.float32)

    def write(self, graph: Nodes, x: str) -> str:
        """Nodes for the same; a tensor (rows, 1)."""
        names: list[str] = []
        for operation, *arguments in self.steps:
            if operation in LEAVES:
                names.append(_leaf_nodes(operation, arguments, graph, x))
                continue
            act = ACTS[operation]
            more = {"to": FLOAT} if act.node == "Cast" else {}
            names.append(graph.op(act.node, *(names[a] for a in arguments), **more))
        last = names[-1]
        bad = graph.op("Or", graph.op("IsNaN", last), graph.op("IsInf", last))
        return graph.op("Where", bad, graph.floats([[math.nan]]), last)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "steps": [list(s) for s in self.steps]}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Traced:
        return Traced(value["name"], tuple(tuple(s) for s in value["steps"]))


def checked(name: str, steps: Any, columns: Sequence[int], levels: Sequence[int]) -> Traced:
    """A feature made of what the sandbox gave. `columns[j]`: place of its column j in the typed matrix; `levels[j]`:
    number of categories there, 0 for a number. Raises NotExpressible."""
    if not isinstance(steps, list) or not 0 < len(steps) <= MOST_STEPS:
        raise NotExpressible(f"a feature has 1 to {MOST_STEPS} steps")
    kinds: list[str] = []
    out: list[Step] = []
    for step in steps:
        if not isinstance(step, list) or not step or not isinstance(step[0], str):
            raise NotExpressible("a step is a list that begins with the name of an operation")
        operation, *arguments = step
        if operation in LEAVES:
            out.append(_checked_leaf(operation, arguments, columns, levels))
            kinds.append(LEAVES[operation][1])
            continue
        act = ACTS.get(operation)
        if act is None or len(arguments) != len(act.takes):
            raise NotExpressible(f"there is no operation {operation[:40]!r} of {len(arguments)} arguments")
        for place, kind in zip(arguments, act.takes, strict=True):
            if not _is_index(place, len(kinds)) or kinds[place] != kind:
                raise NotExpressible(f"{operation} takes earlier steps that are {' and '.join(act.takes)}")
        out.append((operation, *arguments))
        kinds.append(act.gives)
    if kinds[-1] != NUMBER:
        raise NotExpressible("a feature is a number")
    if not _depends(out):
        raise NotExpressible("a feature depends on a column")
    return Traced(name, tuple(out))


def _checked_leaf(operation: str, arguments: list[Any], columns: Sequence[int], levels: Sequence[int]) -> Step:
    if len(arguments) != LEAVES[operation][0]:
        raise NotExpressible(f"{operation} takes {LEAVES[operation][0]} arguments")
    if operation == "constant":
        (value,) = arguments
        if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
            raise NotExpressible("a constant is a number")
        bound = float(np.finfo(np.float32).max)
        return ("constant", value if abs(value) <= bound else math.copysign(math.inf, value))
    column, *more = arguments
    if not _is_index(column, len(columns)):
        raise NotExpressible(f"there is no column {column!r}")
    if operation == "column" and levels[column]:
        raise NotExpressible("a column of words is no number")
    if operation == "is" and not _is_index(more[0], levels[column]):
        raise NotExpressible(f"column {column} has no category {more[0]!r}")
    return (operation, columns[column], *more)


def _depends(steps: Sequence[Step]) -> bool:
    """Whether the last step depends on a column, so that it has a value for each row."""
    known: list[bool] = []
    for operation, *arguments in steps:
        known.append(operation != "constant" if operation in LEAVES else any(known[a] for a in arguments))
    return known[-1]


def _is_index(value: Any, below: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < below


def _leaf(operation: str, arguments: Sequence[Any], x: Float32) -> Any:
    if operation == "constant":
        return np.float32(arguments[0])
    column = x[:, arguments[0]]
    if operation == "column":
        return column
    return np.isnan(column) if operation == "missing" else column == np.float32(arguments[1])


def _leaf_nodes(operation: str, arguments: Sequence[Any], graph: Nodes, x: str) -> str:
    if operation == "constant":
        return graph.floats([[arguments[0]]])
    column = graph.op("Gather", x, graph.constant(np.array([arguments[0]], dtype=np.int64)), axis=1)
    if operation == "column":
        return column
    if operation == "missing":
        return graph.op("IsNaN", column)
    return graph.op("Equal", column, graph.floats([[arguments[1]]]))


def words(steps: Sequence[Step], names: Sequence[str], levels: Sequence[Sequence[str]]) -> str:
    """The feature as one formula for people. `names` and `levels` are those of the typed matrix."""
    out: list[str] = []
    for operation, *arguments in steps:
        told = [out[a] for a in arguments] if operation not in LEAVES else []
        if operation == "column":
            out.append(names[arguments[0]])
        elif operation == "constant":
            out.append(f"{arguments[0]:g}")
        elif operation == "is":
            out.append(f"({names[arguments[0]]} is {levels[arguments[0]][arguments[1]]!r})")
        elif operation == "missing":
            out.append(f"({names[arguments[0]]} is missing)")
        elif operation in _SIGNS:
            out.append(f"({told[0]} {_SIGNS[operation]} {told[1]})")
        elif operation == "where":
            out.append(f"({told[1]} if {told[0]} else {told[2]})")
        elif operation in ("number", "not", "neg"):
            out.append({"number": "", "not": "not ", "neg": "-"}[operation] + told[0])
        else:
            out.append(f"{operation}({', '.join(told)})")
        if len(out[-1]) > 2000:
            out[-1] = out[-1][:2000] + "…"
    return out[-1][1:-1] if out[-1].startswith("(") and out[-1].count("(") == 1 else out[-1]


_SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "less": "<", "less_equal": "<=", "equal": "=", "and": "and",
    "or": "or",
}  # fmt: skip
