"""The bound that equal rows with different answers set."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.data.ceiling import equal_rows, oracle


def test_rows_equal_in_every_feature_share_a_number() -> None:
    x = np.array([[1, np.nan], [1, np.nan], [1, 2], [0.0, 2], [-0.0, 2]], dtype=np.float32)
    number = equal_rows(x)
    assert number[0] == number[1]
    assert number[3] == number[4]
    assert len(set(number.tolist())) == 3


def test_the_best_answer_to_equal_rows_is_their_own_frequency() -> None:
    x = np.array([[1], [1], [1], [2]], dtype=np.float32)
    best = oracle(x, np.array([1.0, 1.0, 0.0, 0.0]), 2)
    assert best.p[:, 1].tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 0.0])
    assert best.torn == 3


def test_the_best_number_for_equal_rows_is_their_mean_or_median() -> None:
    x = np.array([[1], [1], [1], [1], [2]], dtype=np.float32)
    best = oracle(x, np.array([0.0, 1.0, 2.0, 9.0, 5.0]), 0)
    assert best.mean[:4].tolist() == [3.0] * 4
    assert best.median[:4].tolist() == [1.5] * 4
    assert best.torn == 4


def test_rows_without_a_twin_count_as_predictable() -> None:
    x = np.arange(6, dtype=np.float32)[:, None]
    assert oracle(x, np.array([0.0, 1, 0, 1, 0, 1]), 2).torn == 0


def test_without_any_feature_all_rows_are_equal() -> None:
    best = oracle(np.zeros((4, 0), dtype=np.float32), np.array([0.0, 0, 0, 1]), 2)
    assert best.p[:, 0].tolist() == [0.75] * 4
