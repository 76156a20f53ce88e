"""What a report shows, as plain values ready to print: title, status, requirements, headline, and the sections.

Takes report.json and the evidence beside it, both possibly incomplete; a section without data is None. Templates print
the result and compute nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from . import charts
from .findings import findings
from .followup import follow_up
from .forecast import forecast
from .loose import items, mapping, pair, rows, texts
from .made import made
from .model import language_model
from .pictures import pictures
from .quality import quality
from .story import decided, reproduction
from .trials import family_title, tried
from .usage import usage
from .wording import (
    clean,
    condition,
    duration,
    figure,
    integer,
    is_number,
    limit_title,
    limit_value,
    lower_is_better,
    metric_means,
    metric_title,
    names_in,
    of_names,
    percent,
    plural,
    score,
    sentence,
    task_title,
)

TITLE_LENGTH = 220
SIGNS = {"<=": "≤", ">=": "≥"}
HOW_TO_ANSWER = {
    "target": "Answer with --target COLUMN, or say it in the request, and run the command again.",
    "data": "Give the data with --data PATH and run the command again.",
}
HOW_TO_CHANGE = 'Say it in other words: traineragent refine RUN "…"'
"""The same for a follow-up, which has no options."""
PRICES = {"recall": "precision", "precision": "recall", "recall_macro": "precision_macro"}
"""What a metric is bought with: who always says yes finds all."""
SHOWN_BESIDE = 3  # further metrics in the headline; all stand in their section
STATUS = {
    "delivered": ("good", "✓", "Delivered"),
    "delivered_unmet": ("warn", "!", "Delivered, not all limits met"),
    "declined": ("stop", "–", "Declined"),
    "needs_answer": ("ask", "?", "An answer is needed"),
    "failed": ("bad", "✗", "Failed"),
}


def view(report: Mapping[str, Any], evidence: Mapping[str, Any]) -> dict[str, Any]:
    """All that the templates print. Raises nothing on missing parts."""
    task = mapping(report.get("task"))
    request = clean(report.get("request") or "").strip()
    required = requirements(report)
    if not (_delivered(report) or any(r["known"] for r in required)):
        required = []  # what was never measured was neither met nor missed
    return {
        "title": request[:TITLE_LENGTH] + ("…" if len(request) > TITLE_LENGTH else "") or "A model from your data",
        "long_title": len(request) > 90,
        "kicker": _kicker(report, evidence),
        "status": status(report, required),
        "requirements": required,
        "headline": headline(report, evidence),
        "facts": _facts(report),
        "asked": _asked(report, task, request),
        "found": findings(report, evidence),
        "made": made(report),
        "tried": tried(report, evidence),
        "quality": quality(report, evidence),
        "pictures": pictures(evidence),
        "forecast": forecast(evidence),
        "usage": usage(report, evidence),
        "decided": decided(evidence),
        "model": language_model(report),
        "again": reproduction(report, evidence),
    }


def _delivered(report: Mapping[str, Any]) -> bool:
    return str(report.get("status", "")).startswith("delivered")


def _kicker(report: Mapping[str, Any], evidence: Mapping[str, Any]) -> str:
    """The small line above the title: what kind of task, when."""
    classes = len(items(mapping(evidence.get("evaluation")).get("labels")))
    parts = [task_title(report.get("task_type"), classes)] if report.get("task_type") else []
    if report.get("created"):
        parts.append(clean(report["created"])[:16].replace("T", " "))
    return " · ".join(parts)


# -------------------------------------------------------------------------------------------------------------- status
def status(report: Mapping[str, Any], required: list[dict[str, Any]]) -> dict[str, Any]:
    """The banner: tone, sign, words, and for runs without a model what the person can do."""
    name = str(report.get("status"))
    tone, sign, words = STATUS.get(name, ("warn", "!", clean(name).replace("_", " ").capitalize()))
    missed = [r for r in required if not r["met"]]
    lines = texts([report.get("reason")])
    if name == "delivered":
        lines = [_all_met(required)]
    elif name == "delivered_unmet" and missed:
        words = f"Delivered, {len(missed)} of {plural(len(required), 'requirement')} not met"
        lines = [f"Not met: {r['title'].lower()} {r['limit']}, measured {r['measured']}." for r in missed] + lines
    elif name in ("declined", "needs_answer"):
        lines = texts(mapping(mapping(report.get("task")).get("verdict")).get("reasons")) or lines
    questions = [_question(q, bool(report.get("follow_up"))) for q in items(report.get("questions"))]
    if name == "needs_answer":
        asked = {q["text"] for q in questions}
        lines = [line for line in lines if sentence(line) not in asked]
    alternative = report.get("alternative")
    return {
        "name": name,
        "tone": tone,
        "sign": sign,
        "words": words,
        "lines": [sentence(line) for line in lines],
        "alternative": sentence(alternative) if alternative else "",
        "questions": questions if name == "needs_answer" else [],
        "short": name not in ("delivered", "delivered_unmet"),
    }


def _all_met(required: list[dict[str, Any]]) -> str:
    if not required:
        return "No limits were stated; the measurements are below."
    count = len(required)
    few = {1: "The one requirement is met.", 2: "Both requirements are met."}
    return few.get(count, f"All {count} requirements are met.")


def _question(question: Any, follows: bool) -> dict[str, Any]:
    if isinstance(question, Mapping):
        again = "Say it in the request and run the command again."
        return {
            "text": sentence(question.get("text") or ""),
            "choices": texts(question.get("choices")),
            "default": clean(question["default"]) if question.get("default") else "",
            "answer": HOW_TO_CHANGE if follows else HOW_TO_ANSWER.get(str(question.get("about")), again),
        }
    return {"text": sentence(question), "choices": [], "default": "", "answer": ""}


# -------------------------------------------------------------------------------------------------------- requirements
def requirements(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each limit beside its measurement, those not met first."""
    found = [_requirement(r) for r in rows(report.get("requirements")) if is_number(r.get("limit"))]
    return sorted(found, key=lambda r: bool(r["met"]))


