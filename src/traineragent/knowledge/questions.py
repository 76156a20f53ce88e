"""What each agent asks its brain, from `questions.yaml`: the operations that may answer and the facts known then.

It knows nothing of what the operations do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from .expression import ITEM, Kind


@dataclass(frozen=True)
class Asked:
    """One question. `operations` None: the whole catalogue of the agent's answers."""

    operations: tuple[str, ...] | None
    facts: Mapping[str, Kind]


def question(agent: str, kind: str) -> Asked | None:
    """What `agent` asks under the name `kind`; None where that is not declared."""
    raw = _questions()[agent].get(kind)
    if raw is None:
        return None
    operations = raw.get("operations")
    return Asked(None if operations is None else tuple(operations), _kinds(raw["facts"]))


def kinds_asked(agent: str) -> tuple[str, ...]:
    return tuple(_questions()[agent])


def kind_of_setting(value: Any) -> Kind:
    if isinstance(value, list):
        return {ITEM: kind_of_setting(value[0])} if value else "list"
    return "truth" if isinstance(value, bool) else "number" if isinstance(value, (int, float)) else "text"


def _kinds(raw: Any) -> Any:
    if isinstance(raw, dict):
        return {name: _kinds(kind) for name, kind in raw.items()}
    return {ITEM: _kinds(raw[0])} if isinstance(raw, list) else str(raw)


@cache
def _questions() -> dict[str, Any]:
    text = (files(__package__) / "questions.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["agents"]
    return found
