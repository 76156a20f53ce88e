"""A folder with a folder of texts a class: read in any encoding, with what cannot be read named."""

from __future__ import annotations

from pathlib import Path

import pytest

from traineragent.data.collections import collection_of
from traineragent.data.reading import read_table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "mails"
    for label, texts in {
        "spam": ["free prize", "Grüße, Sie gewinnen"],
        "ham": ["see you", "bis später, Jürgen"],
    }.items():
        (top / label).mkdir(parents=True)
        for i, text in enumerate(texts):
            (top / label / f"{i}.txt").write_bytes(text.encode("cp1252" if i else "utf-8"))
    (top / "README.txt").write_text("how the mails were gathered")
    return top


def test_folders_are_classes_and_encodings_are_found(folder: Path) -> None:
    table = read_table([str(folder)])
    assert (table.kind, table.target) == ("text_folder", "label")
    assert sorted(zip(table.frame["label"], table.frame["text"], strict=True)) == [
        ("ham", "bis später, Jürgen"),
        ("ham", "see you"),
        ("spam", "Grüße, Sie gewinnen"),
        ("spam", "free prize"),
    ]


def test_empty_and_odd_files_are_named(folder: Path) -> None:
    (folder / "ham" / "empty.txt").touch()
    (folder / "ham" / "odd.txt").write_bytes(bytes(range(256)) * 8)
    table = read_table([str(folder)])
    assert len(table.frame) == 4
    said = " ".join(r.why for r in table.removed)
    assert "ham/empty.txt" in said
    assert "ham/odd.txt" in said


def test_train_and_test_folders_are_roles(folder: Path, tmp_path: Path) -> None:
    both = tmp_path / "both"
    both.mkdir()
    folder.rename(both / "train")
    for label in ("spam", "ham"):
        (both / "test" / label).mkdir(parents=True)
        (both / "test" / label / "x.txt").write_text("another text")
    table = read_table([str(both)])
    assert {table.files[p].role for p in table.part} == {"train", "test"}
    assert set(table.frame["label"]) == {"spam", "ham"}


def test_a_folder_of_tables_is_none(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.csv").write_text("a,b\n1,2\n")
    (tmp_path / "notes.txt").write_text("notes")
    assert collection_of([str(tmp_path)]) is None
