"""Can it be done with this data: what light profiles of the columns already tell, before anything is trained.

A finding declines, asks or warns, each with the number behind it. Tests of signal and ceilings that need training rows
belong to the Data agent. Knows nothing of words but the limits found in them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ..domain.data import ColumnProfile
from ..domain.selection import FEWEST_CHOSEN, conditions_of
from ..domain.task import MEASURED_ON_SERVICE, Requirement, TaskSpec
from .positive import spelled_once

LEAST_ROWS = 20
"""Below this nothing can be held back for an honest test."""
SMALLEST_MB = {
    "tabular_classification": 0.004,
    "tabular_regression": 0.004,
    "text_classification": 0.004,
    "forecasting": 0.004,
    "token_classification": 0.01,
    "image_classification": 0.01,
    "image_generation": 0.03,
    "visual_grounding": 0.1,
}
"""Well below the files of the smallest service of each type that was ever measured."""
_A_ROW_EACH = ("tabular_classification", "tabular_regression", "text_classification")
"""Types of tasks in which a row is an example; a few long texts hold many entities."""
LEAST_OF_CLASS = 2
_WARN_OF_CLASS = 50
_ID_SHARE = 0.95
_NO_FAR_YEAR = 5 * 365.25  # days
HISTORY_OF_HORIZON = 2.1
"""A history has to reach over so many horizons: a good one to learn from, and one to measure on."""


@dataclass(frozen=True)
class Finding:
    """What the data says about feasibility. `about` names what it concerns, e.g. "target"."""

    action: Literal["decline", "ask", "warn"]
    about: str
    text: str
    alternative: str | None = None


def feasible(
    task: TaskSpec, columns: Sequence[ColumnProfile], rows: int, year: int | None = None
) -> tuple[Finding, ...]:
    """Findings from light facts, the gravest first; empty when nothing speaks against it. `year`: the one for which an
    answer is asked, where the words name one."""
    target = next((c for c in columns if c.name == task.data_info.target), None)
    every, rows = rows, _rows_left(task, columns, rows)
    found = _about_choice(rows, every)
    if target is not None:
        found += _about_target(task, target, columns, rows)
        found += _about_trivial(task, target, rows)
    found += _about_rows(task, rows)
    found += _about_size(task)
    found += _about_inputs(task, columns)
    found += _about_limits(task, target, rows)
    found += _about_horizon(task, columns) or _about_year(year, columns)
    order = {"decline": 0, "ask": 1, "warn": 2}
    return tuple(sorted(found, key=lambda f: order[f.action]))


def _rows_left(task: TaskSpec, columns: Sequence[ColumnProfile], rows: int) -> int:
    """At most so many rows count, where the words choose some by their values."""
    chosen = [c for c in conditions_of(task.constraints, [c.name for c in columns]) if c.operator == "="]
    for column in columns:
        values = {c.value for c in chosen if c.column == column.name}
        counts = [n for value, n in column.top if value in values]
        if values and len(counts) == len(values):
            rows = min(rows, sum(counts))
    return rows


def _about_choice(rows: int, every: int) -> list[Finding]:
    if rows >= FEWEST_CHOSEN or rows == every:
        return []
    text = f"{rows} rows of {every:,} are such as the words choose; at least {FEWEST_CHOSEN} are needed to learn from."
    return [Finding("decline", "rows", text, "other rows, or all of them")]


def _about_target(task: TaskSpec, target: ColumnProfile, columns: Sequence[ColumnProfile], rows: int) -> list[Finding]:
    name = target.name
    if target.distinct == 0:
        return [
            Finding(
                "decline",
                "empty_target",
                f"{name} is empty in all {rows} rows, so there is nothing to learn.",
                "name another column to predict",
            )
        ]
    if target.distinct == 1 and task.data_info.kind != "table":
        return []  # asked about: a person can still give what the other kind looks like
    if target.distinct == 1:
        text = f"{name} holds one single value in all {rows} rows, so there is nothing to tell apart."
        return [
            Finding(
                "decline",
                "constant_target",
                text,
                "rows in which it differs, or a watch for unusual rows without a promised score",
            )
        ]
    if "classification" in task.task_type and task.task_type != "token_classification":
        return _about_classes(target, columns, rows)
    return []


def _about_classes(target: ColumnProfile, columns: Sequence[ColumnProfile], rows: int) -> list[Finding]:
    present = rows * (1 - target.missing_share)
    if present >= LEAST_ROWS and target.distinct > _ID_SHARE * present:
        others = [c.name for c in columns if c.name != target.name and c.meaning in ("category", "boolean", "number")][
            :3
        ]
        each = f"{target.name} has {target.distinct} different values in {present:.0f} rows"
        text = f"{each}: each stands for one row, so none can be predicted for a new one."
        return [Finding("decline", "target", text, f"predict {' or '.join(others)} instead" if others else None)]
    classes = _classes(target)
    counts = sorted(classes.values(), reverse=True)
    if len(counts) < 2:
        return []
    if len(target.top) == target.distinct and counts[1] < LEAST_OF_CLASS:
        common = f"all but {sum(counts[1:])} rows have {target.name} = {target.top[0][0]}"
        text = f"{common}: too few others to learn from and to test on."
        return [Finding("decline", "target", text, "more rows of the rare kind, or a watch for unusual rows")]
    rare = [(v, n) for v, n in classes.items() if n < _WARN_OF_CLASS]
    if rare:
        named = ", ".join(f"{v} ({n})" for v, n in sorted(rare, key=lambda r: r[1])[:3])
        return [Finding("warn", "target", f"some classes have few rows, so their scores will be uncertain: {named}.")]
    return []


def _classes(target: ColumnProfile) -> dict[str, int]:
    """Rows of each class, or of each label where a row may have several."""
    return dict(target.stats.get("labels") or spelled_once(target).top)


def _about_rows(task: TaskSpec, rows: int) -> list[Finding]:
    """A score is promised on so few rows that none can be shown."""
    scores = [r for r in task.requirements if r.name not in MEASURED_ON_SERVICE]
    if not scores or not 0 < rows < LEAST_ROWS or task.task_type not in _A_ROW_EACH:
        return []
    text = f"{rows} examples are too few: nothing can be held back for an honest test, and {scores[0].words} not shown."
    return [Finding("decline", "rows", text, f"at least {LEAST_ROWS} examples, better some hundreds")]


def _about_size(task: TaskSpec) -> list[Finding]:
    limit, least = task.limit("size_mb"), SMALLEST_MB.get(task.task_type, 0.0)
    if limit is None or limit >= least:
        return []
    kind = task.task_type.replace("_", " ")
    text = f"{limit * 1000:g} KB are less than any model for {kind} takes with what it needs to read its inputs."
    return [Finding("decline", "size_mb", text, f"a limit of {least * 1000:g} KB or more")]


def _about_inputs(task: TaskSpec, columns: Sequence[ColumnProfile]) -> list[Finding]:
    if not columns or task.data_info.target is None or task.data_info.kind != "table":
        return []
    named = set(task.data_info.inputs)
    able = [c for c in columns if c.name in named and c.meaning not in ("constant", "empty")]
    if able:
        return []
    return [Finding("decline", "inputs", "no column is left to predict from.", "give at least one column that varies")]


def _about_horizon(task: TaskSpec, columns: Sequence[ColumnProfile]) -> list[Finding]:
    """A forecast further ahead than a third of the history: nothing is left to learn from and to measure it on."""
    said = next((c for c in task.constraints if re.fullmatch(r"horizon:[\d.]+[dh]", c)), None)
    spans = [_span_days(c) for c in columns if c.meaning == "date"]
    if task.task_type != "forecasting" or said is None or not any(spans):
        return []
    days = float(said[8:-1]) / (24 if said.endswith("h") else 1)
    span = max(spans)
    if span >= HISTORY_OF_HORIZON * days:
        return []
    text = (
        f"the history reaches over {_spoken(span)}; {_spoken(days)} ahead can neither be learned from it nor measured."
    )
    most = span / (HISTORY_OF_HORIZON + 0.9)
    offer = f"a forecast of at most {_spoken(most)}, or a history of {_spoken(HISTORY_OF_HORIZON * days)} and more"
    return [Finding("decline", "horizon", text, offer)]


def _about_year(year: int | None, columns: Sequence[ColumnProfile]) -> list[Finding]:
    """An answer for a moment further ahead than the history reaches back, whatever the type of the task."""
    dated = max((c for c in columns if c.meaning == "date"), key=_span_days, default=None)
    if year is None or dated is None or not _span_days(dated):
        return []
    last = datetime.fromisoformat(str(dated.stats["last"])).replace(tzinfo=None)
    ahead, span = (datetime(year, 1, 1) - last).total_seconds() / 86_400, _span_days(dated)
    if ahead < max(_NO_FAR_YEAR, span):
        return []
    text = f"the history reaches over {_spoken(span)} and {year} lies {_spoken(ahead)} ahead: nothing can be learned"
    offer = f"an answer for at most {_spoken(span / (HISTORY_OF_HORIZON + 0.9))} ahead"
    return [Finding("decline", "horizon", f"{text} about a moment so far away, nor measured.", offer)]


def _span_days(column: ColumnProfile) -> float:
    """Days from the first to the last date of a column."""
    try:
        first, last = (datetime.fromisoformat(str(column.stats[k])) for k in ("first", "last"))
    except (KeyError, ValueError):
        return 0.0
    return (last - first).total_seconds() / 86_400


def _spoken(days: float) -> str:
    if days >= 730:
        return f"{days / 365.25:.1f} years"
    return f"{days:.0f} days" if days >= 2 else f"{24 * days:.0f} hours"


def _about_limits(task: TaskSpec, target: ColumnProfile | None, rows: int) -> list[Finding]:
    """A limit so strict that the rows held back could not show it even without a single mistake (rule of three)."""
    found = []
    for r in task.requirements:
        cases = _cases(r, target, rows)
        if cases is None or r.direction != ">=" or not 0.9 < r.limit < 1:
            continue
        held_back = min(0.2 * cases, 5000)
        if held_back and 1 - 3 / held_back < r.limit:
            needed = f"{r.name} >= {r.limit:g} needs about {3 / (1 - r.limit):.0f} held-back cases to be shown"
            text = f"{needed}; there will be about {held_back:.0f}."
            found.append(Finding("warn", r.name, text))
    return found


def _about_trivial(task: TaskSpec, target: ColumnProfile, rows: int) -> list[Finding]:
    """A limit that one constant answer meets shows nothing."""
    if not target.top or "classification" not in task.task_type:
        return []
    label, count = max(target.top, key=lambda pair: pair[1])
    share = count / max(rows * (1 - target.missing_share), 1)
    limit = task.limit("accuracy")
    if limit is None or limit > share:
        return []
    text = f"always answering {label!r} is right in {share:.1%} of the rows, so accuracy >= {limit:g} shows nothing; "
    return [Finding("warn", "accuracy", text + "a limit for balanced accuracy or for the recall of a class would.")]


def _cases(r: Requirement, target: ColumnProfile | None, rows: int) -> float | None:
    if r.name == "accuracy":
        return float(rows)
    if r.name == "recall" and target is not None and r.positive_label is not None:
        return float(dict(target.top).get(r.positive_label, 0)) or None
    return None