def _requirement(r: Mapping[str, Any]) -> dict[str, Any]:
    name, limit, measured = str(r.get("name")), r["limit"], r.get("measured")
    direction = str(r.get("direction") or "<=")
    met = bool(r.get("met"))
    margin = _margin(measured, limit, direction)
    label = f"{limit_title(name)}: limit {SIGNS.get(direction, direction)} {limit_value(limit, name)}, "
    label += f"measured {limit_value(measured, name)}, {'met' if met else 'not met'}"
    return {
        "name": name,
        "title": limit_title(name),
        "stated_as": clean(r["stated_as"]) if r.get("stated_as") else "",
        "limit": f"{SIGNS.get(direction, direction)} {limit_value(limit, name)}",
        "measured": limit_value(measured, name),
        "known": is_number(measured),
        "met": met,
        "verdict": "✓ met" if met else "✗ not met" if is_number(measured) else "✗ not measured",
        "margin": margin,
        "bar": charts.margin_bar(measured, limit, direction, met, label),
        "note": sentence(r["note"]) if r.get("note") else "",
    }


def _margin(measured: Any, limit: float, direction: str) -> str:
    """How far on the right or wrong side of the limit, in words."""
    if not is_number(measured) or limit <= 0 or measured < 0:
        return ""
    share = measured / limit
    if abs(share - 1) < 0.0005:
        return "exactly at the limit"
    if direction == "<=":
        if share < 1:
            return f"{percent(share)} of the limit"
        return f"{percent(share - 1)} over" if share < 2 else f"{figure(round(share, 1))} × the limit"
    if share < 1:
        return f"{percent(1 - share)} short"
    return f"{percent(share - 1)} above" if share < 2 else f"{figure(round(share, 1))} × the limit"


