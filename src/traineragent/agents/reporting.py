"""Puts the report together from the journal and the run folder: report.json for programs, report.html for people.

It reads and never decides; every number in it was computed by code and journaled before.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import __version__, registry
from ..domain.messages import DataCollected, ModelSelected, ServiceDelivered, TaskSpecified
from ..domain.run import Status, TrialResult
from ..domain.task import TaskSpec
from ..knowledge.metrics import formulas
from ..language.metrics import ONE_SIDED
from ..store.calls import CallLog
from ..store.files import read_json, write_json
from .askedmodels import UNFIT
from .dialogue import told
from .features import features_told
from .learning import contributed
from .memory import Memory
from .refining import TAKEN_OVER

PHASES = {"read": "understand", "prepare": "prepare", "training": "train", "deliver": "deliver"}
"""Phase of an event -> phase of the report. What comes before the first event is part of understanding."""
MUCH = 0.5  # share of a selection that was cut short
ALL_BUT_PERFECT, NEARLY_ALL = 0.995, 0.95  # a score at its best of one; share of the importance of all columns
_OF_ONE = ("accuracy", "balanced_accuracy", "roc_auc", "average_precision", "f1", "f1_macro", "f1_weighted", "r2")
WANTED = 2  # usable trials below which the time was too short for a choice


def write_report(
    memory: Memory,
    *,
    status: Status,
    task: TaskSpec,
    delivered: ServiceDelivered | None = None,
    reason: str = "",
) -> dict[str, Any]:
    """Writes report.json and report.html into the run folder and returns the former."""
    from ..report.html import write_report as write_html  # templates and charts, which only the end needs

    report = _report(memory, status, task, delivered, reason)
    write_json(memory.folder / "report.json", report)
    write_html(memory.folder / "report.html", report, _evidence(memory))
    return report


def _report(
    memory: Memory, status: Status, task: TaskSpec, delivered: ServiceDelivered | None, reason: str
) -> dict[str, Any]:
    verdict = task.verdict
    return {
        "status": status,
        "request": memory.request.words,
        "name": _read(memory.folder / "bundle/bundle.json").get("name"),
        "version": __version__,
        "created": memory.journal.meta("created"),
        "task_type": task.task_type,
        "target": task.data_info.target,
        "metric": _metric(delivered),
        "requirements": [asdict(m) for m in delivered.requirements] if delivered else _unmeasured(task),
        "model": model_facts(memory),
        "data": data_facts(memory),
        "leaderboard": leaderboard(memory),
        "reason": reason or " ".join(verdict.reasons),
        "alternative": verdict.alternative or _tradeoff(memory, delivered),
        "questions": [asdict(q) for q in verdict.questions],
        "notices": list(verdict.notices),
        "seconds": seconds(memory),
        "llm": llm_facts(memory),
        "bundle": str(_place(memory, delivered) / "bundle") if delivered else None,
        "report": str(_place(memory, delivered) / "report.html"),
        "features": features_told(memory),
        "own_metrics": _formulas(task),
        "task": task.to_json(),
        "seed": memory.request.seed,
        "memory": contributed(memory),
        "dialogue": told(memory),
        **_follow_up(memory),
    }


def _formulas(task: TaskSpec) -> dict[str, Any]:
    """The metrics that are formulas: the user's, and those that ship where the task names them."""
    named = {m.name for m in task.metrics} | {r.name for r in task.requirements}
    return {name: metric.to_json() for name, metric in formulas().items() if name in named or not metric.ships}


def _place(memory: Memory, delivered: ServiceDelivered | None) -> Path:
    """Where a person finds it: what a follow-up delivers is put at the top of the run."""
    return memory.home if delivered else memory.folder


def _follow_up(memory: Memory) -> dict[str, Any]:
    """What this revision changed, and the deliveries before it; the first delivery has a number only."""
    asked = memory.follow_up
    if asked is None:
        return {"revision": 1}
    revised = (memory.journal.events("revised") or [{}])[-1]
    return {
        "revision": asked.number,
        "follow_up": asked.words,
        "changes": revised.get("changes", []),
        "reused": revised.get("reused", []),
        "earlier": json.loads(memory.journal.meta("history") or "[]"),
    }


