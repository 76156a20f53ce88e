"""From a folder of pictures, some damaged, to a service that answers base64: in words, without a pretrained network."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.painted import class_folders, encoded, painted, write
from product import run

pytestmark = pytest.mark.e2e


def test_a_folder_of_pictures_becomes_a_service(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "pictures", each=45)
    for i in range(5):
        write(folder / "disc" / f"cut{i}.jpg", encoded(painted("disc", 200 + i, (90, 70)), "JPEG")[:-300])
    out = tmp_path / "run"
    said = run(
        "train", "Which kind of picture is this?", "--data", folder, "--trials", 2, "--out", out, "--no-ask", "--json",
        HF_HUB_CACHE=str(tmp_path),
    )  # fmt: skip
    assert said.code == 0, said.err
    report = said.json
    assert report["task_type"] == "image_classification"
    assert report["metric"]["value"] > 0.9
    (removed,) = report["data"]["removed"]
    assert removed["rows"] == 5
    assert all(f"cut{i}.jpg" in removed["why"] for i in range(5))
    assert any("--models" in w for w in report["data"]["warnings"])
    assert "pillow" in (out / "bundle" / "requirements.txt").read_text()
    page = (out / "report.html").read_text()
    assert "What it sees" in page
    assert "data:image/jpeg;base64," in page
    new = write(tmp_path / "new.png", painted("stripes", 999))
    answers = json.loads(run("predict", out, "--data", new, "--json").out)["predictions"]
    assert [a["label"] for a in answers] == ["stripes"]


def test_a_number_is_told_from_pictures_with_an_interval(tmp_path: Path) -> None:
    rng, rows = np.random.default_rng(0), ["file,fill"]
    for i in range(80):
        share = rng.uniform(0.1, 0.9)
        pixels = rng.normal(60, 8, (40, 30, 3))
        pixels[round(40 * (1 - share)) :] += 120
        write(tmp_path / "jars" / f"{i}.png", Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
        rows.append(f"{i}.png,{share:.4f}")
    (tmp_path / "jars" / "levels.csv").write_text("\n".join(rows))
    out = tmp_path / "run"
    said = run(
        "train", "How full is the jar in the picture? Predict fill.", "--data", tmp_path / "jars", "--trials", 2,
        "--out", out, "--no-ask", "--json", HF_HUB_CACHE=str(tmp_path),
    )  # fmt: skip
    assert said.code == 0, said.err
    assert said.json["task_type"] == "image_regression"
    assert said.json["metric"]["value"] < 0.4 * said.json["metric"]["baseline"]
    (answer,) = json.loads(run("predict", out, "--data", tmp_path / "jars" / "0.png", "--json").out)["predictions"]
    (tmp_path / "jars" / "new.csv").write_text("photo\n0.png\n")
    (again,) = json.loads(run("predict", out, "--data", tmp_path / "jars" / "new.csv", "--json").out)["predictions"]
    assert again["value"] == answer["value"]
    (tmp_path / "lost.csv").write_text("photo\n0.png\n")
    refused = run("predict", out, "--data", tmp_path / "lost.csv")
    assert refused.code == 2
    assert "lost.csv: no column names pictures" in refused.err
    low, high = answer["interval"]
    assert low < answer["value"] < high
