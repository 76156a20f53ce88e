"""The words are judged before the data: what they forbid is declined without opening it, and nobody else is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from traineragent.agents.memory import Memory
from traineragent.agents.task import TaskAgent
from traineragent.brains.checked import Checked
from traineragent.brains.planner import Planner
from traineragent.brains.scripted import Scripted
from traineragent.domain.messages import AnswerNeeded, DataRequested, Declined, RunFinished, RunRequested
from traineragent.domain.task import Request
from traineragent.store.journal import Journal

PLANNER = Planner()
FORBIDDEN = "Work out the day I will die from my star sign and the birth chart of my cat."


class Begun:
    """A run's first message, handled by the Task agent of a brain that is slow and has nothing to add."""

    def __init__(self, folder: Path, words: str, *data: str) -> None:
        self.folder = folder
        self.journal = Journal(folder / "run.sqlite", create=True)
        self.journal.post([("person", "task", RunRequested(Request(words, data)))])
        self.brain = Scripted({"understand": [()]}, PLANNER)
        self.brain.slow = True
        settings: Any = {a: p.settings for a, p in PLANNER.procedures.items()}
        brain = Checked(self.brain, PLANNER)
        self.memory = Memory(self.journal, folder, brain, settings, None, lambda e: None)  # type: ignore[arg-type]

    def handle(self) -> list[object]:
        message = self.journal.messages("RunRequested")[0]
        return [body for _, body in TaskAgent(self.memory, "").handle(message)]

    @property
    def asked(self) -> list[str]:
        return [q.kind for q in self.brain.asked]


@pytest.mark.parametrize("data", [(), ("/nowhere/missing.csv",), ("postgresql://nobody@nowhere/none#t",)])
def test_what_the_words_forbid_is_declined_whatever_its_data(tmp_path: Path, data: tuple[str, ...]) -> None:
    begun = Begun(tmp_path, FORBIDDEN, *data)
    declined, finished = begun.handle()
    assert isinstance(declined, Declined)
    assert declined.reasons
    assert finished == RunFinished("declined", " ".join(declined.reasons))
    assert json.loads((tmp_path / "report.json").read_text())["status"] == "declined"
    assert begun.asked == ["begin"]


def test_harmless_words_wait_for_the_data_that_they_speak_of(tmp_path: Path) -> None:
    begun = Begun(tmp_path, "Predict which patients die within 30 days.", "/nowhere/missing.csv")
    assert begun.handle() == [DataRequested(("/nowhere/missing.csv",))]
    assert begun.asked == ["begin"]


def test_words_without_data_are_read_by_the_brain_too(tmp_path: Path) -> None:
    begun = Begun(tmp_path, "Predict which customers leave.")
    needed, finished = begun.handle()
    assert isinstance(needed, AnswerNeeded)
    assert needed.questions[0].about == "data"
    assert isinstance(finished, RunFinished)
    assert begun.asked == ["understand", "begin"]


def test_a_run_killed_before_it_declined_comes_to_the_same(tmp_path: Path) -> None:
    begun = Begun(tmp_path, FORBIDDEN, "/nowhere/missing.csv")
    agent = TaskAgent(begun.memory, "")
    agent.perceive(begun.journal.messages("RunRequested")[0])
    begun.memory.cache.clear()
    again = [type(body) for body in begun.handle()]
    assert again == [Declined, RunFinished]
    assert len(begun.journal.decisions()) == 1
