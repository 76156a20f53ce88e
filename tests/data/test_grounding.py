"""Pictures with phrases and boxes, as people keep them and with what goes wrong in them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pointing import write_shapes
from traineragent.data.collections import collection_of
from traineragent.data.grounding.sealing import split_phrases
from traineragent.data.rawtable import RawTable
from traineragent.data.reading import read_table
from traineragent.domain.task import TaskSpec
from traineragent.errors import InputError


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shapes(tmp_path_factory.mktemp("data") / "shapes", pictures=16, side=64)


def records(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "phrases.jsonl").read_text().splitlines()]


def beside(shapes: Path, folder: Path, name: str, content: str) -> Path:
    """The same pictures with another file of annotations."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "images").symlink_to(shapes / "images")
    for picture in (shapes / "images").iterdir():
        (folder / picture.name).write_bytes(picture.read_bytes())
    (folder / name).write_text(content)
    return folder


def jsonl(items: list[dict[str, object]]) -> str:
    return "".join(json.dumps(i) + "\n" for i in items)


def flat(items: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{**i, "image": Path(str(i["image"])).name} for i in items]


def test_json_lines_become_phrases_with_boxes(shapes: Path) -> None:
    table = read_table([str(shapes)])
    said = records(shapes)
    assert (table.kind, table.target, list(table.frame.columns)) == ("grounding", "box", ["image", "phrase", "box"])
    assert table.frame["phrase"].tolist() == [r["phrase"] for r in said]
    assert np.allclose([json.loads(b) for b in table.frame["box"]], [r["box"] for r in said], atol=0.1)
    assert any("left, top, right, bottom in pixels" in n for n in table.notes)


def test_a_table_with_other_names_and_shares_is_read(shapes: Path, tmp_path: Path) -> None:
    lines = ["datei;beschreibung;x;y;w;h"]
    for r in records(shapes):
        x0, y0, x1, y1 = r["box"]  # type: ignore[misc]
        numbers = [x0 / 64, y0 / 64, (x1 - x0) / 64, (y1 - y0) / 64]
        lines.append(";".join([Path(str(r["image"])).name, str(r["phrase"]), *(f"{v:.5f}" for v in numbers)]))
    table = read_table([str(beside(shapes, tmp_path / "t", "tabelle.csv", "\n".join(lines)))])
    assert table.kind == "grounding"
    assert any("left, top, width, height in shares" in n for n in table.notes)
    assert np.allclose([json.loads(b) for b in table.frame["box"]], [r["box"] for r in records(shapes)], atol=0.1)


def test_a_zip_archive_is_read_like_its_folder(shapes: Path, tmp_path: Path) -> None:
    packed = tmp_path / "shapes.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(shapes.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(shapes))
    table = read_table([str(packed)], work=tmp_path / "work")
    assert table.frame["phrase"].tolist() == [r["phrase"] for r in records(shapes)]


def labels(shapes: Path) -> dict[str, list[tuple[str, list[float]]]]:
    """Two or three labelled things a picture."""
    found: dict[str, list[tuple[str, list[float]]]] = {}
    for i, name in enumerate(sorted(p.name for p in (shapes / "images").iterdir())):
        found[name] = [("cup", [4, 8, 20, 24]), ("cup", [40, 10, 58, 28]), ("kettle", [22.0, 36 + i % 4, 40, 60])]
    return found


def test_coco_labels_become_phrases_and_this_is_said(shapes: Path, tmp_path: Path) -> None:
    images, annotations = [], []
    for i, (name, things) in enumerate(labels(shapes).items()):
        images.append({"id": i, "file_name": name, "width": 64, "height": 64})
        for label, (x0, y0, x1, y1) in things:
            box = [x0, y0, x1 - x0, y1 - y0]
            annotations.append(
                {"image_id": i, "category_id": 1 + (label == "kettle"), "bbox": box, "id": len(annotations)}
            )
    whole = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "cup"}, {"id": 2, "name": "kettle"}],
    }
    table = read_table([str(beside(shapes, tmp_path / "c", "instances.json", json.dumps(whole)))])
    made = dict(zip(table.frame["phrase"], table.frame["box"], strict=True))
    assert json.loads(made["the leftmost cup"]) == [4, 8, 20, 24]
    assert json.loads(made["the rightmost cup"]) == [40, 10, 58, 28]
    assert "the kettle" in made
    assert json.loads(made["the cup left of the kettle"]) == [4, 8, 20, 24]
    assert any("were made from the labels" in n for n in table.notes)


