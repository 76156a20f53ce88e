"""Which folder of the user's own knowledge is in force, for the code that runs now. Set once at the edge of a run.

Two runs in two threads may have different folders. It knows nothing of what the folders hold.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
MOST_KEPT = 512
"""Results that a function keeps, over all folders."""

_OVERLAY: ContextVar[Path | None] = ContextVar("overlay", default=None)


def overlay() -> Path | None:
    """The folder in force here, or None where only what ships is."""
    return _OVERLAY.get()


@contextmanager
def overlaid(folder: Path | None) -> Iterator[None]:
    """Puts `folder` in force inside the block, in this thread."""
    token = _OVERLAY.set(folder)
    try:
        yield
    finally:
        _OVERLAY.reset(token)


def put_in_force(folder: Path | None) -> None:
    """Puts `folder` in force for good: for a process that does the work of one run."""
    _OVERLAY.set(folder)


def once_per_overlay(function: Callable[P, T]) -> Callable[P, T]:
    """Keeps what `function` gives for each of its arguments and each folder in force; it may ask `overlay`."""

    @lru_cache(maxsize=MOST_KEPT)
    def kept(folder: Path | None, *args: Hashable, **named: Hashable) -> T:
        return function(*args, **named)  # type: ignore[arg-type]

    @wraps(function)
    def asked(*args: P.args, **named: P.kwargs) -> T:
        return kept(overlay(), *args, **named)  # type: ignore[arg-type]

    return asked
