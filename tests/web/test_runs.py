"""Runs are found by plain names in one folder, and by nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from traineragent.domain.messages import RunFinished, RunRequested
from traineragent.domain.task import Request
from traineragent.store.files import write_json
from traineragent.store.journal import Journal
from traineragent.web.jobs import Job, Jobs
from traineragent.web.missing import Missing
from traineragent.web.runs import Look, Runs


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    root = tmp_path / "runs"
    root.mkdir()
    return Runs(root, Jobs(root / ".ui" / "jobs"))


def a_run(folder: Path) -> Path:
    folder.mkdir(parents=True)
    Journal(folder / "run.sqlite", create=True).close()
    return folder


@pytest.mark.parametrize("name", ["", ".", "..", "../other", "a/b", ".ui", "uploads", "a\0b", "/etc"])
def test_names_that_lead_elsewhere_are_no_runs(runs: Runs, name: str) -> None:
    with pytest.raises(Missing):
        runs.folder(name)


def test_a_link_is_no_run(runs: Runs, tmp_path: Path) -> None:
    (runs.root / "linked").symlink_to(a_run(tmp_path / "elsewhere"))
    a_run(runs.root / "here")
    with pytest.raises(Missing):
        runs.look("linked")
    assert [r["name"] for r in runs.listed()] == ["here"]


def test_a_damaged_run_hides_no_other(runs: Runs) -> None:
    a_run(runs.root / "good")
    bad = runs.root / "bad"
    bad.mkdir()
    (bad / "run.sqlite").write_bytes(b"no database at all, but long enough to be looked at " * 20)
    assert {r["name"]: r["status"] for r in runs.listed()} == {"good": "unfinished", "bad": "damaged"}
    assert runs.look("bad").phase == "damaged"
    assert runs.version("bad")


def test_what_never_was_cannot_be_looked_at(runs: Runs) -> None:
    with pytest.raises(Missing):
        runs.look("never")


def finished(folder: Path, status: str) -> Journal:
    """The journal of a run that came to its end, still held by who worked on it."""
    a_run(folder)
    journal = Journal(folder / "run.sqlite")
    journal.take_ownership()
    journal.post([("person", "task", RunRequested(Request("Predict who left")))])
    journal.post([("task", "person", RunFinished(status))], handled=1)
    write_json(folder / "report.json", {"status": status, "request": "Predict who left"})
    return journal


def test_a_delivery_stands_when_its_last_step_is_done(runs: Runs) -> None:
    journal = finished(runs.root / "a", "delivered")
    look = runs.look("a")
    assert (look.phase, look.delivered, look.stands) == ("working", True, False)
    journal.release()
    journal.close()
    look = runs.look("a")
    assert (look.phase, look.delivered, look.stands) == ("finished", True, True)


def test_a_process_that_is_about_to_end_is_not_one_that_begins(runs: Runs) -> None:
    journal = finished(runs.root / "a", "delivered")
    journal.release()
    journal.close()
    watched = runs.look("a").watched
    ending, changing = Job({"do": "train"}, True, None), Job({"do": "refine", "words": "smaller"}, True, None)
    assert Look("a", runs.root / "a", watched, ending).phase == "working"
    look = Look("a", runs.root / "a", watched, changing)
    assert (look.phase, look.stands) == ("starting", True)
