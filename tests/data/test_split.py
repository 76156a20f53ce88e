"""The hold-out and what ties rows together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from traineragent.data.split import duplicate_keys, find_groups, find_time, split_holdout, time_values
from traineragent.data.target import target_of
from traineragent.errors import InputError

from .tables import frame

RNG = np.random.default_rng(3)


def table(rows: int = 500, **more: object) -> pd.DataFrame:
    y = RNG.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1])
    return frame(x=RNG.normal(size=rows).round(6).tolist(), y=y.tolist(), **more)  # type: ignore[arg-type]


def test_holds_out_a_fifth_with_classes_in_proportion() -> None:
    data = table()
    held = split_holdout(data, target_of(data, "y", "class"), seed=1)
    assert held.how == "stratified"
    assert len(held.holdout) == pytest.approx(100, abs=3)
    assert sorted([*held.train, *held.holdout]) == list(range(500))
    share = data["y"].iloc[held.holdout].value_counts(normalize=True)
    assert share["c"] == pytest.approx((data["y"] == "c").mean(), abs=0.02)


def test_never_holds_out_more_than_five_thousand_rows() -> None:
    data = table(40_000)
    held = split_holdout(data, target_of(data, "y", "class"))
    assert len(held.holdout) == pytest.approx(5000, abs=3)


def test_the_seed_decides_the_draw() -> None:
    data = table()
    target = target_of(data, "y", "class")
    first, again, other = (split_holdout(data, target, seed=s).holdout.tolist() for s in (1, 1, 2))
    assert first == again != other


def test_rows_without_an_answer_are_counted_and_left_out() -> None:
    data = table()
    data.loc[:9, "y"] = None
    held = split_holdout(data, target_of(data, "y", "class"))
    assert held.removed[0].rows == 10
    assert min(*held.train, *held.holdout) == 10


def test_rows_with_equal_inputs_never_straddle_the_split() -> None:
    values = np.concatenate([np.arange(550), RNG.integers(0, 550, 50)])
    data = frame(id=[f"r{i:04d}x" for i in range(600)], x=values.tolist(), y=RNG.choice(["a", "b"], 600).tolist())
    held = split_holdout(data, target_of(data, "y", "class"))
    assert not set(values[held.train]) & set(values[held.holdout])
    assert 100 <= len(held.holdout) <= 125
    assert "repeat the inputs" in held.why


def test_rows_that_repeat_by_nature_are_drawn_one_by_one() -> None:
    dishes = RNG.integers(0, 40, 600)
    data = frame(dish=[f"dish {d}" for d in dishes], size=(dishes % 3).tolist(), y=RNG.choice(["a", "b"], 600).tolist())
    held = split_holdout(data, target_of(data, "y", "class"))
    assert set(dishes[held.train]) & set(dishes[held.holdout])
    assert len(held.holdout) == 120


def test_a_class_of_two_rows_stays_in_training() -> None:
    data = table(300)
    data.loc[:1, "y"] = "rare"
    held = split_holdout(data, target_of(data, "y", "class"))
    assert {0, 1} <= set(held.train.tolist())


def test_rows_of_a_group_stay_together() -> None:
    patients = np.repeat(np.arange(100), 5)
    data = table(500, patient=patients.tolist())
    held = split_holdout(data, target_of(data, "y", "class"), group="patient")
    assert held.how == "grouped"
    assert not set(patients[held.train]) & set(patients[held.holdout])


def test_a_time_split_takes_the_newest_rows_and_splits_no_moment() -> None:
    days = RNG.integers(0, 60, 500)
    data = table(500, when=[f"2021-{d // 28 + 1:02d}-{d % 28 + 1:02d}" for d in days])
    held = split_holdout(data, target_of(data, "y", "class"), time="when")
    assert held.how == "by_time"
    assert days[held.train].max() < days[held.holdout].min()


def test_a_given_test_file_is_the_hold_out_and_copies_in_it_are_counted() -> None:
    data = table(100)
    data.loc[90:94, "x"] = data["x"].iloc[:5].tolist()
    roles = ["train"] * 80 + ["test"] * 20
    held = split_holdout(data, target_of(data, "y", "class"), parts=roles)
    assert (held.how, held.holdout.tolist(), held.straddling) == ("given", list(range(80, 100)), 5)


def test_test_rows_without_answers_cannot_be_the_hold_out() -> None:
    data = table(200)
    data.loc[150:, "y"] = None
    held = split_holdout(data, target_of(data, "y", "class"), parts=["train"] * 150 + ["test"] * 50)
    assert held.how == "stratified"
    assert held.holdout.max() < 150


def test_refuses_too_few_rows() -> None:
    data = frame(x=range(9), y=["a", "b", "a"] * 3)
    with pytest.raises(InputError, match="9 rows have a value in column 'y'"):
        split_holdout(data, target_of(data, "y", "class"))


def test_refuses_a_table_whose_rows_are_all_alike() -> None:
    data = frame(x=["same"] * 30, z=["s", "s"] * 15, y=["a", "b", "a"] * 10)
    held = split_holdout(data, target_of(data, "y", "class"))  # nothing varies, so nothing ties rows together
    assert len(held.holdout) == 6


def test_regression_strata_hold_small_and_large_values() -> None:
    y = np.exp(RNG.normal(size=400)).round(4)
    data = frame(x=RNG.normal(size=400).tolist(), y=y.tolist())
    held = split_holdout(data, target_of(data, "y", "number"))
    assert np.median(y[held.holdout]) == pytest.approx(np.median(y), rel=0.15)


def test_ids_do_not_hide_equal_inputs() -> None:
    data = frame(id=range(1, 101), x=[1, 2] * 50, y=["a", "b"] * 50)
    assert len(set(duplicate_keys(data, "y").tolist())) == 2


def test_a_patient_with_steady_inputs_is_a_group_and_a_ticket_is_not() -> None:
    patient = np.repeat(np.arange(80), 4)
    age, sex = RNG.integers(20, 80, 80)[patient], RNG.choice(["m", "f", "x"], 80)[patient]
    ward = RNG.choice(list("abcdefgh"), 80)[patient]
    data = frame(
        patient_id=[f"P{p:03d}" for p in patient],
        age=age,
        sex=sex,
        ward=ward,
        pulse=RNG.integers(50, 99, 320),
        y=patient % 2,
    )
    (found,) = find_groups(data, "y")
    assert (found.column, found.use) == ("patient_id", True)
    assert "4.0 rows each" in found.evidence
    assert not find_groups(data.rename(columns={"patient_id": "ticket"}), "y")


def test_a_plain_id_that_comes_twice_is_a_group_where_most_of_the_table_does_not_change_within_it() -> None:
    person = np.repeat(np.arange(150), 2)
    dose, age = RNG.choice(list("abc"), 150)[person], RNG.integers(20, 80, 150)[person]
    data = frame(id=person, dose=dose, age=age, days=RNG.integers(1, 3000, 300), y=person % 2)
    (found,) = find_groups(data, "y")
    assert (found.column, found.use) == ("id", True)
    varied = data.assign(dose=RNG.permutation(dose), age=RNG.permutation(age))
    assert not any(g.use for g in find_groups(varied, "y"))


def test_time_columns_are_suggested_but_never_used_by_themselves() -> None:
    data = table(60, when=[f"2021-01-{i % 28 + 1:02d}" for i in range(60)])
    (found,) = find_time(data, "y")
    assert (found.column, found.use) == ("when", False)


def test_a_column_of_words_orders_nothing_in_time() -> None:
    with pytest.raises(InputError, match="neither dates nor numbers"):
        time_values(table(60, when=["early", "late"] * 30), "when")


def test_the_end_of_the_file_is_held_out_where_that_is_asked_for() -> None:
    data = table()
    data.iloc[450] = data.iloc[3]  # its copy stands before, and stays there with it
    held = split_holdout(data, target_of(data, "y", "class"), last=True)
    assert held.how == "last"
    assert held.holdout.tolist() == [i for i in range(400, 500) if i != 450]
    assert sorted([*held.train, *held.holdout]) == list(range(500))


def test_an_end_that_only_repeats_cannot_be_held_out() -> None:
    data = table(40)
    data = pd.concat([data, data.iloc[:12]], ignore_index=True)
    with pytest.raises(InputError, match="repeat earlier ones"):
        split_holdout(data, target_of(data, "y", "class"), last=True)


def test_settings_of_a_small_experiment_come_again_on_both_sides() -> None:
    spray = [name for name in "abcdef" for _ in range(12)]
    data = frame(spray=spray, insects=[str(RNG.integers(0, 30)) for _ in spray])
    held = split_holdout(data, target_of(data, "insects", "number"))
    assert set(data["spray"].iloc[held.holdout]) <= set(data["spray"].iloc[held.train])
    twice = frame(x=[f"{i}" for i in range(40)] * 2, insects=[str(RNG.integers(0, 30)) for _ in range(80)])
    held = split_holdout(twice, target_of(twice, "insects", "number"))
    assert not set(twice["x"].iloc[held.holdout]) & set(twice["x"].iloc[held.train])  # copies stay on one side
