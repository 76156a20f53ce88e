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
from typing import ClassVar, Protocol

from ...errors import InputError
from ..rawtable import RawTable

NAMED = 3  # files or folders of a kind that a message names

Progress = Callable[[str], None]


class Collection(Protocol):
    """A kind of data beside tables. `what` it holds, for people; `over`: names of kinds whose data it reads as well, so
    that where both claim, this one is meant."""

    name: ClassVar[str]
    what: ClassVar[str]
    over: ClassVar[frozenset[str]]

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
    """The kind that claims these sources; None for tables. Raises InputError where they hold several kinds, of which
    none reads the others."""
    found = [c for c in collections() if c.claims(sources)]
    found = [c for c in found if not any(c.name in other.over for other in found)]
    if len(found) > 1:
        raise InputError(_mixed(sources, found))
    return found[0] if found else None


def _mixed(sources: Sequence[str], found: Sequence[Collection]) -> str:
    """What lies where, so that one of them can be pointed at."""
    places = [str(s) for s in sources]
    if len(places) == 1 and Path(places[0]).is_dir():
        places = sorted(str(p) for p in Path(places[0]).iterdir())
    held = {c.what: [p for p in places if c.claims([p])] for c in found}
    told = [f"{what} in {', '.join(own[:NAMED])}{' …' if own[NAMED:] else ''}" for what, own in held.items() if own]
    first = next((own[0] for own in held.values() if own), places[0])
    several = " and ".join(c.what for c in found)
    return f"{', '.join(map(str, sources))}: holds {'; '.join(told) or several}; point at what is meant: --data {first}"
