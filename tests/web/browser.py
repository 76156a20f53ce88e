"""A browser without a screen: keeps the cookie, sends the Origin, speaks with the real page in a process of its own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from product import start


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


@dataclass
class Browser:
    """`said`: what the program printed so far."""

    process: subprocess.Popen[bytes]
    said: str
    cookie: str = ""
    port: int = field(init=False)
    token: str = field(init=False)

    def __post_init__(self) -> None:
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", self.said)
        assert found, self.said
        self.port, self.token = int(found[1]), found[2]

    @classmethod
    def open(cls, root: Path, *options: str) -> Browser:
        """Starts the page and lets itself in."""
        process = start("ui", "--root", root, "--port", "0", "--no-open", *options)
        assert process.stderr is not None
        said = "".join(process.stderr.readline().decode() for _ in range(2))
        browser = cls(process, said)
        entered = browser.ask("GET", f"/?token={browser.token}", {"Accept": "text/html"})
        assert entered.status == 303
        browser.cookie = entered.headers["set-cookie"].partition(";")[0]
        return browser

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request as it is, with nothing but the given headers."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            found = {k.lower(): v for k, v in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    @property
    def known(self) -> dict[str, str]:
        return {"Cookie": self.cookie, "Origin": f"http://127.0.0.1:{self.port}"}

    def get(self, path: str) -> Answer:
        return self.ask("GET", path, {**self.known, "Accept": "text/html"})

    def post(self, path: str, **body: Any) -> Answer:
        headers = {**self.known, "Content-Type": "application/json"}
        return self.ask("POST", path, headers, json.dumps(body).encode())

    def send(self, draft: str, path: str, content: bytes) -> Answer:
        return self.ask("PUT", f"/drafts/{draft}/files?path={quote(path, safe='')}", self.known, content)

    def draft(self) -> str:
        """The number of a fresh draft, as the first page gives it."""
        found = re.search(r'data-draft="([0-9a-f]+)"', self.get("/").text)
        assert found
        return found[1]

    def parts(self, path: str) -> dict[str, str]:
        found: dict[str, str] = self.get(f"{path}/live").json["parts"]
        return found

    def wait(self, path: str, condition: Callable[[dict[str, str]], bool], timeout: float = 120) -> dict[str, str]:
        """The parts of a page as soon as the condition holds."""
        end = time.monotonic() + timeout
        while not condition(parts := self.parts(path)):
            assert time.monotonic() < end, parts.get("banner", parts)
            time.sleep(0.2)
        return parts

    def close(self, how: signal.Signals = signal.SIGTERM) -> str:
        """Ends the page; returns what it said at its end."""
        self.process.send_signal(how)
        _, err = self.process.communicate(timeout=30)
        return err.decode()


def service_of(part: str) -> str:
    """The address of a service that a page names."""
    found = re.search(r'href="(http://127\.0\.0\.1:\d+)/"', part)
    assert found, part
    return found[1]


def wait_until_gone(address: str, timeout: float = 15) -> bool:
    end = time.monotonic() + timeout
    while reachable(address) and time.monotonic() < end:
        time.sleep(0.1)
    return not reachable(address)


def reachable(address: str) -> bool:
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", "/v2/health/live")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
