"""What is exported where the selected model cannot be: something simpler, and at last the first one exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from traineragent.agents.memory import Memory
from traineragent.agents.server import ServerAgent
from traineragent.brains.checked import Checked
from traineragent.brains.planner import Planner
from traineragent.domain.messages import Message, ModelSelected, RunRequested, TaskSpecified
from traineragent.domain.run import Member, Selection
from traineragent.domain.task import Metric, Request, TaskSpec
from traineragent.errors import TrainerError
from traineragent.store.journal import Journal

PLANNER = Planner()


def selection(*trials: int, best: int) -> Selection:
    return Selection(tuple(Member(t, 1 / len(trials)) for t in trials), 0.9, best, "why")


@pytest.fixture
def server(tmp_path: Path) -> ServerAgent:
    """Whose first model, trial 0, was exported."""
    journal = Journal(tmp_path / "run.sqlite", create=True)
    task = TaskSpec("text_classification", (Metric("accuracy", "maximize"),))
    first = ModelSelected(selection(0, best=0), 1, 0, provisional=True)
    journal.post([("person", "task", RunRequested(Request("x"))), ("task", "data", TaskSpecified(task))])
    journal.post([("model", "server", first)])
    settings: Any = {a: p.settings for a, p in PLANNER.procedures.items()}
    memory = Memory(journal, tmp_path, Checked(PLANNER, PLANNER), settings, None, lambda e: None)  # type: ignore[arg-type]
    return ServerAgent(memory, "")


def recovered(server: ServerAgent, failed: Selection, attempt: int) -> Selection:
    (message, *_) = server.memory.journal.messages("ModelSelected")
    assert isinstance(message, Message)
    return server._recover(message, failed, "the time limit passed", attempt)


def test_several_models_give_way_to_the_best_of_them(server: ServerAgent) -> None:
    assert recovered(server, selection(1, 2, best=2), 0).members == (Member(2, 1.0),)


def test_the_best_gives_way_to_the_model_that_was_exported_first(server: ServerAgent) -> None:
    found = recovered(server, selection(2, best=2), 0)
    assert found.members == (Member(0, 1.0),)
    assert "could not be exported (the time limit passed)" in found.why
    assert recovered(server, selection(2, best=2), 1).members == (Member(0, 1.0),)


def test_where_the_first_model_fails_too_the_run_says_so(server: ServerAgent) -> None:
    with pytest.raises(TrainerError, match="the model could not be exported: the time limit passed"):
        recovered(server, selection(0, best=0), 1)
    with pytest.raises(TrainerError, match="the time limit passed"):
        recovered(server, selection(1, 2, best=2), 2)
