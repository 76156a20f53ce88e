"""Files from a browser: their names are checked, they come whole or not at all, and folders keep their shape."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from traineragent.errors import InputError
from traineragent.web.uploads import MOST_DEPTH, Uploads, checked_path


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def take(uploads: Uploads, path: str, content: bytes = b"x", size: int | None = None) -> None:
    asyncio.run(uploads.take(path, chunks(content[:1], content[1:]), len(content) if size is None else size))


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../a", "a/../b", "/etc/passwd", "a//b", "a/", "a\\b", "a\0b", "a\nb", "\u202egpj.exe"),
        *(".part-x", "x" * 256, "é" * 200, "\udc80", "/".join("a" * (MOST_DEPTH + 1))),
    ],
)
def test_refuses_names_that_lead_elsewhere_or_cannot_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        checked_path(name)
    with pytest.raises(InputError):
        take(Uploads(tmp_path / "in"), name)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_keeps_the_structure_of_folders(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "in")
    for path in ("pets/cats/1.jpg", "pets/dogs/1.jpg", "pets/dogs/Fünf & <b>.jpg"):
        take(uploads, path, b"picture")
    assert (tmp_path / "in/pets/dogs/Fünf & <b>.jpg").read_bytes() == b"picture"
    (entry,) = uploads.entries()
    assert (entry.name, entry.folder, entry.files, entry.size) == ("pets", True, 3, 21)
    assert uploads.sources() == [str(tmp_path / "in/pets")]


def test_tables_are_sources_of_their_own_and_all_else_stays_together(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    take(uploads, "train.csv")
    take(uploads, "test.CSV.gz")
    assert sorted(uploads.sources()) == [str(tmp_path / "test.CSV.gz"), str(tmp_path / "train.csv")]
    take(uploads, "pictures/1.png")
    assert uploads.sources() == [str(tmp_path)]


def test_a_transfer_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    take(uploads, "a.csv", b"whole")
    with pytest.raises(InputError, match="5 of 9 bytes arrived"):
        take(uploads, "a.csv", b"short", 9)
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_bytes() == b"whole"


def test_the_same_name_again_takes_the_place(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    take(uploads, "a.csv", b"old")
    take(uploads, "a.csv", b"new")
    assert (tmp_path / "a.csv").read_bytes() == b"new"


def test_links_in_the_way_are_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "door").symlink_to(outside)
    (inside / "a.csv").symlink_to(outside / "target")
    uploads = Uploads(inside)
    with pytest.raises(InputError, match="link"):
        take(uploads, "door/a.csv")
    take(uploads, "a.csv", b"ours")
    uploads.remove("door")
    assert list(outside.iterdir()) == []
    assert not (inside / "a.csv").is_symlink()
    assert not (inside / "door").exists()


def test_a_file_and_a_folder_of_one_name_are_told_apart(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    take(uploads, "a/b.csv")
    with pytest.raises(InputError, match="remove it first"):
        take(uploads, "a")
    take(uploads, "c")
    with pytest.raises(InputError, match="remove it first"):
        take(uploads, "c/d.csv")


def test_only_an_entry_of_the_top_can_be_removed(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "in")
    take(uploads, "a/b.csv")
    (tmp_path / "kept").write_text("kept")
    for name in ("../kept", "a/b.csv", "..", "."):
        with pytest.raises(InputError):
            uploads.remove(name)
    uploads.remove("a")
    assert uploads.entries() == []
    assert (tmp_path / "kept").exists()
