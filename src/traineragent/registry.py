"""Finds a plug-in by name: a module `traineragent.<kind>.<name>` that defines PLUGIN, or an entry point of an
installed package in the group `traineragent.<kind>`. Listing names imports nothing."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .errors import InputError

KINDS = ("tasks", "families")


@cache
def _outside(kind: str) -> dict[str, EntryPoint]:
    return {e.name: e for e in entry_points(group=f"traineragent.{kind}")}


@cache
def names(kind: str) -> tuple[str, ...]:
    """All plug-ins of a kind, ours first, then those of installed packages."""
    package = importlib.import_module(f"traineragent.{kind}")
    ours = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]
    return (*sorted(ours), *sorted(set(_outside(kind)) - set(ours)))


@cache
def get(kind: str, name: str) -> Any:
    """The PLUGIN object called `name`. Raises InputError that lists the known names."""
    if name not in names(kind):
        raise InputError(f"there is no {kind[:-1]} plug-in named {name!r}; known are {', '.join(names(kind))}")
    if name in _outside(kind):
        return _outside(kind)[name].load()
    return importlib.import_module(f"traineragent.{kind}.{name}").PLUGIN
