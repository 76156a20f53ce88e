"""Texts for the report: words that tell classes apart, and labels that were made wrong on purpose."""

from __future__ import annotations

import numpy as np

from traineragent.engine.texts import doubtful_labels, shortened, typical_words
from traineragent.serve.inputs.parts import Ragged

WORDS = ("goal", "bank", "the", "rare", "goal kick")


def test_typical_words_are_those_that_other_classes_lack() -> None:
    sport, money = [[0, 2, 4]] * 30, [[1, 2]] * 30
    rows = [*sport, *money, [0, 3]]
    member = np.array([[1.0, 0.0]] * 30 + [[0.0, 1.0]] * 30 + [[1.0, 0.0]])
    found = {c["label"]: c["words"] for c in typical_words(Ragged.of(rows), WORDS, member, ["sport", "money"])}
    assert found["sport"][0] == "goal"
    assert found["money"] == ["bank"]
    assert "rare" not in found["sport"]  # one text holds it, and it may be a name
    assert "the" not in found["sport"]


def test_labels_that_were_swapped_are_found_first() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300).astype(np.float64)
    p = np.full((300, 3), 0.05)
    p[np.arange(300), y.astype(int)] = 0.9
    wrong = [5, 70, 200]
    given = y.copy()
    given[wrong] = (given[wrong] + 1) % 3
    found = doubtful_labels(given, p, ["a", "b", "c"])
    assert sorted(d["row"] for d in found) == wrong
    assert all(d["likely"] == "abc"[int(y[d["row"]])] for d in found)


def test_rows_without_a_prediction_are_passed_over() -> None:
    p = np.array([[0.9, 0.1], [np.nan, np.nan], [0.1, 0.9]])
    assert doubtful_labels(np.array([0.0, 1.0, 1.0]), p, ["a", "b"]) == []


def test_long_texts_are_cut() -> None:
    assert len(shortened("word " * 100)) == 200
    assert shortened("a\n  b") == "a b"
