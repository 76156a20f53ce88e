"""What columns are, by content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from traineragent.data.meaning import joint, profile_columns, read_column, read_columns
from traineragent.data.wordlists import name_words

from .tables import frame, shared_table, texts

RNG = np.random.default_rng(0)


def meaning(values: list[object], name: str = "c1") -> str:
    return read_column(name, pd.Series(texts(values), dtype=object)).meaning


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([None, "", "?"], "empty"),
        (["x"] * 5, "constant"),
        (list(range(1, 101)), "id"),
        ([f"{i:04d}-ABC" for i in range(60)], "id"),
        ([f"user{i}@example.org" for i in range(60)], "id"),
        (["yes", "No", "YES", "no", None], "boolean"),
        (["0", "1"] * 20, "boolean"),
        (["0.0", "1.0"] * 20, "boolean"),
        (["male", "female"] * 20, "category"),
        ([1, 2, 3, 1, 2, 2] * 10, "number"),
        (["$2.39 ", "$10"] * 10, "number"),
        (["2020-01-03", "2020-02-04"] * 10, "date"),
        (["12:30", "13:45"] * 10, "date"),
        ([f"the quick brown fox number {i} jumps over it" for i in range(50)], "text"),
        ([2**60 + i % 7 for i in range(70)], "category"),
        ([f"0{i % 90 + 1000}" for i in range(300)], "category"),
        ([1990 + i for i in range(30)], "number"),  # years number the rows, but mean something
    ],
)
def test_meaning_follows_content(values: list[object], expected: str) -> None:
    assert meaning(values) == expected


def test_a_yes_with_blanks_for_no_is_a_boolean_and_not_a_constant() -> None:
    assert meaning(["yes", None, "yes", "none"]) == "boolean"


def test_integers_beyond_two_to_the_53_are_never_numbers() -> None:
    assert meaning([2**60 + i for i in range(40)]) == "id"


def test_a_numbered_column_is_an_id_only_when_dense_or_named_so() -> None:
    gaps = np.sort(RNG.choice(10**6, 200, replace=False)).tolist()
    RNG.shuffle(gaps)
    assert meaning(gaps) == "number"
    assert meaning(gaps, "customerID") == "id"


def test_a_few_words_among_numbers_mean_no_value_and_are_named() -> None:
    reading = read_column("weight", pd.Series(["12 kg", "13 kg", "14.5 kg"] * 10 + ["not weighed"], dtype=object))
    assert (reading.meaning, reading.strays) == ("number", ("not weighed",))
    assert "'not weighed'" in reading.notes[0]
    assert reading.number.affixes == ("kg",)


def test_numbers_and_words_in_equal_measure_stay_words() -> None:
    assert meaning(["1", "2", "large", "small"] * 10) == "category"


def test_spellings_of_a_category_are_noted() -> None:
    reading = read_column("sex", pd.Series(["Male", "male", "female"] * 10, dtype=object))
    assert "'Male', 'male'" in reading.notes[0]


def test_chinese_titles_are_text_and_not_ids() -> None:
    assert meaning([f"今天天气很好新闻第{i}条" for i in range(60)]) == "text"


def test_splits_names_into_words() -> None:
    assert name_words("customerID") == {"customer", "id"}
    assert name_words("order_no") == {"order", "no"}


def test_rows_alike_in_some_columns_get_the_same_number() -> None:
    table = frame(a=["x", "x", "y", None, None], b=[1, 1, 1, 2, 2], c=[1, 2, 3, 4, 5])
    keys = joint(read_columns(table), ("a", "b")).tolist()
    assert keys[0] == keys[1]
    assert keys[3] == keys[4]
    assert len(set(keys)) == 3


def test_profile_shows_no_values_of_ids_and_texts() -> None:
    table = frame(
        id=[f"{i:04d}-SECRET" for i in range(60)], note=[f"secret words of person {i} here" for i in range(60)]
    )
    assert "SECRET" not in str(profile_columns(table)).upper()


def test_profile_measures_numbers_and_dates() -> None:
    table = frame(n=[*range(1, 100), 10_000], d=[f"2020-01-{i % 28 + 1:02d}" for i in range(100)])
    n, d = profile_columns(table)
    assert (n.stats["median"], n.stats["max"], n.stats["outliers"]) == (50, 10_000, 1)
    assert sum(n.histogram["counts"]) == 100
    assert len(n.histogram["counts"]) <= 24
    assert d.stats == {"first": "2020-01-01", "last": "2020-01-28"}


def test_dates_far_outside_the_usual_calendar_are_described() -> None:
    (d,) = profile_columns(frame(d=["0001-01-01", "9999-12-31", "2020-01-01"] * 5))
    assert d.stats["last"].startswith("9999-12-31")


@pytest.mark.shared
def test_reads_the_columns_of_real_tables(shared_tables: Path) -> None:
    telco = {c.name: c.meaning for c in profile_columns(shared_table(shared_tables, "telco_churn/churn.csv")[0])}
    assert telco["customerID"] == "id"
    assert telco["TotalCharges"] == "number"
    assert telco["SeniorCitizen"] == telco["Partner"] == "boolean"
    titanic = {c.name: c.meaning for c in profile_columns(shared_table(shared_tables, "titanic/train.csv")[0])}
    assert (titanic["PassengerId"], titanic["Name"], titanic["Pclass"], titanic["Fare"]) == (
        "id",
        "text",
        "number",
        "number",
    )
    chipotle = {
        c.name: c.meaning for c in profile_columns(shared_table(shared_tables, "dirty_chipotle_orders/chipotle.tsv")[0])
    }
    assert (chipotle["order_id"], chipotle["choice_description"], chipotle["item_price"]) == ("id", "text", "number")


def test_years_long_ago_are_years_under_a_name_of_time() -> None:
    years = pd.Series([str(y) for y in range(1629, 1700)])
    assert read_column("time", years).meaning == "number"
    assert read_column("lot", years).meaning == "id"
