"""Starts the service of a bundle: python -m traineragent.serve BUNDLE, or serve.py in a bundle."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from .server import run_server


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until stopped. Returns the exit code: 0 when told to stop, 2 for bad usage, in words on stderr."""
    options = _parser().parse_args(arguments)
    try:
        token = options.token or os.environ.get("SERVE_TOKEN") or None
        if options.token_file is not None:
            token = _read_token(options.token_file)
        if options.until_stdin_closes:
            threading.Thread(target=_stop_with_parent, daemon=True).start()
        run_server(
            options.bundle,
            host=options.host,
            port=options.port,
            token=token,
            threads=options.threads,
            drain_s=options.drain,
        )
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="serve", description="Serve the model of a bundle over HTTP.")
    parser.add_argument("bundle", type=Path, help="folder that holds bundle.json")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port, 0 for a free one (default: %(default)s)")
    parser.add_argument("--token", help="ask every caller for this token; also from SERVE_TOKEN")
    parser.add_argument("--token-file", type=Path, help="file that holds the token")
    parser.add_argument("--threads", type=int, default=1, help="threads of one prediction (default: %(default)s)")
    parser.add_argument("--drain", type=float, default=8, help="seconds for requests in flight when it is told to stop")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when whoever started this is gone")
    return parser


def _stop_with_parent() -> None:
    """Waits until standard input closes, which it does when the process that holds its other end ends."""
    while os.read(0, 1024):  # not sys.stdin: its lock, held here, would abort the interpreter at exit
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _read_token(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(f"cannot read the token file {path} ({error.strerror})") from None


if __name__ == "__main__":
    sys.exit(main())
