"""The OpenAPI description of one bundle's service: its own columns, labels and error shapes, with a real example."""

from __future__ import annotations

from typing import Any

from ..serve.manifest import Manifest
from .interfaces import interface
from .interfaces.schemas import object_schema

_WIDTHS = ("8", "16", "32", "64")
_DATATYPES = ("BOOL", *(f"INT{n}" for n in _WIDTHS), *(f"UINT{n}" for n in _WIDTHS), "FP16", "FP32", "FP64", "BYTES")


def openapi(manifest: Manifest) -> dict[str, Any]:
    """OpenAPI 3.1, as a JSON value."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": manifest.name,
            "version": manifest.version,
            "description": interface(manifest).described(manifest),
        },
        "paths": _paths(manifest),
        "components": {
            "schemas": _schemas(manifest),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Only if the service was started with one.",
                }
            },
        },
        "security": [{}, {"token": []}],
    }


def _paths(manifest: Manifest) -> dict[str, Any]:
    name = manifest.name
    return {
        "/predict": {"post": _predict(manifest)},
        "/v2": {"get": _get("Server metadata", "protocol")},
        "/v2/health/live": {"get": _get("Is the process alive", "health", secured=False)},
        "/v2/health/ready": {
            "get": _get("Is the model ready; 503 while the service shuts down", "health", secured=False)
        },
        f"/v2/models/{name}": {"get": _get("Model metadata", "protocol")},
        f"/v2/models/{name}/ready": {"get": _get("Is this model ready", "protocol")},
        f"/v2/models/{name}/infer": {"post": _infer(manifest)},
        "/metrics": {"get": _get("Metrics in the Prometheus text format", "watching", "text/plain")},
        "/card": {"get": _get("The model card; Markdown with `Accept: text/markdown`", "reading", "text/html")},
        "/openapi.json": {"get": _get("This document", "reading")},
        "/docs": {"get": _get("This document as a page", "reading", "text/html")},
        "/try": {"get": _get("A page to try the model", "reading", "text/html")},
    }


def _get(summary: str, tag: str, media: str = "application/json", secured: bool = True) -> dict[str, Any]:
    schema = {"type": "object"} if media == "application/json" else {"type": "string"}
    out: dict[str, Any] = {
        "summary": summary,
        "tags": [tag],
        "responses": {"200": {"description": "OK", "content": {media: {"schema": schema}}}},
    }
    if not secured:
        out["security"] = [{}]
    return out


def _predict(manifest: Manifest) -> dict[str, Any]:
    return {
        "summary": f"Predict {manifest.target.name}",
        "description": f"One prediction a row, in order. {interface(manifest).reads(manifest)}",
        "tags": ["prediction"],
        "operationId": "predict",
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref("Request")}}},
        "responses": {
            "200": _answer("The predictions", "Response"),
            "400": _answer("The body is not JSON", "Problem"),
            "401": _answer("A token is needed or wrong", "Problem"),
            "413": _answer("Too many rows or bytes in one request", "Problem"),
            "422": _answer("A row holds something the model cannot take, or there is no list of rows", "RowProblem"),
            "503": _answer("Busy or shutting down; try again after `Retry-After` seconds", "Problem"),
        },
    }


def _infer(manifest: Manifest) -> dict[str, Any]:
    return {
        "summary": "Predict, in the Open Inference Protocol v2",
        "description": interface(manifest).tensors(manifest),
        "tags": ["protocol"],
        "operationId": "infer",
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref("InferRequest")}}},
        "responses": {
            "200": _answer("Output tensors", "InferResponse"),
            "400": _answer("Not understood", "InferProblem"),
        },
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ref(schema)}}}


def _schemas(manifest: Manifest) -> dict[str, Any]:
    text = {"type": "string"}
    tensors = {"type": "array", "items": _ref("Tensor")}
    row_problem = {"row": {"type": "integer", "minimum": 0}, "column": {"type": ["string", "null"]}}
    return {
        "Request": object_schema(
            {"rows": {"type": "array", "items": _ref("Row")}}, examples=[{"rows": [_example(manifest)]}]
        ),
        "Row": {**interface(manifest).row_schema(manifest), "examples": [_example(manifest)]},
        "Prediction": interface(manifest).prediction_schema(manifest),
        "Response": object_schema(
            {
                "predictions": {"type": "array", "items": _ref("Prediction")},
                "model": {"const": manifest.name},
                "version": {"const": manifest.version},
                "warnings": {"type": "array", "items": text, "description": "Only where there are any."},
            },
            ["predictions", "model", "version"],
        ),
        "Problem": object_schema({"error": object_schema({"message": text, "fix": text})}),
        "RowProblem": object_schema(
            {"error": object_schema({**row_problem, "expected": text, "got": text, "fix": text})}
        ),
        "Tensor": object_schema(
            {
                "name": text,
                "shape": {"type": "array", "items": {"type": "integer"}},
                "datatype": {"enum": list(_DATATYPES)},
                "data": {"type": "array", "items": {}},
            }
        ),
        "InferRequest": object_schema(
            {"id": text, "inputs": tensors, "outputs": {"type": "array", "items": {"type": "object"}}}, ["inputs"]
        ),
        "InferResponse": object_schema(
            {"id": text, "model_name": text, "model_version": text, "outputs": tensors},
            ["model_name", "model_version", "outputs"],
        ),
        "InferProblem": object_schema({"error": text}),
    }


def _example(manifest: Manifest) -> Any:
    return manifest.facts.get("example", {})
