"""Rich inputs of a graph, one module a kind: what columns hold that no fixed row of numbers can.

Each module defines `open_input(spec, folder)`. Knows nothing of HTTP, models or answers.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from ...domain.data import RichInput
from ...errors import InputError
from .parts import Part


class UnreadableCell(Exception):
    """A cell that the input cannot be read from. `column` is its position among the input's columns."""

    def __init__(self, row: int, column: int, expected: str, fix: str) -> None:
        super().__init__(expected)
        self.row, self.column, self.expected, self.fix = row, column, expected, fix


class InputReader(Protocol):
    """Reads one input. Safe to call from several threads."""

    def read(self, cells: Sequence[Sequence[Any]], *, lenient: bool) -> Part:
        """The rows of as many columns as the input has; a cell is a JSON value, or the bytes of a file where rows come
        from files, None where there is nothing. `lenient`: what cannot be read counts as empty. Raises UnreadableCell
        otherwise."""


def open_input(spec: RichInput, folder: Path) -> InputReader:
    """The reader of an input whose side files lie in `folder`. Raises InputError for an unknown kind."""
    if not spec.kind.isidentifier() or spec.kind == "parts":
        raise InputError(f"input {spec.name!r}: there is no kind of input {spec.kind!r}")
    try:
        module = importlib.import_module(f".{spec.kind}", __package__)
    except ModuleNotFoundError as error:
        if error.name != f"{__package__}.{spec.kind}":
            raise InputError(f"input {spec.name!r} needs the package {error.name}; see requirements.txt") from None
        raise InputError(f"input {spec.name!r}: this server cannot read inputs of kind {spec.kind!r}") from None
    reader: InputReader = module.open_input(spec, folder)
    return reader
