"""The OpenAPI description of one bundle's service: its own columns, labels and error shapes, with a real example."""

from __future__ import annotations

from typing import Any

from ..domain.data import Column
from ..serve.manifest import Manifest
from ..serve.values import date_like
from .markdown import code

_WIDTHS = ("8", "16", "32", "64")
_DATATYPES = ("BOOL", *(f"INT{n}" for n in _WIDTHS), *(f"UINT{n}" for n in _WIDTHS), "FP16", "FP32", "FP64", "BYTES")
_MANY = 60  # categories listed as an enumeration of known values


def openapi(manifest: Manifest) -> dict[str, Any]:
    """OpenAPI 3.1, as a JSON value."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": manifest.name,
            "version": manifest.version,
            "description": _description(manifest),
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


def _description(manifest: Manifest) -> str:
    what = "a label with a probability for each" if manifest.classifies else "a number"
    return f"Predicts `{manifest.target.name}`: rows in, predictions out, in the same order. Each prediction is {what}."


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
        "description": "One prediction a row, in order. Columns the model does not know are ignored and named in "
        "`warnings`; `null` means that a value is not known.",
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
        "description": "One tensor a column (named like the column), or one FP32 tensor `x` of shape "
        f"[rows, {sum(len(c.features) for c in manifest.columns)}] with the typed features.",
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


def _object(properties: dict[str, Any], required: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required or list(properties), **more}


def _schemas(manifest: Manifest) -> dict[str, Any]:
    text = {"type": "string"}
    tensors = {"type": "array", "items": _ref("Tensor")}
    row_problem = {"row": {"type": "integer", "minimum": 0}, "column": {"type": ["string", "null"]}}
    return {
        "Request": _object(
            {"rows": {"type": "array", "items": _ref("Row")}}, examples=[{"rows": [_example(manifest)]}]
        ),
        "Row": _object(
            {c.name: column_schema(c) for c in manifest.columns},
            [c.name for c in manifest.columns if not c.nullable] or [],
            additionalProperties=True,
            examples=[_example(manifest)],
        ),
        "Prediction": prediction_schema(manifest),
        "Response": _object(
            {
                "predictions": {"type": "array", "items": _ref("Prediction")},
                "model": {"const": manifest.name},
                "version": {"const": manifest.version},
                "warnings": {"type": "array", "items": text, "description": "Only where there are any."},
            },
            ["predictions", "model", "version"],
        ),
        "Problem": _object({"error": _object({"message": text, "fix": text})}),
        "RowProblem": _object({"error": _object({**row_problem, "expected": text, "got": text, "fix": text})}),
        "Tensor": _object(
            {
                "name": text,
                "shape": {"type": "array", "items": {"type": "integer"}},
                "datatype": {"enum": list(_DATATYPES)},
                "data": {"type": "array", "items": {}},
            }
        ),
        "InferRequest": _object(
            {"id": text, "inputs": tensors, "outputs": {"type": "array", "items": {"type": "object"}}}, ["inputs"]
        ),
        "InferResponse": _object(
            {"id": text, "model_name": text, "model_version": text, "outputs": tensors},
            ["model_name", "model_version", "outputs"],
        ),
        "InferProblem": _object({"error": text}),
    }


def _example(manifest: Manifest) -> Any:
    return manifest.facts.get("example", {})


def column_schema(column: Column) -> dict[str, Any]:
    """What a client may send for a column."""
    kinds = {
        "number": ["number", "string"],
        "boolean": ["boolean", "string", "integer"],
        "category": ["string", "number", "boolean"],
    }
    types = kinds.get(column.kind, ["string", "number"])
    schema: dict[str, Any] = {"type": [*types, "null"], "title": column.name, "x-kind": column.kind}
    schema["description"] = column_words(column)
    if column.example is not None:
        schema["examples"] = [column.example]
    elif column.kind == "category":
        schema["examples"] = list(column.categories[:_MANY])
    return schema


def column_words(column: Column, categories: int = 12) -> str:
    """A column in a sentence or two, naming at most so many categories."""
    empty = " May be empty." if column.nullable else ""
    if column.kind == "number":
        return f"{'A whole number' if column.integer else 'A number'}{_seen(column)}.{empty}"
    if column.kind == "boolean":
        words = " or ".join(code(w) for w in (*column.true_words[:1], *column.false_words[:1]))
        return f"Yes or no: true, false{', ' + words if words else ''}.{empty}"
    if column.kind == "category":
        shown = ", ".join(code(c) for c in column.categories[:categories])
        more = len(column.categories) - categories
        return f"One of {shown}{f' and {more:,} more' if more > 0 else ''}.{empty}"
    if column.kind == "date":
        return f"A date, written like {' or '.join(code(date_like(f)) for f in column.date_formats)}.{empty}"
    return f"Free text.{empty}"


def _seen(column: Column) -> str:
    """The range of a number in training."""
    if column.low is None or column.high is None:
        return ""
    return f", in training {_figure(column.low, column.years)} to {_figure(column.high, column.years)}"


def _figure(value: float, years: bool) -> str:
    if years:
        return f"{value:.0f}"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:,.6g}"


def prediction_schema(manifest: Manifest) -> dict[str, Any]:
    """What the service answers for a row."""
    if manifest.classifies:
        share = {"type": "number", "minimum": 0, "maximum": 1}
        probabilities = _object(dict.fromkeys(manifest.probability_keys, share))
        return _object(
            {
                "label": {
                    "enum": list(manifest.target.labels),
                    "description": f"The predicted {manifest.target.name}.",
                },
                "probabilities": {**probabilities, "description": "How likely each label is; they sum to 1."},
            }
        )
    properties: dict[str, Any] = {"value": {"type": "number", "description": _value_words(manifest)}}
    if manifest.interval is not None:
        properties["interval"] = {
            "type": "array",
            "items": {"type": "number"},
            "minItems": 2,
            "maxItems": 2,
            "description": f"Holds the true value in {manifest.interval.coverage:.0%} of cases.",
        }
    return _object(properties)


def _value_words(manifest: Manifest) -> str:
    unit = f" in {manifest.target.unit}" if manifest.target.unit else ""
    return f"The predicted {manifest.target.name}{unit}."
