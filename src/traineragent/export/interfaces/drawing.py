"""Pictures drawn from words: a row is a prompt, an answer is a PNG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...serve.manifest import Manifest
from ...serve.sampling import MOST_SEED
from ..markdown import code, table
from .schemas import object_schema

_SHOWN = 20


class DrawingInterface:
    """See `Interface`."""

    packages: tuple[str, ...] = ("pillow",)

    def example(self, manifest: Manifest) -> dict[str, Any]:
        return {"prompt": self._names(manifest)[0], "seed": 1}

    def refused(self, manifest: Manifest) -> dict[str, Any]:
        return {"label": "no such thing"}

    def described(self, manifest: Manifest) -> str:
        settings = manifest.settings
        size = f"{settings['width']} x {settings['height']}"
        return (
            f"Draws new pictures of {size} pixels: prompts in, PNG files out, in the same order. It can be asked for "
            f"{self._listed(manifest)}."
        )

    def reads(self, manifest: Manifest) -> str:
        return (
            "A prompt is read for the names that the model has learned, also in other words for them; one that names "
            "none is refused with the list. The same seed gives the same picture; without one each is new."
        )

    def tensors(self, manifest: Manifest) -> str:
        return "One BYTES tensor `prompt`, or `label`; optionally an INT64 tensor `seed`. The answers are JSON texts."

    def answers(self, manifest: Manifest) -> str:
        return "(a picture)"

    def inputs(self, manifest: Manifest) -> str:
        return "words"

    def row_schema(self, manifest: Manifest) -> dict[str, Any]:
        names = self._names(manifest)
        properties = {
            "prompt": {
                "type": "string",
                "description": f"What to draw: {self._listed(manifest)}.",
                "examples": names[:3],
            },
            "label": {"enum": names, "description": "One of the names as it stands, instead of a prompt."},
            "seed": {
                "type": "integer",
                "minimum": 0,
                "maximum": MOST_SEED,
                "description": "The same seed, the same picture.",
            },
        }
        return object_schema(properties, [], additionalProperties=True)

    def prediction_schema(self, manifest: Manifest) -> dict[str, Any]:
        return object_schema(
            {
                "image": {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"},
                "seed": {"type": "integer", "description": "The seed it was drawn with."},
            }
        )

    def row_words(self, manifest: Manifest) -> str:
        rows = [
            ("`prompt`", "text", f"What to draw: {self._listed(manifest)}"),
            ("`label`", "text", "One of the names as it stands, instead of a prompt"),
            ("`seed`", "whole number", "The same seed, the same picture; may be left out"),
        ]
        return table(("Field", "Kind", "What to send"), rows)

    def columns(self, manifest: Manifest) -> str:
        rows = [(code(n["label"]), ", ".join(n.get("said", ())[:8])) for n in manifest.settings["names"]]
        return table(("Can be asked for", "Also as"), rows)

    def files(self, manifest: Manifest) -> dict[str, str]:
        if "latent" not in manifest.settings:
            return {
                manifest.graph: "the model: pictures `x` at times `t` with `words` in, the way they should move out"
            }
        return {
            manifest.graph: "the model: what becomes a picture, `x`, at times `t` with `words` in, where to move it",
            "texts.onnx": "what reads the words: numbers of tokens in, what the model is told of them out",
            "decoder.onnx": "what makes pictures of what the model has moved",
            **{name: "weights of the graph beside it" for name in manifest.files if name.endswith(".onnx.data")},
        }

    def limits(self, manifest: Manifest, evaluation: Mapping[str, Any]) -> Iterable[str]:
        yield "It draws what it has seen and variations of it; nothing else can be asked for."
        yield "Its pictures are made up. Do not pass them off as photographs of anything real."
        if "latent" in manifest.settings:
            base = (manifest.settings["latent"].get("base") or {}).get("name", "a pretrained checkpoint")
            yield (
                f"It was fine-tuned from {base}, whose licence and whose prejudices it inherits: read the card of that "
                "checkpoint before you publish anything it draws."
            )
        likeness = evaluation.get("likeness") or {}
        if (likeness.get("copied") or 0) > 0.05:
            yield (
                f"{likeness['copied']:.0%} of its pictures are nearly copies of training pictures: treat what it draws "
                "as you may treat those."
            )

    @staticmethod
    def _names(manifest: Manifest) -> list[str]:
        return [str(n["label"]) for n in manifest.settings["names"]]

    def _listed(self, manifest: Manifest) -> str:
        names = self._names(manifest)
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return ", ".join(code(n) for n in names[:_SHOWN]) + more


INTERFACE = DrawingInterface()
