"""How well one column foretells the answer."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.data.meaning import read_column
from traineragent.data.relation import bins_of, foretold, random_folds, score, strength

from .tables import frame

RNG = np.random.default_rng(7)


def related(values: np.ndarray, y: np.ndarray, classes: int) -> float:
    bins, count = bins_of(read_column("c", frame(c=values.tolist())["c"]))
    return strength(foretold(bins, count, y, classes, random_folds(len(y), 0)), y, classes)


def test_a_copy_foretells_nearly_all_and_noise_nothing() -> None:
    y = RNG.integers(0, 2, 2000).astype(float)
    assert related(y, y, 2) > 0.95
    assert related(RNG.normal(size=2000).round(6), y, 2) == 0.0


def test_a_curve_counts_as_much_as_a_line() -> None:
    x = RNG.uniform(-1, 1, 4000).round(6)
    assert related(x, x**2, 0) > 0.97


def test_names_without_repeats_foretell_nothing() -> None:
    y = RNG.normal(size=300)
    assert related(np.array([f"n{i} x" for i in range(300)]), y, 0) == 0.0


def test_missing_values_may_foretell() -> None:
    y = RNG.integers(0, 2, 1000).astype(float)
    values = np.where(y == 1, None, RNG.normal(size=1000).round(3))
    assert related(values, y, 2) > 0.9


def test_out_of_fold_answers_are_shares_of_the_other_rows() -> None:
    y = RNG.integers(0, 3, 90).astype(float)
    predicted = foretold(np.zeros(90, dtype=np.int64), 1, y, 3, random_folds(90, 0))
    assert predicted.shape == (90, 3)
    assert predicted.sum(axis=1) == pytest.approx(1)


def test_scores_are_what_people_know() -> None:
    y = np.array([0.0, 0, 1, 1])
    assert score(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.1, 0.9]]), y, 2) == 1.0
    assert score(np.eye(3)[[0, 1, 1]], np.array([0.0, 1, 2]), 3) == pytest.approx(0.5)
    assert score(np.array([1.0, 2, 3]), np.array([1.0, 2, 3]), 0) == 1.0
