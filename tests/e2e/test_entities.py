"""Marked texts through the whole program: a sentence and a CoNLL file in, a measured service out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from product import run

pytestmark = pytest.mark.e2e


def conll(path: Path, times: int = 40) -> Path:
    places = ["Rome", "Oslo", "New York", "Bonn", "Lima", "Kyiv", "San Juan"]
    blocks = []
    for i in range(times):
        words = f"{('please', 'now', 'hello')[i % 3]} book me a flight from".split()
        tagged = [(w, "O") for w in words]
        for kind, place in (("origin", places[i % 7]), ("goal", places[(3 * i + 1) % 7])):
            tagged += [(w, f"{'I' if n else 'B'}-{kind}") for n, w in enumerate(place.split())]
            tagged += [("to", "O")] if kind == "origin" else [("today" if i % 2 else "tomorrow", "O")]
        blocks.append("\n".join(f"{w}\t{t}" for w, t in tagged))
    path.write_text("\n\n".join(blocks) + "\n")
    return path


def test_parts_of_texts_are_learned_measured_and_served(tmp_path: Path) -> None:
    words = "Find where a flight begins and where it goes."
    data, out = conll(tmp_path / "train.conll"), tmp_path / "run"
    said = run("train", words, "--data", data, "--out", out, "--trials", "2", "--no-ask", "--json")
    assert said.code == 0, said.err
    report = json.loads((out / "report.json").read_text())
    assert report["task_type"] == "token_classification"
    assert report["metric"]["name"] == "span_f1"
    assert report["metric"]["value"] > 0.9 > report["metric"]["baseline"]
    page = (out / "report.html").read_text()
    assert "Kinds of errors" in page
    new = [{"text": f"book me a flight from Oslo to {place} today"} for place in ("New York", "Bonn")]
    (tmp_path / "new.jsonl").write_text("\n".join(map(json.dumps, new)))
    answered = run("predict", out, "--data", tmp_path / "new.jsonl", "--json")
    assert answered.code == 0, answered.err
    assert '"goal"' in answered.out


def test_posts_in_order_of_time_are_measured_on_their_end(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    blocks = []
    for i in range(400):
        talk = [f"word{k}" for k in rng.integers(i, i + 300, 8)]  # what is talked about changes with time
        tagged = [(w, "O") for w in talk] + [("in", "O"), (f"Town{rng.integers(i // 4, i // 4 + 90)}", "B-place")]
        blocks.append("\n".join(f"{w}\t{t}" for w, t in tagged))
    (tmp_path / "posts.conll").write_text("\n\n".join(blocks) + "\n")
    said = run(
        "train", "Find places in posts.", "--data", tmp_path / "posts.conll", "--out", tmp_path / "run",
        "--trials", "1", "--no-ask", "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    report = said.json
    assert report["data"]["holdout"]["how"] == "last"
    assert any("end of the file" in warning for warning in report["data"]["warnings"])
    explained = run("explain", tmp_path / "run")
    assert "stand in order of time or source" in " ".join(explained.out.split())
