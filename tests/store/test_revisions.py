"""Deliveries of one run: the newest lies at the top, older ones are kept, and a kill in between does no harm."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from traineragent.domain.messages import RefinementRequested, RunFinished, RunRequested
from traineragent.domain.task import Request, TaskSpec
from traineragent.errors import InputError
from traineragent.store import revisions
from traineragent.store.files import read_json, write_json
from traineragent.store.journal import Journal
from traineragent.store.revisions import (
    abandon,
    deliveries,
    latest_delivered,
    new_revision,
    promote,
    revisions_of,
    share_files,
    unfinished,
    words_of,
)


def delivery(folder: Path, number: int, status: str = "delivered") -> None:
    """What a finished run leaves behind, as far as this module looks."""
    journal = Journal(folder / "run.sqlite", create=True)
    journal.post([("person", "person", RunRequested(Request("predict y")))])
    if number > 1:
        body = RefinementRequested(f"follow-up {number}", number, number - 1, TaskSpec("x"), {}, "predict y")
        journal.post([("person", "person", body)])
    if status:
        journal.post([("task", "person", RunFinished(status))])
    journal.close()
    if status.startswith("delivered"):
        (folder / "bundle").mkdir()
        (folder / "bundle" / "bundle.json").write_text(f'{{"version": "{number}"}}')
        (folder / "report.html").write_text(f"<p>{number}</p>")
        write_json(folder / "task.json", {"n": number})
        write_json(folder / "report.json", {"revision": number, "status": status, "bundle": "b", "report": "r"})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    delivery(folder, 1)
    return folder


def refined(run: Path, status: str = "delivered") -> int:
    number, folder = new_revision(run)
    delivery(folder, number, status)
    return number


def top(run: Path) -> set[str]:
    """The numbers that the files at the top of the run come from: one, unless they were mixed."""
    return {
        read_json(run / "bundle" / "bundle.json")["version"],
        str(read_json(run / "task.json")["n"]),
        str(read_json(run / "report.json")["revision"]),
        (run / "report.html").read_text()[3:-4],
    }


def test_a_new_delivery_lies_at_the_top_and_the_one_before_is_kept(run: Path) -> None:
    promote(run, refined(run))
    assert top(run) == {"2"}
    assert read_json(run / "revisions" / "1" / "bundle" / "bundle.json") == {"version": "1"}
    promote(run, refined(run))
    assert top(run) == {"3"}
    assert [d["revision"] for d in deliveries(run)] == [1, 2, 3]
    assert not list(run.glob(".*"))


@pytest.mark.parametrize("after", range(12))
def test_a_kill_while_a_delivery_is_put_in_place_is_made_good(
    run: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, done = refined(run), 0

    def counted(name: str, module: object) -> None:
        real = getattr(module, name)

        def step(*args: object, **more: object) -> object:
            nonlocal done
            if done == after:
                raise KeyboardInterrupt
            done += 1
            return real(*args, **more)

        monkeypatch.setattr(module, name, step)

    counted("copytree", shutil)
    counted("copyfile", shutil)
    counted("rename", Path)
    counted("replace", Path)
    try:
        promote(run, number)
        assert after >= 8, "everything was done before the kill"
    except KeyboardInterrupt:
        pass
    monkeypatch.undo()
    promote(run, number)
    assert top(run) == {"2"}
    assert read_json(run / "revisions" / "1" / "report.json")["revision"] == 1
    assert read_json(run / "revisions" / "1" / "bundle" / "bundle.json") == {"version": "1"}


def test_a_follow_up_speaks_of_what_was_delivered_last(run: Path) -> None:
    promote(run, refined(run))
    refined(run, "declined")
    assert latest_delivered(run).number == 2
    assert [r.status for r in revisions_of(run)] == ["delivered", "delivered", "declined"]


def test_an_interrupted_follow_up_is_found_until_it_is_given_up(run: Path) -> None:
    assert unfinished(run) is None
    number = refined(run, "")
    waiting = unfinished(run)
    assert waiting is not None
    assert (waiting.number, words_of(waiting)) == (number, "follow-up 2")
    abandon(waiting, "another was asked for")
    assert unfinished(run) is None
    assert new_revision(run)[0] == 3


def test_a_follow_up_that_was_killed_before_it_was_asked_for_is_nothing_to_go_on_with(run: Path) -> None:
    _, folder = new_revision(run)
    Journal(folder / "run.sqlite", create=True).close()
    assert unfinished(run) is None
    assert latest_delivered(run).number == 1


@pytest.mark.parametrize(("status", "advice"), [("", "traineragent resume"), ("declined", "start a new run")])
def test_a_run_that_delivered_nothing_cannot_be_refined(tmp_path: Path, status: str, advice: str) -> None:
    delivery(tmp_path, 1, status)
    with pytest.raises(InputError, match=advice):
        latest_delivered(tmp_path)


def test_shared_files_are_the_same_and_can_be_shared_again(tmp_path: Path) -> None:
    (tmp_path / "a" / "data").mkdir(parents=True)
    (tmp_path / "a" / "data" / "x.npy").write_bytes(b"1")
    for _ in range(2):
        share_files(tmp_path / "a", tmp_path / "b", ["data/x.npy"])
    assert (tmp_path / "b" / "data" / "x.npy").read_bytes() == b"1"
    (tmp_path / "b" / "data" / "x.npy").unlink()
    assert (tmp_path / "a" / "data" / "x.npy").exists()


def test_files_are_copied_where_they_cannot_be_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "another device")

    monkeypatch.setattr(revisions.os, "link", refuse)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"1")
    share_files(tmp_path / "a", tmp_path / "b", ["x"])
    assert (tmp_path / "b" / "x").read_bytes() == b"1"
