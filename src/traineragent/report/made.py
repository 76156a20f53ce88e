"""The section on features that were made by functions: what was proposed, what it brought, what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .loose import mapping, rows
from .wording import clean, figure, is_number, metric_title, percent, plural, sentence

TIERS = {
    "bubblewrap": "in bubblewrap, behind a filter of system calls and limits",
    "landlock": "behind Landlock, a filter of system calls and limits",
    "seccomp": "behind a filter of system calls and limits",
    "limits": "with limits of time and memory only, as was allowed",
}


def made(report: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where no code was allowed."""
    features = mapping(report.get("features"))
    if not features:
        return None
    judged = rows(features.get("judged"))
    board = rows(report.get("leaderboard"))
    name = next((e["metric"] for e in board if e.get("metric")), mapping(report.get("metric")).get("name"))
    return {
        "lead": _lead(features, judged),
        "metric": metric_title(name),
        "entries": [_entry(j) for j in judged],
    }


def _lead(features: Mapping[str, Any], judged: Sequence[Mapping[str, Any]]) -> str:
    if features.get("refused"):
        return sentence(f"Functions that make features were allowed, but none was run: {clean(features['refused'])}")
    if not judged:
        return "Functions that make features were allowed; none was proposed."
    kept = sum(bool(j.get("kept")) for j in judged)
    where = TIERS.get(str(features.get("tier")), "")
    proposed = "One function was" if len(judged) == 1 else f"{plural(len(judged), 'function')} were"
    left = f"{kept or 'none'} {'is' if kept == 1 else 'are'} kept"
    return f"{proposed} proposed as features and run {where}; {left}. What is served is the formula, never the code."


def _entry(judged: Mapping[str, Any]) -> dict[str, Any]:
    gain = judged.get("gain")
    signed = f"{'+' if is_number(gain) and gain > 0 else ''}{figure(gain)}" if is_number(gain) else ""
    return {
        "name": clean(judged.get("name")),
        "kept": bool(judged.get("kept")),
        "by": clean(judged.get("by") or ""),
        "gain": signed,
        "sure": percent(judged.get("sure")) if is_number(judged.get("sure")) else "",
        "reason": sentence(judged.get("reason")),
        "why": sentence(judged.get("why")),
        "formula": clean(judged.get("formula") or ""),
        "source": clean(judged.get("source") or "").rstrip(),
    }
