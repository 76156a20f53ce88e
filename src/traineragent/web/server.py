"""Runs the page: opens the port, says the address with its token, and ends what it started when it is told to end.

The only module here that knows sockets, signals and the process.
"""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uvicorn

from ..errors import InputError
from ..serve.guard import is_loopback
from ..store.files import room_checked
from ..store.runfolder import JOURNAL
from .app import Site
from .door import Door
from .jobs import Jobs
from .runs import OWN, Runs, name_of
from .services import Services

DRAIN_S = 2


def run_ui(root: Path, *, host: str = "127.0.0.1", port: int = 8500, opens: bool | None = None) -> None:
    """Shows the page until SIGTERM or Ctrl-C. Services it started end with it; runs it started are interrupted and can
    be gone on with. `port` 0 takes a free one; `opens`: a browser is opened, None where a person sits before one.

    Raises InputError for an address that cannot be taken and a folder that cannot hold runs."""
    root = _root(root)
    listening = _listen(host, port)
    try:
        port = listening.getsockname()[1]
        door = Door(secrets.token_urlsafe(24), is_loopback(host), port)
        jobs, services = Jobs(root / OWN / "jobs"), Services(root / OWN / "services.json")
        services.end_left_behind()
        server = _Server(_config(Site(Runs(root, jobs), jobs, services, door)))
        with server.capture_signals():
            address = _address(host, port, door.token)
            _say(f"TrainerAgent is at {address}", f"runs are kept in {root}; Ctrl-C ends the page")
            if _should_open(opens):
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
            try:
                server.run(sockets=[listening])
            finally:
                _end(root, jobs, services)
    finally:
        listening.close()


def _root(root: Path) -> Path:
    root = root.expanduser().resolve()
    if (root / JOURNAL).is_file():
        raise InputError(
            f"{root} is itself a run; name the folder that holds runs: --root {shlex.quote(str(root.parent))}"
        )
    try:
        with room_checked(str(root)):
            root.mkdir(parents=True, exist_ok=True)
            (root / OWN).mkdir(exist_ok=True, mode=0o700)
    except FileExistsError:
        raise InputError(f"{root} is no folder; name one that holds runs, or is to hold them, with --root") from None
    except NotADirectoryError:
        raise InputError(f"{root} lies below a file; name another folder with --root") from None
    return root


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise InputError(f"--port should be between 0 and 65535, got {port}")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(found[0], found[1])
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(found[4])
            listening.listen(128)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        hint = "choose another with --port, or --port 0 for a free one" if port else "choose another with --host"
        raise InputError(f"cannot listen on {host} port {port} ({error.strerror}); {hint}") from None
    return listening


def _address(host: str, port: int, token: str) -> str:
    """As a person types it: an address that stands for all of this machine is told by its name."""
    name = socket.gethostname() if host in ("0.0.0.0", "::", "") else host
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{port}/?token={quote(token)}"


def _should_open(said: bool | None) -> bool:
    if said is not None:
        return said
    seen = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return seen and sys.stderr is not None and sys.stderr.isatty()


def _config(site: Site) -> uvicorn.Config:
    return uvicorn.Config(
        site,
        loop="auto",
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_S,
    )


class _Server(uvicorn.Server):
    """uvicorn, ending with exit code 0 on SIGTERM."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handlers for the time of the page. Unlike uvicorn's, signals are not raised again afterwards."""
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


def _end(root: Path, jobs: Jobs, services: Services) -> None:
    """Ends services, interrupts runs, and says so."""
    count = services.stop_all()
    names = [name for key in jobs.stop_mine() if (name := name_of(key))]
    if count:
        _say("1 service ended." if count == 1 else f"{count} services ended.")
    for name in names:
        _say(f"interrupted {name}; go on with: traineragent resume {shlex.quote(str(root / name))}")
    _say("the page is closed.")


def _say(*lines: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.stderr.flush()
