"""Small real bundles and a client that talks ASGI, shared by the tests of serving and exporting."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from traineragent.domain.data import Column, NumberFormat, Target
from traineragent.domain.run import Decision, Interval
from traineragent.export.builder import GraphBuilder
from traineragent.export.bundle import write_bundle
from traineragent.serve.app import Limits, Service
from traineragent.serve.guard import Guard
from traineragent.serve.served import open_bundle

COLUMNS = (
    Column("age", "number", integer=True, low=18, high=90, example=37),
    Column("income", "number", NumberFormat(",", " ", ("€",)), nullable=True, low=0, high=9000),
    Column("city", "category", categories=("Oslo", "Bergen", "01"), nullable=True, example="Oslo"),
    Column("member", "boolean", true_words=("yes",), false_words=("no",), nullable=True),
    Column("since", "date", date_formats=("iso",), date_parts=("year", "month"), nullable=True, example="2024-01-31"),
    Column("note", "text", words=("late", "paid"), nullable=True, example="paid late"),
)
ROW = {"age": 40, "income": 1200.5, "city": "Oslo", "member": True, "since": "2024-02-29", "note": "paid"}
CHURN = Target("churn", "class", ("no", "yes"), (("no",), ("yes",)), positive=1)
PRICE = Target("price", "number", unit="EUR", nonnegative=True)


def linear_graph(features: int, outputs: int) -> bytes:
    """A linear model with fixed weights; missing values count as zero. Softmax where there are several outputs."""
    graph = GraphBuilder(features)
    weights = np.random.default_rng(0).normal(size=(features, outputs)).astype(np.float32) / 100
    known = graph.add("Where", graph.add("IsNaN", "x"), graph.floats(0.0), "x")
    scores = graph.add("Add", graph.add("MatMul", known, graph.floats(weights)), graph.floats(np.full(outputs, 0.5)))
    result = graph.add("Softmax", scores, axis=1) if outputs > 1 else scores
    model: bytes = graph.model(result, outputs).SerializeToString()
    return model


def write_small(folder: Path, target: Target = CHURN, columns: tuple[Column, ...] = COLUMNS, **more: Any) -> Path:
    """A bundle in `folder`/bundle; classes or a value, as the target says."""
    width = sum(len(c.features) for c in columns)
    out = folder / "bundle"
    if target.kind == "number":
        more.setdefault("interval", Interval(0.9, (-1.0, -2.0), (1.0, 3.0), (2.0,)))
    else:
        more.setdefault("decision", Decision(threshold=0.3) if len(target.labels) == 2 else None)
    task = "tabular_classification" if target.kind == "class" else "tabular_regression"
    graph = more.pop("graph", None) or linear_graph(width, max(len(target.labels), 1))
    write_bundle(
        out,
        name="Churn model",
        version="1",
        task_type=task,
        columns=columns,
        target=target,
        files={"model.onnx": graph},
        **more,
    )
    return out


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Speaks ASGI to a service in this process; each call is a request of its own."""

    def __init__(self, bundle: Path, limits: Limits | None = None, token: str | None = None) -> None:
        self.service = Service(open_bundle(bundle), Guard(token, loopback=True), limits)

    def ask(self, method: str, path: str, body: bytes | list[bytes] = b"", **headers: str) -> Reply:
        return asyncio.run(self.aask(method, path, body, **headers))

    async def aask(self, method: str, path: str, body: bytes | list[bytes] = b"", **headers: str) -> Reply:
        path, _, query = path.partition("?")
        fields = {"host": "127.0.0.1:8000", **{k.replace("_", "-"): v for k, v in headers.items()}}
        parts = body if isinstance(body, list) else [body]
        incoming = [
            {"type": "http.request", "body": p, "more_body": i + 1 < len(parts)} for i, p in enumerate(parts)
        ] + [{"type": "http.disconnect"}]
        sent: list[dict[str, Any]] = []

        async def receive() -> Any:
            return incoming.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in fields.items()],
            "scheme": "http",
            "server": ("127.0.0.1", 8000),
            "http_version": "1.1",
            "root_path": "",
        }
        await self.service(scope, receive, send)
        if not sent:
            return Reply(0, {}, b"")
        found = {k.decode().lower(): v.decode() for k, v in sent[0]["headers"]}
        return Reply(sent[0]["status"], found, b"".join(m.get("body", b"") for m in sent[1:]))

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, **headers)

    def predict(self, rows: Any, path: str = "/predict") -> Reply:
        return self.ask("POST", path, json.dumps({"rows": rows}).encode())
