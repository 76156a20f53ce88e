"""What the page tells of work: each agent, the steps, and notes in the order of time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from traineragent.domain import messages as m
from traineragent.domain.messages import Body
from traineragent.domain.run import Candidate, TrialResult
from traineragent.domain.task import Budget, DataInfo, Metric, Request, TaskSpec
from traineragent.store.journal import Decision, Journal
from traineragent.store.watching import watch
from traineragent.web.board import AGENTS, board
from traineragent.web.notes import WORDS

TASK = TaskSpec("tabular_classification", (Metric("roc_auc", "maximize"),), DataInfo(target="left"), budget=Budget(1.0))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    found = Journal(tmp_path / "run.sqlite", create=True)
    found.post([("person", "task", m.RunRequested(Request("Predict <b>who</b> left")))])
    yield found
    found.close()


def test_every_message_is_put_into_words() -> None:
    assert set(WORDS) == set(Body.__args__)  # type: ignore[attr-defined]


def test_the_agent_that_is_asked_is_at_work(journal: Journal, tmp_path: Path) -> None:
    journal.post([("task", "data", m.TaskSpecified(TASK))], handled=1)
    journal.event("phase", text="preparing the data", phase="prepare")
    shown = board(watch(tmp_path).work, busy=True)
    states = {a["name"]: a["state"] for a in shown["agents"]}
    assert states == {"task": "idle", "data": "working", "model": "waiting", "server": "waiting"}
    assert next(a["doing"] for a in shown["agents"] if a["name"] == "data") == "preparing the data"
    assert [s["state"] for s in shown["steps"]] == ["done", "now", "next", "next"]
    assert set(states) == set(AGENTS)


def test_the_same_act_on_many_columns_is_one_note(journal: Journal, tmp_path: Path) -> None:
    for name in ("age", "income", "calls"):
        why = f"{name} holds numbers"
        journal.decide(f"p/{name}", Decision("data", "planner", f"prepare: parse_number column={name}", why, {}))
    told = [n["text"] for n in board(watch(tmp_path).work, busy=True)["notes"]]
    assert told == ["Parse number: age, income, calls", "“Predict <b>who</b> left”"]


def test_trials_are_told_with_their_score_in_the_direction_of_the_metric(journal: Journal, tmp_path: Path) -> None:
    journal.set_meta("metric", "rmse")
    journal.set_meta("direction", "minimize")
    for index, score in enumerate((-3.0, -2.0, -2.5)):
        journal.add_trial(TrialResult(index, Candidate("linear"), "done", score))
        journal.event("tick", text="", best=2.0, metric="rmse", trial=index, status="done")
    journal.add_trial(TrialResult(3, Candidate("mlp"), "failed", note="it broke"))
    journal.event("trial_failed", text="mlp: it broke", best=2.0, metric="rmse", trial=3, status="failed")
    shown = board(watch(tmp_path).work, busy=False)
    assert [n["text"] for n in shown["notes"]][:4] == [
        "Neural network came to nothing",
        "Linear: RMSE 2.5",
        "Linear: RMSE 2, the best so far",
        "Linear: RMSE 3, the best so far",
    ]
    assert [e["score"] for e in shown["tried"]["shown"]] == ["2", "2.5", "3", "–"]


def test_an_empty_journal_can_be_shown(tmp_path: Path) -> None:
    Journal(tmp_path / "run.sqlite", create=True).close()
    shown = board(watch(tmp_path).work, busy=False)
    assert shown["notes"] == []
    assert shown["tried"] is None
