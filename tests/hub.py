"""A hub of the tests' own on 127.0.0.1: repositories are folders `models/owner/name` and `datasets/owner/name`."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def allow_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undoes what `conftest.py` forbids; the library reads the variable once, so where another test of this process has
    loaded it already, what it remembers is undone too."""
    from huggingface_hub import constants

    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


@contextmanager
def hub(root: Path) -> Iterator[tuple[str, list[str]]]:
    """(address, the requests so far) while it runs."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            return

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def _answer(self, body: bool) -> None:
            asked.append(self.path)
            path = unquote(self.path.partition("?")[0]).strip("/")
            if path.startswith("api/"):
                return self._about(path.removeprefix("api/"), body)
            kind, path = (
                ("datasets", path.removeprefix("datasets/")) if path.startswith("datasets/") else ("models", path)
            )
            name, _, rest = path.partition("/resolve/")
            file = root / kind / name / rest.partition("/")[2]
            return self._send(200, file.read_bytes(), body) if file.is_file() else self._send(404, b"", body)

        def _about(self, path: str, body: bool) -> None:
            kind, _, rest = path.partition("/")
            name, tree, revision = rest.partition("/tree/")
            if not tree:
                name, _, revision = rest.partition("/revision/")
            folder = root / kind / name
            if not folder.is_dir():
                return self._send(404, b"{}", body, {"X-Error-Code": "RepoNotFound"})
            if revision and revision not in ("main", COMMIT):
                return self._send(404, b"{}", body, {"X-Error-Code": "RevisionNotFound"})
            files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
            if tree:
                listed = [
                    {"type": "file", "path": f, "size": (folder / f).stat().st_size, "oid": _digest(folder / f)}
                    for f in files
                ]
                return self._send(200, json.dumps(listed).encode(), body)
            told = {
                "id": name,
                "sha": COMMIT,
                "siblings": [{"rfilename": f} for f in files],
                "tags": [],
                "downloads": 0,
            }
            return self._send(200, json.dumps(told).encode(), body)

        def _send(self, status: int, content: bytes, body: bool, more: dict[str, str] | None = None) -> None:
            self.send_response(status)
            headers = {
                "Content-Length": str(len(content)),
                "Content-Type": "application/json",
                "ETag": f'"{hashlib.sha1(content, usedforsecurity=False).hexdigest()}"',
                "X-Repo-Commit": COMMIT,
                **(more or {}),
            }
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _digest(file: Path) -> str:
    return hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()
