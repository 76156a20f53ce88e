"""The journal loses nothing that was acknowledged and repeats nothing that was finished."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from traineragent.domain.messages import DataRequested, RunFinished, RunRequested, TaskSpecified
from traineragent.domain.run import Candidate, TrialResult
from traineragent.domain.task import DataInfo, Metric, Request, Requirement, TaskSpec, Verdict
from traineragent.errors import InputError
from traineragent.store.journal import Decision, Journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "run.sqlite", create=True)


def test_messages_are_handled_in_order_and_survive_a_restart(tmp_path: Path, journal: Journal) -> None:
    request = Request("predict churn", ("a.csv",), seed=3)
    journal.post([("person", "task", RunRequested(request))])
    first = journal.next_message()
    assert first is not None
    assert first.body == RunRequested(request)
    journal.post([("task", "data", DataRequested(("a.csv",)))], handled=first.id)
    journal.close()
    again = Journal(tmp_path / "run.sqlite")
    waiting = again.next_message()
    assert waiting is not None
    assert (waiting.to, waiting.body, waiting.in_reply_to) == ("data", DataRequested(("a.csv",)), first.id)


def test_a_message_to_a_person_waits_for_no_agent(journal: Journal) -> None:
    journal.post([("task", "person", RunFinished("delivered"))])
    assert journal.next_message() is None
    assert journal.last(RunFinished).status == "delivered"


def test_a_task_comes_back_as_it_went(journal: Journal) -> None:
    task = TaskSpec(
        "tabular_classification",
        (Metric("recall", "maximize", True),),
        DataInfo(inputs=("a", "b"), target="y", rows=10),
        requirements=(Requirement("recall", ">=", 0.9, "nine in ten", "1"),),
        verdict=Verdict("accept", "high_risk:credit", notices=("a person decides",)),
    )
    journal.post([("task", "data", TaskSpecified(task))])
    assert journal.last(TaskSpecified).task == task


def test_trials_steps_and_decisions_are_read_back(journal: Journal) -> None:
    result = TrialResult(0, Candidate("linear", {"c": 1.0}), "done", 0.8, (0.7, 0.9), 1.5, {"oof.npy": "ab"})
    journal.add_trial(result)
    journal.finish_step("split", "data", 0.5, {"rows": 3}, {"data/split.json": "cd"})
    journal.decide("k/1", Decision("data", "planner", "drop c1", "it holds the target", {"auc": 1.0}))
    journal.decide("k/1", Decision("data", "planner", "drop c1", "it holds the target", {"auc": 1.0}))
    assert journal.trials() == [result]
    assert journal.step("split") == {"result": {"rows": 3}, "files": {"data/split.json": "cd"}, "seconds": 0.5}
    assert journal.step("prepare") is None
    assert [d.what for d in journal.decisions()] == ["drop c1"]


def test_the_clock_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: moment)
    first = Journal(tmp_path / "run.sqlite", create=True)
    moment = 1007.5
    first.event("x")
    first.close()
    moment = 5.0  # another boot
    again = Journal(tmp_path / "run.sqlite")
    assert again.clock_s == 7.5
    moment = 6.0
    assert again.clock_s == 8.5
    again.close()


def test_a_folder_without_a_journal_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no run folder"):
        Journal(tmp_path / "run.sqlite")


def test_a_run_has_one_owner_until_it_dies(tmp_path: Path, journal: Journal) -> None:
    journal.take_ownership()
    code = (
        "import sys; from pathlib import Path; from traineragent.store.journal import Journal\n"
        "Journal(Path(sys.argv[1])).take_ownership()"
    )
    other = subprocess.run([sys.executable, "-c", code, str(journal.path)], capture_output=True, text=True, check=False)
    assert "is being worked on by process" in other.stderr
    code_release = code.replace(".take_ownership()", ".release()")
    subprocess.run([sys.executable, "-c", code_release, str(journal.path)], check=True)  # not its own: changes nothing
    again = subprocess.run([sys.executable, "-c", code, str(journal.path)], capture_output=True, text=True, check=False)
    assert "is being worked on by process" in again.stderr
    journal.release()
    ok = subprocess.run([sys.executable, "-c", code, str(journal.path)], capture_output=True, text=True, check=False)
    assert ok.returncode == 0, ok.stderr
    journal.take_ownership()  # its owner is dead, so the run is free again


def test_who_was_refused_a_run_does_not_free_it(journal: Journal) -> None:
    journal.take_ownership()
    code = (
        "import sys; from pathlib import Path; from traineragent.store.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "try: journal.take_ownership()\n"
        "finally: journal.release()"
    )
    for _ in range(2):
        other = subprocess.run(
            [sys.executable, "-c", code, str(journal.path)], capture_output=True, text=True, check=False
        )
        assert "is being worked on by process" in other.stderr
    code_release = code.replace(".take_ownership()", ".release()")
    subprocess.run([sys.executable, "-c", code_release, str(journal.path)], check=True)  # not its own: changes nothing
    again = subprocess.run([sys.executable, "-c", code, str(journal.path)], capture_output=True, text=True, check=False)
    assert "is being worked on by process" in again.stderr


WRITER = """
import sys
from pathlib import Path
from traineragent.store.journal import Journal
journal = Journal(Path(sys.argv[1]))
for n in range(100000):
    journal.event("n", n=n)
    print(n, flush=True)
"""


def test_kill_9_loses_no_acknowledged_event(tmp_path: Path, journal: Journal) -> None:
    for round_ in range(3):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(journal.path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        seen = [child.stdout.readline() for _ in range(15 + 7 * round_)]
        os.kill(child.pid, signal.SIGKILL)
        seen += child.stdout.readlines()
        child.wait()
        acknowledged = int([s for s in seen if s.endswith("\n")][-1])
        numbers = [e["n"] for e in journal.events("n")]
        assert acknowledged in numbers[-2:]


def test_opened_by_two_at_once_it_is_made_once(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def opened(_: int) -> bool:
        journal = Journal(tmp_path / "run.sqlite", create=True)
        try:
            return journal.events() == []
        finally:
            journal.close()

    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as db:
        db.execute("PRAGMA journal_mode=WAL")
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(opened, range(24)))
