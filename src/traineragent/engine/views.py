"""Views at work: the matrix that a candidate reads, made once by the very graph that will be served.

A view is computed when a candidate first asks for it, in blocks that survive a kill. It knows nothing of what a view
sees; `views/` does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from .. import registry
from ..domain.data import FeatureKind, ViewSpec
from ..errors import InputError
from ..ports import View
from ..serve.inputs.parts import Ragged, Rows
from ..store.files import write_bytes
from .dataset import TrainingData

Float32 = NDArray[np.float32]
BLOCK = 512  # rows between two notes of progress
BATCH = 32
TOKENS_A_ROW = 4.0  # what a row costs beside its tokens
HOPELESS = 1.25  # times the time that is left: more than a speed that varies can make up for


@dataclass(frozen=True)
class Seen:
    """What a candidate reads: `x` float32 (rows, features), the table with the views at its end, which are `views`."""

    x: Float32
    kinds: tuple[FeatureKind, ...]
    levels: tuple[int, ...]
    views: tuple[str, ...] = ()


def seen_by(data: TrainingData, params: Mapping[str, Any], threads: int = 1, deadline: float | None = None) -> Seen:
    """The matrix of a candidate with these parameters; views that were never asked for are made now. Raises ValueError
    soon where one cannot be made before the deadline (on time.monotonic())."""
    names = tuple(params.get("views", ()))
    if not names:
        return Seen(data.x, data.kinds, data.levels)
    views = [values_of(data, name, threads, deadline) for name in names]
    width = sum(v.shape[1] for v in views)
    x = np.concatenate([data.x, *views], axis=1)
    return Seen(x, (*data.kinds, *["number"] * width), (*data.levels, *[0] * width), names)  # type: ignore[arg-type]


def graph_of(data: TrainingData, name: str) -> onnx.ModelProto:
    """The graph of a view, from the tensors of its inputs to "view"; made where it was not yet."""
    spec, folder = _spec(data, name), _folder(data, name)
    path = folder / "graph.onnx"
    if not path.exists():
        plugin: View = registry.get("views", spec.kind)
        inputs = [i for i in data.inputs if i.name in spec.inputs]
        more = {n: data.more[n] for n in spec.inputs}
        assert data.folder is not None
        write_bytes(path, plugin.graph(more, spec, inputs, data.folder).SerializeToString())
    return onnx.load_model_from_string(path.read_bytes())


def width_of(graph: onnx.ModelProto) -> int:
    """Columns of a view."""
    (output,) = graph.graph.output
    return int(output.type.tensor_type.shape.dim[1].dim_value)


def values_of(data: TrainingData, name: str, threads: int = 1, deadline: float | None = None) -> Float32:
    """The view of all training rows, float32 (rows, width), mapped from its file. Rows of like length run together, as
    a batch is padded to its longest; a run that was cut off goes on where it was. Raises as `seen_by`."""
    path = _folder(data, name) / "values.npy"
    if not path.exists():
        graph_of(data, name)
        _compute(data, _spec(data, name), path, threads, deadline)
    values: Float32 = np.load(path, mmap_mode="r", allow_pickle=False)
    return values


def _compute(data: TrainingData, spec: ViewSpec, path: Path, threads: int, deadline: float | None) -> None:
    graph = (path.parent / "graph.onnx").read_bytes()
    run = session(graph, threads)
    shape = (data.rows, width_of(onnx.load_model_from_string(graph)))
    draft, note = path.with_suffix(".draft.npy"), path.with_suffix(".json")
    done = json.loads(note.read_text())["rows"] if note.exists() and draft.exists() else 0
    out = np.lib.format.open_memmap(draft, mode="r+" if done else "w+", dtype=np.float32, shape=shape)
    order = _order(data, spec)
    effort = np.cumsum(_effort(data, spec)[order])
    began, before = time.monotonic(), effort[done - 1] if done else 0.0
    for start in range(done, data.rows, BLOCK):
        if start > done and deadline is not None:
            _require_time(effort[start - 1] - before, effort[-1] - effort[start - 1], began, deadline)
        block = order[start : start + BLOCK]
        for i in range(0, len(block), BATCH):
            picked = block[i : i + BATCH]
            out[picked] = run.run(["view"], feeds(run, data.rows_at(picked)))[0]
        out.flush()
        write_bytes(note, json.dumps({"rows": min(start + BLOCK, data.rows)}).encode())
    del out
    draft.rename(path)


def _effort(data: TrainingData, spec: ViewSpec) -> NDArray[np.float64]:
    """What each row costs beside the others: the length of the view's first ragged input."""
    for name in spec.inputs:
        part = data.more[name]
        if isinstance(part, Ragged):
            return np.asarray(TOKENS_A_ROW + part.lengths, dtype=np.float64)
    return np.ones(data.rows)


def _require_time(made: float, left: float, began: float, deadline: float) -> None:
    """Raises TimeoutError where what is left would, at the speed so far, take longer than there is time: the time is
    worth more to another candidate."""
    now = time.monotonic()
    needed = (now - began) / made * left
    left_s = max(deadline - now, 0.0)
    if needed > HOPELESS * left_s:
        raise TimeoutError(f"a view of all rows would take {needed:.0f} s more, and {left_s:.0f} s are left")


def _order(data: TrainingData, spec: ViewSpec) -> NDArray[np.intp]:
    """Rows by the length of the view's first ragged input."""
    for name in spec.inputs:
        part = data.more[name]
        if isinstance(part, Ragged):
            return np.argsort(part.lengths, kind="stable")
    return np.arange(data.rows)


def feeds(run: Any, rows: Rows) -> dict[str, NDArray[Any]]:
    """The tensors that a session takes."""
    given = rows.feeds()
    return {i.name: given[i.name] for i in run.get_inputs()}


def session(graph: bytes, threads: int = 1) -> Any:
    """An onnxruntime session."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _spec(data: TrainingData, name: str) -> ViewSpec:
    spec = next((v for v in data.views if v.name == name), None)
    if spec is None:
        raise InputError(f"there is no view {name!r} of this data; there are {', '.join(v.name for v in data.views)}")
    return spec


def _folder(data: TrainingData, name: str) -> Path:
    assert data.folder is not None, "views need a data set that was saved"
    folder = data.folder / "views" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def view_graphs(data: TrainingData, names: Sequence[str]) -> dict[str, onnx.ModelProto]:
    """The graphs of the views that are read, by name."""
    return {name: graph_of(data, name) for name in dict.fromkeys(names)}
