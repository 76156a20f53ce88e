"""Reads the body of a request within limits of size and time, and reads JSON out of it. Knows nothing of models."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

READ_TIMEOUT_S = 30.0
LET_GO_BYTES, LET_GO_S = 100_000_000, 5.0
"""Of a body that is too large, so much is read and forgotten: who is cut off while sending never hears why."""
_NO_JSON = {"NaN": None, "Infinity": math.inf, "-Infinity": -math.inf}
_JSON = json.JSONDecoder(parse_constant=_NO_JSON.__getitem__)
"""Programs write NaN for what is not known, although JSON has no such word; it is read as null."""


class Refused(Exception):
    """A request that cannot be answered; becomes `status` with {"error": {"message", "fix"}}."""

    def __init__(self, status: int, message: str, fix: str) -> None:
        super().__init__(message)
        self.status, self.message, self.fix = status, message, fix

    def to_json(self) -> dict[str, Any]:
        return {"message": self.message, "fix": self.fix}


class Gone(Exception):
    """The client went away before its request was complete."""


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes:
    """The whole body. Raises Refused (413, 408) and Gone."""
    declared = headers.get(b"content-length", b"")
    if len(declared) > 6 and (not declared.isdigit() or int(declared) > limit):
        await _let_go(receive)
        raise _too_large(limit)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                return await _read_on(receive, body, limit)
        except TimeoutError:
            raise Refused(408, f"the body did not arrive within {READ_TIMEOUT_S:g} s", "send it at once") from None
    if len(body) > limit:
        raise _too_large(limit)
    return body


async def _read_on(receive: Receive, first: bytes, limit: int) -> bytes:
    parts, size = [first], len(first)
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            await _let_go(receive)
            raise _too_large(limit)
        if not message.get("more_body"):
            return b"".join(parts)


async def _let_go(receive: Receive) -> None:
    size = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(LET_GO_S):
            while size < LET_GO_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return


def _too_large(limit: int) -> Refused:
    return Refused(413, f"the body is larger than {limit / 1e6:g} MB", "send the rows in several requests")


def parse_json(body: bytes) -> Any:
    """The JSON value of a body. Raises Refused (400) that says where it stops being JSON."""
    try:
        return _JSON.decode(body.decode(json.detect_encoding(body)))
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        message = "the body is empty" if not body.strip() else f"the body is not JSON: {error.msg.lower()} at {place}"
    except UnicodeDecodeError:
        message = "the body is not JSON: it is not UTF-8 text"
    except RecursionError:
        message = "the body is nested too deeply"
    except ValueError:  # an integer of thousands of digits
        message = "the body holds a number that is too long"
    raise Refused(400, message, 'send an object such as {"rows": [{"column": value, ...}]}')
