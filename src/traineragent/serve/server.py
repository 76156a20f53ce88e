"""Runs the service of a bundle: opens the port, says where it is, and ends well when it is told to.

The only module here that knows the process; sockets and signals are in `listening`.
"""

from __future__ import annotations

import gc
import ipaddress
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .guard import Guard, is_loopback
from .listening import QuietServer, listen, quiet

if TYPE_CHECKING:
    from .app import Limits, Service

DRAIN_S = 8  # requests in flight get this long after SIGTERM


def run_server(
    bundle: Path | str,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    threads: int = 1,
    limits: Limits | None = None,
    drain_s: float = DRAIN_S,
) -> None:
    """Serves a bundle folder until SIGTERM or Ctrl-C; requests in flight are finished first (`drain_s`).

    `port` 0 takes a free one. Raises InputError for a bundle that cannot be served, an address that cannot be taken,
    and an address that others can reach when there is no token."""
    check_address(host, token)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # numpy's own threads would only cost memory
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from .app import Service
    from .served import open_bundle

    service = Service(open_bundle(bundle, threads), Guard(token, is_loopback(host)), limits)
    listening = listen(host, port, waiting=2048)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = Server(service, drain_s)
    _warm(service)
    gc.collect()
    gc.freeze()  # what is loaded now stays; collections need not walk over it again
    try:
        with server.capture_signals():  # from here on a signal ends it well, also between this line and the next
            _say(service, listening)
            server.run(sockets=[listening])
    finally:
        service.close()
        listening.close()
        gc.unfreeze()


def check_address(host: str, token: str | None) -> None:
    """Raises InputError where strangers could ask without a token, or the token is empty."""
    if token is not None and not token.strip():
        raise InputError("the token is empty; give one with --token, or leave --token out to serve this machine only")
    if token is None and not is_loopback(host):
        raise InputError(
            f"--host {host} lets other machines ask, so a token is needed: add --token T (or set SERVE_TOKEN), "
            "or serve this machine only with --host 127.0.0.1"
        )


class Server(QuietServer):
    """Tells the service first that it is to end."""

    def __init__(self, service: Service, drain_s: float) -> None:
        super().__init__(quiet(service, max(1, round(drain_s)), timeout_keep_alive=75))
        self._service = service

    def handle_exit(self, sig: int, frame: Any) -> None:
        self._service.drain()
        if self.should_exit and sig == signal.SIGINT:  # a second Ctrl-C does not wait
            self.force_exit = True
        self.should_exit = True


def _warm(service: Service) -> None:
    """One prediction before the first client waits for it; it is not counted."""
    example = service.predictor.manifest.facts.get("example")
    if example:
        service.predictor.answer([example])


def _say(service: Service, listening: socket.socket) -> None:
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    where = f"http://{shown}:{port}"
    sys.stderr.write(f"serving {service.predictor.manifest.name} on {where} (try: {where}/try)\n")
    sys.stderr.flush()
