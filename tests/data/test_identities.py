"""Columns that add up to the answer."""

from __future__ import annotations

import numpy as np

from traineragent.data.identities import find_product, find_sum

RNG = np.random.default_rng(11)
ROWS = 800


def cents(scale: float, columns: int = 1) -> np.ndarray:
    return RNG.gamma(2, scale, (ROWS, columns)).round(2)


def test_finds_two_parts_of_a_sum() -> None:
    x = np.column_stack([cents(5, 3), RNG.integers(0, 50, ROWS)])
    found = find_sum(x, x[:, 1] + x[:, 2])
    assert found is not None
    assert (found.columns, found.exact) == (((1, 1), (2, 1)), True)


def test_finds_the_total_although_some_charges_are_in_no_column() -> None:
    fare, tip, other = cents(10)[:, 0], cents(2)[:, 0] * (RNG.random(ROWS) < 0.7), cents(3)[:, 0]
    total = fare + tip + RNG.choice([0.8, 3.3, 3.8], ROWS)
    found = find_sum(np.column_stack([other, tip, total]), fare)
    assert found is not None
    assert (set(found.columns), found.exact) == ({(2, 1), (1, -1)}, False)


def test_finds_an_exact_sum_of_many_parts() -> None:
    x = cents(4, 7)
    found = find_sum(x, x[:, :6].sum(axis=1).round(2))
    assert found is not None
    assert {j for j, _ in found.columns} == set(range(6))


def test_finds_age_behind_a_year_of_birth() -> None:
    age = RNG.integers(18, 90, ROWS).astype(float)
    found = find_sum(np.column_stack([2024 - age - RNG.integers(0, 2, ROWS), cents(3)[:, 0]]), age)
    assert found is not None
    assert found.columns == ((0, -1),)


def test_unrelated_and_merely_correlated_columns_add_up_to_nothing() -> None:
    x = np.column_stack([cents(5, 4), RNG.integers(0, 3, (ROWS, 3)), np.zeros(ROWS)])
    assert find_sum(x, cents(5)[:, 0]) is None
    assert find_sum(x, (2 * x[:, 0] + 0.3 * x[:, 1] + RNG.normal(size=ROWS)).round(2)) is None


def test_small_grades_do_not_add_up_by_chance() -> None:
    x = RNG.integers(0, 5, (ROWS, 6)).astype(float)
    assert find_sum(x, RNG.integers(3, 9, ROWS).astype(float)) is None


def test_finds_products_and_quotients() -> None:
    x = cents(5, 4) + 0.1
    product, ratio = find_product(x, (x[:, 0] * x[:, 2]).round(2)), find_product(x, x[:, 1] / x[:, 3])
    assert product is not None
    assert product.columns == ((0, 1), (2, 1))
    assert ratio is not None
    assert ratio.columns == ((1, 1), (3, -1))
    assert find_product(x, cents(5)[:, 0] + 0.1) is None
