"""Tables: a row is its columns, an answer is a label with probabilities or a value with an interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...domain.data import Column
from ...serve.manifest import Manifest
from ...serve.values import date_like
from ..markdown import code, plain, table
from .examples import example_row
from .schemas import object_schema

_MANY = 60  # categories listed as an enumeration of known values
_SHOWN_CATEGORIES = 6
_EMPTY_CELLS = """
`null` means that a value is not known. A column that must not be empty has to be there. A category the model has never
seen is treated as unknown; columns it does not know are ignored and named in `warnings`."""


class TableInterface:
    """See `Interface`."""

    packages: tuple[str, ...] = ()

    def example(self, manifest: Manifest) -> dict[str, Any]:
        return example_row(manifest.columns)

    def refused(self, manifest: Manifest) -> dict[str, Any]:
        column = next((c for c in manifest.columns if c.kind in ("number", "boolean")), manifest.columns[0])
        wrong = "abc" if column.kind in ("number", "boolean") else ["abc"]
        return {**manifest.facts.get("example", {}), column.name: wrong}

    def described(self, manifest: Manifest) -> str:
        what = "a label with a probability for each" if manifest.classifies else "a number"
        what = "any number of labels, with a probability for each" if manifest.target.several else what
        name = manifest.target.name
        return f"Predicts `{name}`: rows in, predictions out, in the same order. Each prediction is {what}."

    def reads(self, manifest: Manifest) -> str:
        return (
            "Columns the model does not know are ignored and named in `warnings`; `null` means that a value is not "
            "known."
        )

    def tensors(self, manifest: Manifest) -> str:
        width = sum(len(c.features) for c in manifest.columns)
        return (
            "One tensor a column (named like the column), or one FP32 tensor `x` of shape "
            f"[rows, {width}] with the typed features."
        )

    def answers(self, manifest: Manifest) -> str:
        if not manifest.classifies:
            return f"(a number{f' in {plain(manifest.target.unit)}' if manifest.target.unit else ''})"
        labels = manifest.target.labels
        if manifest.target.several:
            return f"(any of {len(labels)} labels)"
        return f"({' or '.join(code(v) for v in labels)})" if len(labels) <= 4 else f"(one of {len(labels)} classes)"

    def inputs(self, manifest: Manifest) -> str:
        count = len(manifest.columns)
        return f"{count} column{'s' if count != 1 else ''}"

    def row_schema(self, manifest: Manifest) -> dict[str, Any]:
        return object_schema(
            {c.name: column_schema(c) for c in manifest.columns},
            [c.name for c in manifest.columns if not c.nullable] or [],
            additionalProperties=True,
        )

    def prediction_schema(self, manifest: Manifest) -> dict[str, Any]:
        return prediction_schema(manifest)

    def row_words(self, manifest: Manifest) -> str:
        rows = [(code(c.name), c.kind, _sent(c), "may" if c.nullable else "must not") for c in manifest.columns]
        return table(("Column", "Kind", "What to send", "Be empty"), rows) + "\n" + _EMPTY_CELLS

    def columns(self, manifest: Manifest) -> str:
        rows = [(code(c.name), c.kind, column_words(c, _SHOWN_CATEGORIES)) for c in manifest.columns]
        return table(("Column", "Kind", "Meaning"), rows)

    def files(self, manifest: Manifest) -> dict[str, str]:
        return {manifest.graph: "the model: float32 matrix `x` in, `y` out"}

    def limits(self, manifest: Manifest, evaluation: Mapping[str, Any]) -> Iterable[str]:
        return _limits(manifest, evaluation)


INTERFACE = TableInterface()


def _sent(column: Column) -> str:
    return column_words(replace(column, nullable=False), _SHOWN_CATEGORIES)


def column_schema(column: Column) -> dict[str, Any]:
    """What a client may send for a column."""
    kinds = {
        "number": ["number", "string"],
        "boolean": ["boolean", "string", "integer"],
        "category": ["string", "number", "boolean"],
        "image": ["string"],
    }
    types = kinds.get(column.kind, ["string", "number"])
    schema: dict[str, Any] = {"type": [*types, "null"], "title": column.name, "x-kind": column.kind}
    schema["description"] = column_words(column)
    if column.kind == "image":
        return {**schema, "type": "string", "contentEncoding": "base64", "contentMediaType": "image/*"}
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
    if column.kind == "image":
        return "A picture: the bytes of a JPEG, PNG, WebP, GIF, BMP or TIFF file, as base64. Any size; it is scaled."
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
        probabilities = object_schema(dict.fromkeys(manifest.probability_keys, share))
        more = {}
        if manifest.settings.get("certainty"):
            words = "Share of the training texts that were answered with no more certainty; near 0: none of the labels."
            more = {"familiarity": {**share, "description": words}}
        if manifest.target.several:
            said = f"The {manifest.target.name} that hold, likeliest first."
            labels = {"type": "array", "items": {"enum": list(manifest.target.labels)}, "description": said}
            words = "How likely each label is, by itself."
            return object_schema({"labels": labels, "probabilities": {**probabilities, "description": words}})
        return object_schema(
            {
                "label": {
                    "enum": list(manifest.target.labels),
                    "description": f"The predicted {manifest.target.name}.",
                },
                "probabilities": {**probabilities, "description": "How likely each label is; they sum to 1."},
                **more,
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
    return object_schema(properties)


def _value_words(manifest: Manifest) -> str:
    unit = f" in {manifest.target.unit}" if manifest.target.unit else ""
    return f"The predicted {manifest.target.name}{unit}."


def _limits(manifest: Manifest, evaluation: Mapping[str, Any]) -> Iterable[str]:
    yield "It says what was true of rows like those it learned from. When the world moves, it does not notice."
    yield "`/metrics` counts missing, unknown and out-of-range values: when they rise, measure it again."
    if any(c.kind == "image" for c in manifest.columns):
        yield "It knows the cameras, the light and the backgrounds of its training pictures; others may mislead it."
        yield "Whatever a picture shows, one of the classes is answered: it has no answer for something else."
    strict = [c.name for c in manifest.columns if not c.nullable]
    if strict and len(strict) < len(manifest.columns):
        listed = ", ".join(code(n) for n in strict[:8]) + (f" and {len(strict) - 8} more" if len(strict) > 8 else "")
        yield f"It never saw these columns empty: {listed}."
    elif strict:
        yield "It never saw an empty value; rows without one of its columns are refused."
    small = [c for c in evaluation.get("per_class") or [] if 0 < (c.get("support") or 0) < 30]
    if small:
        listed = ", ".join(code(c["label"]) for c in small[:8]) + (" and more" if len(small) > 8 else "")
        yield f"Few held-out rows speak for {listed}: numbers for them are rough."
    if not manifest.classifies:
        yield "It hardly goes beyond the range of values it has seen; extremes are answered too tamely."
