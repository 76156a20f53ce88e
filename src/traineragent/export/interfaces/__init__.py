"""What documents say of a kind of bundle: what a row holds, what an answer is. One file a codec of the server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, Protocol

from ...serve.manifest import Manifest


class Interface(Protocol):
    """Words and schemas for OpenAPI, README and card; all made from the manifest."""

    packages: tuple[str, ...]
    """What the server of such a bundle needs beside the common packages."""

    def example(self, manifest: Manifest) -> dict[str, Any]:
        """A typical row, never a real one."""

    def refused(self, manifest: Manifest) -> dict[str, Any]:
        """A row that the service answers with 422, to show what that looks like."""

    def described(self, manifest: Manifest) -> str:
        """What the service does, in a sentence or two."""

    def reads(self, manifest: Manifest) -> str:
        """How a row is read: what is optional, what is ignored."""

    def tensors(self, manifest: Manifest) -> str:
        """Which tensors the inference protocol takes."""

    def answers(self, manifest: Manifest) -> str:
        """What an answer is, in brackets after the target's name."""

    def inputs(self, manifest: Manifest) -> str:
        """From what it predicts, e.g. "12 columns"."""

    def row_schema(self, manifest: Manifest) -> dict[str, Any]: ...

    def prediction_schema(self, manifest: Manifest) -> dict[str, Any]: ...

    def row_words(self, manifest: Manifest) -> str:
        """What a row may hold, as Markdown."""

    def columns(self, manifest: Manifest) -> str:
        """The inputs for the card, as Markdown."""

    def files(self, manifest: Manifest) -> dict[str, str]:
        """File of the model -> what it is."""

    def limits(self, manifest: Manifest, evaluation: Mapping[str, Any]) -> Iterable[str]:
        """Sentences on where the model ends."""


def interface(manifest: Manifest) -> Interface:
    """The interface of a bundle's codec."""
    found: Interface = import_module(f".{manifest.codec}", __package__).INTERFACE
    return found
