"""The answer column."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.data.target import meant_label, spelling_notes, target_of, target_values, task_kind
from traineragent.errors import InputError

from .tables import frame


def test_labels_keep_their_json_types() -> None:
    assert target_of(frame(y=[2, 1, 2, 1]), "y", "class").labels == (1, 2)
    assert target_of(frame(y=["Yes", "No"]), "y", "class").labels == ("No", "Yes")
    assert target_of(frame(y=["True", "False"]), "y", "class").labels == (False, True)
    assert target_of(frame(y=["01", "02"]), "y", "class").labels == ("01", "02")


def test_spellings_of_a_class_are_folded_and_named() -> None:
    table = frame(y=["yes", "Yes ", "YES", "no", "yes", "no."])
    target = target_of(table, "y", "class")
    assert target.labels == ("no", "yes")
    assert target_values(table["y"], target).tolist() == [1, 1, 1, 0, 1, 0]
    assert "'yes' is written 3 ways" in spelling_notes(target)[1]


def test_one_and_one_point_zero_are_the_same_class() -> None:
    table = frame(y=["1", "0", "1.0", "1", "0.0"])
    target = target_of(table, "y", "class")
    assert target.labels == (0, 1)
    assert target_values(table["y"], target).tolist() == [1, 0, 1, 1, 0]


def test_letters_are_not_folded() -> None:
    assert len(target_of(frame(y=list("aAbBcC") * 3), "y", "class").labels) == 6


def test_none_names_a_class_where_it_is_common() -> None:
    table = frame(y=["none", "mild", "severe", "none"] * 5 + [None])
    target = target_of(table, "y", "class")
    assert set(target.labels) == {"none", "mild", "severe"}
    assert np.isnan(target_values(table["y"], target)).sum() == 1


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        (["Yes"] * 9 + ["No"], "Yes"),
        (["sick"] * 9 + ["negative"], "sick"),
        (["good"] * 9 + ["bad"], "bad"),
        (["<=50K"] * 9 + [">50K"], ">50K"),
        (["0"] * 3 + ["1"] * 9, 1),
        (["-1"] * 3 + ["1"] * 9, 1),
        (["1"] * 7 + ["2"] * 3, 2),
        (["1"] * 3 + ["2"] * 7, 1),
        (["ham"] * 3 + ["spam"] * 9, "spam"),
        (["did not churn"] * 3 + ["churn"] * 9, "churn"),
        (["red"] * 3 + ["blue"] * 9, "red"),
        (["Attrited Customer"] * 3 + ["Existing Customer"] * 9, "Attrited Customer"),
    ],
)
def test_the_positive_class_is_the_one_that_happened(values: list[object], positive: object) -> None:
    target = target_of(frame(y=values), "y", "class")
    assert target.positive is not None
    assert target.labels[target.positive] == positive


def test_the_positive_class_can_be_named() -> None:
    assert target_of(frame(y=["a", "b", "b"]), "y", "class", positive_label="B").positive == 1
    with pytest.raises(InputError, match="no class 'z'"):
        target_of(frame(y=["a", "b", "b"]), "y", "class", positive_label="z")


def test_a_number_keeps_its_format_and_unit() -> None:
    table = frame(price=["$2.39 ", "$1,002.00", None])
    target = target_of(table, "price", "number")
    assert (target.unit, target.nonnegative, target.integer) == ("$", True, False)
    assert target_values(table["price"], target)[:2].tolist() == [2.39, 1002.0]


@pytest.mark.parametrize(
    ("values", "wanted", "message"),
    [
        ([None, "", "?"], "class", "is empty in all 3 rows"),
        (["no", "no", "no"], "class", r"has one value \('no'\) in all 3 rows"),
        (["no", "No ", "NO"], "class", "has one value"),
        (["7", "7.0", "7"], "number", "has one value"),
        (["1", "2", "three", "four", "five"], "number", "row 3 holds 'three'"),
        ([f"name {i}" for i in range(50)], "class", "names or free answers"),
    ],
)
def test_refuses_what_cannot_be_learned(values: list[object], wanted: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        target_of(frame(y=values), "y", wanted)  # type: ignore[arg-type]


def test_names_near_columns_when_the_target_is_absent() -> None:
    with pytest.raises(InputError, match="Did you mean 'Churn'"):
        target_of(frame(Churn=["a", "b"], tenure=[1, 2]), "chrun", None)


def test_content_suggests_the_kind_of_task() -> None:
    assert task_kind(frame(y=[0.5 * i for i in range(50)]), "y")[0] == "number"
    assert task_kind(frame(y=[1, 2] * 20), "y")[0] == "class"
    kind, why, confidence = task_kind(frame(y=[3, 4, 5, 6, 7, 8, 9] * 30), "y")
    assert (kind, confidence) == ("class", 0.6)
    assert "7 different whole numbers" in why
    assert task_kind(frame(y=list(range(400)) * 2), "y")[0] == "number"


def test_how_often_something_happened_is_a_number_and_codes_are_classes() -> None:
    children = [c for c, often in enumerate([120, 90, 60, 22, 9, 4, 1]) for _ in range(often)]
    assert task_kind(frame(y=children), "y")[0] == "number"
    digits = [c for c, often in enumerate([52, 48, 50, 47, 55, 51, 49, 50, 53, 46]) for _ in range(often)]
    assert task_kind(frame(y=digits), "y")[0] == "class"


@pytest.mark.parametrize(
    ("rare", "frequent"),
    [
        ("medum", "medium"),
        ("mediumm", "medium"),
        ("meduim", "Medium"),
        ("Iris-setsoa", "Iris-setosa"),
        ("churmed", "churned"),
        ("dogss", "dogs"),
    ],
)
def test_a_rare_class_that_looks_like_a_frequent_one_is_seen_through(rare: str, frequent: str) -> None:
    assert meant_label(rare, {rare: 4, frequent: 100, "other": 80}) == frequent
    assert meant_label(rare, {rare: 40, frequent: 100}) is None  # too many rows for a slip


@pytest.mark.parametrize(
    ("rare", "frequent"),
    [
        ("male", "female"),
        ("typical", "atypical"),
        ("grade 1", "grade 2"),
        ("class a", "class b"),
        ("gradeA", "gradeB"),
        ("active", "inactive"),
        ("cat", "cut"),
        ("level10", "level100"),
    ],
)
def test_classes_that_are_merely_alike_are_left_alone(rare: str, frequent: str) -> None:
    assert meant_label(rare, {rare: 2, frequent: 1000}) is None


def test_a_slip_that_may_stand_for_two_classes_names_none() -> None:
    assert meant_label("boot", {"boot": 1, "boost": 90, "boots": 90}) is None
