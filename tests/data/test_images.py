"""Folders, tables and archives of pictures become rows of path and label; what cannot be used is named."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from traineragent.data.reading import RawTable, read_table
from traineragent.errors import InputError

from .painted import class_folders, encoded, painted, write


def labels(table: RawTable) -> list[str]:
    assert table.target is not None
    return [str(v) for v in table.frame[table.target].astype(object)]


def test_a_folder_of_class_folders_is_read_as_path_and_label(tmp_path: Path) -> None:
    table = read_table([str(class_folders(tmp_path / "set"))])
    assert (table.kind, table.target) == ("images", "label")
    assert labels(table) == ["disc"] * 6 + ["stripes"] * 6
    assert all(Path(p).is_absolute() and Path(p).is_file() for p in table.frame["image"])


def test_a_folder_around_everything_is_no_class(tmp_path: Path) -> None:
    class_folders(tmp_path / "set" / "pictures" / "all")
    assert set(labels(read_table([str(tmp_path / "set")]))) == {"disc", "stripes"}


@pytest.mark.parametrize("path", ["{role}/{kind}", "{kind}/{role}"])
def test_folders_that_say_train_and_test_are_roles(tmp_path: Path, path: str) -> None:
    for role, seeds in (("train", range(5)), ("test", range(5, 8))):
        for kind in ("disc", "stripes"):
            for seed in seeds:
                write(tmp_path / path.format(role=role, kind=kind) / f"{seed}.png", painted(kind, seed))
    table = read_table([str(tmp_path)])
    assert {f.role: f.rows for f in table.files} == {"train": 10, "test": 6}
    assert set(labels(table)) == {"disc", "stripes"}


def test_a_class_called_like_a_role_stays_a_class(tmp_path: Path) -> None:
    for kind, folder in (("disc", "train"), ("stripes", "bus")):
        for seed in range(4):
            write(tmp_path / folder / f"{seed}.png", painted(kind, seed))
    assert set(labels(read_table([str(tmp_path)]))) == {"train", "bus"}


def test_classes_are_read_from_numbered_file_names(tmp_path: Path) -> None:
    for kind, word in (("disc", "cat"), ("stripes", "dog")):
        for seed in range(6):
            write(tmp_path / f"{word}.{seed}.png", painted(kind, seed))
    table = read_table([str(tmp_path)])
    assert sorted(set(labels(table))) == ["cat", "dog"]
    assert any("names of the files" in note for note in table.notes)


def test_pictures_without_any_class_are_a_set_without_answer(tmp_path: Path) -> None:
    for seed in range(5):
        write(tmp_path / f"photo{seed}.png", painted("disc", seed))
    table = read_table([str(tmp_path)])
    assert (table.kind, table.target, list(table.frame.columns)) == ("image_set", None, ["image"])


@pytest.mark.parametrize("cell", ["pictures/{0}.png", "{0}.png", "{0}", "other\\{0}.png"])
def test_a_table_names_the_pictures_in_the_ways_people_do(tmp_path: Path, cell: str) -> None:
    lines = ["file,what"]
    for seed in range(6):
        kind = "disc" if seed % 2 else "stripes"
        write(tmp_path / "pictures" / f"p{seed}.png", painted(kind, seed))
        lines.append(f"{cell.format(f'p{seed}')},{kind}")
    lines.append(f"{cell.format('absent')},disc")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    table = read_table([str(tmp_path)])
    assert (table.kind, table.target, len(table.frame)) == ("images", "what", 6)
    assert all(Path(p).name == f"p{i}.png" for i, p in enumerate(table.frame["image"]))
    (lost,) = table.removed
    assert lost.rows == 1
    assert "absent" in lost.why


def test_a_table_given_by_itself_finds_its_pictures_beside_it(tmp_path: Path) -> None:
    for seed in range(4):
        write(tmp_path / f"p{seed}.png", painted("disc", seed))
    (tmp_path / "t.csv").write_text("path,label\n" + "".join(f"p{s}.png,{'ab'[s % 2]}\n" for s in range(4)))
    assert labels(read_table([str(tmp_path / "t.csv")])) == ["a", "b", "a", "b"]


def test_several_columns_leave_the_answer_to_the_words(tmp_path: Path) -> None:
    lines = ["picture,breed,age"]
    for seed in range(8):
        write(tmp_path / f"p{seed}.png", painted("disc", seed))
        lines.append(f"p{seed}.png,{'pug' if seed % 2 else 'collie'},{seed % 3}")
    (tmp_path / "dogs.csv").write_text("\n".join(lines))
    table = read_table([str(tmp_path)])
    assert (table.kind, table.target) == ("image_table", None)
    assert list(table.frame.columns) == ["image", "breed", "age"]


def test_a_table_of_phrases_and_boxes_is_for_grounding(tmp_path: Path) -> None:
    for seed in range(3):
        write(tmp_path / f"p{seed}.png", painted("disc", seed))
    lines = [f'{{"image": "p{s}.png", "phrase": "the disc", "box": [1, 2, 3, 4]}}' for s in range(3)]
    (tmp_path / "phrases.jsonl").write_text("\n".join(lines))
    assert read_table([str(tmp_path)]).kind == "grounding"


def test_an_archive_is_unpacked_below_the_work_folder(tmp_path: Path) -> None:
    class_folders(tmp_path / "set")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted((tmp_path / "set").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path))
        archive.writestr("__MACOSX/set/._x.png", b"chaff")
    table = read_table([str(tmp_path / "set.zip")], work=tmp_path / "work")
    assert len(table.frame) == 12
    assert all(Path(p).is_relative_to(tmp_path / "work") for p in table.frame["image"])


def test_an_archive_that_leads_outside_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        for i in range(3):
            archive.writestr(f"../a/{i}.png", encoded(painted("disc", i)))
    with pytest.raises(InputError, match="outside itself"):
        read_table([str(tmp_path / "bad.zip")], work=tmp_path / "work")
    assert not (tmp_path / "a").exists()


DAMAGED = {
    "empty.jpg": b"",
    "text.png": b"this is a note, not a picture",
    "page.jpg": b"<!doctype html><title>not found</title>",
    "zeros.png": bytes(3000),
    "cut.jpg": encoded(painted("disc", 1, (200, 160)), "JPEG")[:-900],
    "cut.png": encoded(painted("disc", 2, (200, 160)))[:3000],
    "head.gif": b"GIF89a\x01\x00",
    "torn.png": encoded(painted("disc", 3))[:60] + b"\x99" * 400,
}


def test_every_damaged_file_is_named_and_none_stops_the_reading(tmp_path: Path) -> None:
    class_folders(tmp_path)
    for name, content in DAMAGED.items():
        write(tmp_path / "disc" / name, content)
    table = read_table([str(tmp_path)])
    assert len(table.frame) == 12
    (damaged,) = table.removed
    assert damaged.rows == len(DAMAGED)
    assert all(f"disc/{name}: " in damaged.why for name in DAMAGED)
    assert "a web page" in damaged.why


def test_files_beside_the_pictures_are_left_out_and_counted(tmp_path: Path) -> None:
    class_folders(tmp_path)
    write(tmp_path / "Thumbs.db", b"chaff")
    write(tmp_path / "disc" / ".DS_Store", b"chaff")
    write(tmp_path / "disc" / "notes.docx", b"PK\x03\x04")
    write(tmp_path / "loose.png", painted("disc", 99))
    table = read_table([str(tmp_path)])
    assert {r.what: r.rows for r in table.removed} == {"pictures without a class": 1, "files that are no pictures": 1}


def test_odd_kinds_of_pictures_are_all_used(tmp_path: Path) -> None:
    class_folders(tmp_path)
    picture = painted("disc", 50)
    grey = np.asarray(picture.convert("L")).astype(np.uint16) * 257
    odd = {
        "alpha.png": encoded(picture.convert("RGBA")),
        "la.png": encoded(picture.convert("LA")),
        "palette.gif": encoded(picture.convert("P"), "GIF"),
        "cmyk.jpg": encoded(painted("disc", 51).convert("CMYK"), "JPEG"),
        "deep.png": encoded(Image.fromarray(grey)),
        "one.bmp": encoded(painted("stripes", 52).convert("1"), "BMP"),
        "moving.webp": encoded(
            painted("disc", 53), "WEBP", save_all=True, append_images=[painted("disc", 54)], lossless=True
        ),
        "jpeg_named.png": encoded(painted("disc", 55), "JPEG"),
        "tiny.png": encoded(painted("disc", 56, (2, 1))),
    }
    for name, content in odd.items():
        write(tmp_path / "disc" / name, content)
    table = read_table([str(tmp_path)])
    assert not table.removed
    assert len(table.frame) == 12 + len(odd)
    assert table.findings["animated"] == ["disc/moving.webp"]


def test_copies_are_tied_and_copies_under_two_classes_are_set_aside(tmp_path: Path) -> None:
    class_folders(tmp_path)
    picture = painted("disc", 0)
    write(tmp_path / "disc" / "again.png", picture)
    write(tmp_path / "disc" / "resaved.jpg", encoded(picture.resize((80, 60)), "JPEG"))
    write(tmp_path / "stripes" / "stray.png", painted("disc", 3))
    table = read_table([str(tmp_path)])
    assert table.alike is not None
    names = [Path(p).name for p in table.frame["image"]]
    number = dict(zip(names[:7], table.alike[:7].tolist(), strict=True))
    assert number["000.png"] == number["again.png"] == number["resaved.jpg"]
    assert len(set(number.values())) == len(number) - 2
    (removed,) = table.removed
    assert (removed.what, removed.rows) == ("copies with different answers", 2)
    assert "stripes/stray.png (stripes)" in removed.why


def test_folders_of_the_same_pictures_are_refused_by_name(tmp_path: Path) -> None:
    for kind in ("cat", "dog"):
        (tmp_path / kind).mkdir()
        for number in range(4):
            Image.new("RGB", (8, 8), (number * 60, 0, 0)).save(tmp_path / kind / f"{number}.png")
    with pytest.raises(InputError, match="8 of 8 pictures are copies of one another with different answers"):
        read_table([str(tmp_path)])


def test_a_changed_picture_changes_the_checksum(tmp_path: Path) -> None:
    class_folders(tmp_path)
    before = read_table([str(tmp_path)]).files[0].sha256
    assert read_table([str(tmp_path)]).files[0].sha256 == before
    write(tmp_path / "disc" / "002.png", painted("disc", 77))
    assert read_table([str(tmp_path)]).files[0].sha256 != before


def test_a_table_beside_few_pictures_is_still_a_table(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b\n1,x\n2,y\n3,z\n")
    write(tmp_path / "logo.png", painted("disc", 0))
    assert read_table([str(tmp_path)]).kind == "table"


def test_a_folder_of_nothing_but_damage_is_an_error(tmp_path: Path) -> None:
    for i in range(5):
        write(tmp_path / "a" / f"{i}.jpg", b"nothing")
    with pytest.raises(InputError, match="0 pictures can be used"):
        read_table([str(tmp_path)])


@pytest.mark.shared
def test_real_photos_are_all_read(shared_data: Path) -> None:
    table = read_table([str(shared_data / "image_cls" / "cats_dogs" / "images")])
    assert (len(table.frame), table.removed) == (220, ())
    assert set(labels(table)) == {"cat", "dog"}


@pytest.mark.parametrize("where", ["", "captions/"])
def test_texts_called_as_the_pictures_are_their_captions(tmp_path: Path, where: str) -> None:
    for seed in range(6):
        kind = ("disc", "stripes")[seed % 2]
        write(tmp_path / ("images" if where else "") / f"{seed}.png", painted(kind, seed))
        (tmp_path / where).mkdir(exist_ok=True)
        (tmp_path / where / f"{seed}.txt").write_text(f"\na drawn {kind}\nmore of it\n")
    (tmp_path / "LICENSE.txt").write_text("free")
    table = read_table([str(tmp_path)])
    assert (table.kind, table.target) == ("image_set", None)
    assert sorted(set(table.frame["caption"])) == ["a drawn disc", "a drawn stripes"]


def test_texts_of_numbers_beside_pictures_are_no_captions_and_are_named_together(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "set")
    for path in sorted(folder.rglob("*.png")):
        path.with_suffix(".txt").write_text("0 0.5 0.5 0.1 0.2\n")
    table = read_table([str(folder)])
    assert table.kind == "images"
    assert sum(".txt" in note for note in table.notes) == 1


def test_pictures_with_several_labels_are_counted_by_label(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    kinds = ["sun", "sun, sea", "sea", "sand, sea", "sand", "sand, sun"] * 4 + ["sun, sand, sea"]
    lines = ["file,tags"]
    for i, kind in enumerate(kinds):
        Image.fromarray(np.random.default_rng(i).integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(
            folder / f"{i}.png"
        )
        lines.append(f'{i}.png,"{kind}"')
    (folder / "tags.csv").write_text("\n".join(lines))
    table = read_table([str(folder)])
    assert not any("uneven" in note for note in table.notes)


@pytest.mark.parametrize(("step", "said"), [(0.5, False), (1.0, True)])
def test_measured_numbers_are_no_classes_that_could_be_uneven(tmp_path: Path, step: float, said: bool) -> None:
    lines = ["photo,bar"]
    for i in range(40):
        path = tmp_path / f"{i}.png"
        Image.fromarray(np.random.default_rng(i).integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(path)
        lines.append(f"{path.name},{step * max(0, i - 29)}")
    (tmp_path / "readings.csv").write_text("\n".join(lines))
    table = read_table([str(tmp_path / "readings.csv")])
    assert any("uneven" in note for note in table.notes) == said


@pytest.mark.parametrize("name", ["disc", "d" * 300 + "/9.png"])
def test_an_archive_whose_names_cannot_be_files_is_refused(tmp_path: Path, name: str) -> None:
    """A file called as a folder beside it, and a name longer than file systems take."""
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, encoded(painted("disc", 0)))
        for kind in ("disc", "stripes"):
            archive.writestr(f"{kind}/1.png", encoded(painted(kind, 1)))
    with pytest.raises(InputError, match=r"odd\.zip: .* inside it cannot be a file here"):
        read_table([str(path)], work=tmp_path / "work")
