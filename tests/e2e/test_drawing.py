"""New pictures from words: a folder of small pictures in, a service that draws out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from product import kill_group, quick_procedures, run, start, wait_until
from shapes import write_shapes

pytestmark = pytest.mark.e2e


def test_a_folder_of_shapes_becomes_a_service_that_draws(tmp_path: Path) -> None:
    folder = write_shapes(tmp_path / "shapes", each=40)
    words = "Learn to draw these shapes: I want to ask for a circle and get a new picture of one."
    said = run("train", words, "--data", folder, "--trials", "1", "--out", tmp_path / "run", "--json")
    assert said.code == 0, said.err
    report = said.json
    assert report["task_type"] == "image_generation"
    assert report["metric"]["name"] == "frechet_distance"
    assert set(report["metric"]["others"]) >= {"asked_class", "diversity", "copied"}
    low, high = report["metric"]["interval"]
    assert low <= report["metric"]["value"] <= high
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Is it copying?" in page
    assert "data:image/png;base64," in page
    asked = tmp_path / "prompts.csv"
    asked.write_text("prompt,seed\na circle,1\nsquares,2\n")
    done = run("predict", tmp_path / "run", "--data", asked, "--out", tmp_path / "drawn.csv")
    assert done.code == 0, done.err
    assert (tmp_path / "drawn.csv").read_text().count("iVBOR") == 2


@pytest.mark.timeout(1800)  # two runs and a half
def test_a_generator_killed_while_it_learns_goes_on_and_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    folder = write_shapes(tmp_path / "shapes", each=30)
    flow = {"family": "flow_matching", "params": {"width": 16, "rounds": 240, "guidance": 1.5}}
    procedures = quick_procedures(tmp_path / "procedures", [flow], "drawing_candidates")
    given = ("train", "Learn to draw these shapes.", "--data", folder, "--trials", 1, "--config", procedures, "--out")
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = start(*given, killed, "--no-ask")
    checkpoint = killed / "trials" / "0000.tmp" / "checkpoint.safetensors"
    assert wait_until(checkpoint.exists, process, timeout=400)
    kill_group(process)
    assert not (killed / "trials" / "0000").exists()
    for said in (run("resume", killed, "--json", timeout=500), run(*given, whole, "--json", timeout=500)):
        assert said.code == 0, said.err
    ours, theirs = (_drawn(p) for p in (killed, whole))
    assert ours.pop("went on from step") > 0
    assert ours["steps trained"] == theirs["steps trained"] == 240
    assert ours["likeness"]["frechet"] == pytest.approx(theirs["likeness"]["frechet"], rel=0.02)
    scores = [json.loads((p / "report.json").read_text())["metric"]["value"] for p in (killed, whole)]
    assert scores[0] == pytest.approx(scores[1], rel=0.02)


def _drawn(run_dir: Path) -> dict[str, Any]:
    """What the one trial of a run says of itself."""
    found: dict[str, Any] = json.loads((run_dir / "trials" / "0000" / "drawing.json").read_text())
    return found
