"""New pictures from words: a folder of small pictures in, a service that draws out."""

from __future__ import annotations

from pathlib import Path

import pytest

from product import run
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
