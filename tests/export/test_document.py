"""Documents: what the README shows was really answered, and the clients work as printed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from traineragent.export.running import Running
from traineragent.serve.manifest import read_manifest
from traineragent.serve.predictor import Predictor


def test_the_readme_shows_what_the_model_says(documented: Path) -> None:
    readme = (documented / "README.md").read_text()
    example = json.loads((documented / "example.json").read_text())["rows"]
    (expected,) = Predictor.load(documented).predict(example)
    answers = re.findall(r"`(sh|python|node) client\.\w+` answered:\n\n```json\n(.*?)\n```", readme, re.DOTALL)
    ran = {program for program, _ in answers}
    assert "python" in ran
    assert ("sh" in ran) == (shutil.which("curl") is not None)
    assert ("node" in ran) == (shutil.which("node") is not None)
    for program, text in answers:
        said = json.loads(text)
        assert (said["predictions"][0] if program == "sh" else said) == expected


def test_every_example_that_is_shown_without_an_answer_says_why(documented: Path) -> None:
    readme = (documented / "README.md").read_text()
    assert readme.count("answered:") + readme.count("Not run when this was written") == 3 + ("HTTP 422" not in readme)


def test_the_client_prints_words_for_a_bad_row(documented: Path, tmp_path: Path) -> None:
    shutil.copy(documented / "client.py", tmp_path)
    (tmp_path / "example.json").write_text('{"rows": [{"age": "abc"}]}')
    with Running(documented) as service:
        done = subprocess.run(
            [sys.executable, str(tmp_path / "client.py"), service.address], capture_output=True, text=True, check=False
        )
    assert done.returncode != 0
    assert "'column': 'age'" in done.stderr


def test_the_error_in_the_readme_is_a_real_one(documented: Path) -> None:
    readme = (documented / "README.md").read_text()
    shown = json.loads(re.findall(r"which row and column:\n\n```json\n(.*?)\n```", readme, re.DOTALL)[0])
    assert shown["error"]["column"] == "age"
    assert shown["error"]["got"] == "abc"


def test_the_manifest_lists_the_card_and_the_measurements(documented: Path) -> None:
    manifest = read_manifest(documented)
    assert set(manifest.files) == {"model.onnx", "openapi.json", "MODEL_CARD.md"}
    assert manifest.facts["metric"]["value"] == 0.91
    assert manifest.facts["requirements"][1]["met"] is False
    assert "python client.py" in manifest.facts["executed_examples"]


@pytest.mark.parametrize("name", ["README.md", "MODEL_CARD.md", "openapi.json", "client.py", "client.js", "client.sh"])
def test_no_template_is_left_unfilled(documented: Path, name: str) -> None:
    text = (documented / name).read_text()
    assert "{{" not in text
    assert "{%" not in text
    assert "None" not in text.replace("= None", "").replace("from None", "").replace("token=None", "")
    assert not re.search(r"\n{4,}", text)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is no part of the project")
def test_the_javascript_client_says_in_a_line_that_nobody_answers(documented: Path) -> None:
    done = subprocess.run(
        ["node", str(documented / "client.js"), "http://127.0.0.1:9"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "does not answer" in done.stderr or "bad port" in done.stderr
    assert len(done.stderr.splitlines()) == 1
