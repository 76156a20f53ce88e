"""Weak slices: planted ones are found, pure noise gives none, and people's attributes are told from things' ages."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from traineragent.domain.data import Column
from traineragent.engine.slices import column_values, group_gaps, looks_protected, parted, weak_slices


def noise(rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    return {f"n{k}": rng.normal(size=rows) for k in range(10)} | {
        f"c{k}": rng.choice(np.array(["a", "b", "c", "d"], dtype=object), rows) for k in range(10)
    }


def test_a_planted_weak_value_is_found_with_its_true_size() -> None:
    rng = np.random.default_rng(0)
    columns = noise(rng, 3000)
    columns["plan"] = rng.choice(np.array(["basic", "gold"], dtype=object), 3000, p=[0.8, 0.2])
    wrong = rng.random(3000) < np.where(columns["plan"] == "gold", 0.30, 0.10)
    found = weak_slices(columns, wrong)
    assert [(s.column, s.value) for s in found] == [("plan", "gold")]
    assert found[0].interval[0] < 0.30 < found[0].interval[1]
    assert found[0].rest == pytest.approx(0.10, abs=0.02)
    assert "plan is gold" in found[0].words


def test_p_values_are_those_of_fisher_and_welch() -> None:
    rng = np.random.default_rng(7)
    gold = rng.random(500) < 0.4
    plan = np.where(gold, "gold", "basic").astype(object)
    wrong = (rng.random(500) < np.where(gold, 0.5, 0.2)).astype(float)
    table = [[wrong[gold].sum(), (1 - wrong[gold]).sum()], [wrong[~gold].sum(), (1 - wrong[~gold]).sum()]]
    fisher = stats.fisher_exact(table, alternative="greater").pvalue
    found = weak_slices({"plan": plan}, wrong)[0]
    assert found.p == pytest.approx(stats.false_discovery_control([fisher, 1.0], method="by")[0])
    size = rng.exponential(size=500) * np.where(gold, 2.0, 1.0)
    welch = stats.ttest_ind(size[gold], size[~gold], equal_var=False, alternative="greater").pvalue
    found = weak_slices({"plan": plan}, size)[0]
    assert found.p == pytest.approx(stats.false_discovery_control([welch, 1.0], method="by")[0])


def test_a_planted_weak_range_of_a_number_is_found_with_values_errors() -> None:
    rng = np.random.default_rng(1)
    age = rng.uniform(18, 90, 2000)
    error = np.abs(rng.normal(size=2000)) * np.where(age > 76, 3.0, 1.0)
    found = weak_slices({"years": age}, error)
    assert len(found) == 1
    assert found[0].value.startswith("75") or found[0].value.startswith("76")
    assert found[0].metric == "mean absolute error"


@pytest.mark.parametrize("seed", range(8))
def test_noise_alone_gives_no_weak_slice(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    columns = noise(rng, 1500)
    assert weak_slices(columns, rng.random(1500) < 0.2) == []
    assert weak_slices(columns, rng.exponential(size=1500)) == []


def test_two_columns_that_tell_the_same_story_give_one_slice() -> None:
    rng = np.random.default_rng(2)
    gold = rng.random(2000) < 0.3
    wrong = rng.random(2000) < np.where(gold, 0.4, 0.1)
    plan = np.where(gold, "gold", "basic").astype(object)
    found = weak_slices({"plan": plan, "plan code": np.where(gold, 1.0, 0.0)}, wrong)
    assert len(found) == 1


def test_few_rows_are_never_a_slice() -> None:
    wrong = np.zeros(400, dtype=bool)
    wrong[:20] = True
    rare = np.array(["rare"] * 20 + ["common"] * 380, dtype=object)
    assert weak_slices({"kind": rare}, wrong) == []


def test_missing_values_can_be_the_weak_slice() -> None:
    rng = np.random.default_rng(3)
    income = rng.normal(size=2000)
    income[:400] = np.nan
    wrong = rng.random(2000) < np.where(np.isnan(income), 0.4, 0.1)
    assert [(s.column, s.value) for s in weak_slices({"income": income}, wrong)] == [("income", "missing")]


def test_typed_rows_become_readable_values_again() -> None:
    columns = (
        Column("size", "number"),
        Column("colour", "category", categories=("red", "blue")),
        Column("when", "date", date_parts=("days", "weekday")),
        Column("paid", "boolean"),
        Column("note", "text", words=("late",)),
    )
    x = np.array([[1.5, 0, 10, 2, 1, 3, 1, 0], [np.nan, 2, 11, 3, np.nan, 4, 1, 1]], dtype=np.float32)
    found = column_values(columns, x)
    assert list(found) == ["size", "colour", "when (weekday)", "paid"]
    assert found["colour"].tolist() == ["red", "another value"]
    assert found["paid"].tolist() == ["yes", "missing"]
    assert np.isnan(found["size"][1])


def test_group_gaps_report_selection_and_true_positives() -> None:
    rng = np.random.default_rng(4)
    sex = rng.choice(np.array(["F", "M"], dtype=object), 4000)
    actual = rng.random(4000) < 0.5
    selected = rng.random(4000) < np.where(sex == "M", 0.7, 0.3)
    found = group_gaps(
        {"sex": sex, "score": rng.normal(size=4000)}, selected != actual, selected=selected, actual=actual
    )
    assert [g.column for g in found] == ["sex"]
    assert found[0].gap == pytest.approx(0.4, abs=0.05)
    women = next(g for g in found[0].groups if g["value"] == "F")
    assert women["found"] == pytest.approx(0.3, abs=0.05)
    json.dumps([asdict(g) for g in found], allow_nan=False)


@pytest.mark.parametrize(
    "name",
    ["sex", "Gender", "AGE", "native_country", "SeniorCitizen", "date of birth", "marital-status", "personal_status"],
)
def test_names_of_protected_attributes_are_recognised(name: str) -> None:
    assert looks_protected(name)


@pytest.mark.parametrize(
    "name",
    ["message", "usage", "Essex", "page_age_ms_file", "housing_median_age", "vehicle_age", "embrace", "percentage"],
)
def test_names_that_only_contain_such_letters_are_not(name: str) -> None:
    assert not looks_protected(name)


def test_years_are_named_without_separators() -> None:
    years = np.repeat(np.arange(1900.0, 2020.0), 3)
    assert parted(years)[1][0] == "1900 to 1924"
    assert parted(np.repeat([1999.0, 2000.0], 5))[1][:2] == ["1999", "2000"]
    assert parted(np.repeat([1999.0, 20000.0], 5))[1][:2] == ["1,999", "20,000"]
