"""Lessons across runs: several runs write at once, and a file that is of no use never stops one."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from traineragent.domain.lesson import Lesson, Tried
from traineragent.store import lessons as module
from traineragent.store.lessons import FILE_NAME, Lessons

LESSON = Lesson(
    "tabular_classification",
    "roc_auc",
    {"rows": 400.0, "features": 4.0, "classes": 2.0},
    (Tried("lightgbm", {"rounds": 40}, 1.0, 0.7, 1.2), Tried("linear", {}, 0.4, 0.3, 0.2)),
    5,
    "run-1",
    "2026-01-02",
)


def test_what_is_kept_comes_back_newest_first_and_once_a_run(tmp_path: Path) -> None:
    kept = Lessons(tmp_path / "home")
    assert kept.all() == []
    assert kept.add(LESSON)
    assert kept.add(replace(LESSON, run="run-2"))
    assert kept.add(replace(LESSON, trials=6))
    assert [(k.run, k.trials) for k in Lessons(tmp_path / "home").all()] == [("run-1", 6), ("run-2", 5)]
    assert (tmp_path / "home" / FILE_NAME).stat().st_mode & 0o077 == 0


def test_clearing_forgets_everything(tmp_path: Path) -> None:
    kept = Lessons(tmp_path)
    kept.add(LESSON)
    assert kept.clear() == 1
    assert kept.all() == []
    assert kept.clear() == 0


def test_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LESSONS", 3)
    for number in range(6):
        Lessons(tmp_path).add(replace(LESSON, run=str(number)))
    assert [k.run for k in Lessons(tmp_path).all()] == ["5", "4", "3"]


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE songs (name TEXT)")


def newer(path: Path) -> None:
    Lessons(path.parent).add(LESSON)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version=99")


def damaged(path: Path) -> None:
    Lessons(path.parent).add(LESSON)
    content = bytearray(path.read_bytes())
    content[20:3000] = b"\xff" * 2980
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("spoil", [foreign, newer, damaged, lambda p: p.write_text("no database at all, " * 99)])
def test_a_file_of_no_use_is_set_aside_and_a_new_one_begun(tmp_path: Path, spoil: object) -> None:
    spoil(tmp_path / FILE_NAME)  # type: ignore[operator]
    kept = Lessons(tmp_path)
    assert kept.all() == []
    assert kept.add(LESSON)
    assert kept.all() == [LESSON]
    assert len(list(tmp_path.glob("*.aside-*"))) == 1
    assert "set aside" in kept.said[0]


def test_a_folder_that_may_not_be_written_costs_the_lesson_only(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file in the way")
    kept = Lessons(tmp_path / "home")
    assert not kept.add(LESSON)
    assert kept.all() == []
    assert kept.said


def test_a_lesson_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    kept = Lessons(tmp_path)
    kept.add(LESSON)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db, db:
        db.execute("INSERT INTO lessons (at, run, body) VALUES ('', 'x', '{}')")
    assert kept.all() == [LESSON]


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_lessons import LESSON, Lessons
for number in range(15):
    assert Lessons(Path(sys.argv[1])).add(replace(LESSON, run=f"{sys.argv[2]}-{number}"))
"""


def test_runs_that_end_together_all_keep_their_lesson(tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(i), here]) for i in range(3)]
    assert [w.wait(120) for w in writers] == [0, 0, 0]
    assert len(Lessons(tmp_path).all()) == 45
