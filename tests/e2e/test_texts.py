"""Texts from words to service: a text column, one label a row or several, answered under its own name and as "text"."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import traineragent as ta
from product import run, write_csv

pytestmark = pytest.mark.e2e

TOPICS = {
    "sport": ["ball", "goal", "match", "team", "win", "play", "score", "league"],
    "money": ["bank", "loan", "rate", "pay", "credit", "fund", "share", "price"],
    "weather": ["rain", "sun", "wind", "cloud", "storm", "snow", "heat", "cold"],
}


def texts(rows: int, seed: int, several: bool = False) -> pd.DataFrame:
    """Ten words a text, most of its topics."""
    rng = np.random.default_rng(seed)
    names, every = list(TOPICS), [w for words in TOPICS.values() for w in words]
    found = []
    for _ in range(rows):
        topics = rng.choice(names, 1 + int(several and rng.random() < 0.4), replace=False)
        words = [w for t in topics for w in rng.choice(TOPICS[t], 6 // len(topics))]
        found.append((" ".join([*words, *rng.choice(every, 3)]), "|".join(sorted(topics))))
    return pd.DataFrame(found, columns=["message", "topic"])


@pytest.mark.parametrize("several", [False, True], ids=["one label", "several labels"])
def test_texts_become_a_service(tmp_path: Path, several: bool) -> None:
    data = write_csv(texts(500, 0, several), tmp_path / "texts.csv")
    words = "Which topics is a message about?" if several else "Sort the messages by topic."
    said = run("train", words, "--data", data, "--target", "topic", "--trials", 1, "--out", tmp_path / "run", "--json")
    assert said.code == 0, said.err
    report = said.json
    assert report["task_type"] == "text_classification"
    assert report["metric"]["name"] == ("f1_samples" if several else "accuracy")
    assert report["metric"]["value"] > 0.85
    model = ta.load(tmp_path / "run")
    by_name, by_text = model.answers([{"message": "goal match team league"}, {"text": "goal match team league"}])
    assert by_name == by_text
    if several:
        assert "sport" in by_name["labels"]
        assert set(by_name["probabilities"]) == set(TOPICS)
    else:
        assert by_name["label"] == "sport"
        (strange,) = model.answers([{"text": "zzz qqq xxx"}])
        assert strange["familiarity"] < 0.05 < by_name["familiarity"]
    manifest = json.loads((tmp_path / "run" / "bundle" / "bundle.json").read_text("utf-8"))
    assert "inputs/terms.txt" in manifest["files"]
    assert "Typical words" in (tmp_path / "run" / "report.html").read_text("utf-8")
