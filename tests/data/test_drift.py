"""Differences between files."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.data.drift import drift_between, population_stability
from traineragent.data.meaning import read_columns

from .tables import frame

RNG = np.random.default_rng(19)


def test_equal_shares_have_no_distance() -> None:
    assert population_stability(np.array([50.0, 50]), np.array([500.0, 500])) == pytest.approx(0, abs=1e-4)
    assert population_stability(np.array([90.0, 10]), np.array([10.0, 90])) > 1


def test_finds_moved_numbers_new_values_and_new_gaps() -> None:
    here = frame(
        n=RNG.normal(size=400).round(2),
        k=RNG.choice(["a", "b"], 400),
        g=RNG.normal(size=400).round(2),
        id=range(1, 401),
        y=["u"] * 400,
    )
    there = frame(
        n=(RNG.normal(size=400) + 1.5).round(2),
        k=["c"] * 400,
        g=[None] * 200 + [0.1] * 200,
        id=range(401, 801),
        y=["v"] * 400,
    )
    found = {d["column"]: d for d in drift_between(read_columns(here), there, "new.csv", "y")}
    assert set(found) == {"n", "k", "g"}
    assert "missing 0% here, 50% there" in found["g"]["sentence"]


def test_parts_of_one_table_do_not_differ() -> None:
    whole = frame(
        n=RNG.normal(size=1000).round(2), k=RNG.choice(list("abcdef"), 1000), d=["2020-01-01", "2020-05-05"] * 500
    )
    assert not drift_between(read_columns(whole.iloc[:500]), whole.iloc[500:], "b.csv", "y")
