"""Whole requests kept as data beside this file: every type of task, many languages, units, negations, false friends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from traineragent.domain.task import Request, TaskSpec
from traineragent.language.task import understand

from .tables import ROWS, table

BOOKS = sorted((Path(__file__).parent / "requests").glob("*.yaml"))
CASES: list[dict[str, Any]] = [case for book in BOOKS for case in yaml.safe_load(book.read_text(encoding="utf-8"))]


def read(case: dict[str, Any]) -> TaskSpec:
    data = case.get("data") or {"kind": "none", "columns": ""}
    rows = int(data.get("rows", ROWS))
    columns = table(data["columns"], rows) if data["columns"] else ()
    return understand(Request(case["words"]), columns, rows, kind=data.get("kind", "table"))


def misses(case: dict[str, Any]) -> list[str]:
    """What was read otherwise than wanted, in words; empty when all is right."""
    task, want = read(case), case["want"]
    out = []
    decision = task.verdict.decision
    if decision != want.get("verdict", "accept"):
        out.append(f"{decision}: {' '.join(task.verdict.reasons)}")
    if "about" in want and want["about"] not in [q.about for q in task.verdict.questions]:
        out.append(f"asks about {[q.about for q in task.verdict.questions]}, not {want['about']}")
    if want.get("verdict", "accept") != "accept":
        return out
    if task.task_type != want["type"]:
        out.append(f"type {task.task_type}, not {want['type']}")
    if "target" in want and task.data_info.target != want["target"]:
        out.append(f"target {task.data_info.target}, not {want['target']}")
    if "metric" in want and want["metric"] not in [m.name for m in task.metrics]:
        out.append(f"metrics {[m.name for m in task.metrics]} without {want['metric']}")
    limits = {r.name: r.limit for r in task.requirements}
    if limits != {name: pytest.approx(limit) for name, limit in want.get("limits", {}).items()}:
        out.append(f"limits {limits}, not {want.get('limits', {})}")
    if lacking := set(want.get("constraints", ())) - set(task.constraints):
        out.append(f"constraints {task.constraints} without {lacking}")
    device = want.get("deployment", {})
    said = {key: getattr(task.deployment_info, key) for key in device}
    if said != device:
        out.append(f"deployment {said}, not {device}")
    return out


@pytest.mark.parametrize("case", CASES, ids=[c["words"][:60] for c in CASES])
def test_reads_the_request(case: dict[str, Any]) -> None:
    assert misses(case) == []
