"""Whether the end of a file differs from what stands before it."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from traineragent.data.order import end_of_file, in_blocks, was_sorted
from traineragent.serve.values import tokens


def _texts(rows: int, words: range, seed: int) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    return [[f"w{i}" for i in rng.choice(words, 8)] for _ in range(rows)]


def test_words_that_come_up_at_the_end_are_found() -> None:
    rows = _texts(800, range(2000), 0) + _texts(200, range(1000, 3000), 1)
    found = end_of_file(rows, np.arange(1000), 0.2)
    assert found is not None
    assert found.deviations > 4
    assert found.ratio > 1.5


@pytest.mark.parametrize("seed", range(5))
def test_rows_in_no_order_are_alike_at_both_ends(seed: int) -> None:
    found = end_of_file(_texts(1000, range(2000), seed), np.arange(1000), 0.2)
    assert found is not None
    assert abs(found.deviations) < 4


def test_copies_count_once() -> None:
    early, late = _texts(600, range(2000), 0), _texts(200, range(2000), 1)
    rows, same = early + late + early[:200], np.concatenate([np.arange(800), np.arange(200)])
    copied, alone = end_of_file(rows, same, 0.2), end_of_file(early + late, np.arange(800), 0.2)
    assert copied == alone


def test_few_rows_tell_nothing() -> None:
    assert end_of_file(_texts(100, range(2000), 0), np.arange(100), 0.2) is None
    assert end_of_file([[] for _ in range(500)], np.arange(500), 0.2) is None


def test_a_file_that_was_sorted_is_known() -> None:
    words = sorted(f"{i % 97:03d}" for i in range(500))
    assert was_sorted(words)
    assert was_sorted(words[::-1])
    assert not was_sorted(np.random.default_rng(0).permutation(words).tolist())
    assert not was_sorted(["same"] * 10)


def test_a_file_put_together_by_class_is_known() -> None:
    labels = ["a"] * 300 + ["b"] * 200
    assert in_blocks(labels)
    assert not in_blocks(np.random.default_rng(0).permutation(labels).tolist())
    assert not in_blocks(["a"] * 10)
    assert not in_blocks([])


@pytest.mark.shared
def test_posts_of_another_time_are_told_from_shuffled_sentences(shared_data: Path) -> None:
    lines = (shared_data / "nlp_other/wnut17_ner/train.conll").read_text(encoding="utf-8").splitlines()
    posts = [list(group) for filled, group in groupby(lines, key=lambda line: bool(line.strip())) if filled]
    words = [tokens(" ".join(line.split("\t")[0] for line in post)) for post in posts]
    found = end_of_file(words, np.arange(len(words)), 0.2)
    assert found is not None
    assert found.deviations > 4
    assert found.ratio > 1.3
    sentences = (shared_data / "nlp_other/atis_slots/train.seq.in").read_text(encoding="utf-8").splitlines()
    other = end_of_file([tokens(s) for s in sentences], np.arange(len(sentences)), 0.2)
    assert other is not None
    assert other.ratio < 1.2
