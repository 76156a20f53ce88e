"""How well parts of texts are marked: kinds of errors, new wordings against known ones, and texts with errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .loose import amount, mapping, rows
from .wording import clean, integer, percent

KINDS = (
    ("right", "Right", "label and both ends"),
    ("label", "Wrong label", "the ends are right"),
    ("ends", "Wrong ends", "the label is right"),
    ("both", "Wrong label and ends", "it overlaps the true one"),
    ("missed", "Missed", "nothing was marked there"),
    ("invented", "Invented", "nothing is there"),
)


def marked(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """The tables of the report; None where no texts were marked."""
    errors = mapping(found.get("errors"))
    if not errors:
        return None
    true = amount(found.get("entities")) or 1
    kinds = [
        {"title": title, "means": means, "entities": integer(errors.get(key)), "share": percent(errors[key] / true)}
        for key, title, means in KINDS
        if key in errors
    ]
    return {
        "kinds": kinds,
        "novelty": _novelty(mapping(found.get("novelty"))),
        "examples": [_example(e) for e in rows(found.get("examples"))],
        "withheld": found.get("quotes") is False,
    }


def _novelty(novelty: Mapping[str, Any]) -> str:
    """How much of what training held, and of what it did not hold, is found."""
    said = []
    for key, words in (("known", "whose wording stands in the training texts"), ("new", "whose wording is new")):
        part = mapping(novelty.get(key))
        if amount(part.get("entities")):
            said.append(f"{percent(part.get('recall'))} of the {integer(part.get('entities'))} entities {words}")
    return f"It finds {' and '.join(said)}." if said else ""


def _example(example: Mapping[str, Any]) -> dict[str, Any]:
    text = str(example.get("text") or "")
    return {
        "true": _pieces(text, rows(example.get("true"))),
        "given": _pieces(text, rows(example.get("given"))),
    }


def _pieces(text: str, entities: list[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The text in pieces, each with the label it is marked with, or none."""
    pieces, at = [], 0
    for e in entities:
        start, end = int(amount(e.get("start"))), int(amount(e.get("end")))
        if start < at:
            continue
        pieces.append({"text": clean(text[at:start]), "label": ""})
        pieces.append({"text": clean(text[start:end]), "label": clean(e.get("label"))})
        at = end
    return [p for p in (*pieces, {"text": clean(text[at:]), "label": ""}) if p["text"]]
