"""Runs are found by plain names in one folder, and by nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from traineragent.store.journal import Journal
from traineragent.web.jobs import Jobs
from traineragent.web.missing import Missing
from traineragent.web.runs import Runs


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
