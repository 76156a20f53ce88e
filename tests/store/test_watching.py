"""A run looked at from outside: who is at work, what it waits for, and how its questions are answered."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from traineragent.domain.messages import RunFinished, RunRequested, TaskSpecified
from traineragent.domain.run import Candidate, TrialResult
from traineragent.domain.task import Budget, DataInfo, Metric, Request, TaskSpec
from traineragent.errors import InputError
from traineragent.store.asking import await_answer, give_answer, open_question
from traineragent.store.journal import Journal
from traineragent.store.partway import Partway
from traineragent.store.watching import begun, traces, watch

TASK = TaskSpec("tabular_classification", (Metric("roc_auc", "maximize"),), DataInfo(target="left"), budget=Budget(1.0))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    found = Journal(tmp_path / "run.sqlite", create=True)
    found.take_ownership()
    found.post([("person", "task", RunRequested(Request("Predict who left", ("a.csv",))))])
    yield found
    found.close()


def test_tells_who_is_at_work_and_on_what(journal: Journal, tmp_path: Path) -> None:
    journal.post([("task", "data", TaskSpecified(TASK))], handled=1)
    journal.set_meta("metric", "roc_auc")
    journal.add_trial(TrialResult(0, Candidate("linear"), "done", 0.8))
    found = watch(tmp_path)
    assert found.worker == os.getpid()
    assert found.work.waiting is not None
    assert found.work.waiting.to == "data"
    assert found.work.budget_s == 60.0
    assert found.work.goes_on
    assert [t.score for t in found.work.trials] == [0.8]
    assert found.report is None


def test_a_run_that_was_given_back_or_ended_has_no_worker(journal: Journal, tmp_path: Path) -> None:
    journal.release()
    assert watch(tmp_path).worker is None
    assert watch(tmp_path).work.goes_on
    journal.post([("task", "person", RunFinished("declined", "no"))], handled=1)
    assert not watch(tmp_path).work.goes_on


def test_a_follow_up_that_was_stopped_before_it_was_asked_for_is_none(journal: Journal, tmp_path: Path) -> None:
    journal.post([("task", "person", RunFinished("delivered"))], handled=1)
    (tmp_path / "revisions" / "2").mkdir(parents=True)
    Journal(tmp_path / "revisions" / "2" / "run.sqlite", create=True).close()
    found = watch(tmp_path)
    assert (found.work.revision, found.first, found.work.goes_on) == (1, True, False)


def test_what_is_written_leaves_traces(journal: Journal, tmp_path: Path) -> None:
    before = traces(tmp_path)
    assert traces(tmp_path) == before
    journal.event("phase", text="reading")
    assert traces(tmp_path) != before


def test_a_journal_that_is_being_made_is_left_alone(tmp_path: Path) -> None:
    assert not begun(tmp_path)
    (tmp_path / "run.sqlite").write_bytes(b"")
    assert not begun(tmp_path)
    Journal(tmp_path / "run.sqlite", create=True).close()
    assert begun(tmp_path)


def test_a_question_is_open_until_it_is_answered(journal: Journal, tmp_path: Path) -> None:
    assert open_question(journal.events()) is None
    journal.event("question", text="Which?", about="target", choices=["a", "b"], default="b")
    asked = watch(tmp_path).work.question
    assert asked is not None
    assert (asked.number, asked.choices, asked.default) == (1, ("a", "b"), "b")

    said: list[str | None] = []
    waiting = threading.Thread(target=lambda: said.append(await_answer(tmp_path)))
    waiting.start()
    with pytest.raises(InputError, match="no longer open"):
        give_answer(journal, 2, "a")
    give_answer(journal, 1, "a")
    waiting.join(10)
    assert said == ["a"]
    journal.event("dialogue", text="Which?", answer="a")
    assert watch(tmp_path).work.question is None


def test_nobody_is_asked_by_a_run_that_stopped(journal: Journal, tmp_path: Path) -> None:
    journal.event("question", text="Which?", about="target")
    journal.release()
    assert watch(tmp_path).work.question is None
    with pytest.raises(InputError, match="no longer open"):
        give_answer(journal, 1, "a")


def test_waiting_for_a_person_is_no_work(journal: Journal) -> None:
    before = journal.clock_s
    with journal.waiting():
        threading.Event().wait(0.3)
    assert journal.clock_s - before < 0.2


def test_how_far_a_trial_has_come_is_kept_now_and_then(journal: Journal, tmp_path: Path) -> None:
    told = Partway(tmp_path)
    told({"kind": "phase", "text": "reading"})
    assert watch(tmp_path).work.partway == {}
    told({"kind": "fold", "trial": 3, "fold": 2, "folds": 10, "score": None})
    told({"kind": "fold", "trial": 3, "fold": 3, "folds": 10, "score": None})
    assert watch(tmp_path).work.partway == {"trial": 3, "fold": 2, "folds": 10}
