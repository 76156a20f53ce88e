"""Work done in child processes of their own: started, found again after a restart, stopped politely, and how it ended.

A child outlives the page and the browser; what it says at its end lies in a file. Knows nothing of what the work is.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from ..errors import InputError
from ..store.files import read_json, write_json
from ..store.journal import at_work, now

STOP_WAIT_S = 6.0
LOOK_S = 0.05


@dataclass(frozen=True)
class Job:
    """`asked`: what it was started with. `ended`: what it said at its end, {"exit_code", "said", …}; None while it
    works, and where it ended without a word."""

    asked: Mapping[str, Any]
    at_work: bool
    ended: Mapping[str, Any] | None

    @property
    def failed(self) -> str:
        """What went wrong, in a sentence; "" while it works and where it came to a proper end."""
        if self.at_work:
            return ""
        if self.ended is None:
            return "the work ended without a word, as when the machine is switched off or runs out of memory"
        return str(self.ended["said"]) if self.ended["exit_code"] in (1, 2) else ""


class Jobs:
    """The jobs of one folder, by key; at most one of a key is at work at a time."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._mine: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, key: str, asked: Mapping[str, Any]) -> None:
        """Raises InputError when work of this key is under way."""
        if self.find(key) is not None and self._is_at_work(key):
            raise InputError("this is being worked on already; wait for it or stop it")
        folder = self._home / key
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "traineragent.web.work"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        self._mine[key] = process
        record = {"process": started_at(process.pid), "at": now(), "asked": dict(asked)}
        write_json(folder / "job.json", record)
        told = json.dumps({**asked, "ended": str(folder / "ended.json")})
        assert process.stdin is not None
        with suppress(BrokenPipeError), process.stdin as pipe:  # a child that died at once is told as such
            pipe.write(told.encode())

    def find(self, key: str) -> Job | None:
        """The last job of this key; None where there was none."""
        folder = self._home / key
        if not (folder / "job.json").is_file():
            return None
        working = self._is_at_work(key)  # first: a child writes its last words before it ends
        ended = read_json(folder / "ended.json") if (folder / "ended.json").is_file() else None
        return Job(read_json(folder / "job.json")["asked"], working, ended)

    def stop(self, key: str) -> None:
        """Asks it to end as Ctrl-C does, and waits for it."""
        record = self._record(key)
        if record is not None and self._is_at_work(key):
            interrupt(record["process"][0])

    def mine_at_work(self) -> list[str]:
        """Keys of those that were started here and still work."""
        return [key for key in list(self._mine) if self._is_at_work(key)]

    def stop_mine(self) -> list[str]:
        """Ends all that were started here and still work; returns their keys."""
        found = self.mine_at_work()
        for key in found:
            with suppress(ProcessLookupError):
                os.kill(self._mine[key].pid, signal.SIGINT)
        for key in found:
            with suppress(subprocess.TimeoutExpired):
                self._mine[key].wait(STOP_WAIT_S)
        return found

    def _record(self, key: str) -> dict[str, Any] | None:
        path = self._home / key / "job.json"
        found: dict[str, Any] | None = read_json(path) if path.is_file() else None
        return found

    def _is_at_work(self, key: str) -> bool:
        if key in self._mine:
            return self._mine[key].poll() is None
        record = self._record(key)
        return record is not None and at_work(*record["process"])


def interrupt(pid: int) -> None:
    """Asks a process to end as Ctrl-C does, and waits a while for it. Raises InputError where that is not allowed."""
    try:
        process = psutil.Process(pid)
        process.send_signal(signal.SIGINT)
    except psutil.AccessDenied:
        raise InputError(f"process {pid} belongs to somebody else; ask them to stop it") from None
    except psutil.Error:
        return
    end = time.monotonic() + STOP_WAIT_S
    with suppress(psutil.Error):
        while time.monotonic() < end and process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(LOOK_S)


def started_at(pid: int) -> tuple[int, float]:
    """(number, start) of a process, by which it is known again whatever gets its number later."""
    try:
        return pid, float(psutil.Process(pid).create_time())
    except psutil.Error:
        return pid, 0.0
