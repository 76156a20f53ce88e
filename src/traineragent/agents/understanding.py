"""The second reading of a request: the planner's understanding is shown to the brain, which may correct it.

Reading is done by `language`, and corrected by its rules; here is only what is asked, of whom, and with which facts.
Values from the data are shown only where the person allows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..domain.data import ColumnProfile
from ..domain.run import Operation
from ..domain.task import Request, TaskSpec
from ..language import corrections
from .memory import Memory

MOST_COLUMNS = 80
MOST_VALUES = 8
SHOWN = ("task_type", "target", "metric")  # assumptions that hold no value of the data


class SecondReading:
    """Asks once a run; the corrections are applied to every understanding of the same request."""

    def __init__(self, memory: Memory, columns: Sequence[ColumnProfile], rows: int) -> None:
        self._memory, self._columns, self._rows = memory, columns, rows
        self._operations: tuple[Operation, ...] | None = None
        self._words = ""

    def __call__(
        self, task: TaskSpec, request: Request, again: Callable[[Request], TaskSpec], *, left_open: bool = False
    ) -> TaskSpec:
        """The task as corrected; the same task where nobody corrects it. Words that a person added since are an
        answer, so the question of the second reader is not put again. `left_open`: the person gave it no answer."""
        if self._operations is None:
            self._operations, self._words = self._asked(task, request), request.words
        return corrections.corrected(
            task,
            [o for o in self._operations if o.do != "ask" or request.words == self._words],
            request,
            again,
            by=self._memory.brain.name,
            asked=self._can_ask(request) and not left_open,
        )

    def _can_ask(self, request: Request) -> bool:
        """Whether somebody can be asked, or could be when the run began: a resumed run reads as the first one did."""
        return request.ask or self._memory.ask_person is not None

    def _asked(self, task: TaskSpec, request: Request) -> tuple[Operation, ...]:
        names = [c.name for c in self._columns]
        shared = request.share_examples
        catalogue = {
            name: spec
            for name, spec in corrections.CATALOGUE.items()
            if (names or "column" not in spec.arguments) and (shared or name != "take_positive_label")
        }
        facts = {
            "decision": task.verdict.decision,
            "rows": self._rows,
            "columns": len(names),
            "task_type": task.task_type,
            "target": task.data_info.target,
        }
        return self._memory.plan(
            "task",
            "understand",
            facts,
            catalogue,
            "request" if names else "words",
            details=lambda: {
                "words": request.words,
                "said_target": request.target,
                "person": self._can_ask(request),
                "reading": reading_facts(task, shared),
                "columns": [column_facts(c, shared) for c in self._columns[:MOST_COLUMNS]],
                "more_columns": max(len(names) - MOST_COLUMNS, 0),
            },
            choices=corrections.choices(task, names, self._labels(task) if shared else ()),
            check=lambda operations: corrections.check(operations, request, task),
        )

    def _labels(self, task: TaskSpec) -> tuple[str, ...]:
        return next((tuple(v for v, _ in c.top) for c in self._columns if c.name == task.data_info.target), ())


def reading_facts(task: TaskSpec, shared: bool) -> dict[str, Any]:
    """The understanding for a second reader; what it says of values only where they may be `shared`."""
    info, verdict = task.data_info, task.verdict
    return {
        "data": info.kind,
        "task_type": task.task_type,
        "target": info.target,
        "metrics": [{"name": m.name, "stated": m.stated} for m in task.metrics],
        "limits": [f"{r.words} ({r.stated_as})" for r in task.requirements],
        "left_out": [c.column for c in info.ignored],
        "wishes": list(task.constraints),
        "deployment": {k: v for k, v in asdict(task.deployment_info).items() if v is not None},
        "assumed": [
            {"what": a.what, "value": a.value, "confidence": a.confidence}
            for a in task.assumptions
            if a.what in SHOWN or a.what.startswith("exclude:") or shared
        ],
        "decision": verdict.decision,
        "class": verdict.policy_class,
        "reasons": list(verdict.reasons) if shared else [],
        "questions": [q.about for q in verdict.questions],
        "notices": list(verdict.notices),
    }


def column_facts(column: ColumnProfile, shared: bool) -> dict[str, Any]:
    """What a brain sees of a column: name, kind, counts, range; frequent values only where they may be `shared`."""
    stats: Mapping[str, Any] = column.stats
    range_ = [stats[k] for k in ("min", "median", "max", "first", "last") if k in stats]
    seen: dict[str, Any] = {
        "name": column.name,
        "kind": column.meaning,
        "missing": round(column.missing_share, 3),
        "distinct": column.distinct,
        "range": range_,
    }
    return seen | ({"values": [v for v, _ in column.top[:MOST_VALUES]]} if shared else {})
