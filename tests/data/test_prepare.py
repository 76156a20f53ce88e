"""Declarations of columns, and that the served parser reads training cells by them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from traineragent.data.meaning import read_columns
from traineragent.data.prepare import Parse, Parsing, build_columns, default_parse
from traineragent.domain.data import Column, NumberFormat
from traineragent.errors import InputError
from traineragent.serve.codecs.table import TableCodec

from .tables import TARGETS, frame, shared_table


def one(values: list[object], parse: Parse, **more: int) -> Column:
    (column,) = build_columns(frame(c=values), [Parsing("c", parse, **more)])
    return column


def test_a_number_knows_its_format_range_and_a_typical_value() -> None:
    column = one(["$2.39 ", "$1,000.50", "$5.00", "$5.00", "not sold", None], "number")
    assert column.number == NumberFormat(".", ",", ("$",))
    assert (column.low, column.high, column.example) == (2.39, 1000.5, 5.0)
    assert column.missing == ("not sold",)
    assert column.nullable


def test_missing_values_are_only_expected_where_some_were_seen() -> None:
    assert not one([1, 2, 3], "number").nullable
    assert one([1, 2, "?"], "number").nullable


def test_a_boolean_takes_its_own_spellings_and_the_usual_ones() -> None:
    column = one(["Ja", "nein", "JA"] * 3, "boolean")
    assert {"ja", "yes", "true"} <= set(column.true_words)
    assert {"nein", "no", "false"} <= set(column.false_words)


def test_rare_categories_fold_into_another_value() -> None:
    column = one(["a"] * 5 + ["b"] * 3 + ["c"], "category")
    assert column.categories == ("a", "b")
    assert one(["a"] * 5 + ["b"] * 3 + ["c"], "category", fewest=1).categories == ("a", "b", "c")
    assert one(["a"] * 5 + ["b"] * 3, "category", most=1).categories == ("a",)


def test_words_among_numbers_are_categories_when_so_asked() -> None:
    assert set(one(["1", "2", "3"] * 9 + ["x", "x"], "category").categories) == {"1", "2", "3", "x"}


def test_a_date_gets_the_parts_that_vary_and_an_origin_near_its_values() -> None:
    column = one([f"2021-03-{d:02d} {d % 24:02d}:00:00" for d in range(1, 29)], "date")
    assert column.date_origin == "2021-03-01"
    assert column.date_parts == ("days", "day", "weekday", "hour", "week")
    assert column.low is not None
    assert 0 <= column.low < 1
    x = TableCodec([column]).encode_frame({"c": ["2021-03-05 06:00:00"]})
    assert x[0].tolist() == [4.25, 5.0, 4.0, 6.0, 9.0]


def test_text_gets_its_frequent_words_and_telling_pairs() -> None:
    values = [
        "Mr. John Black",
        "Mr. Jim White",
        "Mrs. Ann Black",
        "Mrs. Eve Green",
        "Mr. Al New York",
        "Mrs. Di New York",
    ] * 2
    column = one(values, "text", fewest=3)
    assert {"mr", "mrs", "black", "new"} <= set(column.words)
    assert "new york" not in column.words  # says no more than either word
    assert "john" not in column.words


def test_a_word_in_every_row_says_nothing() -> None:
    assert "order" not in one([f"order of thing {i % 7}" for i in range(70)], "text").words


def test_small_tables_get_few_words() -> None:
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(60)]
    column = one([" ".join(rng.choice(words, 12)) for _ in range(100)], "text")
    assert len(column.words) == 20


def test_examples_are_never_personal() -> None:
    table = frame(id=[f"{i:03d}-AB" for i in range(40)], note=[f"I am person number {i} of many" for i in range(40)])
    columns = build_columns(table, [Parsing("id", "category"), Parsing("note", "text")])
    assert [c.example for c in columns] == [None, None]


@pytest.mark.parametrize("parse", ["number", "date", "boolean"])
def test_refuses_a_reading_that_fits_no_value(parse: Parse) -> None:
    with pytest.raises(InputError, match="column 'c' holds no"):
        one(["red", "green", "blue"] * 4, parse)


def test_refuses_an_unknown_column() -> None:
    with pytest.raises(InputError, match="no column 'd'"):
        build_columns(frame(c=[1, 2]), [Parsing("d", "number")])


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_served_parser_reads_every_cell_of_real_tables(name: str, shared_tables: Path) -> None:
    table, target = shared_table(shared_tables, name)
    readings = read_columns(table)
    parsings = [Parsing(c, kind) for c, r in readings.items() if c != target and (kind := default_parse(r)) is not None]
    columns = build_columns(table, parsings)
    x = TableCodec(columns).encode_frame(table)
    assert x.shape == (len(table), sum(len(c.features) for c in columns))
    start = 0
    for column in columns:
        part = x[:, start : start + len(column.features)]
        start += len(column.features)
        if column.kind in ("number", "boolean", "category", "date"):
            missing = readings[column.name].levels.codes < 0
            assert np.array_equal(np.isnan(part[:, 0]), missing), column.name
        if column.kind == "number":
            values = part[:, 0][~np.isnan(part[:, 0])]
            assert values.min() == pytest.approx(column.low, rel=1e-6)
            assert values.max() == pytest.approx(column.high, rel=1e-6)


@pytest.mark.shared
def test_titles_in_names_become_words(shared_tables: Path) -> None:
    table, _ = shared_table(shared_tables, "titanic/train.csv")
    (name,) = build_columns(pd.DataFrame(table), [Parsing("Name", "text")])
    assert {"mr", "mrs", "miss", "master"} <= set(name.words)
    assert name.example is None
