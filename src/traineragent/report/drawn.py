"""The pictures of a generator in the report: drawn beside real ones, and what each is most like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .loose import mapping, rows
from .wording import clean, figure, is_number, percent

TOLERATED_COPIES = 0.05
PREFIX = "data:image/png;base64,"


def drawn(evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    """Rows of pictures and what the judge says of them, in words; None where nothing was drawn."""
    shown = [
        {"label": clean(r.get("label") or ""), "drawn": _picture(r.get("drawn")), "real": _picture(r.get("real"))}
        for r in rows(evidence.get("rows"))
    ]
    shown = [r for r in shown if r["drawn"]]
    if not shown:
        return None
    nearest = mapping(evidence.get("nearest"))
    pair = {"drawn": _picture(nearest.get("drawn")), "real": _picture(nearest.get("real"))}
    return {"rows": shown, "nearest": pair if all(pair.values()) else None, "words": _words(evidence)}


def _picture(value: Any) -> str:
    """A data URI of ours, or nothing."""
    return value if isinstance(value, str) and value.startswith(PREFIX) else ""


def _words(evidence: Mapping[str, Any]) -> list[str]:
    said = []
    asked, real = evidence.get("asked_class"), evidence.get("real_class")
    if is_number(asked) and is_number(real):
        said.append(
            f"A judge that learned from real pictures takes {percent(asked)} of the drawn ones for what was asked; it "
            f"names {percent(real)} of real pictures rightly, so more would mean little."
        )
    distance, floor = evidence.get("frechet"), evidence.get("floor")
    if is_number(distance) and is_number(floor):
        said.append(
            f"Their Fréchet distance to held-out real pictures is {figure(distance)}; real pictures among themselves "
            f"have {figure(floor)}."
        )
    variety = evidence.get("diversity")
    if is_number(variety):
        said.append(f"Pictures of one class vary {figure(variety)} times as much as real ones.")
    copied = evidence.get("copied")
    if is_number(copied):
        verdict = "it does not repeat them" if copied <= TOLERATED_COPIES else "it has partly learned them by heart"
        said.append(
            f"{percent(copied)} are nearer to a training picture than real ones are to one another (about 1 % would be "
            f"chance): {verdict}."
        )
    return said
