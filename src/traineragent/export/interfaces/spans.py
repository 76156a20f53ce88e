"""Texts with parts to mark: a row is a text, an answer its entities with places and scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...serve.manifest import Manifest
from ..markdown import code, table
from .schemas import object_schema

_SHOWN_LABELS = 12
_OFFSETS = (
    "`start` and `end` count characters (Unicode code points), `end` being the first one behind; in JavaScript, whose "
    "strings count UTF-16 units, use `Array.from(text)`."
)


class SpansInterface:
    """See `Interface`."""

    packages: tuple[str, ...] = ()

    def example(self, manifest: Manifest) -> dict[str, Any]:
        column = manifest.columns[0]
        return {column.name: column.example}

    def refused(self, manifest: Manifest) -> dict[str, Any]:
        return {manifest.columns[0].name: 17}

    def described(self, manifest: Manifest) -> str:
        return (
            f"Marks the parts of a text that are {_listed(manifest)}: texts in, entities out, in the same order. Each "
            "entity has its label, its place, its text and a score."
        )

    def reads(self, manifest: Manifest) -> str:
        return f"A row is an object with a text under `{manifest.columns[0].name}`. {_OFFSETS}"

    def tensors(self, manifest: Manifest) -> str:
        return f"One BYTES tensor `{manifest.columns[0].name}`; the answer is one JSON text a row."

    def answers(self, manifest: Manifest) -> str:
        return f"(parts of a text, of {len(manifest.target.labels)} kinds)"

    def inputs(self, manifest: Manifest) -> str:
        return "a text"

    def row_schema(self, manifest: Manifest) -> dict[str, Any]:
        column = manifest.columns[0]
        text = {"type": "string", "description": "The text to mark.", "examples": [column.example]}
        return object_schema({column.name: text}, additionalProperties=True)

    def prediction_schema(self, manifest: Manifest) -> dict[str, Any]:
        whole = {"type": "integer", "minimum": 0}
        entity = object_schema(
            {
                "label": {"enum": list(manifest.target.labels), "description": "What kind of part it is."},
                "start": {**whole, "description": "Its first character, counted from 0."},
                "end": {**whole, "description": "The character behind its last."},
                "text": {"type": "string", "description": "The part itself."},
                "score": {
                    "type": "number",
                    "minimum": 0,
                    "maximum": 1,
                    "description": "How probable the least sure of its tokens is.",
                },
            }
        )
        description = "The marked parts in the order of the text; none overlap. " + _OFFSETS
        return object_schema({"entities": {"type": "array", "items": entity, "description": description}})

    def row_words(self, manifest: Manifest) -> str:
        rows = [(code(manifest.columns[0].name), "text", "The text to mark.")]
        return table(("Field", "Kind", "What to send"), rows) + "\n\n" + _OFFSETS

    def columns(self, manifest: Manifest) -> str:
        return table(("Input", "Kind", "Meaning"), [(code(manifest.columns[0].name), "text", "the text to mark")])

    def files(self, manifest: Manifest) -> dict[str, str]:
        found = {
            manifest.graph: "the model: observations of tokens in, a score for each tag out",
            "observations.npy": "keys of the observations that the model has weights for; no words",
            "turns.npy": "scores of going from one tag to the next",
            "encoder.onnx": "the encoder: word pieces in, vectors out",
            "tokenizer.json": "the word pieces of the encoder",
        }
        return {name: words for name, words in found.items() if name in manifest.files}

    def limits(self, manifest: Manifest, evaluation: Mapping[str, Any]) -> Iterable[str]:
        yield "It marks what looks like the parts marked in training. Other kinds of texts need other examples."
        yield "Names that it never saw are found less often than those it knows; the report says by how much."
        small = [c for c in evaluation.get("per_class") or [] if 0 < (c.get("support") or 0) < 30]
        if small:
            listed = ", ".join(code(c["label"]) for c in small[:8]) + (" and more" if len(small) > 8 else "")
            yield f"Few held-out entities speak for {listed}: numbers for them are rough."


INTERFACE = SpansInterface()


def _listed(manifest: Manifest) -> str:
    labels = [code(v) for v in manifest.target.labels[:_SHOWN_LABELS]]
    more = len(manifest.target.labels) - len(labels)
    if more > 0:
        return f"{', '.join(labels)} or one of {more} other kinds"
    return " or ".join([", ".join(labels[:-1]), labels[-1]]) if len(labels) > 1 else labels[0]
