"""A chat-completions server on the loopback that answers as a test tells it to: well, badly, late or not at all."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "openai:test-model"
KEY = "sk-canary-7f3a9c2e5b1d"


@dataclass(frozen=True)
class Said:
    """One HTTP answer. `text` or `operations` make a chat completion; `raw` is sent as it is."""

    operations: Sequence[dict[str, Any]] | None = None
    text: str | None = None
    raw: bytes | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    usage: dict[str, int] | None = None
    hang_up: bool = False


PLANNED = Said(operations=[{"do": "as_planned", "args": {}, "why": "the plan suits"}])
NOTHING = Said(operations=[])

Behave = Callable[["Asked"], Said]


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    number: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def text(self) -> str:
        return "\n".join(str(m.get("content")) for m in self.body["messages"])

    @property
    def allowed(self) -> set[str]:
        """Names of the operations that may be used, as the schema of the tool says."""
        items = self.body["tools"][0]["function"]["parameters"]["properties"]["operations"]["items"]
        return {o["properties"]["do"]["enum"][0] for o in items.get("anyOf", [items])}


def agreeable(asked: Asked) -> Said:
    """Takes every plan as it is; has nothing to add where there is none."""
    return PLANNED if "as_planned" in asked.allowed else NOTHING


class _Quiet(ThreadingHTTPServer):
    """Says nothing of clients that go away, as they may."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Chat:
    """`asked` holds every request. `address` is what OPENAI_BASE_URL should say."""

    def __init__(self, behave: Behave) -> None:
        self.behave, self.asked = behave, []  # type: ignore[var-annotated]
        self._lock = threading.Lock()
        chat = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                return None

            def do_GET(self) -> None:
                _send(self, 200, json.dumps({"object": "list", "data": [{"id": "test-model"}]}).encode(), {})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                with chat._lock:
                    asked = Asked(len(chat.asked), body, {k.lower(): v for k, v in self.headers.items()})
                    chat.asked.append(asked)
                _answer(self, chat.behave(asked), asked)

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": self.address}


@contextmanager
def chatting(behave: Behave = agreeable) -> Iterator[Chat]:
    chat = Chat(behave)
    try:
        yield chat
    finally:
        chat.close()


def _answer(handler: BaseHTTPRequestHandler, said: Said, asked: Asked) -> None:
    if said.wait_s:
        time.sleep(said.wait_s)
    if said.hang_up:
        handler.close_connection = True
        handler.connection.close()
        return
    body = said.raw if said.raw is not None else json.dumps(_completion(said, asked)).encode()
    _send(handler, said.status, body, said.headers)


def _completion(said: Said, asked: Asked) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said.text}
    if said.operations is not None:
        arguments = json.dumps({"operations": list(said.operations)})
        call = {"id": "call-1", "type": "function", "function": {"name": "answer", "arguments": arguments}}
        message["tool_calls"] = [call]
    usage = said.usage or {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if said.operations is not None else "stop"}
    return {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1,
        "model": "test-model",
        "choices": [choice],
        "usage": usage,
    }


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    try:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
    except (BrokenPipeError, ConnectionResetError):
        return  # the client gave up, as it may
