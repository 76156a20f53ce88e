"""Boxes in the report: hits and misses drawn into held-out pictures, and how good each kind of phrase fares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .loose import mapping, rows
from .wording import clean, figure, is_number, percent

PREFIX = "data:image/jpeg;base64,"
MEANS = {
    "what it is": 'the words alone tell it: "the king"',
    "the most extreme": 'the end it lies at tells it: "the leftmost king", "the largest king"',
    "counted from an end": '"the second king from the left"',
    "beside another thing": 'another thing tells it: "the king left of the queen"',
    "with words that training lacked": "such words are passed over",
}


def pointed(evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    """Kinds of phrases, rules without eyes, and pictures with both boxes; None for other tasks."""
    kinds = [
        {
            "kind": clean(k.get("kind") or ""),
            "means": MEANS.get(str(k.get("kind")), ""),
            "phrases": k.get("phrases"),
            "hits": percent(k["hits"]),
            "overlap": figure(k["overlap"]),
        }
        for k in rows(evidence.get("kinds"))
        if is_number(k.get("hits")) and is_number(k.get("overlap"))
    ]
    if not kinds:
        return None
    rules = [f"{clean(name)} {percent(v)}" for name, v in mapping(evidence.get("trivial")).items() if is_number(v)]
    shown = [_picture(s) for s in rows(evidence.get("shown"))]
    return {
        "kinds": kinds,
        "trivial": ", ".join(rules),
        "shown": [s for s in shown if s["picture"]],
        "withheld": bool(evidence.get("withheld")),
    }


def _picture(shown: Mapping[str, Any]) -> dict[str, Any]:
    value = shown.get("picture")
    overlap = shown.get("overlap")
    return {
        "picture": value if isinstance(value, str) and value.startswith(PREFIX) else "",
        "phrase": clean(shown.get("phrase") or ""),
        "hit": bool(shown.get("hit")),
        "overlap": figure(overlap) if is_number(overlap) else "",
    }
