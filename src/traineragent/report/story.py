"""The last sections: who decided what and why, and what is needed to do the run again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from . import charts
from .loose import mapping, rows
from .model import costs
from .wording import clean, duration, figure, is_number, sentence

SHOWN_CHAPTERS = 40
LONG_EVIDENCE = 160
PHASES = (
    ("understand", "understanding"),
    ("prepare", "preparing the data"),
    ("train", "training"),
    ("deliver", "exporting, measuring, documenting"),
)


def decided(evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    """Decisions in order, each with the time since the first. Decisions that one agent takes in a row on one question
    are told together, and the same act on many columns is one line."""
    found = rows(evidence.get("decisions"))
    if not found:
        return None
    began = next((t for t in (_moment(d.get("at")) for d in found) if t), None)
    entries = [_decision(d, began) for d in found]
    chapters = [
        _chapter(list(group)) for _, group in groupby(entries, key=lambda e: (e["who"], e["by"], e["question"]))
    ]
    return {"shown": chapters[:SHOWN_CHAPTERS], "more": chapters[SHOWN_CHAPTERS:]}


def _moment(at: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(at))
    except ValueError:
        return None


def _decision(d: Mapping[str, Any], began: datetime | None) -> dict[str, Any]:
    """One decision; `what` may read "question: act column=name" or be free text."""
    at = _moment(d.get("at"))
    comparable = at is not None and began is not None and (at.tzinfo is None) == (began.tzinfo is None)
    after = (at - began).total_seconds() if comparable and at and began else None
    question, separator, act = clean(d.get("what") or "").partition(": ")
    if not separator or " " in question:
        question, act = "", clean(d.get("what") or "")
    act, _, column = act.partition(" column=")
    return {
        "after": f"+{duration(max(after, 0.0))}" if after is not None else "",
        "who": clean(d.get("who") or ""),
        "by": clean(d["by"]) if d.get("by") else "",
        "question": question,
        "act": act,
        "column": column,
        "why": sentence(d.get("why") or "", capital=False),
        "evidence": _evidence(d.get("evidence")),
    }


def _parted(act: str) -> tuple[str, str]:
    """The name of an act, with spaces, and its arguments ("a=1, b=2") as they are written."""
    name, _, rest = act.partition(" ")
    if "=" in rest:
        return name.replace("_", " "), rest
    return f"{name.replace('_', ' ')} {rest}".strip(), ""


def _chapter(entries: list[dict[str, Any]]) -> dict[str, Any]:
    first, last = entries[0], entries[-1]
    lines = [_line(list(group)) for _, group in groupby(entries, key=lambda e: (e["act"], bool(e["column"])))]
    evidence = last["evidence"]
    return {
        "after": first["after"],
        "who": first["who"],
        "agent": first["who"].split("/")[0].split(" ")[0].lower(),
        "by": first["by"],
        "title": sentence(first["question"].replace("_", " ")).rstrip("."),
        "lines": lines,
        "evidence": evidence,
        "long": len(evidence) > LONG_EVIDENCE,
    }


def _line(same: list[dict[str, Any]]) -> dict[str, Any]:
    """One act: on a column, on several, or several times."""
    columns = [e["column"] for e in same if e["column"]]
    act, arguments = _parted(same[0]["act"])
    reasons = list(dict.fromkeys(e["why"] for e in same if e["why"]))
    times = "" if len(same) == 1 else f"{len(columns)} columns" if columns else f"{len(same)} times"
    return {
        "act": sentence(act).rstrip("."),
        "arguments": arguments,
        "times": times,
        "columns": ", ".join(columns),
        "why": reasons[0] if len(reasons) == 1 else "",
        "reasons": [{"after": e["after"], "why": e["why"]} for e in same] if len(reasons) > 1 else [],
    }


def _evidence(value: Any) -> str:
    """Evidence as one line of "name: value" parts."""
    if value is None or value in ("", {}, []):
        return ""
    if isinstance(value, Mapping):
        told = {clean(k).replace("_", " "): v for k, v in value.items() if v not in (None, "", [], {}, ())}
        return " · ".join(f"{name}: {_plain(v)}" for name, v in told.items())
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if is_number(value):
        return figure(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{clean(k)} {_plain(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_plain(v) for v in value)
    return clean(value) if value is not None else "none"


def reproduction(report: Mapping[str, Any], evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    environment = mapping(evidence.get("environment"))
    seconds = mapping(report.get("seconds"))
    facts = [
        ("Seed", _first(environment.get("seed"), report.get("seed"))),
        ("TrainerAgent", _first(environment.get("traineragent"), report.get("version"))),
        ("Python", environment.get("python")),
        ("System", _first(environment.get("system"), environment.get("platform"))),
        ("Cores", environment.get("cores")),
        ("Created", report.get("created")),
        ("Language model", costs(mapping(report.get("llm")))),
    ]
    shown = [(name, clean(value)) for name, value in facts if value not in (None, "")]
    packages = [(clean(k), clean(v)) for k, v in mapping(environment.get("packages")).items()]
    phases = _phases(seconds)
    command = environment.get("command")
    if not (environment or phases):
        return None
    return {"facts": shown, "packages": packages, "phases": phases, "command": clean(command) if command else ""}


def _first(*values: Any) -> Any:
    return next((v for v in values if v is not None), None)


def _phases(seconds: Mapping[str, Any]) -> dict[str, Any] | None:
    parts = [(title, float(seconds[key])) for key, title in PHASES if is_number(seconds.get(key)) and seconds[key] > 0]
    if not parts:
        return None
    legend = [
        {"name": title, "css": charts.series_class(k), "share": duration(took)} for k, (title, took) in enumerate(parts)
    ]
    total = duration(seconds["total"]) if is_number(seconds.get("total")) else ""
    return {"bar": charts.stacked(parts, "Seconds by phase"), "legend": legend, "total": total}
