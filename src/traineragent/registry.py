"""Finds a plug-in by name: a module `traineragent.<kind>.<name>` that defines PLUGIN, or an entry point of an
installed package in the group `traineragent.<kind>`, or directly by its path "package.module:NAME". Listing names
imports nothing."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .errors import InputError

KINDS = ("tasks", "lines", "families", "views")


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
    """The PLUGIN object called `name`, or found at the path "package.module:NAME", so that a plug-in can be tried
    before it is packaged. Raises InputError that lists the known names."""
    if ":" in name:
        return at(name, f"{kind[:-1]} plug-in")
    if name not in names(kind):
        raise InputError(f"there is no {kind[:-1]} plug-in named {name!r}; known are {', '.join(names(kind))}")
    if name in _outside(kind):
        return _outside(kind)[name].load()
    return importlib.import_module(f"traineragent.{kind}.{name}").PLUGIN


def at(path: str, what: str = "function") -> Any:
    """What stands at "package.module:NAME". Raises InputError naming the path."""
    module, _, attribute = path.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise InputError(f"there is no {what} at {path!r}: {error}") from error
