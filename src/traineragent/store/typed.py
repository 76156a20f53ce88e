"""Typed values in JSON files: dataclasses, their tuples and mappings, as pydantic writes and checks them.

Knows nothing of what the values mean or where a run keeps them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from .files import read_json, write_json

T = TypeVar("T")


def plain(value: Any, kind: Any) -> Any:
    """`value`, which is of the type `kind`, as objects, lists and scalars of JSON."""
    return TypeAdapter(kind).dump_python(value, mode="json")


def write_value(path: Path, value: Any, kind: Any) -> None:
    """Writes a value of the type `kind`, atomically and durably."""
    write_json(path, plain(value, kind))


def read_value(path: Path, kind: type[T]) -> T:
    """The value of the type `kind` that was written there. Raises pydantic.ValidationError for anything else."""
    return TypeAdapter(kind).validate_python(read_json(path))
