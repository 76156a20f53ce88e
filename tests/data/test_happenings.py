"""Rows that are things that happened, counted by steps of time; values at fixed times are left as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from traineragent.data.happenings import counted, moments_of_log
from traineragent.data.meaning import read_columns
from traineragent.data.rawtable import RawTable
from traineragent.data.reading import from_frame


def calls(days: int = 40, a_day: float = 9.0) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = [
        (pd.Timestamp("2024-03-01") + pd.Timedelta(days=d, minutes=int(m)), rng.choice(["mail", "phone"]))
        for d in range(days)
        if d != 12
        for m in np.sort(rng.integers(0, 1440, rng.poisson(a_day) + 1))
    ]
    frame = pd.DataFrame(rows, columns=["opened", "channel"])
    frame["closed"] = frame["opened"] + pd.to_timedelta(rng.integers(60, 9000, len(frame)), unit="min")
    return frame


def table_of(frame: pd.DataFrame) -> RawTable:
    return from_frame(frame.astype(str))


def test_rows_are_counted_by_the_day_and_quiet_days_count_nought() -> None:
    table = table_of(calls())
    readings = read_columns(table.frame)
    when = moments_of_log(readings)
    assert when == "opened"  # a thing happens when it begins
    out = counted(table, readings, when, "day")
    numbers = dict(zip(out.frame["time"], out.frame["count"].astype(int), strict=True))
    assert numbers["2024-03-13"] == 0
    assert numbers["2024-03-05"] == int((calls()["opened"].dt.normalize() == "2024-03-05").sum())
    assert (out.kind, out.target) == ("series", "count")
    assert "'opened'" in out.notes[-1]
    assert len(out.part) == len(out.row) == len(out.frame) == out.rows_total


def test_the_column_that_is_spoken_of_says_when() -> None:
    readings = read_columns(table_of(calls()).frame)
    assert moments_of_log(readings, ("closed",)) == "closed"


def test_each_key_has_a_value_at_every_step() -> None:
    table = table_of(calls())
    out = counted(table, read_columns(table.frame), "opened", "day", ("channel",))
    assert set(out.frame["channel"]) == {"mail", "phone"}
    assert out.frame.groupby("time").size().eq(2).all()


def test_steps_that_the_log_covers_in_part_are_left_out() -> None:
    table = table_of(calls(days=117))  # from a Friday to a Tuesday
    out = counted(table, read_columns(table.frame), "opened", "week")
    assert out.frame["time"].iloc[0] == "2024-03-04"
    assert out.frame["time"].iloc[-1] == "2024-06-17"
    assert "in part" in out.notes[-1]


def test_without_a_step_the_longest_with_enough_values_is_taken() -> None:
    table = table_of(calls(days=100))
    out = counted(table, read_columns(table.frame), "opened", None)
    assert "by the week" in out.notes[-1]


def test_days_alone_are_a_log_where_several_rows_share_them() -> None:
    frame = calls()
    frame["opened"] = frame["opened"].dt.strftime("%Y-%m-%d")
    assert moments_of_log(read_columns(table_of(frame[["opened", "channel"]]).frame)) == "opened"


def test_values_at_fixed_times_are_no_log() -> None:
    hours = pd.date_range("2024-01-01", periods=400, freq="h").astype(str)
    assert moments_of_log(read_columns(table_of(pd.DataFrame({"time": hours, "load": range(400)})).frame)) is None


def test_series_side_by_side_are_no_log() -> None:
    days = pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    frame = pd.DataFrame([(d, shop, i) for i, d in enumerate(days) for shop in ("north", "south", "west")])
    frame.columns = pd.Index(["date", "shop", "sold"])
    assert moments_of_log(read_columns(table_of(frame).frame)) is None


def test_a_handful_of_rows_is_left_as_it_is() -> None:
    table = table_of(calls(days=2))
    assert counted(table, read_columns(table.frame), "opened", "day") is table
