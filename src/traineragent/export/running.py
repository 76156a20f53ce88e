"""A bundle's service as a child process, to measure it and run its examples; it never outlives its parent."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO

import psutil

from ..config import without_secrets
from ..errors import TrainerError

_SERVING = re.compile(rb"serving \S+ on http://([0-9.]+):(\d+)")


class Running:
    """Context manager: starts `serve.py` of a bundle on a free loopback port and waits until it is ready.

    `address` is "http://127.0.0.1:PORT", `ready_s` the seconds from start to ready. Raises TrainerError with the
    service's own words when it does not start within `patience_s`."""

    def __init__(self, bundle: Path, patience_s: float = 60.0) -> None:
        self.bundle, self.patience_s = bundle, patience_s
        self.port, self.ready_s = 0, 0.0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Running:
        started = time.monotonic()
        self._log: IO[bytes] = tempfile.TemporaryFile()
        command = [
            sys.executable,
            "-B",
            str(self.bundle.absolute() / "serve.py"),
            "--port",
            "0",
            "--until-stdin-closes",
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # closes when this process dies, however it dies
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            env={k: v for k, v in without_secrets().items() if k != "PYTHONPATH"},
            cwd=tempfile.gettempdir(),
        )
        try:
            self._wait(started + self.patience_s)
        except BaseException:
            self._stop()
            raise
        self.ready_s = time.monotonic() - started
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def memory_mb(self) -> float:
        """Resident memory of the service, bytes / 1e6."""
        return float(psutil.Process(self._process.pid).memory_info().rss) / 1e6

    def connect(self) -> socket.socket:
        """A connection to the service."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _wait(self, deadline: float) -> None:
        """The service says where it listens once it can answer."""
        while time.monotonic() < deadline:
            if match := _SERVING.search(self._said()):
                self.port = int(match[2])
                return
            if self._process.poll() is not None:
                raise TrainerError(f"the service did not start: {self._last_words()}")
            time.sleep(0.01)
        raise TrainerError(f"the service did not start within {self.patience_s:g} s: {self._last_words()}")

    def _said(self) -> bytes:
        return os.pread(self._log.fileno(), 65_536, 0)

    def _last_words(self) -> str:
        lines = self._said().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"it said nothing (exit code {self._process.poll()})"

    def _stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
