"""Measures a bundle as its users will meet it: over loopback HTTP, bytes in to bytes out, on this machine."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import TrainerError
from ..serve.manifest import FILE_NAME, read_manifest
from .running import Running

CALLS = 200
WARM_UP = 20
BATCH = 100  # rows a body when throughput is measured
MOST_BYTES = 4_000_000  # of such a body


def measure_service(
    bundle: Path, rows: Sequence[Mapping[str, Any]], *, calls: int = CALLS, cap_s: float = 20.0
) -> dict[str, float]:
    """Runs the service of `bundle` and asks it about `rows` (JSON values), one after another on one connection.

    Returns latency_ms_p50/p95/p99 (one row a call), throughput_rows_s (bodies of up to 100 rows), memory_mb (resident),
    size_mb (files that the server loads), ready_s and calls. About `cap_s` seconds at most: fewer calls are made when
    they are slow. Raises TrainerError when the service does not start or refuses the rows."""
    with Running(bundle, patience_s=max(10.0, cap_s)) as service, service.connect() as connection:
        deadline = time.monotonic() + cap_s
        ones = [_request([row]) for row in islice(cycle(rows), min(calls, 200))]
        for request in ones[:WARM_UP]:
            _ask(connection, request)
            if time.monotonic() > deadline - 0.8 * cap_s:
                break
        times_ms = _latencies(connection, ones, calls, (deadline + time.monotonic()) / 2)
        batch = _batch(rows, rows_together(float(np.median(times_ms)), cap_s))
        speed = _throughput(connection, batch, min(deadline, time.monotonic() + 1.0))
        memory_mb = service.memory_mb
    p50, p95, p99 = np.percentile(times_ms, [50, 95, 99]).tolist()
    return {
        "latency_ms_p50": round(p50, 3),
        "latency_ms_p95": round(p95, 3),
        "latency_ms_p99": round(p99, 3),
        "throughput_rows_s": round(speed, 1),
        "memory_mb": round(memory_mb, 1),
        "size_mb": round(served_bytes(bundle) / 1e6, 4),
        "ready_s": round(service.ready_s, 3),
        "calls": float(len(times_ms)),
    }


def rows_together(each_ms: float, cap_s: float) -> int:
    """Rows of a body when throughput is measured: fewer of a slow model, so that one takes half of `cap_s` at most."""
    return int(max(1.0, min(float(BATCH), cap_s / 2 / (each_ms / 1e3))))


def served_bytes(bundle: Path) -> int:
    """Size of the files that the server loads: the graph, bundle.json and the documents it shows."""
    return sum((bundle / name).stat().st_size for name in (FILE_NAME, *read_manifest(bundle).files))


def _latencies(connection: socket.socket, requests: Sequence[bytes], calls: int, deadline: float) -> list[float]:
    times: list[float] = []
    for request in islice(cycle(requests), calls):
        start = time.perf_counter()
        _ask(connection, request)
        times.append((time.perf_counter() - start) * 1e3)
        if time.monotonic() > deadline and len(times) >= 5:
            break
    return times


def _batch(rows: Sequence[Mapping[str, Any]], most: int = BATCH) -> tuple[bytes, int]:
    """A request of `most` rows, or of fewer where rows hold pictures, and how many it has."""
    count = most
    while count > 1:
        request = _request(list(islice(cycle(rows), count)))
        if len(request) <= MOST_BYTES:
            return request, count
        count //= 2
    return _request(rows[:1]), 1


def _throughput(connection: socket.socket, batch: tuple[bytes, int], deadline: float) -> float:
    """Rows a second."""
    request, rows = batch
    start, bodies = time.perf_counter(), 0
    while bodies == 0 or time.monotonic() < deadline:
        _ask(connection, request)
        bodies += 1
    return bodies * rows / (time.perf_counter() - start)


def _request(rows: Sequence[Mapping[str, Any]]) -> bytes:
    body = json.dumps({"rows": list(rows)}, ensure_ascii=False, allow_nan=False).encode()
    head = "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json"
    return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _ask(connection: socket.socket, request: bytes) -> bytes:
    """The body of the answer. Raises TrainerError unless it is a 200."""
    connection.sendall(request)
    received = connection.recv(65_536)
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _more(connection)
    head, body = received[:end], received[end + 4 :]
    length = next(int(h[15:]) for h in head.split(b"\r\n") if h[:15].lower() == b"content-length:")
    while len(body) < length:
        body += _more(connection)
    if not head.startswith(b"HTTP/1.1 200"):
        raise TrainerError(f"the exported service refused a row of the data: {body.decode('utf-8', 'replace')[:300]}")
    return body


def _more(connection: socket.socket) -> bytes:
    block = connection.recv(262_144)
    if not block:
        raise TrainerError("the exported service closed the connection while it was measured")
    return block
