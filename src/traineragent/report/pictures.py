"""The section that shows pictures: examples of each class, mistakes, suspect labels, and where the model looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .loose import mapping, rows
from .wording import clean, integer, percent

ADDRESS = "data:image/jpeg;base64,"


def pictures(evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where the task has no pictures."""
    given = mapping(evidence.get("pictures"))
    examples = [
        {"label": clean(g.get("label")), "count": integer(g.get("count")), "pictures": _usable(g.get("pictures"))}
        for g in rows(given.get("examples"))
    ]
    found = {
        "examples": [g for g in examples if g["pictures"]],
        "mistakes": [{**_one(p), "words": _mistake(p)} for p in _shown(given.get("mistakes"))],
        "suspects": [{**_one(p), "words": _suspect(p)} for p in _shown(given.get("suspects"))],
        "looks": [{**_one(p), "words": _look(p)} for p in _shown(given.get("looks"))],
    }
    return found if any(found.values()) else None


def _shown(value: Any) -> list[Mapping[str, Any]]:
    return [p for p in rows(value) if str(p.get("src", "")).startswith(ADDRESS)]


def _usable(value: Any) -> list[dict[str, str]]:
    return [_one(p) for p in _shown(value)]


def _one(picture: Mapping[str, Any]) -> dict[str, str]:
    return {"src": str(picture["src"]), "name": clean(picture.get("file") or picture.get("name") or "")}


def _mistake(picture: Mapping[str, Any]) -> str:
    return f"is {clean(picture.get('true'))}, answered {clean(picture.get('answer'))} ({percent(picture.get('p'))})"


def _suspect(picture: Mapping[str, Any]) -> str:
    return f"labelled {clean(picture.get('given'))}, looks like {clean(picture.get('likely'))}"


def _look(picture: Mapping[str, Any]) -> str:
    true, answer = clean(picture.get("true")), clean(picture.get("answer"))
    return f"answered {answer}" if true == answer else f"answered {answer}, is {true}"
