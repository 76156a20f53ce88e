"""Pictures and phrases: a row is both, an answer is a box with a score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...serve.grounding.pieces import TOKENIZER
from ...serve.manifest import Manifest
from ..markdown import code, table
from .examples import example_row
from .schemas import object_schema

_SHOWN = 20
_BOX = "`box` is left, top, right, bottom in pixels of the picture as it was sent, from its top left corner."


class GroundingInterface:
    """See `Interface`."""

    packages: tuple[str, ...] = ("pillow",)

    def example(self, manifest: Manifest) -> dict[str, Any]:
        return example_row(manifest.columns)

    def refused(self, manifest: Manifest) -> dict[str, Any]:
        return {**self.example(manifest), "phrase": ""}

    def described(self, manifest: Manifest) -> str:
        return (
            "Finds what a phrase describes in a picture: pictures and phrases in, boxes out, in the same order. It has "
            f"learned the words {self._listed(manifest)}."
        )

    def reads(self, manifest: Manifest) -> str:
        return (
            "A row is an object with a picture under `image` (the bytes of the file as base64) and a `phrase`. Words "
            "of place, size and order are understood in several languages; words that training lacked are passed over "
            f"and named in `warnings`. {_BOX}"
        )

    def tensors(self, manifest: Manifest) -> str:
        return "Two BYTES tensors, `image` (base64) and `phrase`; the answer is one JSON text a row."

    def answers(self, manifest: Manifest) -> str:
        return "(a box in a picture)"

    def inputs(self, manifest: Manifest) -> str:
        return "a picture and a phrase"

    def row_schema(self, manifest: Manifest) -> dict[str, Any]:
        example = self.example(manifest)
        properties = {
            "image": {
                "type": "string",
                "contentEncoding": "base64",
                "description": "The bytes of a JPEG, PNG, WebP, GIF, BMP or TIFF file.",
            },
            "phrase": {
                "type": "string",
                "description": "What to find, in words.",
                "examples": [example["phrase"]],
            },
        }
        return object_schema(properties, additionalProperties=True)

    def prediction_schema(self, manifest: Manifest) -> dict[str, Any]:
        corner = {"type": "number", "minimum": 0}
        return object_schema(
            {
                "box": {"type": "array", "items": corner, "minItems": 4, "maxItems": 4, "description": _BOX},
                "score": {
                    "type": "number",
                    "minimum": 0,
                    "maximum": 1,
                    "description": "How surely the phrase means this box; low where nothing fits.",
                },
            }
        )

    def row_words(self, manifest: Manifest) -> str:
        rows = [
            ("`image`", "picture", "The bytes of the file as base64"),
            ("`phrase`", "text", "What to find, such as “" + str(self.example(manifest)["phrase"]) + "”"),
        ]
        return table(("Field", "Kind", "What to send"), rows) + "\n\n" + _BOX

    def columns(self, manifest: Manifest) -> str:
        rows = [
            ("`image`", "picture", "where to look"),
            ("`phrase`", "text", f"what to find; things are known by {self._listed(manifest)}"),
        ]
        return table(("Input", "Kind", "Meaning"), rows)

    def files(self, manifest: Manifest) -> dict[str, str]:
        if not manifest.graph:
            return {"fixed.json": "the one box that is always given"}
        pieces = {TOKENIZER: "the word pieces that the model reads"} if TOKENIZER in manifest.files else {}
        return {
            manifest.graph: "the model: `pixels` and `tokens` of words in, for each place of the picture a score "
            "(`logits`) and a box (`boxes`) out",
            **pieces,
        }

    def limits(self, manifest: Manifest, evaluation: Mapping[str, Any]) -> Iterable[str]:
        if not manifest.graph:
            yield "It gives the same box for every picture and phrase; it is no model, but what a model must beat."
            return
        yield "It always gives a box, also where nothing in the picture is meant; the score is low then."
        yield "It finds things of the kinds that training phrases named. Of other words it knows nothing."
        yield "Things that overlap much, or are much smaller than in training, are easily mixed up."

    def _listed(self, manifest: Manifest) -> str:
        known = [str(w) for w in manifest.settings["reading"]["known"]]
        more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
        return ", ".join(code(w) for w in known[:_SHOWN]) + more


INTERFACE = GroundingInterface()