def test_sentences_of_refcoco_are_joined_with_its_boxes_and_splits(shapes: Path, tmp_path: Path) -> None:
    images, annotations, refs = [], [], []
    for i, (name, things) in enumerate(labels(shapes).items()):
        images.append({"id": i, "file_name": name, "width": 64, "height": 64})
        for label, (x0, y0, x1, y1) in things[1:]:
            number = len(annotations)
            box = [x0, y0, x1 - x0, y1 - y0]
            annotations.append({"image_id": i, "category_id": 1, "bbox": box, "id": number})
            said = [{"sent": f"{label} here"}, {"sent": f"the {label}", "raw": f"That {label}"}]
            split = "testA" if i % 4 == 3 else "train"
            refs.append({"ref_id": number, "ann_id": number, "image_id": i, "split": split, "sentences": said})
    whole = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "thing"}]}
    folder = beside(shapes, tmp_path / "r", "instances.json", json.dumps(whole))
    (folder / "refs(unc).json").write_text(json.dumps(refs))
    table = read_table([str(folder)])
    made = dict(zip(table.frame["phrase"], table.frame["box"], strict=True))
    assert set(made) == {"cup here", "That cup", "kettle here", "That kettle"}
    assert json.loads(made["That cup"]) == [40, 10, 58, 28]
    assert {f.role for f in table.files} == {"train", "test"}


def test_pascal_voc_is_read(shapes: Path, tmp_path: Path) -> None:
    folder = beside(shapes, tmp_path / "v", "note.txt", "")
    for name, things in labels(shapes).items():
        objects = "".join(
            f"<object><name>{label}</name><bndbox><xmin>{b[0]}</xmin><ymin>{b[1]}</ymin><xmax>{b[2]}</xmax>"
            f"<ymax>{b[3]}</ymax></bndbox></object>"
            for label, b in things
        )
        text = f"<annotation><filename>{name}</filename>{objects}</annotation>"
        (folder / name).with_suffix(".xml").write_text(text)
    table = read_table([str(folder)])
    assert "the leftmost cup" in set(table.frame["phrase"])
    assert table.kind == "grounding"


def yolo(shapes: Path, folder: Path, names: str = "data.yaml") -> Path:
    """The labelled things as a YOLO folder with train and val; every other outline is a polygon."""
    for i, (name, things) in enumerate(labels(shapes).items()):
        part = "val" if i % 4 == 3 else "train"
        for kind in ("images", "labels"):
            (folder / part / kind).mkdir(parents=True, exist_ok=True)
        (folder / part / "images" / name).write_bytes((shapes / "images" / name).read_bytes())
        lines = []
        for label, (x0, y0, x1, y1) in things:
            middle = [(x0 + x1) / 128, (y0 + y1) / 128, (x1 - x0) / 64, (y1 - y0) / 64]
            outline = [x0 / 64, y0 / 64, x1 / 64, y0 / 64, x1 / 64, y1 / 64, x0 / 64, y1 / 64]
            numbers = outline if i % 2 else middle
            lines.append(f"{int(label == 'kettle')} {' '.join(f'{v:.6f}' for v in numbers)}\n")
        (folder / part / "labels" / name).with_suffix(".txt").write_text("".join(lines) if i else "")
    if names == "data.yaml":
        (folder / names).write_text("train: train/images\nval: val/images\nnc: 2\nnames: ['cup', 'kettle']\n")
    elif names:
        (folder / names).write_text("cup\nkettle\n")
    return folder


@pytest.mark.parametrize("names", ["data.yaml", "classes.txt"])
def test_yolo_folders_are_read_with_names_and_parts(shapes: Path, tmp_path: Path, names: str) -> None:
    table = read_table([str(yolo(shapes, tmp_path / "y", names))])
    assert table.kind == "grounding"
    first = table.frame[table.frame["image"].str.endswith(sorted(labels(shapes))[1])]
    made = dict(zip(first["phrase"], first["box"], strict=True))
    assert np.allclose(json.loads(made["the leftmost cup"]), [4, 8, 20, 24], atol=0.01)
    assert "the kettle" in made
    assert {f.role for f in table.files} == {"train", "validation"}
    assert len(set(table.frame["image"])) == 15, "a picture without boxes names nothing"


def test_yolo_classes_without_names_are_called_by_number_and_this_is_said(shapes: Path, tmp_path: Path) -> None:
    table = read_table([str(yolo(shapes, tmp_path / "y", ""))])
    assert any("class 1" in phrase for phrase in table.frame["phrase"])
    assert any("no list of class names" in note for note in table.notes)


def test_a_zipped_yolo_folder_is_read(shapes: Path, tmp_path: Path) -> None:
    folder = yolo(shapes, tmp_path / "y")
    packed = tmp_path / "boxes.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    assert read_table([str(packed)], work=tmp_path / "work").kind == "grounding"


