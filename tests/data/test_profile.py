"""Facts about the training table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from traineragent.data.profile import profile_table
from traineragent.data.target import target_of
from traineragent.domain.data import TableProfile

from .tables import frame, shared_table

RNG = np.random.default_rng(17)


def test_measures_how_strongly_columns_relate_to_the_answer() -> None:
    y = RNG.integers(0, 2, 1000)
    table = frame(
        near=(y + RNG.normal(0, 0.3, 1000)).round(3), far=RNG.normal(size=1000).round(3), y=y, void=[None] * 1000
    )
    relation = {c.name: c.relation for c in profile_table(table, target_of(table, "y", "class")).columns}
    assert relation["near"] is not None
    assert relation["near"] > 0.5
    assert relation["far"] == 0.0
    assert relation["y"] is None
    assert relation["void"] is None


def test_says_what_looks_odd() -> None:
    y = ["rare"] * 4 + ["usual"] * 296
    table = frame(
        x=[*range(298), 10**6, 5],
        gaps=[None] * 200 + [1.5, 2.5] * 50,
        same=["k"] * 300,
        w=["1", "2", "n.b."] * 100,
        y=y,
    )
    said = " ".join(profile_table(table, target_of(table, "y", "class")).warnings)
    assert "1 class has fewer than 10 training rows and can hardly be learned: 'rare' (4)" in said
    assert "'rare' is 1.3% of the training rows (4)" in said
    assert "more than half of the values are missing in 'gaps' (67%)" in said
    assert "never vary: 'same'" in said
    assert "column 'x': 1 of 300 values lie far outside, up to 1e+06" in said


def test_counts_copies_and_contradictions_apart() -> None:
    x = [*range(200), 0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14]
    y = [*["a", "b"] * 103, *["b", "a"] * 2, "b"]
    table = frame(x=[f"w{v} z" for v in x], y=y)
    profile = profile_table(table, target_of(table, "y", "class"))
    assert profile.duplicate_rows == 6
    assert any(
        "5 training rows (2.4%) have the same inputs as another but a different answer" in w for w in profile.warnings
    )


def test_notices_an_answer_that_is_cut_off() -> None:
    y = np.minimum(RNG.gamma(3, 100, 2000).round(2), 600)
    table = frame(x=RNG.normal(size=2000).round(3), y=y)
    (warning,) = [w for w in profile_table(table, target_of(table, "y", "number")).warnings if "cut off" in w]
    assert "largest value of 'y', 600" in warning


def test_compares_other_given_files_without_their_answers() -> None:
    here = frame(a=RNG.normal(size=500).round(3), b=RNG.choice(["u", "v"], 500), y=RNG.integers(0, 2, 500))
    there = frame(a=RNG.normal(2, 1, 300).round(3), b=RNG.choice(["u", "v"], 300))
    profile = profile_table(here, target_of(here, "y", "class"), others={"test.csv": there})
    (drift,) = profile.drift
    assert (drift["column"], drift["file"]) == ("a", "test.csv")
    assert drift["sentence"] in profile.warnings


def test_names_the_class_that_a_misspelled_one_stands_for() -> None:
    y = [*["high"] * 60, *["medium"] * 60, *["medum"] * 4, *["HIGH"] * 3, *["low"] * 60]
    table = frame(x=RNG.normal(size=len(y)).round(3), y=y)
    profile = profile_table(table, target_of(table, "y", "class"))
    assert dict(profile.class_counts) == {"high": 63, "low": 60, "medium": 60, "medum": 4}
    said = "class 'medum' (4 training rows) looks like a misspelling of 'medium'; mend it in the file if so"
    assert said in profile.warnings
    assert not any("'HIGH'" in w for w in profile.warnings)


@pytest.mark.shared
def test_profiles_real_tables(shared_tables: Path) -> None:
    def profile(name: str) -> TableProfile:
        table, target = shared_table(shared_tables, name)
        return profile_table(table, target_of(table, target, None))

    houses = profile("california_housing/housing.csv")
    assert any("965 rows (4.7%) hold the largest value of 'median_house_value', 500,001" in w for w in houses.warnings)
    wine = profile("wine_white_noheader/winequality-white.csv")
    assert wine.duplicate_rows == 937
    sick = profile("thyroid_sick_imbalanced/sick.csv")
    assert sick.class_counts == (("0", 3541), ("1", 231))
    assert max(sick.columns, key=lambda c: c.relation or 0).name == "T3"


def test_the_ends_of_a_column_of_days_are_days() -> None:
    days = [f"2024-0{1 + i % 3}-1{i % 7}" for i in range(40)]
    noons = [f"{day} 12:30:00" for day in days]
    table = frame(day=days, noon=noons, y=list(range(40)))
    found = {c.name: c.stats for c in profile_table(table, target_of(table, "y", "number")).columns}
    assert found["day"] == {"first": "2024-01-10", "last": "2024-03-16"}
    assert found["noon"] == {"first": "2024-01-10 12:30:00", "last": "2024-03-16 12:30:00"}
