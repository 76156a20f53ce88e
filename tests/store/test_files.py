"""Files appear whole or not at all, and a lack of room is told in words."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from traineragent.errors import InputError, Paused
from traineragent.serve.manifest import file_sha256
from traineragent.store.files import read_json, room_checked, write_json, write_text


def test_what_is_written_is_read_back_with_its_hash(tmp_path: Path) -> None:
    digest = write_json(tmp_path / "a.json", {"α": [1, None]})
    assert read_json(tmp_path / "a.json") == {"α": [1, None]}
    assert file_sha256(tmp_path / "a.json") == digest
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text(tmp_path / "a", "old")

    def no_room(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(Paused, match="the disk is full while writing a; free some space"):
        write_text(tmp_path / "a", "new")
    monkeypatch.undo()
    assert (tmp_path / "a").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_draft_of_a_killed_process_goes_with_the_next_writing_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = [f".a[1].json.{number}.tmp" for number in (ended.pid, os.getppid())]
    for name in (*names, f".b.json.{ended.pid}.tmp", ".a[1].json.x.tmp"):
        (tmp_path / name).write_text("half")
    write_json(tmp_path / "a[1].json", {})
    assert {p.name for p in tmp_path.iterdir()} == {
        "a[1].json",
        names[1],
        f".b.json.{ended.pid}.tmp",
        ".a[1].json.x.tmp",
    }


def test_no_permission_names_the_way_out() -> None:
    with pytest.raises(InputError, match="choose another folder with --out"), room_checked("report.json"):
        raise PermissionError(errno.EACCES, "Permission denied")
