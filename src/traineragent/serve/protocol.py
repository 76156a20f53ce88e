"""The Open Inference Protocol v2 over JSON, so that KServe and Triton clients work: metadata, health and infer.

Inputs are one tensor a column, or the typed matrix "x". https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..errors import RowError
from .answers import Answers
from .body import Gone, Refused, parse_json, read_body
from .manifest import Manifest
from .predictor import Predictor

if TYPE_CHECKING:
    from .app import Service

_INTEGERS = ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64")
_FLOATS = ("FP16", "FP32", "FP64")


PREDICTION = {"name": "prediction", "datatype": "BYTES"}
"""The output tensor of tasks whose answers are no table: one JSON text a row."""


@dataclass(frozen=True)
class Tensor:
    """An input tensor: `values` flat, in row-major order."""

    name: str
    shape: tuple[int, ...]
    values: list[Any]


class NotUnderstood(Exception):
    """An infer request that is not one; becomes 400 with the protocol's error object."""


def protocol(service: Service) -> list[Route]:
    """The protocol's routes."""
    api = Protocol(service)
    model = f"/v2/models/{service.predictor.manifest.name}"
    paths = (model, f"{model}/versions/{service.predictor.manifest.version}")
    return [
        Route("/v2/health/live", api.live),
        Route("/v2/health/ready", api.ready),
        Route("/v2", api.server),
        *(Route(p, api.model) for p in paths),
        *(Route(f"{p}/ready", api.model_ready) for p in paths),
        *(Route(f"{p}/infer", api.infer, methods=["POST"]) for p in paths),
        Route("/v2/models/{name:path}", api.unknown, methods=["GET", "POST"]),
    ]


