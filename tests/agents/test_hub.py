"""The hub delivers in order, ends a loop of agents, and turns an agent's failure into a message."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from traineragent.agents.hub import MOST_MESSAGES, Hub
from traineragent.domain.messages import (
    Body,
    DataRequested,
    DeliveryAccepted,
    Message,
    NothingMoreHelps,
    RunFinished,
    RunRequested,
    WorkFailed,
)
from traineragent.domain.task import Request
from traineragent.errors import InputError, TrainerError
from traineragent.store.journal import Journal


class Replies:
    """An agent that answers each type of message with fixed replies, or raises."""

    name: ClassVar[Any]

    def __init__(self, name: str, replies: dict[str, Any]) -> None:
        self.name, self._replies = name, replies  # type: ignore[misc]
        self.got: list[str] = []

    def handle(self, message: Message) -> Sequence[tuple[str, Body]]:
        self.got.append(message.type)
        reply = self._replies[message.type]
        if isinstance(reply, Exception):
            raise reply
        return [reply]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "run.sqlite", create=True)
    journal.post([("person", "task", RunRequested(Request("x")))])
    return journal


def hub(journal: Journal, task: dict[str, Any], data: dict[str, Any]) -> tuple[Hub, Replies, Replies]:
    agents = Replies("task", task), Replies("data", data)
    return Hub(journal, {"task": agents[0], "data": agents[1]}), *agents


def test_messages_go_to_whom_they_are_meant_for(journal: Journal) -> None:
    ask, done = ("data", DataRequested(())), ("person", RunFinished("delivered"))
    run, task, data = hub(
        journal,
        {"RunRequested": ask, "NothingMoreHelps": done},
        {"DataRequested": ("task", NothingMoreHelps("enough"))},
    )
    assert run.run() == RunFinished("delivered")
    assert (task.got, data.got) == (["RunRequested", "NothingMoreHelps"], ["DataRequested"])


def test_an_agent_that_cannot_go_on_is_reported_to_the_task_agent(journal: Journal) -> None:
    run, task, _ = hub(
        journal,
        {"RunRequested": ("data", DataRequested(())), "WorkFailed": ("person", RunFinished("failed"))},
        {"DataRequested": TrainerError("no candidate could be trained")},
    )
    assert run.run() == RunFinished("failed")
    assert journal.last(WorkFailed) == WorkFailed("data", "no candidate could be trained")
    assert task.got == ["RunRequested", "WorkFailed"]


def test_bad_input_is_the_persons_and_the_message_stays_queued(journal: Journal) -> None:
    run, *_ = hub(
        journal, {"RunRequested": ("data", DataRequested(()))}, {"DataRequested": InputError("no such file: a.csv")}
    )
    with pytest.raises(InputError, match="no such file"):
        run.run()
    waiting = journal.next_message()
    assert waiting is not None
    assert waiting.type == "DataRequested"


def test_a_loop_between_agents_ends(journal: Journal) -> None:
    run, *_ = hub(
        journal,
        {"RunRequested": ("data", DataRequested(())), "DeliveryAccepted": ("data", DataRequested(()))},
        {"DataRequested": ("task", DeliveryAccepted(()))},
    )
    with pytest.raises(AssertionError, match=f"exchanged {MOST_MESSAGES} messages"):
        run.run()


def test_the_hub_stops_where_it_is_told(journal: Journal) -> None:
    run, _, data = hub(journal, {"RunRequested": ("data", DataRequested(()))}, {})
    assert run.run(until=DataRequested) is None
    assert data.got == []
