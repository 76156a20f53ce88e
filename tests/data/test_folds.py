"""Rows dealt into folds."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from traineragent.data.folds import blocks_in_order, bound, cv_folds, unit_strata

RNG = np.random.default_rng(5)


def test_every_class_is_spread_evenly() -> None:
    y = RNG.choice(4, 1003, p=[0.7, 0.2, 0.08, 0.02]).astype(float)
    folds = cv_folds(y, classes=4, seed=1)
    assert folds.dtype == np.int8
    for c in range(4):
        counts = np.bincount(folds[y == c], minlength=5)
        assert counts.max() - counts.min() <= 1
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= 1


def test_quantiles_of_a_number_are_spread_evenly() -> None:
    y = np.exp(RNG.normal(size=500))
    folds = cv_folds(y, classes=0, k=4)
    assert np.ptp([np.median(y[folds == f]) for f in range(4)]) < 0.3


def test_groups_and_duplicates_stay_together_over_several_steps() -> None:
    groups = np.array([0, 0, 1, 1, 2, 3, 4, 5, 6, 7])
    duplicates = np.array([0, 1, 1, 2, 2, 3, 4, 5, 6, 7])  # rows 0-1-2-3-4 hang together
    members = bound(groups, duplicates, 10)
    assert len(set(members[:5])) == 1
    assert len(set(members.tolist())) == 6
    folds = cv_folds(RNG.random(10), classes=0, k=3, groups=groups, duplicates=duplicates)
    assert len(set(folds[:5])) == 1


def test_time_folds_are_blocks_that_split_no_moment() -> None:
    time = RNG.integers(0, 40, 300).astype(float)
    folds = cv_folds(np.zeros(300), classes=0, time=time)
    order = np.argsort(time)
    assert np.all(np.diff(folds[order].astype(int)) >= 0)
    assert set(folds) == {0, 1, 2, 3, 4}
    assert all(len(set(folds[time == t])) == 1 for t in np.unique(time))


def test_one_huge_group_does_not_empty_the_other_folds() -> None:
    y = RNG.integers(0, 2, 1000).astype(float)
    duplicates = np.arange(1000)
    duplicates[:400] = 0
    sizes = np.bincount(cv_folds(y, classes=2, duplicates=duplicates), minlength=5)
    assert sizes.max() <= 480
    assert sizes.min() >= 120


def test_a_class_of_two_rows_is_in_two_folds() -> None:
    y = np.array([0.0] * 50 + [1.0] * 2)
    assert len(set(cv_folds(y, classes=2)[50:])) == 2


def test_a_unit_belongs_to_its_most_frequent_stratum() -> None:
    strata = np.array([0, 1, 1, 2, 2, 0])
    members = np.array([0, 0, 0, 1, 1, 1])
    assert unit_strata(strata, members, 2).tolist() == [1, 2]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30)), min_size=12, max_size=200),
    st.integers(2, 6),
    st.integers(0, 9),
)
def test_any_table_is_dealt_whole_and_groups_are_kept(rows: list[tuple[int, int]], k: int, seed: int) -> None:
    y, groups = np.array([r[0] for r in rows], dtype=float), np.array([r[1] for r in rows])
    folds = cv_folds(y, classes=5, k=k, groups=groups, seed=seed)
    assert len(folds) == len(rows)
    assert folds.min() >= 0
    assert folds.max() < k
    assert all(len(set(folds[groups == g])) == 1 for g in np.unique(groups))


def test_blocks_follow_the_rows_and_the_last_comes_first() -> None:
    same = np.arange(20)
    same[19] = 0  # a copy of the first row
    folds = blocks_in_order(same, 4)
    assert folds[0] == folds[19] == 3
    assert folds[15:19].tolist() == [0] * 4
    assert (np.diff(folds[:19].astype(int)) <= 0).all()
