"""The plan in words, for `traineragent plan`: what would be done, by which step of whose procedure, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..domain.messages import AnswerNeeded, Declined, TaskSpecified
from ..domain.task import TaskSpec
from .extras import advice
from .memory import Memory

HOLDOUT_SHARE, HOLDOUT_ROWS = 0.2, 5000


def outline(memory: Memory) -> dict[str, Any]:
    """task.json's content and, for an accepted task, the steps that would follow under the key "plan"."""
    specified: TaskSpecified | None = memory.journal.last(TaskSpecified)
    if specified is None:
        assert memory.journal.last(Declined) or memory.journal.last(AnswerNeeded)
        task: TaskSpec = memory.cache["judged"]
        return _as_in_file({**task.to_json(), "plan": []})
    return _as_in_file({**specified.task.to_json(), "plan": _steps(specified.task, memory.request.models)})


def _as_in_file(task: dict[str, Any]) -> dict[str, Any]:
    """With lists where Python has tuples, so that it equals what is read from task.json."""
    out: dict[str, Any] = json.loads(json.dumps(task))
    return out


def _steps(task: TaskSpec, models: Sequence[str]) -> list[str]:
    info, minutes = task.data_info, task.budget.minutes or 0.0
    held = min(round(HOLDOUT_SHARE * info.rows), HOLDOUT_ROWS)
    limits = ", ".join(f"{r.name} {r.direction} {r.limit:g}" for r in task.requirements)
    more = advice(task, models)
    steps = [
        f"Data agent: seals {held:,} of {info.rows:,} rows as the hold-out, then profiles, cleans and types the rest; "
        f"columns that give {info.target!r} away are dropped or named",
        f"Model agent: strong defaults first, then tuning, for {minutes:.3g} min in all; compared by cross-validated "
        f"{task.metric.name}",
        "Server agent: exports one graph, proves it equal to the trained model, "
        + (f"measures {limits} on the running service" if limits else "measures it as it is served"),
        f"Task agent: opens the hold-out once, through the service's own code, and reports {task.metric.name} with its "
        "interval beside the baseline",
    ]
    return [*steps, f"What would bring more: {more}"] if more else steps
