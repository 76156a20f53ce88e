"""Runs the service of a bundle: opens the port, says where it is, and ends well when it is told to.

The only module here that knows sockets, signals and the process.
"""

from __future__ import annotations

import gc
import ipaddress
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from ..errors import InputError
from .guard import Guard, is_loopback

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
    listening = _listen(host, port)
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


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise InputError(f"--port should be between 0 and 65535, got {port}")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
        listening = socket.socket(family, kind)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(2048)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        hint = "choose another with --port, or --port 0 for a free one" if port else "choose another with --host"
        raise InputError(f"cannot listen on {host} port {port} ({error.strerror}); {hint}") from None
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


class Server(uvicorn.Server):
    """uvicorn, ending with exit code 0 on SIGTERM and telling the service first."""

    def __init__(self, service: Service, drain_s: float) -> None:
        super().__init__(_config(service, drain_s))
        self._service = service

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handlers for the time of serving. Unlike uvicorn's, signals are not raised again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {s: signal.signal(s, self.handle_exit) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: Any) -> None:
        self._service.drain()
        if self.should_exit and sig == signal.SIGINT:  # a second Ctrl-C does not wait
            self.force_exit = True
        self.should_exit = True


def _config(service: Service, drain_s: float) -> uvicorn.Config:
    return uvicorn.Config(
        service,
        loop="auto",
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, round(drain_s)),
    )


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