def test_captions_beside_pictures_are_no_boxes(shapes: Path, tmp_path: Path) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    for name in labels(shapes):
        (folder / name).write_bytes((shapes / "images" / name).read_bytes())
        (folder / name).with_suffix(".txt").write_text("2 cups 1 0.5\n")
    assert type(collection_of([str(folder)])).__name__ == "Images"


def test_an_xml_bomb_is_not_opened(shapes: Path, tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bb">]><annotation><object><name>&b;</name><bndbox/></object></annotation>'
    folder = beside(shapes, tmp_path / "b", "0000.xml", bomb)
    found = collection_of([str(folder)])
    assert type(found).__name__ != "Grounding"


def test_faults_are_put_aside_by_file_and_line(shapes: Path, tmp_path: Path) -> None:
    items = flat(records(shapes))
    good = len(items)
    first = items[0]
    items += [
        {**first, "image": "gone.png"},
        {**first, "phrase": "", "box": [1, 2, 30, 40]},
        {**first, "phrase": "a point", "box": [5, 5, 5, 5]},
        {**first, "phrase": "far out", "box": [900, 900, 950, 950]},
        {**first, "phrase": "nothing", "box": None},
        {**first, "phrase": "turned", "box": [40, 40, 10, 12]},
        {**first, "phrase": "sticks out", "box": [30, 30, 80, 60]},
        first,
    ]
    folder = beside(shapes, tmp_path / "f", "phrases.jsonl", jsonl(items))
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    with (folder / "phrases.jsonl").open("a") as file:
        file.write(json.dumps({**first, "image": "broken.png"}) + "\n")
    table = read_table([str(folder)])
    removed = {r.what: r for r in table.removed}
    assert set(removed) == {
        "no such picture", "no phrase", "boxes without a size", "boxes outside of their picture", "no box",
        "repeated phrases", "damaged or unreadable pictures",
    }  # fmt: skip
    assert f"phrases.jsonl, line {good + 1}" in removed["no such picture"].why
    boxes = dict(zip(table.frame["phrase"], table.frame["box"], strict=True))
    assert json.loads(boxes["turned"]) == [10, 12, 40, 40]
    assert json.loads(boxes["sticks out"]) == [30, 30, 64, 60]
    assert any("corners of boxes were swapped" in n for n in table.notes)
    assert any("stick out" in n for n in table.notes)


def test_phrases_that_fit_several_boxes_are_left_out_and_named(shapes: Path, tmp_path: Path) -> None:
    items = flat(records(shapes))
    items += [
        {**items[0], "phrase": "the blob", "box": [1, 1, 9, 9]},
        {**items[0], "phrase": "the blob", "box": [30, 30, 60, 60]},
    ]
    table = read_table([str(beside(shapes, tmp_path / "s", "phrases.jsonl", jsonl(items)))])
    assert "the blob" not in set(table.frame["phrase"])
    (removal,) = [r for r in table.removed if r.what == "phrases that fit several boxes"]
    assert removal.rows == 2
    assert "lines" in removal.why


@pytest.mark.slow
def test_a_picture_lies_on_one_side_of_the_split_with_all_its_phrases(shapes: Path) -> None:
    pytest.importorskip("torch")
    table: RawTable = read_table([str(shapes)])
    holdout, target = split_phrases(
        table, TaskSpec("visual_grounding", ()), parts=None, group=None, time=None, seed=0, readings={}
    )  # type: ignore[arg-type]
    images = table.frame["image"].to_numpy()
    assert not set(images[holdout.train]) & set(images[holdout.holdout])
    assert target.name == "box"
    assert len(holdout.holdout) > 0


def test_no_usable_phrase_is_an_error_that_says_why(shapes: Path, tmp_path: Path) -> None:
    items: list[dict[str, object]] = [{"image": "0000.png", "phrase": "the cup", "box": [60, 60, 60, 60]}] * 3
    folder = beside(shapes, tmp_path / "n", "phrases.jsonl", jsonl(items))
    with pytest.raises(InputError, match=r"boxes without a size: phrases\.jsonl, lines 1, 2 and 3"):
        read_table([str(folder)])


def test_pictures_without_boxes_are_not_ours(shapes: Path, tmp_path: Path) -> None:
    items = [{"image": i["image"], "phrase": i["phrase"]} for i in flat(records(shapes))]
    found = collection_of([str(beside(shapes, tmp_path / "p", "captions.jsonl", jsonl(items)))])
    assert type(found).__name__ != "Grounding"


@pytest.mark.slow
@pytest.mark.shared
def test_shared_sets_are_read_whole(shared_data: Path) -> None:
    for name, phrases in (("playing_cards", 429), ("blood_cells_bccd", 832)):
        table = read_table([str(shared_data / "grounding" / name)])
        assert len(table.frame) == phrases
        assert not table.removed