# ------------------------------------------------------------------------------------------------------------ headline
def _beside(others: Mapping[str, Any], name: str) -> str:
    """The first few of the metrics beside `name`, in one line, its price foremost."""
    known = [(other, value) for other, value in others.items() if is_number(value)]
    known.sort(key=lambda found: found[0] != PRICES.get(name))
    return " · ".join(f"{metric_title(name)} {score(value, name)}" for name, value in known[:SHOWN_BESIDE])


def headline(report: Mapping[str, Any], evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    metric = mapping(report.get("metric"))
    value, name = metric.get("value"), str(metric.get("name"))
    if not is_number(value):
        return None
    interval = pair(metric.get("interval"))
    baseline = metric.get("baseline")
    labels = items(mapping(evidence.get("evaluation")).get("labels"))
    perfect = 0.0 if lower_is_better(name) else 1.0
    rows_seen = metric.get("rows")
    where = f"Measured once on {integer(rows_seen)} rows that were sealed away before training" if rows_seen else ""
    looks = metric.get("looks")
    if is_number(looks) and looks > 1:
        where = f"Measured on {integer(rows_seen)} sealed rows, which have now been looked at {looks} times"
    return {
        "title": metric_title(name),
        "means": metric_means(name),
        "value": score(value, name),
        "interval": f"{score(interval[0], name)} to {score(interval[1], name)}" if interval else "",
        "others": _beside(mapping(metric.get("others")), name),
        "baseline": score(baseline, name) if is_number(baseline) else "",
        "gain": _gain(value, baseline, name),
        "where": f"{where}, through the exported model that is served." if where else "",
        "chart": charts.headline(value, interval, baseline, perfect, name),
        "classes": len(labels),
    }


def _gain(value: float, baseline: Any, name: str) -> str:
    """The share of the baseline's error that is gone."""
    if not is_number(baseline) or name in PRICES:  # one answer for all is perfect by these, or worth nothing
        return ""
    lower = lower_is_better(name)
    error, before = (value, baseline) if lower else (1 - value, 1 - baseline)
    if before <= 0 or (not lower and not -1 <= value <= 1):
        return ""
    removed = 1 - error / before
    if removed <= 0:
        return "No better than the baseline."
    return f"{percent(removed)} of the baseline's error is removed."


def _facts(report: Mapping[str, Any]) -> list[dict[str, str]]:
    """The tiles below the headline; none where no model was made."""
    if not _delivered(report):
        return []
    model, seconds, data = (mapping(report.get(k)) for k in ("model", "seconds", "data"))
    required = rows(report.get("requirements"))
    measured = {str(r.get("name")): r["measured"] for r in required if is_number(r.get("measured"))}
    members = len(rows(model.get("ensemble_of")))
    name = family_title(model.get("family")) if model.get("family") else ""
    found: list[tuple[str, str, str]] = []
    if name:
        found.append(("Model", name, f"{members} members" if members > 1 else ""))
    size = measured.get("size_mb", model.get("size_mb"))
    if is_number(size):
        parameters = model.get("parameters")
        note = f"{integer(parameters)} parameters" if is_number(parameters) and parameters else ""
        found.append(("Size", f"{figure(size)} MB", note))
    if "latency_ms_p95" in measured:
        value = limit_value(measured["latency_ms_p95"], "latency_ms_p95")
        found.append(("95 % of answers within", value, "one row over HTTP"))
    if is_number(data.get("rows_used")) and data["rows_used"]:
        found.append(("Rows used", integer(data["rows_used"]), f"of {integer(data.get('rows_read'))} read"))
    if is_number(seconds.get("total")):
        found.append(("Total time", duration(seconds["total"]), ""))
    if remembered := _remembered(mapping(report.get("memory"))):
        found.append(("From memory", *remembered))
    return [{"title": t, "value": v, "note": n} for t, v, n in found]


# --------------------------------------------------------------------------------------------------------------- asked
def _remembered(memory: Mapping[str, Any]) -> tuple[str, str] | None:
    """What lessons of earlier runs contributed; None where nothing was recalled."""
    recalled = rows(memory.get("recalled"))
    if not recalled:
        return None
    weight = memory.get("weight")
    part = f"{percent(weight)} of the model" if is_number(weight) and weight else "none in the model"
    return plural(len(recalled), "candidate"), f"from {plural(int(memory.get('lessons') or 0), 'lesson')}; {part}"


def _asked(report: Mapping[str, Any], task: Mapping[str, Any], request: str) -> dict[str, Any] | None:
    """The request beside what was understood, and every assumption that was made."""
    verdict = mapping(task.get("verdict"))
    info = mapping(task.get("data_info"))
    assumptions = [
        {
            "what": clean(a.get("what") or "").replace("_", " "),
            "value": _assumed(a),
            "why": of_names(a.get("why") or "", names_in(report)),
            "confidence": percent(a.get("confidence")),
            "bar": charts.bar(a.get("confidence"), label=f"confidence {percent(a.get('confidence'))}", width=70),
        }
        for a in rows(task.get("assumptions"))
    ]
    understood = _understood(report, task, info)
    notices = [sentence(n) for n in texts([*items(verdict.get("notices")), *items(report.get("notices"))])]
    if not (request or understood or assumptions or notices):
        return None
    return {
        "request": request,
        "follow_up": follow_up(report),
        "dialogue": [
            (sentence(d.get("question") or ""), clean(d.get("answer") or "")) for d in rows(report.get("dialogue"))
        ],
        "understood": understood,
        "assumptions": assumptions,
        "notices": notices,
        "ignored": [
            {"column": clean(c.get("column")), "why": sentence(c.get("why") or "")} for c in rows(info.get("ignored"))
        ],
    }


def _assumed(assumption: Mapping[str, Any]) -> str:
    value = clean(assumption.get("value") or "")
    if assumption.get("what") == "metric":
        return metric_title(value)
    return task_title(value) if assumption.get("what") == "task_type" else value


def _understood(report: Mapping[str, Any], task: Mapping[str, Any], info: Mapping[str, Any]) -> list[tuple[str, str]]:
    target = report.get("target") or info.get("target")
    positive = info.get("positive_label")
    found = [
        ("Task", task_title(report.get("task_type")) if report.get("task_type") else ""),
        ("Answer column", clean(target) if target else ""),
        ("Event of interest", clean(positive) if positive is not None else ""),
        ("Judged by", ", ".join(_metric_words(m) for m in rows(task.get("metrics")))),
        ("Data", ", ".join(_file_names(mapping(report.get("data"))))),
        ("Group column", clean(info["group"]) if info.get("group") else ""),
        ("Time column", clean(info["time"]) if info.get("time") else ""),
        ("Limits", ", ".join(f"{r['title'].lower()} {r['limit']}" for r in requirements(report))),
        ("Conditions", ", ".join(map(condition, texts(task.get("constraints"))))),
        ("Deployment", _deployment(mapping(task.get("deployment_info")))),
        ("Budget", _budget(mapping(task.get("budget")))),
    ]
    return [(name, value) for name, value in found if value]


def _file_names(data: Mapping[str, Any]) -> list[str]:
    given = [f.get("name") if isinstance(f, Mapping) else f for f in items(data.get("files"))]
    return [PurePath(name).name for name in texts(given)]


def _metric_words(metric: Mapping[str, Any]) -> str:
    return f"{metric_title(metric.get('name'))} ({'as asked' if metric.get('stated') else 'chosen'})"


def _deployment(info: Mapping[str, Any]) -> str:
    return ", ".join(clean(info[k]).upper() for k in ("interface", "device", "format") if info.get(k)) + (
        ", offline" if info.get("offline") else ""
    )


def _budget(budget: Mapping[str, Any]) -> str:
    parts = []
    if is_number(budget.get("minutes")):
        parts.append(f"{figure(budget['minutes'])} minute" + ("" if budget["minutes"] == 1 else "s"))
    if is_number(budget.get("trials")):
        parts.append(plural(budget["trials"], "trial"))
    return ", ".join(parts)