def llm_facts(memory: Memory) -> dict[str, Any]:
    """What the language model of the run was asked and cost, and where it was not followed; zeros without one."""
    nothing = {"calls": 0, "tokens": 0, "cost_usd": 0.0}
    brain = memory.request.brain
    if brain == "planner":
        return nothing
    calls = CallLog(memory.journal.path)
    try:
        spent = calls.spent()
    finally:
        calls.close()
    decisions = memory.journal.decisions()
    questions = [(d.agent, d.what.partition(":")) for d in decisions]
    return {
        "calls": spent.calls,
        "tokens": spent.tokens,
        "cost_usd": round(spent.usd, 6),
        "brain": brain,
        "priced": memory.journal.meta("llm_priced") == "yes",
        "waited_s": round(spent.waited_s, 1),
        "values_shared": memory.request.share_examples,
        "decided": sum(d.brain == brain and not d.what.partition(": ")[2].startswith("refused ") for d in decisions),
        "agreed": sum(d.brain == f"{brain}, as planned" for d in decisions),
        "refused": [
            {"agent": d.agent, "question": question, "said": rest.removeprefix(" refused "), "why": d.why}
            for d, (_, (question, _, rest)) in zip(decisions, questions, strict=True)
            if rest.startswith(" refused ")
        ],
        "instead": [
            {"agent": d.agent, "question": question, "why": d.why}
            for d, (_, (question, _, rest)) in zip(decisions, questions, strict=True)
            if rest.startswith(" decided by the ")
        ],
    }


def _metric(delivered: ServiceDelivered | None) -> dict[str, Any] | None:
    return None if delivered is None else asdict(delivered.score)


def _unmeasured(task: TaskSpec) -> list[dict[str, Any]]:
    return [{**asdict(r), "measured": None, "met": False, "note": "nothing was delivered"} for r in task.requirements]


def _tradeoff(memory: Memory, delivered: ServiceDelivered | None) -> str | None:
    """What each of the stated limits costs in the others, where one of these limits was not met."""
    said = str(_read(memory.folder / "data/graph.json").get("tradeoff") or "")
    missed = [m.name.replace("_", " ") for m in delivered.requirements if not m.met] if delivered else []
    if not any(f"{name} of at " in said for name in missed):
        return None
    return f"{said} (cross-validated); say in the request which matters more, or ask for less of the other"


def _read(path: Path) -> dict[str, Any]:
    return read_json(path) if path.exists() else {}


def model_facts(memory: Memory) -> dict[str, Any]:
    chosen: ModelSelected | None = memory.journal.last(ModelSelected)
    if chosen is None:
        return {}
    trials = {t.index: t for t in memory.journal.trials()}
    members = chosen.selection.members
    first = max(members, key=lambda m: m.weight)
    graph = _read(memory.folder / "data/graph.json")
    return {
        "family": trials[first.trial].candidate.family if len(members) == 1 else "ensemble",
        "size_mb": _read(memory.folder / "data/measured.json").get("size_mb", graph.get("size_mb")),
        "parameters": graph.get("parameters"),
        "ensemble_of": [
            {"trial": m.trial, "family": trials[m.trial].candidate.family, "weight": round(m.weight, 4)}
            for m in sorted(members, key=lambda m: -m.weight)
        ],
        "parity": graph.get("parity_max"),
        "decision": graph.get("why"),
        "us_per_row": graph.get("us_per_row_1"),
        "why": chosen.selection.why,
    }


