"""Delivered models that are being served for whoever looks at the page: children as `traineragent serve` starts them.

They end with the page. Knows nothing of HTTP.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import TrainerError
from ..store.files import read_json, write_json
from ..store.journal import at_work
from .jobs import started_at

START_S = 60.0
END_S = 10.0
_ADDRESS = re.compile(r"http://[\w.\[\]:]+\d")


@dataclass(frozen=True)
class Served:
    """Where a service answers, and which version of the model."""

    address: str
    version: str


class Services:
    """At most one service a run. `record` names those that run, so that a page that is killed leaves none for good."""

    def __init__(self, record: Path) -> None:
        self._record = record
        self._running: dict[str, tuple[subprocess.Popen[str], Served]] = {}
        self._starting = threading.Lock()

    def of(self, run: str) -> Served | None:
        process, served = self._running.get(run, (None, None))
        return served if process is not None and process.poll() is None else None

    def start(self, run: str, folder: Path) -> Served:
        """Serves the run's bundle on a free port of this machine; what is served already goes on. Raises TrainerError
        with the service's own words where it does not start."""
        with self._starting:
            found = self.of(run)
            if found is not None:
                return found
            command = [sys.executable, "-m", "traineragent", "serve", str(folder), "--port", "0"]
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            timer = threading.Timer(START_S, process.kill)
            timer.start()
            try:
                served = Served(_address(process), version_of(folder))
            finally:
                timer.cancel()
            self._running[run] = process, served
            self._keep()
            return served

    def stop(self, run: str) -> None:
        process, _ = self._running.pop(run, (None, None))
        if process is not None:
            _end([process])
            self._keep()

    def end_left_behind(self) -> None:
        """Ends the services of a page that was killed; those of one that still runs are left alone."""
        left = read_json(self._record) if self._record.is_file() else {}
        if not left or at_work(*left["page"]):
            return
        for pid, started in left["services"]:
            if at_work(pid, started):
                os.kill(pid, signal.SIGTERM)

    def _keep(self) -> None:
        running = [started_at(p.pid) for p, _ in self._running.values() if p.poll() is None]
        write_json(self._record, {"page": started_at(os.getpid()), "services": running})

    def stop_all(self) -> int:
        """Ends all of them together; returns how many were running."""
        processes = [p for p, _ in self._running.values() if p.poll() is None]
        self._running.clear()
        _end(processes)
        if processes:
            self._keep()
        return len(processes)


def _address(process: subprocess.Popen[str]) -> str:
    """From the line that a service says when it is ready; whatever it says later is let go."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if found := _ADDRESS.search(line):
            threading.Thread(target=_drain, args=(process.stderr,), daemon=True).start()
            return found[0]
    process.wait()
    reason = said.strip().removeprefix("traineragent: ") or "it said nothing"
    raise TrainerError(f"the service did not start: {reason}")


def _drain(lines: Iterable[str]) -> None:
    with suppress(ValueError):  # closed under our hands
        for _ in lines:
            pass


def version_of(folder: Path) -> str:
    """The version of the bundle that lies in a run; "" where none can be read."""
    try:
        return str(json.loads((folder / "bundle" / "bundle.json").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return ""


def _end(processes: Iterable[subprocess.Popen[str]]) -> None:
    processes = list(processes)
    for process in processes:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()
