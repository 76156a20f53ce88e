"""What a small server of one process needs: a port of its own, uvicorn without noise, and a good end on a signal.

Knows sockets and signals; nothing of what is served.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from ..errors import InputError


def listen(host: str, port: int, waiting: int) -> socket.socket:
    """A socket that listens; `port` 0 takes a free one, `waiting`: clients that may queue. Raises InputError for an
    address that cannot be taken."""
    if not 0 <= port <= 65535:
        raise InputError(f"--port should be between 0 and 65535, got {port}")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(found[0], found[1])
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(found[4])
            listening.listen(waiting)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        hint = "choose another with --port, or --port 0 for a free one" if port else "choose another with --host"
        raise InputError(f"cannot listen on {host} port {port} ({error.strerror}); {hint}") from None
    return listening


def quiet(application: Any, drain_s: int, **more: Any) -> uvicorn.Config:
    """Settings for an ASGI application that says itself what is to be said; `drain_s`: for requests in flight."""
    return uvicorn.Config(
        application,
        loop="auto",
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=drain_s,
        **more,
    )


class QuietServer(uvicorn.Server):
    """uvicorn, ending with exit code 0 on SIGTERM and Ctrl-C."""

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
        self.should_exit = True
