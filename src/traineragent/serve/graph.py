"""The ONNX graph of a bundle, ready to run: float32 (rows, features) and rich inputs in, (rows, outputs) out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnxruntime as ort
from numpy.typing import NDArray

from ..errors import InputError

_EXTERNAL = b"\x0a\x08location"  # the key of a tensor kept in another file, as protobuf writes it


class Graph:
    """`run(feeds)` gives y. Safe to call from several threads."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._session = open_session(path, threads)
        self.features = _width(self._session.get_inputs()[0], "x", path.name)
        self.inputs = frozenset(i.name for i in self._session.get_inputs())
        self.outputs = _width(self._session.get_outputs()[0], "y", path.name)
        self._run = self._session.run

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """y (rows, outputs) for the tensors by name: "x" (rows, features), and those of rich inputs. What the graph
        does not take is left out."""
        if len(feeds) != len(self.inputs):
            feeds = {name: feeds[name] for name in self.inputs}
        y: NDArray[Any] = self._run(["y"], feeds)[0]
        return y


def open_session(path: Path, threads: int = 1) -> ort.InferenceSession:
    """The graph of a file, which must hold all its weights itself. Raises InputError."""
    model = path.read_bytes()
    if _EXTERNAL in model:
        raise InputError(f"{path.name} keeps weights outside itself; a bundle's graph must be one file")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise InputError(f"{path.name} is not a graph that this onnxruntime {ort.__version__} can load") from error


def _width(tensor: Any, name: str, file: str) -> int:
    if tensor.name != name or len(tensor.shape) != 2 or not isinstance(tensor.shape[1], int):
        raise InputError(
            f'{file}: expected a tensor "{name}" of shape (rows, number), got "{tensor.name}" {tensor.shape}'
        )
    return tensor.shape[1]
