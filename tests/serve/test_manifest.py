"""bundle.json: what is written is read back, and nothing that was changed, moved or linked is loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from traineragent.domain.data import Column, NumberFormat, Target
from traineragent.domain.run import Decision, Interval
from traineragent.errors import InputError
from traineragent.serve.manifest import Manifest, read_manifest
from traineragent.serve.predictor import Predictor

from .small import COLUMNS, PRICE, linear_graph, write_small


@pytest.fixture
def copy(churn: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(churn, tmp_path / "copy"))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    columns = (
        *COLUMNS,
        Column("money", "number", NumberFormat(",", ".", ("$", "EUR")), missing=("k.A.",), low=-1.5, example="1.234,5"),
        Column("one", "category", categories=("1",), example=1),
    )
    target = Target("y", "class", ("a", "b", "c"), (("a", "A"), ("b",), ("c",)), unit="kg")
    bundle = write_small(tmp_path, target, columns, decision=Decision(weights=(1.0, 2.0, 0.5)))
    manifest = read_manifest(bundle)
    assert manifest.columns == columns
    assert manifest.target == target
    assert manifest.decision == Decision(weights=(1.0, 2.0, 0.5))


def test_an_interval_survives(tmp_path: Path) -> None:
    interval = Interval(0.8, (-1.0, -2.0), (1.0, 2.5), (10.0,))
    assert read_manifest(write_small(tmp_path, PRICE, interval=interval)).interval == interval


def test_the_graph_must_be_unchanged(copy: Path) -> None:
    with (copy / "model.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(InputError, match=r"model\.onnx.*checksum"):
        Predictor.load(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "model.onnx").unlink()
    with pytest.raises(InputError, match=r"lacks its file 'model\.onnx'"):
        read_manifest(copy)


def test_links_are_refused(copy: Path, tmp_path: Path) -> None:
    (copy / "model.onnx").rename(tmp_path / "elsewhere.onnx")
    (copy / "model.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    with pytest.raises(InputError, match="outside the bundle"):
        read_manifest(copy)


@pytest.mark.parametrize("name", ["../model.onnx", "/etc/hostname", "a/../../model.onnx"])
def test_names_that_lead_outside_are_refused(copy: Path, name: str) -> None:
    raw = json.loads((copy / "bundle.json").read_text())
    raw["files"] = {name: "0", "model.onnx": raw["files"]["model.onnx"]}
    (copy / "bundle.json").write_text(json.dumps(raw))
    with pytest.raises(InputError, match="outside the bundle"):
        read_manifest(copy)


def test_a_graph_without_a_checksum_is_refused(copy: Path) -> None:
    raw = json.loads((copy / "bundle.json").read_text())
    raw["files"] = {}
    (copy / "bundle.json").write_text(json.dumps(raw))
    with pytest.raises(InputError, match="no checksum"):
        read_manifest(copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r.pop("input"), "lacks or misspells 'input'"),
        (lambda r: r["input"]["columns"][0].update(colour="red"), "colour"),
        (lambda r: r.update(format_version=99), "format_version 99"),
        (lambda r: r["output"].update(target=None), "lacks or misspells"),
    ],
)
def test_a_manifest_that_is_not_ours_says_what_is_wrong(copy: Path, change: Any, words: str) -> None:
    raw = json.loads((copy / "bundle.json").read_text())
    change(raw)
    (copy / "bundle.json").write_text(json.dumps(raw))
    with pytest.raises(InputError, match=words):
        read_manifest(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", "17", "\x00"])
def test_a_broken_manifest_is_refused(copy: Path, text: str) -> None:
    (copy / "bundle.json").write_text(text)
    with pytest.raises(InputError, match=r"bundle\.json"):
        read_manifest(copy)


def test_a_graph_of_another_shape_is_refused(tmp_path: Path) -> None:
    bundle = write_small(tmp_path, graph=linear_graph(3, 2))
    with pytest.raises(InputError, match="takes 3 features"):
        Predictor.load(bundle)


@pytest.mark.parametrize("graph", [b"not a graph", b"\x08\x09"])
def test_what_is_no_graph_is_refused_in_words(tmp_path: Path, graph: bytes) -> None:
    bundle = write_small(tmp_path, graph=graph)
    with pytest.raises(InputError, match=r"model\.onnx"):
        Predictor.load(bundle)


def test_weights_outside_the_graph_are_refused(tmp_path: Path) -> None:
    import onnx

    model = onnx.load_from_string(linear_graph(11, 2))
    tensor = model.graph.initializer[1]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../secret"
    bundle = write_small(tmp_path, graph=model.SerializeToString())
    with pytest.raises(InputError, match="outside itself"):
        Predictor.load(bundle)


def test_default_values_are_left_out() -> None:
    manifest = Manifest("m", "1", "now", "t", (Column("a", "number"),), Target("y", "number"))
    assert manifest.to_json()["input"]["columns"] == [{"name": "a", "kind": "number"}]
