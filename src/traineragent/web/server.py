"""Runs the page: opens the port, says the address with its token, and ends what it started when it is told to end.

The only module here that knows the process; sockets and signals are in `serve.listening`.
"""

from __future__ import annotations

import os
import secrets
import shlex
import socket
import sys
import threading
import webbrowser
from pathlib import Path
from urllib.parse import quote

from ..errors import InputError
from ..serve.guard import is_loopback
from ..serve.listening import QuietServer, listen, quiet
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
    listening = listen(host, port, waiting=128)
    try:
        port = listening.getsockname()[1]
        door = Door(secrets.token_urlsafe(24), is_loopback(host), port)
        jobs, services = Jobs(root / OWN / "jobs"), Services(root / OWN / "services.json")
        services.end_left_behind()
        server = QuietServer(quiet(Site(Runs(root, jobs), jobs, services, door), DRAIN_S))
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
