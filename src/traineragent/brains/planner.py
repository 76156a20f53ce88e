"""The embedded planner: answers every question by executing the agent's procedure over the facts.

Deterministic, needs no key and no network. It knows nothing of files or models.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..knowledge.sop import AGENTS, Procedure, load
from ..ports import Answer, BrainQuestion


class Planner:
    """`procedures` in force for the four agents, with the user's overlay folder applied."""

    name, slow = "planner", False

    def __init__(self, overlay: Path | None = None) -> None:
        self.procedures: Mapping[str, Procedure] = {a: load(a, overlay) for a in AGENTS}

    def answer(self, question: BrainQuestion) -> Answer:
        return Answer(self.procedures[question.agent].plan(question.kind, question.facts), by=self.name)
