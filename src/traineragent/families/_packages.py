"""Whether the packages that a family trains with are installed. Imports none of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence


def lacking(packages: Sequence[str], extra: str) -> str:
    """What must be installed first, "" if nothing."""
    return "" if all(importlib.util.find_spec(p) for p in packages) else f'pip install "traineragent[{extra}]"'
