"""Lessons of a run: what is kept of it for the next ones, and what earlier ones say about the data at hand.

Keeps facts about the shape of the data, candidates and how they fared: no value, no name, no words. What a run recalled
is journaled, so that resuming it asks nobody anew.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ..domain.lesson import Lesson, Recalled, Tried
from ..domain.messages import DataPrepared, ModelSelected
from ..domain.run import Candidate, TrialResult
from ..engine.recall import ORIGIN, key_of, recall, with_recalled
from ..store.lessons import Lessons
from .memory import Memory

MOST_KEPT = 5  # candidates of a run
HARMLESS = (bool, int, float)  # kinds of parameter values that can be kept
LONGEST_WORD = 24  # letters of a parameter's value, as in "native"; longer texts are not kept


# ------------------------------------------------------------------------------------------------ recalling
def recalled(
    memory: Memory, portfolio: Sequence[Candidate], why: Sequence[str], unwanted: frozenset[str] = frozenset()
) -> tuple[list[Candidate], list[str]]:
    """The portfolio with candidates that did well on data of such a shape, but for `unwanted` families. A run that goes
    by a number of trials is to give the same model whatever ran before it, so it recalls nothing; nor does a follow-up,
    which has its own past."""
    if not _wanted(memory):
        return list(portfolio), list(why)
    found = memory.step("recall", "model", lambda: (_looked_up(memory, unwanted), []))
    chosen = TypeAdapter(tuple[Recalled, ...]).validate_python(found["recalled"])
    memory.lessons = tuple(f"{r.family} {json.dumps(r.params)}: {r.why}" for r in chosen)
    return with_recalled(portfolio, why, chosen)


def _wanted(memory: Memory) -> bool:
    request = memory.request
    by_number = request.trials is not None and not request.minutes
    return memory.lessons_home is not None and request.memory and not by_number and not memory.journal.trials()


def _looked_up(memory: Memory, unwanted: frozenset[str]) -> dict[str, Any]:
    lessons = Lessons(memory.lessons_home or Path())
    known = [_without(lesson, unwanted) for lesson in lessons.all()]
    chosen, bearing = recall(known, memory.facts, memory.task.task_type)
    for sentence in lessons.said:
        memory.say("memory", sentence)
    if chosen:
        memory.say("memory", f"{len(chosen)} candidates recalled from {bearing} lessons about data of such a shape")
    return {"recalled": [asdict(r) for r in chosen], "lessons": len(known), "bearing": bearing, "said": lessons.said}


def _without(lesson: Lesson, families: frozenset[str]) -> Lesson:
    return replace(lesson, candidates=tuple(c for c in lesson.candidates if c.family not in families))


# ------------------------------------------------------------------------------------------------ keeping
def learn(memory: Memory) -> bool:
    """Keeps the lesson of a finished delivery, once; whether one was kept."""
    if memory.lessons_home is None or not memory.request.memory or memory.journal.meta("lesson"):
        return False
    lesson = lesson_of(memory)
    if lesson is None:
        return False
    memory.journal.set_meta("lesson", lesson.run)
    return Lessons(memory.lessons_home).add(lesson)


def lesson_of(memory: Memory) -> Lesson | None:
    """What this run teaches; None where nothing was compared."""
    selected: ModelSelected | None = memory.journal.last(ModelSelected)
    scored = [t for t in memory.journal.trials() if t.status in ("done", "timeout") and t.score is not None]
    if selected is None or len(scored) < 2 or memory.journal.last(DataPrepared) is None:
        return None
    weights = {m.trial: m.weight for m in selected.selection.members}
    total = sum(weights.values()) or 1.0
    best, worst = max(t.score or 0.0 for t in scored), min(t.score or 0.0 for t in scored)
    ranked = sorted(scored, key=lambda t: (-weights.get(t.index, 0.0), -(t.score or 0.0), t.index))
    kept = [t for t in ranked if _harmless(t)][:MOST_KEPT]
    return Lesson(
        task_type=memory.task.task_type,
        metric=memory.journal.meta("metric") or "",
        facts=shape_of(memory.facts),
        candidates=tuple(
            Tried(
                t.candidate.family,
                dict(t.candidate.params),
                round(((t.score or 0.0) - worst) / (best - worst), 3) if best > worst else 1.0,
                round(weights.get(t.index, 0.0) / total, 3),
                round(t.seconds, 1),
            )
            for t in kept
        ),
        trials=len(scored),
        run=uuid.uuid4().hex[:12],
        at=datetime.now(UTC).date().isoformat(),
    )


def _harmless(trial: TrialResult) -> bool:
    """Whether its parameters are settings only: numbers and short words, nothing that could come from the data."""
    return all(
        isinstance(v, HARMLESS) or v is None or (isinstance(v, str) and len(v) <= LONGEST_WORD and v.isascii())
        for v in trial.candidate.params.values()
    )


def shape_of(facts: Mapping[str, Any]) -> dict[str, float]:
    """The numbers among the facts, to two digits: enough to compare tables, too little to recognise one."""
    numbers = {k: float(v) for k, v in facts.items() if isinstance(v, HARMLESS) and math.isfinite(float(v))}
    return {k: float(f"{v:.2g}") for k, v in numbers.items()}


# ------------------------------------------------------------------------------------------------ telling
def contributed(memory: Memory) -> dict[str, Any]:
    """For the report: how many lessons there were, what was recalled, and its part of the delivered model."""
    step = memory.journal.step("recall")
    if step is None:
        return {"lessons": 0, "recalled": [], "weight": 0.0}
    found = step["result"]
    selected: ModelSelected | None = memory.journal.last(ModelSelected)
    trials = {t.index: t.candidate for t in memory.journal.trials()}
    members = selected.selection.members if selected else ()
    total = sum(m.weight for m in members) or 1.0
    theirs = sum(m.weight for m in members if m.trial in trials and trials[m.trial].origin == ORIGIN)
    seen = {key_of(c) for c in trials.values()}
    told = [
        {"family": r["family"], "params": r["params"], "why": r["why"], "tried": key in seen}
        for r in found["recalled"]
        for key in [key_of(Candidate(r["family"], r["params"]))]
    ]
    return {"lessons": found["bearing"], "recalled": told, "weight": round(theirs / total, 4)}
