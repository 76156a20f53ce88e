"""Days are taken together by the week or month that words ask for, where there is something to take together."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from traineragent.data.coarsening import COARSER, coarsened
from traineragent.data.meaning import read_columns
from traineragent.data.rawtable import RawTable
from traineragent.data.reading import read_table


def daily(folder: Path, days: int, freq: str = "D") -> RawTable:
    moments = pd.date_range("2024-01-03", periods=days, freq=freq)  # a Wednesday
    frame = pd.DataFrame({"day": moments.strftime("%Y-%m-%d"), "sold": range(days)})
    frame.to_csv(folder / "sales.csv", index=False)
    return read_table((str(folder / "sales.csv"),))


def test_days_stand_at_the_beginning_of_their_week_and_parts_of_weeks_are_left_out(tmp_path: Path) -> None:
    table = daily(tmp_path, 100)  # to Thursday, 11 April
    weekly = coarsened(table, read_columns(table.frame), "week")
    assert weekly.frame["day"].iloc[0] == "2024-01-08"
    assert weekly.frame["day"].iloc[-1] == "2024-04-01"
    assert weekly.frame.groupby("day").size().eq(7).all()
    assert weekly.row[0] == 7  # the line of the first row that is left
    assert "9 rows of weeks that it covers in part" in weekly.notes[-1]
    assert weekly.findings[COARSER] == "week"


@pytest.mark.parametrize(
    ("days", "freq", "step"),
    [
        (60, "7D", "week"),  # no finer than what is asked for
        (40, "D", "week"),  # too few weeks would be left
        (40, "MS", "month"),
        (100, "D", "quarter"),  # no step that there is
    ],
)
def test_other_tables_stay_as_they_are(tmp_path: Path, days: int, freq: str, step: str) -> None:
    table = daily(tmp_path, days, freq)
    assert coarsened(table, read_columns(table.frame), step) is table


def test_two_columns_of_dates_leave_open_which_one_counts(tmp_path: Path) -> None:
    table = daily(tmp_path, 100)
    frame = table.frame.assign(paid=table.frame["day"])
    assert coarsened(table, read_columns(frame), "week") is table
