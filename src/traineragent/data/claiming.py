"""Whether a reader of collections takes what a person points at. Knows nothing of what any of them looks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from traineragent.data.archive import BROKEN
from traineragent.errors import InputError


def claimed(sources: Sequence[str], holds: Callable[[list[Path]], bool]) -> bool:
    """What `holds` says of local files and folders; False for none, for addresses, and where something cannot be read,
    which the reader of tables tells better."""
    if not sources or any("://" in s for s in sources):
        return False
    try:
        return holds([Path(s).expanduser() for s in sources])
    except (*BROKEN, RuntimeError, InputError):
        return False
