"""The process that trains: reads one JSON line a piece of work, does it, answers in JSON lines.

Started by `engine/compute/child.py`. Its answers go over a private pipe, so nothing that a library prints can garble
them. It knows nothing of plans, budgets or what comes next.
"""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from ..domain.run import Candidate, Trial
from ..errors import InputError, Paused
from ..knowledge.force import put_in_force

PR_SET_PDEATHSIG = 1
IDLE_S = 0.05
Say = Callable[[Mapping[str, Any]], None]


class Worker:
    """Does pieces of work; imports are paid for once."""

    def __init__(self, settings: Mapping[str, Any], say: Say) -> None:
        self.settings = settings
        self.say = say

    def warm(self, wanted: Callable[[], bool]) -> None:
        """Pays for imports, in the order in which they will be needed, until there is work."""
        for name in self.settings.get("warm", ("traineragent.engine.training",)):
            if wanted():
                return
            importlib.import_module(name)

    def do(self, message: Mapping[str, Any]) -> None:
        """One piece of work. Whatever goes wrong in it becomes an answer."""
        if message.get("log"):
            _send_stderr_to(Path(message["log"]))
        try:
            work = {"train": self.train, "call": self.call}[message["do"]]
            self.say({"value": work(message)})
        except Exception as error:  # noqa: BLE001  a trial's fault is a result
            traceback.print_exc()
            self.say({"error": _told(error)})

    def train(self, message: Mapping[str, Any]) -> dict[str, Any]:
        given = message["trial"]
        trial = Trial(given["index"], Candidate(**given["candidate"]), given["time_limit_s"])
        before = time.process_time()
        result = _function(message["function"])(
            Path(self.settings["data"]),
            trial,
            metric=message["metric"],
            seed=self.settings["seed"],
            threads=self.settings["threads"],
            folder=Path(message["folder"]),
            deadline=message["deadline"],
            rivals=message["rivals"],
            progress=self._progress,
        )
        return asdict(replace(result, cpu_s=round(time.process_time() - before, 3)))

    def _progress(self, fold: int, folds: int, score: float | None) -> None:
        self.say({"progress": {"fold": fold, "folds": folds, "score": score}})

    def call(self, message: Mapping[str, Any]) -> Any:
        """Any function by path "package.module:function", with JSON arguments and a JSON answer."""
        value = _function(message["function"])(**message["args"])
        return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _function(path: str) -> Callable[..., Any]:
    """The function at "package.module:function"."""
    module, _, name = path.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def _told(error: Exception) -> dict[str, Any]:
    """An error as JSON: its type, its last line, and what the other side needs to raise it again where it matters."""
    text = str(error).strip().splitlines()
    told: dict[str, Any] = {"type": type(error).__name__, "line": (text or [""])[-1][:500]}
    if isinstance(error, InputError):
        told["input"] = {"message": str(error), "file": error.file, "row": error.row, "column": error.column}
    if isinstance(error, Paused):
        told["paused"] = str(error)
    if isinstance(error, OSError):
        told["errno"] = error.errno
    return told


def _send_stderr_to(path: Path) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 2)
    os.close(file)


def _end_with_parent(parent: int) -> None:
    """The kernel ends this process with its parent, also while it hangs in C code (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # the parent went before the line above


def _private_pipes() -> tuple[TextIO, Say]:
    """The protocol's ends, moved off 0 and 1; what libraries print goes to the log."""
    commands = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.dup(1)
    os.set_inheritable(answers, False)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    lock = threading.Lock()

    def say(message: Mapping[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\n"
        with lock:
            while data:
                data = data[os.write(answers, data) :]

    return commands, say


def _read(commands: TextIO, inbox: list[str], arrived: threading.Semaphore) -> None:
    """Passes lines on; the end of input means that nobody needs us any more."""
    for line in commands:
        inbox.append(line)
        arrived.release()
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Serves until the input ends. Arguments: the parent's process id, the settings as JSON."""
    parent, settings = int(sys.argv[1]), json.loads(sys.argv[2])
    _end_with_parent(parent)
    if settings.get("overlay"):
        put_in_force(Path(settings["overlay"]))
    commands, say = _private_pipes()
    faulthandler.enable(file=2, all_threads=False)
    faulthandler.register(signal.SIGUSR1, file=2, all_threads=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    inbox: list[str] = []
    arrived = threading.Semaphore(0)
    threading.Thread(target=_read, args=(commands, inbox, arrived), daemon=True).start()
    worker = Worker(settings, say)
    if not arrived.acquire(timeout=IDLE_S):  # nobody waits yet: a good moment to warm up
        worker.warm(lambda: bool(inbox))
        arrived.acquire()
    arrived.release()
    while arrived.acquire():
        worker.do(json.loads(inbox.pop(0)))


if __name__ == "__main__":
    main()
