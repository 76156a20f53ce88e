"""A fitted member of a forecasting model: numbers that the server's formulas read, a graph where one was learned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.training import one_thread
from ..errors import TrainerError
from ..serve.series.forecaster import Forecaster, Graph
from .panel import Panel

MEMBER, GRAPH = "member.json", "model_00.onnx"
FILE = "model.onnx"  # the graph's name within the member's numbers


@dataclass(frozen=True)
class FittedSeries:
    """`member`: "kind", "keep" and numbers as `serve.series.forecaster` reads them. `graph`: ONNX bytes, "x" float32
    (rows, features) -> "y" (rows, outputs). `parity`: largest difference of the graph from what was trained."""

    member: Mapping[str, Any]
    graph: bytes = b""
    parity: float = 0.0
    parameters: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)

    def save(self, folder: Path) -> list[str]:
        """Writes the member into `folder`; returns the names of the files."""
        told = {"member": dict(self.member), "parity": self.parity, "parameters": self.parameters}
        (folder / MEMBER).write_text(json.dumps(told), encoding="utf-8")
        if not self.graph:
            return [MEMBER]
        (folder / GRAPH).write_bytes(self.graph)
        return [MEMBER, GRAPH]

    @staticmethod
    def load(folder: Path) -> FittedSeries:
        try:
            told = json.loads((folder / MEMBER).read_text(encoding="utf-8"))
            graph = (folder / GRAPH).read_bytes() if "file" in told["member"] else b""
        except (OSError, ValueError, KeyError) as error:
            raise TrainerError(f"the trained model in {folder.name} cannot be read again: {error}") from error
        return FittedSeries(told["member"], graph, told["parity"], told["parameters"])

    @property
    def size_mb(self) -> float:
        return (len(self.graph) + len(json.dumps(dict(self.member)))) / 1e6


def forecaster(fitted: FittedSeries, panel: Panel, nonnegative: bool, log: bool = False) -> Forecaster:
    """A forecaster of one member, run as it will be served; `log` as of `Forecaster`."""
    graphs = {FILE: running(fitted.graph)} if fitted.graph else {}
    return Forecaster([{**fitted.member, "weight": 1.0}], graphs, panel.timeline, panel.season, nonnegative, log)


def running(graph: bytes) -> Graph:
    """The graph in onnxruntime on one thread."""
    session = one_thread(graph)
    return lambda x: np.asarray(session.run(None, {"x": x})[0])
