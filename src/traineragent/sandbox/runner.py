"""The locked process: reads one piece of work, locks itself, runs the code, writes one answer.

Started by `box.py` with nothing in its environment. What it writes is data that the other side does not trust.
"""

from __future__ import annotations

import json
import math
import os
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import tracing
from .lockdown import lock

OTHER = "<other>"
_LENGTH = struct.Struct(">Q")


def main() -> None:
    """Standard input: a line of JSON, then the columns' float32 values, row by row. Standard output: the length of the
    JSON answer, the answer, then float64 values where there are any."""
    data = sys.stdin.buffer.read()
    header, _, payload = data.partition(b"\n")
    work = json.loads(header)
    with np.errstate(all="ignore"):
        np.log(np.ones(2, np.float32))  # what numpy sets up when it is first used is set up now
        np.isin(np.array(["a"]), ["b"])
    ways = _ways_out() if work.get("probe") else {}
    layers = lock(memory_mb=work["memory_mb"], seconds=work["seconds"], keep=1)
    if ways:
        _answer({"layers": layers, "open": _still_open(ways)})
    else:
        _answer(*_feature(work, payload, layers))
    os._exit(0)


def _feature(work: Mapping[str, Any], payload: bytes, layers: list[str]) -> tuple[dict[str, Any], bytes]:
    found: dict[str, Any] = {"layers": layers}
    values = b""
    try:
        columns = work["columns"]
        x = np.frombuffer(payload, dtype=np.float32).reshape(-1, len(columns))
        function = _compiled(work["source"])
        with np.errstate(all="ignore"):
            result = np.asarray(function(_arrays(x, columns)), dtype=np.float64)
        if result.shape != (len(x),):
            raise tracing.CannotFollow(f"the result has the shape {result.shape}, not one number a row")
        values = result.tobytes()
        found["steps"] = tracing.follow(function, columns)
    except tracing.CannotFollow as error:
        found["refused"] = str(error)
    except BaseException as error:  # noqa: BLE001  code of others may raise anything
        found["refused"] = _told(error)
    return found, values


def _compiled(source: str) -> Any:
    scope: dict[str, Any] = {"np": np, "numpy": np, "math": math, "__name__": "feature"}
    exec(compile(source, "<feature>", "exec"), scope)
    if not callable(scope.get("feature")):
        raise tracing.CannotFollow("it should define a function feature(columns)")
    return scope["feature"]


def _arrays(x: Any, columns: list[dict[str, Any]]) -> dict[str, Any]:
    """Columns as the function sees them: float64 numbers with NaN where missing; words with "" where missing."""
    out: dict[str, Any] = {}
    for j, column in enumerate(columns):
        levels = column.get("levels")
        if not levels:
            out[column["name"]] = x[:, j].astype(np.float64)
            continue
        words = np.array([*levels, OTHER, ""])
        code = np.where(np.isnan(x[:, j]), len(levels) + 1, np.minimum(x[:, j], len(levels)))
        out[column["name"]] = words[code.astype(np.int64)]
    return out


def _told(error: BaseException) -> str:
    """An error in words, with the line of the function where it arose."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<feature>":
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError):
        line = error.lineno
    where = f" in line {line}" if line else ""
    return f"{type(error).__name__}{where}: {str(error)[:300]}"


def _ways_out() -> dict[str, Callable[[], object]]:
    """What the locked process must not be able to do, each to be tried for real."""
    import socket

    return {
        "reading files": lambda: open("/etc/passwd", "rb").read(1),
        "writing files": lambda: open("/tmp/traineragent-probe", "wb"),
        "listing folders": lambda: os.listdir("/"),
        "network": socket.socket,
        "users": lambda: os.setuid(0),
        "signals": lambda: os.kill(os.getppid(), 0),
        "processes": lambda: os.fork() or os._exit(0),
        "programs": lambda: os.execv("/bin/true", ["true"]),
    }


def _still_open(ways: Mapping[str, Callable[[], object]]) -> list[str]:
    found = []
    for name, way in ways.items():
        try:
            way()
        except OSError:
            continue
        found.append(name)
    return found


def _answer(found: Mapping[str, Any], values: bytes = b"") -> None:
    head = json.dumps(found).encode()
    data = _LENGTH.pack(len(head)) + head + values
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


if __name__ == "__main__":
    main()
