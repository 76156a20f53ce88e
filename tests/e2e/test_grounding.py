"""Phrases to boxes: a folder of pictures and phrases in, a service that answers boxes out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dino import write_checkpoint
from pointing import write_shapes
from product import quick_procedures, run

pytestmark = pytest.mark.e2e
WORDS = "Find the shape I describe in a picture and give me its box."


def test_a_folder_of_shapes_becomes_a_service_that_points(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = write_shapes(tmp_path / "shapes", pictures=40, side=96)
    quick = {"family": "phrase_grid", "params": {"width": 16, "steps": 12}}
    config = quick_procedures(tmp_path / "config", [{"family": "likely_box"}, quick], "grounding_candidates")
    said = run(
        "train", WORDS, "--data", folder, "--trials", "2", "--config", config, "--out", tmp_path / "run", "--json"
    )
    assert said.code == 0, said.err
    report = said.json
    assert report["task_type"] == "visual_grounding"
    assert report["metric"]["name"] == "accuracy_iou50"
    assert {(t["family"], t["status"]) for t in report["leaderboard"]} == {
        ("likely_box", "done"),
        ("phrase_grid", "done"),
    }
    assert 0.0 <= report["metric"]["baseline"] <= 1.0
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "By kind of phrase" in page
    assert "data:image/jpeg;base64," in page
    asked = tmp_path / "shapes" / "asked.jsonl"
    rows = [json.loads(line) for line in (folder / "phrases.jsonl").read_text().splitlines()[:3]]
    asked.write_text("".join(json.dumps({"image": r["image"], "phrase": r["phrase"]}) + "\n" for r in rows))
    done = run("predict", tmp_path / "run", "--data", asked, "--out", tmp_path / "boxes.jsonl")
    assert done.code == 0, done.err
    answers = [json.loads(line) for line in (tmp_path / "boxes.jsonl").read_text().splitlines()]
    assert len(answers) == 3
    assert all(0 <= a["box"][0] < a["box"][2] <= 96 for a in answers)


def test_a_network_that_points_already_is_fine_tuned_and_served_with_its_words(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    folder = write_shapes(tmp_path / "shapes", pictures=24, side=128)
    checkpoint = write_checkpoint(tmp_path / "models" / "tiny-dino")
    tried = {"family": "grounding_dino", "params": {"checkpoint": str(checkpoint), "rounds": 3, "batch": 2}}
    config = quick_procedures(tmp_path / "config", [tried], "grounding_candidates")
    models, out = ("--models", tmp_path / "models"), tmp_path / "run"
    said = run("train", WORDS, "--data", folder, "--trials", "1", "--config", config, *models, "--out", out, "--json")
    assert said.code == 0, said.err
    assert said.json["model"]["family"] == "grounding_dino"
    assert "tokenizers==" in (out / "bundle" / "requirements.txt").read_text()
    asked = folder / "asked.jsonl"
    rows = [json.loads(line) for line in (folder / "phrases.jsonl").read_text().splitlines()[:2]]
    said_of = "whichever circle is next to the red square"
    asked.write_text("".join(json.dumps({"image": r["image"], "phrase": said_of}) + "\n" for r in rows))
    done = run("predict", out, "--data", asked, "--out", tmp_path / "boxes.jsonl")
    assert done.code == 0, done.err
    boxes = [json.loads(line)["box"] for line in (tmp_path / "boxes.jsonl").read_text().splitlines()]
    assert len(boxes) == 2
    assert all(0 <= b[0] <= b[2] <= 128 for b in boxes)
