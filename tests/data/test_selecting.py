"""Rows that count are chosen by their values, amounts and dates, however these are written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from traineragent.data.meaning import read_columns
from traineragent.data.rawtable import RawTable
from traineragent.data.reading import read_table
from traineragent.data.selecting import LEFT_OUT, selected
from traineragent.domain.selection import RowCondition
from traineragent.errors import InputError


@pytest.fixture
def visits(tmp_path: Path) -> RawTable:
    rows = 120
    frame = pd.DataFrame({
        "city": ["Ulm", "bonn", "Leeds", None] * (rows // 4),
        "paid": [f"{i},50 €" for i in range(rows)],
        "day": [f"{1 + i % 28:02d}.{1 + i % 12:02d}.{2021 + i % 3}" for i in range(rows)],
        "rooms": [i % 5 for i in range(rows)],
    })  # fmt: skip
    frame.to_csv(tmp_path / "visits.csv", index=False, sep=";")
    return read_table((str(tmp_path / "visits.csv"),))


def left(table: RawTable, *conditions: tuple[str, str, str]) -> RawTable:
    return selected(table, [RowCondition(*c) for c in conditions], read_columns(table.frame))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("conditions", "rows"),
    [
        ([("city", "=", "ulm")], 30),
        ([("city", "=", "Ulm"), ("city", "=", "Bonn")], 60),
        ([("city", "!=", "Leeds")], 90),  # rows without a city are not of Leeds
        ([("city", "!=", "Leeds"), ("city", "!=", "Ulm")], 60),
        ([("paid", ">=", "100.5")], 20),
        ([("paid", "<", "20")], 20),
        ([("day", "=", "2022")], 40),
        ([("day", ">=", "2022-01-01"), ("day", "<", "2023-01-01")], 40),
        ([("rooms", "=", "3.0")], 24),
        ([("city", "=", "Ulm"), ("day", "=", "2021")], 10),
    ],
)
def test_the_rows_that_meet_all_conditions_are_left(
    visits: RawTable, conditions: list[tuple[str, str, str]], rows: int
) -> None:
    table = left(visits, *conditions)
    assert len(table.frame) == len(table.part) == len(table.row) == rows
    assert table.removed[-1].what == LEFT_OUT
    assert table.removed[-1].rows == 120 - rows
    assert table.notes[-1].startswith(f"{rows} of 120 rows count")


def test_each_row_keeps_its_line_in_the_file(visits: RawTable) -> None:
    table = left(visits, ("rooms", "=", "2"))
    assert table.row[:3].tolist() == [visits.row[i] for i in (2, 7, 12)]


def test_too_few_rows_are_refused_with_what_was_asked(visits: RawTable) -> None:
    with pytest.raises(InputError, match=r"0 of 120 rows are such that 'city' is 'Rome'.*at least 10"):
        left(visits, ("city", "=", "Rome"))


def test_a_limit_that_is_no_number_is_refused(visits: RawTable) -> None:
    with pytest.raises(InputError, match="'many' is no number to compare the column 'paid' with"):
        left(visits, ("paid", ">", "many"))
