"""Proposals from the leaderboard: asked for now and then, tried in their place, remembered, and ended when useless."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from traineragent.agents.experiments import Experiments
from traineragent.agents.memory import Memory
from traineragent.brains.checked import Checked
from traineragent.brains.planner import Planner
from traineragent.domain.messages import RunRequested, TaskSpecified
from traineragent.domain.run import Candidate, Operation, TrialResult
from traineragent.domain.task import Metric, Request, TaskSpec
from traineragent.ports import Answer, BrainQuestion
from traineragent.store.journal import Journal

PLANNER = Planner()
OFFERS = {
    "linear": {"suits": True, "card": {"interpretable": True}, "space": {"bins": ("int", 1, 32, True)}},
    "giant": {"suits": False, "card": {"interpretable": False}, "space": {}},
}


class Thinker:
    """A slow brain whose answers are those of `think`; `gate` holds it back."""

    name, slow = "openai:thinker", True

    def __init__(self, think: Callable[[BrainQuestion], Sequence[Operation]]) -> None:
        self.think, self.asked = think, []  # type: ignore[var-annotated]
        self.gate = threading.Event()
        self.gate.set()

    def answer(self, question: BrainQuestion) -> Answer:
        self.asked.append((question, dict(question.details())))
        self.gate.wait(10)
        return Answer(tuple(self.think(question)), self.name)


def bins(*values: int) -> list[Operation]:
    return [Operation("answer", "try", {"family": "linear", "params": {"bins": v}}, "an idea") for v in values]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "run.sqlite", create=True)
    task = TaskSpec("tabular_classification", (Metric("roc_auc", "maximize"),))
    journal.post([("person", "task", RunRequested(Request("x"))), ("task", "data", TaskSpecified(task))])
    journal.set_meta("metric", "roc_auc")
    journal.set_meta("direction", "maximize")
    return journal


def memory_of(journal: Journal, brain: Any) -> Memory:
    settings: Any = {a: p.settings for a, p in PLANNER.procedures.items()}
    return Memory(journal, journal.path.parent, Checked(brain, PLANNER), settings, None, lambda e: None)  # type: ignore[arg-type]


def trained(journal: Journal, count: int, score: Callable[[int], float] = lambda i: 0.5) -> None:
    start = len(journal.trials())
    for i in range(start, start + count):
        candidate = Candidate("linear", {"bins": 1, "n": i})
        journal.add_trial(TrialResult(i, candidate, "done", score(i), (0.5, 0.6), 1.0))


def facts(journal: Journal, **more: Any) -> dict[str, Any]:
    n = len(journal.trials())
    return {
        "trials": n,
        "usable": n,
        "portfolio": 10,
        "seconds_left": 60.0,
        "by_number": True,
        "since_gain": 5,
    } | more


def considered(memory: Memory, waits: bool = True, **more: Any) -> tuple[Experiments, bool]:
    experiments = Experiments(memory, lambda families: OFFERS, False)
    return experiments, experiments.consider(facts(memory.journal, **more), ["linear"], waits=waits)


def test_what_is_proposed_is_tried_in_its_place(journal: Journal) -> None:
    trained(journal, 6)
    thinker = Thinker(lambda q: bins(4, 8))
    experiments, stop = considered(memory_of(journal, thinker))
    assert not stop
    assert experiments.candidate(5) is None
    assert experiments.candidate(6) == Candidate("linear", {"bins": 4}, "openai:thinker", 0.2)
    assert experiments.candidate(7) == Candidate("linear", {"bins": 8}, "openai:thinker", 0.2)
    assert experiments.candidate(8) is None
    details: Mapping[str, Any] = thinker.asked[0][1]
    assert len(details["leaderboard"]) == 6
    assert details["spaces"] == {"linear": {"bins": ("int", 1, 32, True)}}


def test_another_process_finds_the_proposals_in_the_journal(journal: Journal) -> None:
    trained(journal, 6)
    considered(memory_of(journal, Thinker(lambda q: bins(4))))
    thinker = Thinker(lambda q: bins(9))
    experiments, _ = considered(memory_of(journal, thinker))
    assert experiments.candidate(6) == Candidate("linear", {"bins": 4}, "openai:thinker", 0.2)
    assert not thinker.asked


def test_nobody_is_asked_too_early_or_with_no_time_left(journal: Journal) -> None:
    thinker = Thinker(lambda q: bins(4))
    trained(journal, 5)
    considered(memory_of(journal, thinker))
    trained(journal, 1)
    considered(memory_of(journal, thinker), by_number=False, seconds_left=1.0)
    assert not thinker.asked


def test_the_search_goes_on_while_a_model_thinks(journal: Journal) -> None:
    trained(journal, 6)
    thinker = Thinker(lambda q: bins(4))
    thinker.gate.clear()
    memory = memory_of(journal, thinker)
    experiments, stop = considered(memory, waits=False, by_number=False)
    assert not stop
    assert experiments.candidate(6) is None
    trained(journal, 2)
    thinker.gate.set()
    assert memory.cache["ahead", "experiments/0/model.experiments"].wait(5)
    experiments, _ = considered(memory, waits=False, by_number=False)
    assert experiments.candidate(8) == Candidate("linear", {"bins": 4}, "openai:thinker", 0.2)
    assert len(thinker.asked) == 1


@pytest.mark.parametrize(
    ("operations", "why"),
    [
        (bins(99), "between 1 and 32"),
        (bins(3, 3), "proposed twice"),
        (bins(1, 2, 3, 4, 5, 6), "at most 5"),
        ([Operation("answer", "try", {"family": "giant"}, "")], "giant"),
        ([Operation("answer", "stop", {}, "enough")], "the last gain was only 5 trials ago"),
        ([*bins(4), Operation("answer", "leave_to_search", {}, "")], "not several"),
    ],
)
def test_a_proposal_that_cannot_be_tried_is_refused(
    journal: Journal, operations: Sequence[Operation], why: str
) -> None:
    trained(journal, 6)
    experiments, stop = considered(memory_of(journal, Thinker(lambda q: operations)))
    assert not stop
    assert experiments.candidate(6) is None
    refused = [d for d in journal.decisions() if ": refused " in d.what]
    assert why in refused[0].why


def test_a_model_may_end_a_search_that_stands_still(journal: Journal) -> None:
    trained(journal, 6)
    _, stop = considered(
        memory_of(journal, Thinker(lambda q: [Operation("answer", "stop", {}, "flat")])), since_gain=30
    )
    assert stop


def test_two_rounds_without_a_gain_end_the_asking(journal: Journal) -> None:
    thinker = Thinker(lambda q: bins(2 + len(q.refused) + len(journal.trials())))
    memory = memory_of(journal, thinker)
    trained(journal, 6)
    for _ in range(4):
        considered(memory)
        trained(journal, 10)
    assert len(thinker.asked) == 2
    assert len(journal.events("no_progress")) == 1


def test_rounds_that_gain_are_followed_by_more(journal: Journal) -> None:
    thinker = Thinker(lambda q: bins(2 + len(journal.trials()) // 10))
    memory = memory_of(journal, thinker)
    trained(journal, 6)
    for _ in range(3):
        considered(memory)
        trained(journal, 10, score=lambda i: i / 100 + 0.5)
    assert len(thinker.asked) == 3


def test_the_planner_is_not_asked_at_all(journal: Journal) -> None:
    trained(journal, 6)
    memory = memory_of(journal, PLANNER)
    _, stop = considered(memory)
    assert not stop
    assert not [d for d in journal.decisions() if d.what.startswith("experiments")]
