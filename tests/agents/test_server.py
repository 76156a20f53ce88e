"""What is exported where the selected model cannot be: something simpler, and at last the first one exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from traineragent.agents.memory import Memory
from traineragent.agents.server import ServerAgent
from traineragent.brains.checked import Checked
from traineragent.brains.planner import Planner
from traineragent.domain.messages import Message, ModelSelected, RunRequested, ServiceMeasured, TaskSpecified
from traineragent.domain.run import Member, Selection
from traineragent.domain.task import Metric, Request, TaskSpec
from traineragent.engine.compute.local import WorkFailed
from traineragent.store.files import write_json
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


def recovered(server: ServerAgent, failed: Selection, attempt: int, kind: str = "error") -> Selection | None:
    message = server.memory.journal.messages("ModelSelected")[0]
    assert isinstance(message, Message)
    return server._recover(message, failed, WorkFailed("the time limit passed", kind), attempt)


def exported(server: ServerAgent) -> None:
    """The first model has a bundle, measured."""
    (server.memory.folder / "bundle").mkdir()
    write_json(server.memory.folder / "bundle" / "bundle.json", {})
    server.memory.journal.post([("server", "task", ServiceMeasured((), 0.0, 0, provisional=True))])


def test_several_models_give_way_to_the_best_of_them(server: ServerAgent) -> None:
    found = recovered(server, selection(1, 2, best=2), 0)
    assert found is not None
    assert found.members == (Member(2, 1.0),)
    assert "not to be had or not to be trusted (the time limit passed)" in found.why


def test_the_best_gives_way_to_the_bundle_of_the_model_that_was_exported_first(server: ServerAgent) -> None:
    exported(server)
    assert recovered(server, selection(2, best=2), 1) is None
    (said,) = server.memory.journal.events("extra")
    assert "a better model could not be exported (the time limit passed)" in said["text"]


def test_nothing_else_is_waited_for_where_time_was_the_trouble_and_a_bundle_stands(server: ServerAgent) -> None:
    exported(server)
    assert recovered(server, selection(1, 2, best=2), 0, "timeout") is None


def test_where_nothing_was_exported_the_run_says_so(server: ServerAgent) -> None:
    with pytest.raises(WorkFailed, match="the model could not be exported: the time limit passed"):
        recovered(server, selection(0, best=0), 1)


def test_the_model_exported_first_is_not_exported_again_where_it_is_selected(server: ServerAgent) -> None:
    message = server.memory.journal.messages("ModelSelected")[0]
    exported(server)
    server._export(message, ModelSelected(selection(0, best=0), 3, 0))  # would need a process that computes
    assert server.memory.journal.events("phase")[-1]["text"] == "the model exported first is the one selected"
    with pytest.raises(FileNotFoundError):  # it begins to build, and there is nothing to build of
        server._export(message, ModelSelected(selection(1, best=1), 3, 0))
