"""The codec: what training sees and what a service sees are the same numbers, and bad rows are named."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traineragent.domain.data import Column, NumberFormat
from traineragent.errors import RowError
from traineragent.serve.codecs.table import TableCodec

NUMBER = Column("n", "number", nullable=True)
MONEY = Column("m", "number", NumberFormat(",", " ", ("$", "%")), nullable=True)
FLAG = Column("b", "boolean", true_words=("yes", "Y"), false_words=("no", "N"), nullable=True)
CODE = Column("c", "category", categories=("red", "Blue", "01", "1", "2.50", "9007199254740993"), nullable=True)
DAY = Column(
    "d",
    "date",
    date_formats=("iso", "%d/%m/%Y %H:%M", "%Y%m%d"),
    date_parts=("days", "year", "month", "day", "weekday", "hour", "minute", "week"),
    nullable=True,
)
WORDS = Column("t", "text", words=("free", "call now", "新", "mr"))
ALL = (NUMBER, MONEY, FLAG, CODE, DAY, WORDS)

texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "red",
            " red ",
            "Blue",
            "1",
            "01",
            "1.0",
            "2.5",
            "2 343,00 $",
            "(5)",
            "12 %",
            "-",
            "?",
            "NA",
            "yes",
            "N",
            "TRUE",
            "2024-02-29",
            "2024-02-30",
            "31/12/1999 23:59",
            "20240131",
            "Call now, Mr. X",
            "新闻 free",
            "9007199254740993",
            "9007199254740992",
            "1e400",
            "1_0",
            "nan",
            "Infinity",
            "0x10",
            "１２",
        ]
    ),
)
cells = st.one_of(
    st.none(), texts, st.integers(), st.floats(), st.booleans(), st.sampled_from([1e39, -1e300, 2**53 + 1])
)


def one(column: Column, value: Any) -> list[float]:
    matrix, _ = TableCodec([column]).decode([{column.name: value}])
    return [float(v) for v in matrix[0]]


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ALL), st.lists(cells, min_size=1, max_size=4))
def test_training_and_serving_agree_to_the_last_bit(column: Column, values: list[Any]) -> None:
    codec = TableCodec([column])
    framed = codec.encode_frame({column.name: values})
    for i, value in enumerate(values):
        try:
            served, _ = codec.decode([{column.name: value}])
        except RowError:
            assert np.isnan(framed[i]).all()
        else:
            np.testing.assert_array_equal(served[0], framed[i])


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(st.fixed_dictionaries({c.name: cells for c in ALL}), min_size=1, max_size=7))
def test_a_batch_gives_what_its_rows_give_alone(rows: list[dict[str, Any]]) -> None:
    codec = TableCodec(ALL)
    try:
        batch, _ = codec.decode(rows)
    except RowError:
        return
    for i, row in enumerate(rows):
        np.testing.assert_array_equal(batch[i], codec.decode([row])[0][0])


plain = st.fixed_dictionaries(
    {"n": st.floats(width=32), "c": st.sampled_from(["red", 1, "x", None]), "b": st.booleans()}
)


@settings(max_examples=60, deadline=None)
@given(st.lists(plain, min_size=1, max_size=9))
def test_plain_batches_give_what_their_rows_give_alone(rows: list[dict[str, Any]]) -> None:
    codec = TableCodec((NUMBER, CODE, FLAG))
    if any(math.isinf(row["n"]) for row in rows):
        with pytest.raises(RowError):
            codec.decode(rows)
        return
    batch, _ = codec.decode(rows)
    for i, row in enumerate(rows):
        np.testing.assert_array_equal(batch[i], codec.decode([row])[0][0])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-5, 5)), min_size=1, max_size=8))
def test_typed_series_give_what_json_gives(values: list[Any]) -> None:
    codec = TableCodec([NUMBER])
    series = pd.Series(values, dtype="float64")
    framed = codec.encode_frame({"n": series})
    for i, value in enumerate(values):
        number = math.nan if value is None or math.isinf(value) else value
        np.testing.assert_array_equal(codec.decode([{"n": number}])[0][0], framed[i])


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(["red", "Blue", None, "green"]),
        pd.Series(["red", "Blue", None, "green"], dtype="string"),
        pd.Series(["red", "Blue", None, "green"], dtype="category"),
        np.array(["red", "Blue", None, "green"], dtype=object),
        ["red", "Blue", float("nan"), "green"],
    ],
    ids=["str", "string", "category", "object", "list"],
)
def test_every_kind_of_column_object_is_read_alike(series: Any) -> None:
    framed = TableCodec([CODE]).encode_frame({"c": series})
    np.testing.assert_array_equal(framed[:, 0], np.array([0, 1, np.nan, 6], dtype=np.float32))


def test_reads_datetimes_of_a_typed_frame() -> None:
    zoned = pd.Series(pd.to_datetime(["2024-02-29T10:30:00+02:00", None], utc=True))
    plain = pd.Series(pd.to_datetime(["2024-02-29T08:30:00", None]))
    codec = TableCodec([DAY])
    np.testing.assert_array_equal(codec.encode_frame({"d": zoned}), codec.encode_frame({"d": plain}))
    assert one(DAY, "2024-02-29T10:30:00+02:00")[1:] == [2024, 2, 29, 3, 8, 30, 9]
    expected = (datetime(2024, 2, 29, 8, 30) - datetime(1970, 1, 1)).total_seconds() / 86400
    assert one(DAY, "2024-02-29T08:30")[0] == np.float32(expected)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("red", 0),
        (" red ", 0),
        ("RED", 6),
        ("01", 2),
        ("1", 3),
        (1, 3),
        (1.0, 3),
        (True, 3),
        ("001", 3),
        (2.5, 4),
        (9007199254740993, 5),
        ("9007199254740993", 5),
        (9007199254740992, 6),
        ("9007199254740992", 6),
        (77, 6),
    ],
)
def test_categories_match_by_text_then_by_number(value: Any, code: int) -> None:
    assert one(CODE, value) == [code]


def test_an_integer_finds_a_category_written_with_zeros() -> None:
    column = Column("zip", "category", categories=("01234", "98765"))
    assert one(column, 1234) == [0]
    assert one(column, 98765) == [1]


def test_json_booleans_find_their_spelling() -> None:
    column = Column("c", "category", categories=("False", "True"))
    assert one(column, True) == [1]
    assert one(column, False) == [0]


@pytest.mark.parametrize(
    ("value", "expected"), [("yes", 1), ("Y", 1), ("no", 0), (True, 1), (False, 0), (1, 1), (0, 0), ("TRUE", 1)]
)
def test_booleans_come_in_many_spellings(value: Any, expected: float) -> None:
    assert one(FLAG, value) == [expected]


def test_booleans_written_as_one_and_two() -> None:
    column = Column("b", "boolean", true_words=("1",), false_words=("2",))
    assert one(column, 2) == [0]
    assert one(column, "1") == [1]
    with pytest.raises(RowError):
        one(column, 0)


def test_counts_words_pairs_and_length() -> None:
    assert one(WORDS, "Call now! FREE free, Mr. 新闻") == [27, 7, 2, 1, 1, 1]
    assert one(Column("t", "text", words=("a",), nullable=True), None) == [0, 0, 0]


def test_names_row_and_column_of_a_bad_value() -> None:
    codec = TableCodec([Column("age", "number")])
    with pytest.raises(RowError) as caught:
        codec.decode([{"age": 1}, {"age": "abc"}])
    assert caught.value.to_json() == {
        "row": 1,
        "column": "age",
        "expected": "number",
        "got": "abc",
        "fix": "send a JSON number such as 12.5, or null if it is not known",
    }


@pytest.mark.parametrize("value", [[1], {"a": 1}, "12x", math.inf, -math.inf])
def test_refuses_what_is_no_number(value: Any) -> None:
    with pytest.raises(RowError, match="expected number"):
        one(NUMBER, value)


@pytest.mark.parametrize("column", ALL, ids=lambda c: c.kind)
def test_refuses_a_list_in_any_column(column: Column) -> None:
    with pytest.raises(RowError):
        one(column, [1])


@pytest.mark.parametrize("row", [17, None, "age", [1], True])
def test_refuses_a_row_that_is_no_object(row: Any) -> None:
    for columns in ([NUMBER], [WORDS], ALL):
        with pytest.raises(RowError, match="expected an object"):
            TableCodec(columns).decode([row])


@pytest.mark.parametrize("row", [{}, {"other": 1}, {"x": 1, "y": 2, "z": 3, "u": 4, "v": 5, "w": 6}])
def test_refuses_a_row_without_any_known_column(row: Any) -> None:
    for columns in ([NUMBER], [WORDS], ALL):
        with pytest.raises(RowError, match="columns of this model"):
            TableCodec(columns).decode([row])


def test_a_missing_column_is_missing_only_where_training_saw_that() -> None:
    strict = Column("s", "number")
    codec = TableCodec([NUMBER, strict])
    matrix, warnings = codec.decode([{"s": 2}])
    assert np.isnan(matrix[0, 0])
    assert matrix[0, 1] == 2
    assert warnings == []
    with pytest.raises(RowError, match="column 's': expected number, got nothing"):
        codec.decode([{"n": 2}])


def test_a_null_never_seen_in_training_is_answered_with_a_warning() -> None:
    matrix, warnings = TableCodec([Column("s", "category", categories=("a",))]).decode([{"s": None}, {"s": " "}])
    assert np.isnan(matrix).all()
    assert warnings == ["column 's' was never empty in training and is here; the answer is less certain"]


def test_unknown_columns_are_ignored_and_named_once() -> None:
    matrix, warnings = TableCodec([NUMBER]).decode([{"n": 1, "id": 5}, {"n": 2, "id": 6}])
    assert matrix.tolist() == [[1], [2]]
    assert warnings == ["column 'id' is not used by this model and was ignored"]


def test_a_text_model_also_takes_text() -> None:
    codec = TableCodec([Column("message", "text", words=("free",))])
    np.testing.assert_array_equal(codec.decode([{"text": "free"}])[0], codec.decode([{"message": "free"}])[0])


def test_numbers_beyond_float32_are_clipped_not_infinite() -> None:
    assert one(NUMBER, 1e300) == [float(np.finfo(np.float32).max)]
    assert one(NUMBER, 10**400) == [float(np.finfo(np.float32).max)]


@pytest.mark.shared
def test_a_real_dirty_table_is_read_alike_both_ways(shared_data: Any) -> None:
    frame = pd.read_csv(shared_data / "tabular/telco_churn/churn.csv", dtype=str, keep_default_na=False, nrows=300)
    columns = [
        Column(name, "number", nullable=True)
        if name in ("tenure", "MonthlyCharges", "TotalCharges")
        else Column(name, "category", categories=tuple(sorted(set(frame[name]))))
        for name in frame
    ]
    codec = TableCodec(columns)
    rows = json.loads(frame.to_json(orient="records"))
    np.testing.assert_array_equal(codec.decode(rows)[0], codec.encode_frame(frame))


TOWN = Column("Stadtteil", "category", categories=("Mitte", "Nord", "7"), nullable=True)


@pytest.mark.parametrize("size", [1, 3, 4, 50])
def test_a_category_never_seen_is_noted_and_answered(size: int) -> None:
    codec = TableCodec([NUMBER, TOWN])
    rows = [{"n": 1, "Stadtteil": "Mitte"}] * (size - 1) + [{"n": 2, "Stadtteil": "Weltall"}]
    x, warnings = codec.decode(rows)
    assert x[:, 1].tolist() == [0] * (size - 1) + [3]
    assert len(warnings) == 1
    assert "column 'Stadtteil': 'Weltall' was never seen in training" in warnings[0]
    assert "treated as any other value" in warnings[0]


@pytest.mark.parametrize("size", [1, 8])
@pytest.mark.parametrize("value", ["Mitte", " Nord ", 7, "7.0", None, ""])
def test_known_and_missing_categories_are_not_called_unseen(size: int, value: Any) -> None:
    codec = TableCodec([NUMBER, FLAG, TOWN])
    assert codec.decode([{"n": 3.0, "b": "yes", "Stadtteil": value}] * size)[1] == []


def test_many_unseen_categories_are_named_in_one_line() -> None:
    rows = [{"Stadtteil": f"place {i % 5}"} for i in range(20)]
    (warning,) = TableCodec([TOWN]).decode(rows)[1]
    assert "'place 0', 'place 1', 'place 2' and 2 more were never seen" in warning


@pytest.mark.parametrize("size", [1, 8])
def test_huge_numbers_beside_unseen_categories_are_read_with_care(size: int) -> None:
    x, warnings = TableCodec([NUMBER, TOWN]).decode([{"n": -1e300, "Stadtteil": "Mond"}] * size)
    assert x[0, 0] == -np.finfo(np.float32).max
    assert len(warnings) == 1


@pytest.mark.parametrize("formats", [("%d.%m.%Y",), ("%m/%d/%y", "%d %b %Y"), ("epoch_s",), ("%Y%m%d",)])
def test_iso_dates_are_taken_whatever_the_column_was_written_in(formats: tuple[str, ...]) -> None:
    column = Column("d", "date", date_formats=formats, date_parts=("year", "month", "day", "hour"))
    assert one(column, "2021-06-01") == [2021, 6, 1, 0]
    assert one(column, "2021-06-01T14:30:00Z") == [2021, 6, 1, 14]
    assert one(column, "2021-06-01T14:30:00+02:00") == [2021, 6, 1, 12]
    frame = TableCodec([column]).encode_frame({"d": ["2021-06-01"]})
    assert frame.tolist() == [[2021, 6, 1, 0]]
    with pytest.raises(RowError):
        one(column, "soon")


def test_a_column_written_year_day_month_is_not_read_the_other_way_round() -> None:
    column = Column("d", "date", date_formats=("%Y-%d-%m",), date_parts=("month", "day"))
    assert one(column, "2021-06-01") == [1, 6]
    with pytest.raises(RowError):
        one(column, "2021-01-31")
