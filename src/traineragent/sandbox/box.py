"""Starts the locked process, gives it work, and takes nothing from it on trust: bounded time, memory and output.

Which lock holds on this machine is found by trying: a probe attempts what must be refused. The strongest that holds is
used: bubblewrap around all the rest; Landlock and a filter of system calls; the filter alone; else only limits.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

BUBBLEWRAP, LANDLOCK, SECCOMP, LIMITS = "bubblewrap", "landlock", "seccomp", "limits"
TIERS = {
    BUBBLEWRAP: "bubblewrap, a filter of system calls and limits",
    LANDLOCK: "Landlock, a filter of system calls and limits",
    SECCOMP: "a filter of system calls and limits",
    LIMITS: "limits of time and memory only",
}
STRONG = (BUBBLEWRAP, LANDLOCK, SECCOMP)
SECONDS, MEMORY_MB = 20, 1024
START_S = 60  # a busy machine may take so long to start a process; what runs then is bounded by processor time
LARGEST_ANSWER = 1 << 20  # bytes of JSON
_START = (
    "import sys, json; sys.path[:0] = json.loads(sys.argv[1]); from traineragent.sandbox.runner import main; main()"
)
_LENGTH = struct.Struct(">Q")
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Ran:
    """What came out of the box. `steps`: the function as a list of steps, not yet checked; `values` float64 (rows,):
    what it gave for the rows; `refused`: why there are no steps."""

    steps: Any = None
    values: np.ndarray | None = None
    refused: str = ""


@cache
def strongest() -> str:
    """The strongest tier that holds on this machine, by trying; see TIERS."""
    if shutil.which("bwrap"):
        found = _probe(BUBBLEWRAP)
        if found is not None and not found["open"]:
            return BUBBLEWRAP
    found = _probe(LIMITS)
    if found is None or found["open"] or "seccomp" not in found["layers"]:
        return LIMITS
    return LANDLOCK if "landlock" in found["layers"] else SECCOMP


def run_feature(
    source: str,
    columns: Sequence[Mapping[str, Any]],
    x: np.ndarray,
    *,
    tier: str,
    seconds: int = SECONDS,
    memory_mb: int = MEMORY_MB,
) -> Ran:
    """Runs `feature(columns)` of `source` over x float32 (rows, columns); `columns` [{"name", "levels"}]."""
    import numpy as np

    payload = np.ascontiguousarray(x, dtype=np.float32).tobytes()
    work = {"source": source, "columns": list(columns)}
    found, rest = _worked(work, payload, tier, seconds, memory_mb, most=8 * len(x))
    if found is None:
        return Ran(refused=rest.decode())
    refused = str(found.get("refused", ""))[:500]
    values = np.frombuffer(rest, dtype=np.float64) if len(rest) == 8 * len(x) else None
    if not refused and (values is None or "steps" not in found):
        refused = "it ended without an answer"
    return Ran(found.get("steps"), values, refused)


def _probe(tier: str) -> dict[str, Any] | None:
    found, _ = _worked({"probe": True}, b"", tier, SECONDS, 256, most=0)
    if found is None or not isinstance(found.get("open"), list) or not isinstance(found.get("layers"), list):
        return None
    return found


def _worked(
    work: dict[str, Any], payload: bytes, tier: str, seconds: int, memory_mb: int, most: int
) -> tuple[dict[str, Any] | None, bytes]:
    """(answer, what follows it), or (None, why there is none)."""
    head = json.dumps({**work, "seconds": seconds, "memory_mb": memory_mb}).encode() + b"\n"
    try:
        process = subprocess.Popen(
            _command(tier),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        return None, f"the sandbox could not be started: {error.strerror}".encode()
    late = threading.Event()

    def end() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(START_S + seconds, end)
    timer.start()
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(head + payload)
            process.stdin.close()
        data = process.stdout.read(_LENGTH.size + LARGEST_ANSWER + most + 1)
    finally:
        timer.cancel()
        _kill(process)
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        code = process.wait()
    return _read(data, most) or (None, _ended(code, late.is_set(), seconds).encode())


def _read(data: bytes, most: int) -> tuple[dict[str, Any], bytes] | None:
    if len(data) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(data)
    rest = data[_LENGTH.size + length :]
    if length > LARGEST_ANSWER or len(data) < _LENGTH.size + length or len(rest) > most:
        return None
    try:
        found = json.loads(data[_LENGTH.size : _LENGTH.size + length])
    except (ValueError, RecursionError):
        return None
    return (found, rest) if isinstance(found, dict) else None


def _ended(code: int, late: bool, seconds: int) -> str:
    if late or code == -signal.SIGXCPU:
        return f"it took longer than {seconds} s"
    if code == -signal.SIGSYS:
        return "it asked the system for something that is not allowed"
    return "it ended without an answer that can be read (out of memory, or ended on purpose)"


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)


def _command(tier: str) -> list[str]:
    places = _places()
    python = [sys.executable, "-I", "-S", "-c", _START, json.dumps(places)]
    if tier != BUBBLEWRAP:
        return python
    read_only = [sys.base_prefix, sys.prefix, *places, "/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache"]
    binds = [part for path in read_only if os.path.exists(path) for part in ("--ro-bind", path, path)]
    return [
        shutil.which("bwrap") or "bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--uid", "65534",
        "--gid", "65534", "--die-with-parent", "--new-session", "--cap-drop", "ALL", *binds, "--dev", "/dev",
        "--chdir", "/", "--", *python,
    ]  # fmt: skip


def _places() -> list[str]:
    """The folders that hold this package and numpy."""
    numpy = find_spec("numpy")
    assert numpy is not None
    assert numpy.origin is not None
    own = Path(__file__).resolve().parents[2]
    return list(dict.fromkeys([str(own), str(Path(numpy.origin).resolve().parents[1])]))
