"""Data that is no table: one file a kind of collection, each of which knows its own by names and first bytes.

A module here defines PLUGIN. Sources that none claims are tables. A claim must be cheap and sure: it is asked for every
run, also for plain tables.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from ..rawtable import RawTable

Progress = Callable[[str], None]


class Collection(Protocol):
    """A kind of data beside tables."""

    def claims(self, sources: Sequence[str]) -> bool:
        """Whether these sources, all together, are of this kind. Raises nothing: what cannot be opened is not its."""

    def read(
        self, sources: Sequence[str], *, work: Path | None, max_rows: int | None, progress: Progress | None
    ) -> RawTable:
        """Rows of the sources. `work`: a folder for what must be unpacked. Raises InputError."""


@cache
def collections() -> tuple[Collection, ...]:
    """All kinds, by the names of their modules."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}").PLUGIN for name in names)


def collection_of(sources: Sequence[str]) -> Collection | None:
    """The kind that claims these sources; None for tables."""
    return next((c for c in collections() if c.claims(sources)), None)
