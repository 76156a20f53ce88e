"""The service as an ASGI application: POST /predict on a short path of its own, everything else through Starlette.

Knows HTTP and the predictor; nothing of sockets, signals or training.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from ..errors import RowError
from .answers import BrokenAnswer
from .body import Gone, Refused, parse_json, read_body
from .codecs.table import shown
from .guard import Guard, Refusal
from .monitor import Monitor
from .pages import pages
from .protocol import protocol
from .served import Served

log = logging.getLogger("traineragent.serve")


@dataclass(frozen=True)
class Limits:
    """What one client may take. Above `inline_bytes` a request is worked on in a thread, so that others go on."""

    rows: int = 10_000
    body_bytes: int = 16_000_000
    inline_bytes: int = 65_536
    in_flight: int = 512
    queue: int = 16
    workers: int = 2


class Service:
    """The ASGI application of one bundle. `drain` makes it refuse new work; what is in flight is finished."""

    def __init__(self, predictor: Served, guard: Guard, limits: Limits | None = None) -> None:
        manifest = predictor.manifest
        self.predictor, self.guard, self.limits = predictor, guard, limits or Limits()
        self.monitor = Monitor(manifest, predictor.watch())
        self.draining = False
        self._pool = ThreadPoolExecutor(self.limits.workers, thread_name_prefix="predict")
        self._queued = 0
        identity = json.dumps({"model": manifest.name, "version": manifest.version}, ensure_ascii=False)
        self._tail = f"], {identity[1:-1]}"
        self._router = Starlette(
            routes=[Route("/predict", _only_posted, methods=["POST"]), *protocol(self), *pages(self)],
            exception_handlers={HTTPException: _http_problem, Refused: _refused, Exception: _defect},
        )
        self._router.router.redirect_slashes = False

    def drain(self) -> None:
        """Not ready from now on; new predictions get 503."""
        self.draining = True

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000})
            return
        headers = dict(scope["headers"])
        path, method = scope["path"], scope["method"]
        refusal = self.guard.check(method, path, headers)
        if refusal is not None:
            await self._refuse(refusal, scope, receive, send)
        elif path == "/predict" and method == "POST":
            await self._predict(headers, receive, send)
        else:
            await self._route(scope, receive, send)

    # ------------------------------------------------------------------------------------------ POST /predict
    async def _predict(self, headers: Mapping[bytes, bytes], receive: Receive, send: Send) -> None:
        start = perf_counter()
        extra: tuple[tuple[bytes, bytes], ...] = ()
        self.monitor.in_flight += 1
        try:
            self.check_room()
            body = await read_body(receive, headers, self.limits.body_bytes)
            status, answer = 200, await self.work(len(body), self._answer, body)
        except Gone:
            return
        except RowError as error:
            status, answer = 422, _problem(error.to_json())
        except Refused as error:
            status, answer = error.status, _problem(error.to_json())
            extra = ((b"retry-after", b"1"),) if status == 503 else ()
        except Exception as error:  # noqa: BLE001  whatever it is, the client gets words and the log the reason
            status, answer = 500, _problem(_say_defect(error))
        finally:
            self.monitor.in_flight -= 1
        head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer)), *extra]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": answer})
        self.monitor.observe("/predict", status, perf_counter() - start)

    def check_room(self) -> None:
        """Raises Refused (503) while shutting down or when too much is in flight."""
        if self.draining:
            raise Refused(503, "the service is shutting down", "ask another instance, or try again")
        if self.monitor.in_flight > self.limits.in_flight:
            raise Refused(503, "the service is busy", "try again in a second, or send more rows in fewer requests")

    async def work(self, size: int, do: Any, *args: Any) -> Any:
        """`do(*args)`, in a thread if the request is large. Raises Refused (503) when too many wait already."""
        if size <= self.limits.inline_bytes:
            return do(*args)
        if self._queued >= self.limits.queue:
            raise Refused(503, "the service is busy with large requests", "try again in a second, or send fewer rows")
        self._queued += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, do, *args)
        finally:
            self._queued -= 1

    def _answer(self, body: bytes) -> bytes:
        rows = self.checked_rows(parse_json(body))
        if not rows:
            return f'{{"predictions":[{self._tail}}}'.encode()
        text, warnings, x, y = self.predictor.answer(rows)
        self.monitor.fed(x, y)
        if warnings:
            noted = json.dumps(warnings, ensure_ascii=False)
            return f'{{"predictions":[{text}{self._tail},"warnings":{noted}}}'.encode("utf-8", "replace")
        return f'{{"predictions":[{text}{self._tail}}}'.encode()

    def checked_rows(self, request: Any) -> list[Any]:
        """The rows of a request. Raises Refused: 422 where there are none, 413 where there are too many."""
        rows = request.get("rows") if isinstance(request, dict) else None
        if not isinstance(rows, list):
            raise NoRows(request)
        if len(rows) > self.limits.rows:
            message = f"{len(rows):,} rows in one request; this service takes {self.limits.rows:,}"
            raise Refused(413, message, "send the rows in several requests")
        return rows

    # ------------------------------------------------------------------------------------------ everything else
    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        start, status = perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._router(scope, receive, watched)
        self.monitor.observe(_kind(scope["path"], status), status, perf_counter() - start)

    async def _refuse(self, refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
        response: Response = JSONResponse(
            {"error": {"message": refusal.message, "fix": refusal.fix}},
            refusal.status,
            {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else None,
        )
        if (
            refusal.status == 401
            and scope["method"] == "GET"
            and b"text/html" in dict(scope["headers"]).get(b"accept", b"")
        ):
            response = Response(status_code=303, headers={"Location": f"/sign-in?next={scope['path']}"})
        await response(scope, receive, send)
        self.monitor.observe("refused", refusal.status, 0.0)


class NoRows(Refused):
    """JSON, but not {"rows": [...]}; answered like a bad row, with 422."""

    def __init__(self, request: Any) -> None:
        super().__init__(422, "no rows", 'send {"rows": [{"column": value, ...}, ...]}')
        if not isinstance(request, dict):
            self._got = shown(request)
        elif "rows" in request:
            self._got = f'"rows" with {shown(request["rows"])}'
        else:
            self._got = f"an object with {', '.join(map(shown, list(request)[:5]))}" if request else "an empty object"

    def to_json(self) -> dict[str, Any]:
        expected = 'an object with a list "rows"'
        return {"row": None, "column": None, "expected": expected, "got": self._got, "fix": self.fix}


def _problem(error: Mapping[str, Any]) -> bytes:
    return json.dumps({"error": error}, ensure_ascii=False).encode("utf-8", "replace")


def _say_defect(error: Exception) -> dict[str, Any]:
    """Logs what went wrong here and words it for the client, who can do nothing about it."""
    log.error("a request failed: %s: %s", type(error).__name__, error, exc_info=error)
    message = str(error) if isinstance(error, BrokenAnswer) else "the service failed on this request"
    return {"message": message, "fix": "the log of the service says why; tell whoever runs it"}


async def _only_posted(request: Request) -> Response:
    """Names /predict in the route table, so that other methods get 405; POST never comes this far."""
    raise HTTPException(404)


async def _defect(request: Request, error: Exception) -> Response:
    return Response(_problem(_say_defect(error)), 500, media_type="application/json")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    headers = {"Retry-After": "1"} if error.status == 503 else None
    return Response(_problem(error.to_json()), error.status, headers, media_type="application/json")


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {
        404: (f"there is nothing at {shown(request.url.path)}", "see /docs for what there is"),
        405: (f"{request.method} is not possible at {shown(request.url.path)}", "see /docs for what is"),
    }
    message, fix = words.get(error.status_code, (error.detail, "see /docs"))
    return Response(
        _problem({"message": message, "fix": fix}), error.status_code, error.headers, media_type="application/json"
    )


def _kind(path: str, status: int) -> str:
    """A path as a label of metrics: never a client's own text, of which there is no end."""
    if path.endswith("/infer") and status != 404:
        return "infer"
    return path if status < 400 else "other"
