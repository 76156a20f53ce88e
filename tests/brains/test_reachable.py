"""Doctor says which providers answer, what to set for those that are not set up, and never a key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from chat import KEY, chatting
from traineragent.brains.reachable import Found, look


def found(environment: dict[str, str]) -> dict[str, Found]:
    nobody = {"OLLAMA_BASE_URL": "http://127.0.0.1:9/v1"}
    return {f.provider: f for f in look({**nobody, **environment}, timeout_s=3)}


def test_what_is_not_set_up_says_what_to_set() -> None:
    states = found({})
    assert states["openai"] == Found("openai", "not set up", "set OPENAI_API_KEY")
    assert states["google"].detail == "set GOOGLE_API_KEY or GEMINI_API_KEY"
    assert states["ollama"].state == "no answer"


def test_a_provider_that_answers_names_its_models() -> None:
    with chatting() as chat:
        openai = found(chat.environment)["openai"]
    assert openai == Found("openai", "answers", f"{chat.address}, 1 model: test-model")


class Odd(BaseHTTPRequestHandler):
    """Refuses, redirects and babbles; keeps the headers it saw."""

    seen: ClassVar[list[str]] = []

    def log_message(self, *_: object) -> None:
        return None

    def do_GET(self) -> None:
        self.seen.append(f"{self.path} {dict(self.headers)}")
        status, body = {"/a/v1/models": (401, b"{}"), "/g/v1beta/models": (200, b"babble")}.get(self.path, (302, b""))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def odd() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_refused_key_and_an_odd_server_are_told_apart_and_no_key_is_shown(odd: str) -> None:
    states = found(
        {
            "ANTHROPIC_API_KEY": KEY,
            "ANTHROPIC_BASE_URL": f"http://{odd}/a",
            "GOOGLE_API_KEY": KEY,
            "GOOGLE_GEMINI_BASE_URL": f"http://{odd}/g",
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"http://user:pass-word-1@{odd}/v1",
        }
    )
    assert {p: f.state for p, f in states.items() if p != "ollama"} == {
        "anthropic": "key refused",
        "google": "no answer",
        "openai": "no answer",
    }
    shown = json.dumps([f.detail for f in states.values()])
    assert KEY not in shown
    assert "pass-word-1" not in shown
    assert not any(line.startswith("/elsewhere") for line in Odd.seen)