def titled(model: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a model with its families called as in the report."""
    from ..report.trials import family_title

    members = [{**m, "title": family_title(m["family"])} for m in model.get("ensemble_of", ())]
    return {**model, "title": family_title(model.get("family") or ""), "ensemble_of": members}


def data_facts(memory: Memory) -> dict[str, Any]:
    split, profile = _read(memory.folder / "data/split.json"), _read(memory.folder / "data/profile.json")
    collected: DataCollected | None = memory.journal.last(DataCollected)
    before = [asdict(r) for r in collected.removed] if collected else []
    rows_read = collected.rows + sum(r.rows for r in collected.removed) if collected else 0
    removed = [*before, *split.get("removed", []), *_read(memory.folder / "data/prepared.json").get("removed", [])]
    return {
        "rows_read": rows_read,
        "rows_used": rows_read - sum(r["rows"] for r in removed),
        "removed": removed,
        "leaks": profile.get("leaks", []),
        "warnings": [
            *outdone(memory),
            *settled_by_few(memory),
            *hurried(memory),
            *dict.fromkeys(e["text"] for kind in (UNFIT, "extra") for e in memory.journal.events(kind)),
            *repeated(memory),
            *(collected.notes if collected else ()),
            *profile.get("warnings", []),
        ],
        "holdout": {k: split.get(k) for k in ("how", "why", "holdout_rows", "train_rows", "sha256")} if split else None,
        "files": list(collected.files) if collected else [],
    }


def repeated(memory: Memory) -> list[str]:
    """What the score is on rows whose inputs are new, where many held-out rows repeat training rows."""
    steps = [memory.journal.step(key) for key, *_ in memory.journal.steps() if key.startswith("holdout/")]
    fresh = (steps[-1] or {}).get("result", {}).get("fresh") if steps else None
    if not fresh:
        return []
    from ..report.wording import metric_title, score  # as the report words and rounds it

    name = memory.task.metric.name
    return [
        f"{fresh['share']:.0%} of the held-out rows hold the same as training rows in all columns that are used; on "
        f"the {fresh['rows']:,} that are new {metric_title(name)} is {score(fresh['value'], name)}"
    ]


def outdone(memory: Memory) -> list[str]:
    """That the model did no better on the sealed rows than answers that need no model, or not so that these rows show
    it; empty where it did, and where a follow-up has no task yet: the rows were opened for the delivery before it."""
    opened = memory.journal.events("holdout_opened") if memory.journal.last(TaskSpecified) else []
    metric = opened[-1]["metric"] if opened else {}
    value, baseline = metric.get("value"), metric.get("baseline")
    if value is None or baseline is None or metric["name"] in ONE_SIDED:  # which saying always the same fulfils
        return []
    from ..report.wording import metric_title, score, speaking_of  # as the report words and rounds it

    name = str(metric["name"])
    smaller = registry.get("tasks", memory.task.task_type).direction(name) == "minimize"
    low, high = metric.get("interval") or (value, value)
    with speaking_of({"own_metrics": _formulas(memory.task)}):
        told = f"{metric_title(name)} {score(value, name)}, by the simplest answers {score(baseline, name)}"
    if (value >= baseline) if smaller else (value <= baseline):
        return [
            f"on the held-out rows the model is no better than answers that need no model ({told}): do not rely on it; "
            "more rows or minutes, or columns that say more of the answer, may help"
        ]
    if low <= baseline <= high:
        return [
            f"the held-out rows cannot tell whether the model is better than answers that need no model ({told}, which "
            "lies within its interval): more rows would show it"
        ]
    return []


def settled_by_few(memory: Memory) -> list[str]:
    """That one or two columns give practically every answer, which is most often so because they hold it; empty where
    errors are left, more columns are needed, or the columns were warned of when leaks were looked for."""
    opened = memory.journal.events("holdout_opened")
    metric = opened[-1]["metric"] if opened else {}
    name, value = str(metric.get("name")), metric.get("value")
    if name not in _OF_ONE or value is None or value < ALL_BUT_PERFECT:
        return []
    drops = {
        i["column"]: max(0.0, float(i["drop"]))
        for i in _read(memory.folder / "data/explanation.json").get("importance", [])
    }
    first = sorted(drops, key=lambda column: -drops[column])[:2]
    leading = first[:1] if first and drops[first[0]] >= NEARLY_ALL * sum(drops.values()) else first
    told = {leak["column"] for leak in _read(memory.folder / "data/profile.json").get("leaks", [])}
    if len(drops) <= len(leading) or told & set(leading):
        return []
    if not (whole := sum(drops.values())) or sum(drops[c] for c in leading) < NEARLY_ALL * whole:
        return []
    from ..report.wording import metric_title, score  # as the report words and rounds it

    named = " and ".join(repr(c) for c in leading)
    alone = len(leading) == 1
    gives, it, holds, them = ("gives", "it", "is", "it") if alone else ("give", "they", "are", "them")
    return [
        f"the answers are all but perfect ({metric_title(name)} {score(value, name)}) and {named} {gives} nearly all "
        f"of them: if {it} {holds} known only once the answer is, say in the request to leave {them} out"
    ]


def hurried(memory: Memory) -> list[str]:
    """That the time was too short for what was chosen, or for a choice at all; empty where it was not."""
    chosen: ModelSelected | None = memory.journal.last(ModelSelected)
    if chosen is None:
        return []
    trials = {t.index: t for t in memory.journal.trials()}
    cut = [m for m in chosen.selection.members if trials[m.trial].status == "timeout"]
    said = []
    if sum(m.weight for m in cut) >= MUCH * sum(m.weight for m in chosen.selection.members):
        most = trials[max(cut, key=lambda m: m.weight).trial]
        fits = most.note.removesuffix(" in time") if most.note.endswith("fits in time") else "part of the fits"
        said.append(f"{fits} of the model that is delivered ({most.candidate.family.replace('_', ' ')})")
    usable = [t for t in trials.values() if t.status in ("done", "timeout") and t.score is not None]
    if len(usable) < WANTED and (memory.request.trials is None or memory.request.trials >= WANTED):
        said.append("one model to be trained to its end")
    return [f"the time allowed only {' and '.join(said)}; give it more minutes"] if said else []


def leaderboard(memory: Memory) -> list[dict[str, Any]]:
    """Every trial, best first; weights are those of the model chosen last."""
    chosen: ModelSelected | None = memory.journal.last(ModelSelected)
    weights = {m.trial: m.weight for m in chosen.selection.members} if chosen else {}
    metric = memory.journal.meta("metric")
    minimize = memory.journal.meta("direction") == "minimize"
    trials = sorted(memory.journal.trials(), key=lambda t: (t.score is None, -(t.score or 0.0)))
    return [_entry(t, metric, minimize, weights) for t in trials]


def _entry(t: TrialResult, metric: str | None, minimize: bool, weights: Mapping[int, float]) -> dict[str, Any]:
    sign = -1.0 if minimize else 1.0
    return {
        "trial": t.index,
        "family": t.candidate.family,
        "origin": t.candidate.origin,
        "params": t.candidate.params,
        "metric": metric,
        "score": None if t.score is None else sign * t.score,
        "seconds": round(t.seconds, 2),
        "size_mb": round(t.size_mb, 3),
        "status": t.status,
        "note": t.note,
        "weight": round(weights.get(t.index, 0.0), 4),
    }


def seconds(memory: Memory) -> dict[str, float]:
    """Seconds of work by phase, over all processes of the run: each lasts until another begins."""
    total = memory.journal.clock_s
    by_phase = dict.fromkeys(PHASES.values(), 0.0)
    phase, began = "understand", 0.0
    for event in memory.journal.events():
        if event.get("phase") in PHASES:
            by_phase[phase] += event["clock_s"] - began
            phase, began = PHASES[event["phase"]], event["clock_s"]
    by_phase[phase] += total - began
    return {"total": round(total, 2), **{k: round(v, 2) for k, v in by_phase.items()}}


def _evidence(memory: Memory) -> dict[str, Any]:
    collected: DataCollected | None = memory.journal.last(DataCollected)
    holdout = _read(memory.folder / "data/evaluation.json") | _read(memory.folder / "data/explanation.json")
    return {
        "profile": _read(memory.folder / "data/profile.json") or None,
        "reading": list(collected.notes) if collected else [],
        "evaluation": holdout.get("evaluation"),
        "importance": holdout.get("importance", []),
        "slices": holdout.get("slices", []),
        "groups": holdout.get("groups", []),
        "drawn": holdout.get("drawn"),
        "pointed": holdout.get("pointed"),
        "pictures": holdout.get("pictures"),
        "texts": holdout.get("texts"),
        "forecast": holdout.get("forecast"),
        "spans": holdout.get("spans"),
        "timeline": _timeline(memory),
        "decisions": [
            {
                "at": d.at,
                "who": f"{d.agent} agent",
                "what": d.what,
                "why": d.why,
                "evidence": dict(d.evidence),
                "by": d.brain,
            }
            for d in memory.journal.decisions()
        ],
        "selection": model_facts(memory),
        "environment": environment(memory),
    }


def _timeline(memory: Memory) -> list[dict[str, Any]]:
    """Best score so far after each trial of this run, in the metric's own direction; trials that a follow-up took over
    were trained before its clock began."""
    sign = -1.0 if memory.journal.meta("direction") == "minimize" else 1.0
    clock, best, out = memory.journal.trial_clock(), None, []
    before = set(json.loads(memory.journal.meta(TAKEN_OVER) or "[]"))
    for t in memory.journal.trials():
        if t.status != "done" or t.score is None:
            continue
        best = t.score if best is None else max(best, t.score)
        if t.index in before:
            continue
        out.append({"seconds": clock[t.index], "score": sign * best, "trial": t.index, "family": t.candidate.family})
    return out


def environment(memory: Memory) -> dict[str, Any]:
    """What is needed to do the run again."""
    packages = ("numpy", "pandas", "scikit-learn", "lightgbm", "onnx", "onnxruntime", "optuna")
    return {
        "traineragent": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "seed": memory.request.seed,
        "packages": {p: metadata.version(p) for p in packages},
        "seconds": seconds(memory),
    }
