"""The bundle as a folder: complete, atomic, free of pickles, and the same when it is written again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from serve.small import PRICE, ROW, write_small
from traineragent.errors import InputError
from traineragent.export.bundle import SERVED_WITH, slug
from traineragent.serve.manifest import read_manifest
from traineragent.serve.predictor import Predictor


def files(bundle: Path) -> dict[str, bytes]:
    return {str(p.relative_to(bundle)): p.read_bytes() for p in bundle.rglob("*") if p.is_file()}


def test_holds_all_it_needs(tmp_path: Path) -> None:
    bundle = write_small(tmp_path)
    found = files(bundle)
    wanted = {"bundle.json", "model.onnx", "openapi.json", "Dockerfile", "requirements.txt", "serve.py"}
    assert wanted <= set(found)
    assert "server/serve/app.py" in found
    assert "server/serve/pages/style.css" in found
    assert not [name for name in found if name.endswith((".pkl", ".pyc", ".joblib"))]
    assert not [name for name, data in found.items() if re.match(rb"\x80[\x02-\x05]", data)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bundle"]


def test_the_manifest_says_what_the_contract_asks(tmp_path: Path) -> None:
    raw = json.loads((write_small(tmp_path, facts={"metric": None}) / "bundle.json").read_text())
    assert {"format_version", "name", "version", "created", "task_type", "input", "output", "graph", "files"} <= set(
        raw
    )
    assert raw["name"] == "churn-model"
    assert raw["graph"] == {"file": "model.onnx", "input": "x", "output": "y", "features": 10}
    assert set(raw["files"]) == {"model.onnx", "openapi.json"}


def test_a_newer_bundle_replaces_an_older_one_whole(tmp_path: Path) -> None:
    old = write_small(tmp_path)
    (old / "left-over.txt").write_text("old")
    new = write_small(tmp_path, PRICE)
    assert read_manifest(new).target == PRICE
    assert not (new / "left-over.txt").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bundle"]


def test_a_failed_export_leaves_the_older_bundle(tmp_path: Path) -> None:
    bundle = write_small(tmp_path)
    before = files(bundle)
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(InputError, match="empty"):
        write_small(tmp_path, graph=tmp_path / "empty.onnx")
    assert files(bundle) == before
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_is_the_same_when_written_again(tmp_path: Path) -> None:
    first = files(write_small(tmp_path / "a", created="2026-01-01"))
    assert files(write_small(tmp_path / "b", created="2026-01-01")) == first


def test_names_no_place_of_this_machine(tmp_path: Path) -> None:
    for name, data in files(write_small(tmp_path)).items():
        if name != "model.onnx":
            assert str(tmp_path).encode() not in data, name
            assert str(Path(__file__).resolve().parents[2]).encode() not in data, name


def test_requirements_are_pinned(tmp_path: Path) -> None:
    lines = (write_small(tmp_path) / "requirements.txt").read_text().split()
    assert [line.partition("==")[0] for line in lines] == list(SERVED_WITH)
    assert all(re.fullmatch(r"[a-z-]+==[0-9][\w.]*", line) for line in lines)


def test_the_container_runs_without_privileges(tmp_path: Path) -> None:
    recipe = (write_small(tmp_path) / "Dockerfile").read_text()
    assert recipe.index("USER model") < recipe.index('CMD ["python", "serve.py"')
    assert "HEALTHCHECK" in recipe
    assert "SERVE_TOKEN" in recipe


def test_the_example_is_a_row_the_model_takes(tmp_path: Path) -> None:
    bundle = write_small(tmp_path)
    example = read_manifest(bundle).facts["example"]
    assert set(example) == set(ROW)
    assert len(Predictor.load(bundle).predict([example])) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Churn model!", "churn-model"), ("  ", "model"), ("ÄÖ é", "model"), ("a/../b", "a-b"), ("x" * 99, "x" * 60)],
)
def test_names_fit_an_address(name: str, expected: str) -> None:
    assert slug(name) == expected
