"""The work on a run as plain values ready to print: the four agents, the steps, the search, what happened.

Knows nothing of HTTP; templates print the result and compute nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..domain.messages import ModelSelected
from ..report.trials import family_title, tried
from ..report.wording import clean, duration, is_number, metric_title, score, sentence
from ..store.watching import Work
from .notes import Note, notes

AGENTS = {
    "task": ("Task agent", "understands the words, checks what comes back, decides what goes on"),
    "data": ("Data agent", "reads, seals the hold-out, finds leaks, prepares"),
    "model": ("Model agent", "tries candidates, tunes them, selects"),
    "server": ("Server agent", "exports, proves, measures, documents"),
}
STEPS = {
    "read": "Understand",
    "prepare": "Prepare",
    "training": "Train",
    "deliver": "Measure and deliver",
}
CARD_NOTES = 4
SHOWN_NOTES, MOST_NOTES = 12, 200


def board(work: Work, busy: bool) -> dict[str, Any]:
    """All parts of the page that show work. `busy`: somebody is at it."""
    told = notes(work)
    began = told[0].at if told else ""
    return {
        "agents": [_agent(name, work, told, began, busy) for name in AGENTS],
        "steps": _steps(work, busy),
        "clock": _clock(work, busy),
        "tried": _tried(work, busy),
        "notes": [_note(n, began) for n in reversed(told)][:MOST_NOTES],
        "open_notes": SHOWN_NOTES,
        "more_notes": max(len(told) - MOST_NOTES, 0),
    }


# ------------------------------------------------------------------------------------------------------------ agents
def _agent(name: str, work: Work, told: list[Note], began: str, busy: bool) -> dict[str, Any]:
    title, duty = AGENTS[name]
    own = [n for n in told if n.who == name]
    at_it = busy and work.waiting is not None and work.waiting.to == name
    state = "working" if at_it else "waiting" if busy and not own else "idle" if busy else "done" if own else "unused"
    asking = at_it and name == "task" and work.question is not None
    return {
        "name": name,
        "title": title,
        "duty": duty,
        "state": "asking" if asking else state,
        "word": _word(state, asking),
        "doing": _doing(name, work) if at_it else "",
        "notes": [_note(n, began) for n in reversed(own[-CARD_NOTES:])],
    }


def _word(state: str, asking: bool) -> str:
    words = {
        "working": "at work",
        "waiting": "not called yet",
        "idle": "waiting",
        "done": "done",
        "unused": "was not needed",
    }
    return "asks you" if asking else words[state]


def _doing(name: str, work: Work) -> str:
    """What the agent is at this moment, from the last thing it said."""
    last = next((e for e in reversed(work.events) if e["kind"] in ("phase", "trial", "question")), None)
    if last is None:
        return "reading the words" if name == "task" else "beginning"
    if last["kind"] == "trial" and name == "model":
        family, _, rest = clean(last["text"]).partition(" ")
        return f"training {family_title(family)}{f' ({rest})' if rest else ''}{_part(work, last)}"
    if last["kind"] == "question" and name == "task":
        return "waits for your answer"
    belongs = {"read": "data", "prepare": "data", "deliver": "server", "training": "model"}.get(last.get("phase", ""))
    return clean(last["text"]) if belongs == name else {"task": "deciding what comes next"}.get(name, "at it")


def _part(work: Work, trial: Mapping[str, Any]) -> str:
    """How far the trial has come, where that is known."""
    part = work.partway
    if part.get("trial") != trial.get("done") or not part.get("folds"):
        return ""
    return f": {part['fold']} %" if part["folds"] == 100 else f": part {part['fold']} of {part['folds']}"


def _note(note: Note, began: str) -> dict[str, str]:
    return {
        "at": note.at,
        "after": _after(note.at, began),
        "who": note.who,
        "to": note.to,
        "kind": note.kind,
        "text": note.text,
        "why": sentence(note.why, capital=False) if note.why else "",
    }


def _after(at: str, began: str) -> str:
    try:
        seconds = (datetime.fromisoformat(at) - datetime.fromisoformat(began)).total_seconds()
    except ValueError:
        return ""
    return f"+{duration(max(seconds, 0.0))}"


# ------------------------------------------------------------------------------------------------- steps and clock
def _steps(work: Work, busy: bool) -> list[dict[str, Any]]:
    """The four steps with the time each took so far; a step may come again, as delivering does."""
    spent = dict.fromkeys(STEPS, 0.0)
    current, since = "read", 0.0
    for event in work.events:
        phase = event.get("phase")
        if phase in STEPS and phase != current:
            spent[current] += max(float(event["clock_s"]) - since, 0.0)
            current, since = str(phase), float(event["clock_s"])
    spent[current] += max(work.clock_s - since, 0.0)
    return [
        {
            "title": title,
            "state": _state(list(STEPS).index(name), list(STEPS).index(current), work, busy),
            "spent": duration(spent[name]) if spent[name] > 0 else "",
        }
        for name, title in STEPS.items()
    ]


def _state(step: int, current: int, work: Work, busy: bool) -> str:
    """A first model is delivered early, so a later step may have begun before and is still to come."""
    if work.finished is not None and str(work.finished.status).startswith("delivered"):
        return "done"
    if step == current:
        return "now" if busy else "stopped"
    return "done" if step < current else "next"


def _clock(work: Work, busy: bool) -> dict[str, Any]:
    """`share` of the budget that is used, None where there is no budget yet."""
    budget = work.budget_s
    return {
        "used_s": round(work.clock_s, 1),
        "budget_s": budget,
        "used": duration(work.clock_s),
        "left": duration(work.left_s) if work.left_s is not None else "",
        "budget": duration(budget) if budget else "",
        "running": busy and work.question is None,
    }


# ------------------------------------------------------------------------------------------------------- the search
def _tried(work: Work, busy: bool) -> dict[str, Any] | None:
    """The section on the search as the report has it, of what was tried so far; what is chosen may still change while
    somebody is `busy`."""
    if not work.trials:
        return None
    chosen = next((m.body for m in reversed(work.messages) if isinstance(m.body, ModelSelected)), None)
    weights = {member.trial: member.weight for member in chosen.selection.members} if chosen and not busy else {}
    rows = [_row(t, work.metric, weights.get(t.index)) for t in work.trials]
    timeline = [
        {"trial": t.index, "seconds": work.trial_clock.get(t.index), "family": t.candidate.family}
        for t in work.trials
        if is_number(work.trial_clock.get(t.index))
    ]
    report = {"leaderboard": rows, "metric": {"name": work.metric}, "model": _model(work, chosen)}
    found = tried(report, {"timeline": timeline})
    return {**found, "members": None, "why": ""} if found and busy else found


def _row(trial: Any, metric: str, weight: float | None) -> Mapping[str, Any]:
    return {
        "trial": trial.index,
        "family": trial.candidate.family,
        "origin": trial.candidate.origin,
        "params": trial.candidate.params,
        "metric": metric,
        "score": trial.score,
        "seconds": trial.seconds,
        "size_mb": trial.size_mb,
        "status": trial.status,
        "note": trial.note,
        "weight": weight,
    }


def _model(work: Work, chosen: ModelSelected | None) -> Mapping[str, Any]:
    if chosen is None:
        return {}
    families = {t.index: t.candidate.family for t in work.trials}
    members = [
        {"trial": s.trial, "family": families.get(s.trial, ""), "weight": s.weight} for s in chosen.selection.members
    ]
    return {"ensemble_of": members, "why": chosen.selection.why}


def best_so_far(work: Work) -> str:
    """The best score in words; "" before there is one."""
    tick = work.last("tick")
    if tick is None or not is_number(tick.get("best")):
        return ""
    return f"{metric_title(work.metric)} {score(abs(float(tick['best'])), work.metric)}"
