"""How words were understood, as plain values ready to print: what `traineragent plan` gives.

Knows nothing of HTTP; templates print the result and compute nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..report.loose import mapping, rows, texts
from ..report.view import SIGNS, view
from ..report.wording import clean, condition, integer, limit_title, limit_value, metric_means, metric_title, sentence

VERDICTS = {
    "accept": ("good", "✓", "Understood, and it can be done"),
    "ask": ("ask", "?", "Something essential is missing"),
    "decline": ("stop", "–", "Declined"),
}


def understood(task: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows of a task specification; raises nothing on missing parts."""
    verdict, info = mapping(task.get("verdict")), mapping(task.get("data_info"))
    decision = str(verdict.get("decision"))
    tone, sign, words = VERDICTS.get(decision, ("warn", "!", clean(decision)))
    shown = view({"task": task, "task_type": task.get("task_type"), "target": info.get("target")}, {})["asked"] or {}
    inputs = texts(info.get("inputs"))
    return {
        "tone": tone,
        "sign": sign,
        "words": words,
        "accepted": decision == "accept",
        "asks": decision == "ask",
        "reasons": [sentence(r) for r in texts(verdict.get("reasons"))],
        "alternative": sentence(verdict["alternative"]) if verdict.get("alternative") else "",
        "questions": [question(q) for q in rows(verdict.get("questions"))],
        "facts": _facts(shown, info),
        "inputs": [clean(i) for i in inputs],
        "ignored": shown.get("ignored", []),
        "metrics": [
            {
                "title": metric_title(m.get("name")),
                "means": metric_means(m.get("name")),
                "stated": bool(m.get("stated")),
            }
            for m in rows(task.get("metrics"))
        ],
        "limits": [_limit(r) for r in rows(task.get("requirements"))],
        "wishes": [condition(c) for c in texts(task.get("constraints"))],
        "assumptions": shown.get("assumptions", []),
        "notices": shown.get("notices", []),
        "plan": [sentence(s) for s in texts(task.get("plan"))],
    }


def question(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A question with its choices, the suggested one marked."""
    return {
        "about": clean(asked.get("about") or ""),
        "text": sentence(asked.get("text") or "").replace(" Point at it with --data FILE.", " Give it above."),
        "choices": texts(asked.get("choices")),
        "default": clean(asked["default"]) if asked.get("default") else "",
    }


def _facts(shown: Mapping[str, Any], info: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What stands beside the sections of their own."""
    elsewhere = ("Judged by", "Conditions", "Data")
    found = [(name, value) for name, value in shown.get("understood", []) if name not in elsewhere]
    return [*found, ("Rows read", integer(info["rows"]))] if info.get("rows") else found


def _limit(r: Mapping[str, Any]) -> dict[str, str]:
    sign = SIGNS.get(str(r.get("direction")), "")
    about = f" ({clean(r['positive_label'])})" if r.get("positive_label") is not None else ""
    return {
        "title": f"{limit_title(r.get('name'))}{about}",
        "limit": f"{sign} {limit_value(r.get('limit'), r.get('name'))}",
        "stated_as": clean(r["stated_as"]) if r.get("stated_as") else "",
    }