class Protocol:
    """Endpoints, bound to a service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._manifest = service.predictor.manifest

    async def live(self, request: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(self, request: Request) -> Response:
        ready = not self._service.draining
        return JSONResponse({"ready": ready}, 200 if ready else 503)

    async def model_ready(self, request: Request) -> Response:
        ready = not self._service.draining
        return JSONResponse({"name": self._manifest.name, "ready": ready}, 200 if ready else 503)

    async def server(self, request: Request) -> Response:
        return JSONResponse({"name": "traineragent", "version": self._manifest.version, "extensions": []})

    async def model(self, request: Request) -> Response:
        return JSONResponse(
            {
                "name": self._manifest.name,
                "versions": [self._manifest.version],
                "platform": "onnxruntime_onnx",
                "inputs": [
                    {"name": f.name, "datatype": f.datatype, "shape": [-1]} for f in self._service.predictor.fields
                ],
                "outputs": self._output_metadata(),
            }
        )

    async def unknown(self, request: Request) -> Response:
        name = request.path_params["name"].split("/")[0][:60]
        return JSONResponse(
            {"error": f"there is no model {name!r} here; this service has {self._manifest.name!r}"}, 404
        )

    async def infer(self, request: Request) -> Response:
        service = self._service
        service.monitor.in_flight += 1
        try:
            service.check_room()
            body = await read_body(request.receive, dict(request.scope["headers"]), service.limits.body_bytes)
            return JSONResponse(await service.work(len(body), self._infer, body))
        except NotUnderstood as error:
            return JSONResponse({"error": str(error)}, 400)
        except RowError as error:
            return JSONResponse({"error": str(error)}, 422)
        except Refused as error:
            headers = {"Retry-After": "1"} if error.status == 503 else None
            return JSONResponse({"error": f"{error.message}; {error.fix}"}, error.status, headers)
        except Gone:
            return Response(status_code=499)
        finally:
            service.monitor.in_flight -= 1

    def _infer(self, body: bytes) -> dict[str, Any]:
        asked = parse_json(body)
        if not isinstance(asked, dict) or not isinstance(asked.get("inputs"), list) or not asked["inputs"]:
            raise NotUnderstood('expected an object with a list "inputs" of tensors')
        tensors = {t.name: t for t in map(_tensor, asked["inputs"])}
        predictor = self._service.predictor
        if isinstance(predictor, Predictor):
            outputs, warnings = self._of_table(predictor, tensors, asked.get("outputs"))
        else:
            outputs, warnings = self._of_rows(tensors)
        reply: dict[str, Any] = {"model_name": self._manifest.name, "model_version": self._manifest.version}
        if isinstance(asked.get("id"), str):
            reply["id"] = asked["id"]
        if warnings:
            reply["parameters"] = {"warnings": "; ".join(warnings)}
        return {**reply, "outputs": outputs}

    def _of_table(
        self, predictor: Predictor, tensors: dict[str, Tensor], wanted: Any
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """Columns of a table, or its typed matrix; each part of the answer is a tensor."""
        warnings: list[str] = []
        if "x" in tensors and not self._manifest.inputs and "x" not in {c.name for c in self._manifest.columns}:
            rows = predictor.codec.matrix(_matrix(tensors["x"], predictor.codec.width))
        else:
            rows, warnings = predictor.codec.decode(self._service.checked_rows({"rows": _rows(list(tensors.values()))}))
        if len(rows) > self._service.limits.rows:
            raise Refused(413, f"{len(rows):,} rows in one request", "send the rows in several requests")
        y = predictor.scores(rows)
        self._service.monitor.fed(rows.x, y)
        return list(_outputs(self._manifest, predictor.answering.arrays(y), wanted)), warnings

    def _of_rows(self, tensors: dict[str, Tensor]) -> tuple[list[dict[str, Any]], list[str]]:
        """What a row holds as tensors by name; the answers are JSON texts, as POST /predict gives them."""
        rows = self._service.checked_rows({"rows": _rows(list(tensors.values()))})
        text, warnings, x, y = self._service.predictor.answer(rows)
        self._service.monitor.fed(x, y)
        said = [json.dumps(a, ensure_ascii=False) for a in json.loads(f"[{text}]")]
        return [{**PREDICTION, "shape": [len(said)], "data": said}], warnings

    def _output_metadata(self) -> list[dict[str, Any]]:
        if isinstance(self._service.predictor, Predictor):
            return list(output_metadata(self._manifest))
        return [{**PREDICTION, "shape": [-1]}]


def _tensor(raw: Any) -> Tensor:
    """A tensor, checked against its shape and datatype."""
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
        raise NotUnderstood("each input is an object with name, shape, datatype and data")
    name, shape, datatype, data = raw["name"], raw.get("shape"), raw.get("datatype"), raw.get("data")
    if datatype not in (*_INTEGERS, *_FLOATS, "BOOL", "BYTES"):
        raise NotUnderstood(
            f"input {name!r}: unknown datatype {datatype!r}; known are BOOL, INT*, UINT*, FP* and BYTES"
        )
    more = raw.get("parameters")
    if isinstance(more, dict) and "binary_data_size" in more:
        raise NotUnderstood(f"input {name!r}: binary tensors are not understood; send data as JSON")
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape) or not isinstance(data, list):
        raise NotUnderstood(f"input {name!r}: expected a shape (list of integers) and data (list)")
    flat = list(_flat(data))
    if math.prod(shape) != len(flat):
        raise NotUnderstood(f"input {name!r}: shape {shape} does not hold {len(flat)} values")
    return Tensor(name, tuple(shape), flat)


def _flat(data: list[Any]) -> Iterator[Any]:
    for item in data:
        if isinstance(item, list):
            yield from item
        else:
            yield item


def _rows(tensors: list[Tensor]) -> list[dict[str, Any]]:
    """One row of JSON values for each place along the tensors, which must be as long as one another."""
    sizes = {len(t.values) for t in tensors}
    if len(sizes) > 1 or any(len(t.shape) not in (1, 2) or t.shape[1:] not in ((), (1,)) for t in tensors):
        shown = ", ".join(f"{t.name} {list(t.shape)}" for t in tensors[:6])
        raise NotUnderstood(f"each column is one tensor of shape [rows], all of the same length; got {shown}")
    names = [t.name for t in tensors]
    return [dict(zip(names, values, strict=True)) for values in zip(*(t.values for t in tensors), strict=True)]


def _matrix(tensor: Tensor, width: int) -> NDArray[np.float32]:
    """The typed matrix, shape (rows, features)."""
    if len(tensor.shape) != 2 or tensor.shape[1] != width:
        raise NotUnderstood(f'input "x": expected shape [rows, {width}], got {list(tensor.shape)}')
    try:
        return np.array([np.nan if v is None else v for v in tensor.values], dtype=np.float32).reshape(tensor.shape)
    except (TypeError, ValueError):
        raise NotUnderstood('input "x": expected numbers (null where a value is missing)') from None


def output_metadata(manifest: Manifest) -> Iterator[dict[str, Any]]:
    """The tensors an answer consists of."""
    if manifest.classifies:
        if manifest.target.several:
            yield {"name": "labels", "datatype": "BOOL", "shape": [-1, len(manifest.target.labels)]}
        else:
            yield {"name": "label", "datatype": _label_type(manifest), "shape": [-1]}
        yield {
            "name": "probabilities",
            "datatype": "FP64",
            "shape": [-1, len(manifest.target.labels)],
            "parameters": {"labels": ", ".join(manifest.probability_keys)},
        }
        return
    yield {"name": "value", "datatype": "FP64", "shape": [-1]}
    if manifest.interval is not None:
        yield {"name": "interval", "datatype": "FP64", "shape": [-1, 2]}


def _label_type(manifest: Manifest) -> str:
    kinds = {type(label) for label in manifest.target.labels}
    names: dict[frozenset[type], str] = {
        frozenset({bool}): "BOOL",
        frozenset({int}): "INT64",
        frozenset({float}): "FP64",
    }
    return names.get(frozenset(kinds), "BYTES")


def _outputs(manifest: Manifest, answers: Answers, wanted: Any) -> Iterator[dict[str, Any]]:
    """The answer's tensors: all of them, or those asked for by name."""
    if wanted is not None and not (isinstance(wanted, list) and all(isinstance(o, dict) for o in wanted)):
        raise NotUnderstood('"outputs" is a list of objects with the names of those wanted')
    names = [str(o.get("name")) for o in wanted] if wanted else None
    described = {m["name"]: m for m in output_metadata(manifest)}
    for name in names or []:
        if name not in described:
            raise NotUnderstood(f"there is no output {name!r}; there are {', '.join(described)}")
    for name in described if names is None else names:
        values = _values(manifest, answers, name, described[name]["datatype"])
        shape = [len(answers.scores), *described[name]["shape"][1:]]
        yield {**described[name], "shape": shape, "data": values}


def _values(manifest: Manifest, answers: Answers, name: str, datatype: str) -> list[Any]:
    if name == "labels" and answers.labels is not None:
        return [bool(v) for v in answers.labels.ravel()]
    if name == "label" and answers.labels is not None:
        labels = [manifest.target.labels[i] for i in answers.labels]
        return [str(label) for label in labels] if datatype == "BYTES" else labels
    array = answers.intervals if name == "interval" and answers.intervals is not None else answers.scores
    flat: list[float] = array.ravel().tolist()
    return flat
