"""A model family that misbehaves as told by its parameter `act`: what the compute tests put into the child."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from traineragent.errors import InputError
from traineragent.export.builder import GraphBuilder
from traineragent.ports import Batch, Card, FitContext


class Mean:
    """Predicts the training mean."""

    def __init__(self, value: float, features: int) -> None:
        self.value, self.features = value, features

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.full(len(x), self.value)

    def save(self, path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, value=self.value, features=self.features)

    def graph(self) -> onnx.ModelProto:
        graph = GraphBuilder(self.features)
        zero = graph.add("Mul", graph.columns("x", [0]), graph.floats(0.0))
        return graph.model(graph.add("Add", zero, graph.floats([self.value])), 1)


def hang_in_c() -> None:
    """pause() through PyDLL keeps the interpreter's lock: no Python thread or signal handler runs any more."""
    ctypes.PyDLL(None).pause()


def eat_memory() -> None:
    held = []
    while True:
        held.append(np.ones(4_000_000))  # 32 MB, touched
        time.sleep(0.01)


def leave_children() -> None:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    hang_in_c()


ACTS = {
    "hang": hang_in_c,
    "crash": lambda: ctypes.string_at(0),
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda: os._exit(7),
    "eat": eat_memory,
    "children": leave_children,
    "sleep": lambda: time.sleep(60),
}


class Unruly:
    card = Card(name="unruly", title="Misbehaves on demand", tasks=("regression",))

    fold, seed = 0, -2

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {}

    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> Mean:
        act = params.get("act", "")
        sys.stdout.write('{"value": "noise on stdout"}\n')
        os.write(1, b'{"error": "noise from C"}\n')
        if act == "secrets":
            raise ValueError(" ".join(sorted(os.environ)))
        if act == "disk full":
            raise OSError(errno.ENOSPC, "No space left on device")
        if act == "raise":
            raise KeyError("first line\nlast line")
        self.fold = self.fold + 1 if context.seed == self.seed + 1 else 0  # a fit's seed follows the last fold's
        self.seed = context.seed
        if act and self.fold >= params.get("from_fold", 0):
            ACTS[act]()
        return Mean(float(train.y.mean()), train.x.shape[1])

    def load(self, path: Path, context: FitContext) -> Mean:
        with np.load(path, allow_pickle=False) as file:
            return Mean(float(file["value"]), int(file["features"]))


def answer(what: str) -> dict[str, Any]:
    """A target for `LocalCompute.call`."""
    if what in ACTS:
        ACTS[what]()
    if what == "raise":
        raise ValueError("that was asked for")
    if what == "bad input":
        raise InputError("a.csv, line 3:\nno number", file="a.csv", row=3, column="b")
    if what == "full":
        raise OSError(errno.ENOSPC, "No space left on device")
    if what == "lost":
        raise FileNotFoundError(errno.ENOENT, "No such file")
    if what == "no memory":
        raise MemoryError("as it happens")
    return {"answer": what, "threads": os.environ["OMP_NUM_THREADS"]}


def chatter() -> str:
    """Writes to the standard streams in every way, as libraries do."""
    sys.stdout.write('{"value": "from Python"}\n')
    sys.stdout.flush()
    os.write(1, b'{"value": "from C"}\n')
    subprocess.run(["echo", '{"value": "from a process"}'], check=True)
    assert sys.stdin.read() == ""
    return "done"


class Liar(Mean):
    """Its graph is not the model."""

    def graph(self) -> onnx.ModelProto:
        return Mean(self.value * 1.01, self.features).graph()


class Lying(Unruly):
    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> Mean:
        return Liar(float(train.y.mean()), train.x.shape[1])

    def load(self, path: Path, context: FitContext) -> Mean:
        honest = super().load(path, context)
        return Liar(honest.value, honest.features)


PLUGIN, LIAR = Unruly(), Lying()
