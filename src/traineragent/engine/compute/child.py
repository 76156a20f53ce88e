"""One killable child process that does heavy work: started clean, spoken to in JSON lines, watched while it works.

It knows how to start, wait, and kill; what the work is, `engine/worker.py` knows on the other side of the pipe.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from ...config import without_secrets

POLL_S = 0.05  # how often memory and the clock are looked at
GRACE_S = 1.0  # a polite child that ends late is still heard so long
TRACE_S = 0.1  # time for a hanging child to write down where it hangs
MEMORY_SHARE = 0.8  # of what is free when the child starts
CGROUP_FILES = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
BLAS_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Linear algebra here is on small matrices: on a busy machine its threads wait longer than they work."""

Progress = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Outcome:
    """How a piece of work ended. `value` is the answer ("done") or the error's fields ("error"); `note` says in
    words what happened to a child that gave none."""

    kind: Literal["done", "error", "timeout", "memory", "crash"]
    value: Any = None
    note: str = ""


class Child:
    """A `python -m traineragent.engine.worker` in its own session. Not thread-safe: one piece of work at a time.

    It ends by itself when the thread that started it ends, even while it hangs in C code."""

    def __init__(self, settings: Mapping[str, Any], *, threads: int, memory_mb: float | None, log: Path) -> None:
        self.memory_mb = memory_mb if memory_mb is not None else free_memory_mb() * MEMORY_SHARE
        command = [sys.executable, "-P", "-m", "traineragent.engine.worker", str(os.getpid()), json.dumps(settings)]
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=clean_environment(threads),
                start_new_session=True,
                bufsize=0,
            )
        self._buffer = b""
        self._watched = psutil.Process(self._process.pid)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def work(self, message: Mapping[str, Any], timeout_s: float, progress: Progress | None = None) -> Outcome:
        """Sends one piece of work and waits for its answer, at most `timeout_s` plus a grace. A child that hangs,
        dies or eats too much memory is killed: afterwards `alive` tells whether it can be used again."""
        end = time.monotonic() + timeout_s
        try:
            self._send({**message, "deadline": end})  # one monotonic clock serves all processes of a machine
            for answer in self._answers(end + GRACE_S):
                if isinstance(answer, Outcome):
                    self.kill(traced=answer.kind == "timeout")
                    return answer
                if "value" in answer:
                    return Outcome("done", answer["value"])
                if "error" in answer:
                    return Outcome("error", answer["error"])
                if progress is not None and "progress" in answer:
                    progress(answer["progress"])
        except BaseException:  # an interrupted wait must leave no child at work
            self.kill()
            raise
        raise AssertionError("the answers end with an outcome")

    def kill(self, traced: bool = False) -> None:
        """Ends the child and everything it started, at once. `traced`: it first logs where it stands."""
        if traced and self.alive:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGUSR1)
                time.sleep(TRACE_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # a dead child is found when its answer is awaited
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    def _answers(self, end: float) -> Iterator[Mapping[str, Any] | Outcome]:
        """What the child says; ends with an Outcome when it can say no more."""
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while True:
            while b"\n" in self._buffer:
                line, _, self._buffer = self._buffer.partition(b"\n")
                yield json.loads(line)
            if select.select([pipe], [], [], POLL_S)[0]:
                data = os.read(pipe, 1 << 16)
                if not data:
                    yield Outcome("crash", note=self._cause_of_death())
                    return
                self._buffer += data
            if time.monotonic() > end:
                yield Outcome("timeout", note="the time limit passed")
                return
            if (used := self._memory_mb()) > self.memory_mb:
                yield Outcome(
                    "memory", note=f"it used {used:,.0f} MB of memory, over the limit of {self.memory_mb:,.0f}"
                )
                return

    def _memory_mb(self) -> float:
        """Private memory of the child and of its children. Mapped files do not count: the system can drop them."""
        total = 0
        with suppress(psutil.Error):
            for process in (self._watched, *self._watched.children(recursive=True)):
                memory = process.memory_info()
                total += memory.rss - getattr(memory, "shared", 0)
        return total / 1e6

    def _cause_of_death(self) -> str:
        try:
            code = self._process.wait(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            return "the process closed its answers and hung"
        if code == -signal.SIGKILL:
            return "the process was ended by the system, most likely out of memory"
        if code < 0:
            return f"the process crashed ({signal.strsignal(-code)})"
        return f"the process ended by itself with exit code {code}"


def clean_environment(threads: int) -> dict[str, str]:
    """This process's environment without anything that looks like a secret, with the thread counts set."""
    threaded = {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}
    return without_secrets() | dict.fromkeys(BLAS_VARIABLES, "1") | threaded


def free_memory_mb() -> float:
    """What can be used before something is killed: of the machine, or of the container if that is less."""
    free = float(psutil.virtual_memory().available)
    for limit_file, used_file in CGROUP_FILES:
        with suppress(OSError, ValueError):
            limit = float(Path(limit_file).read_text())
            free = min(free, limit - float(Path(used_file).read_text()))
    return free / 1e6
