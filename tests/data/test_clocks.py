"""Columns of durations and of times of day, and what they are read as."""

from __future__ import annotations

import pandas as pd
import pytest

from traineragent.data.meaning import column_profile, read_column
from traineragent.data.target import target_of, target_values


@pytest.mark.parametrize(
    ("name", "texts", "clock", "first"),
    [
        ("Time", ["02:55:10", "02:42:00", "02:54:38"], "m:s", 10_510),
        ("duration", ["3:45", "2:10", "4:01"], "m:s", 225),
        ("flight_hours", ["3:45", "2:10", "4:01"], "h:m", 13_500),
        ("Duration", ["2h 50m", "19h", "45m"], "units", 10_200),
        ("gun", ["59:12", "1:02:10", "58:01"], "m:s", 3_552),
        ("free_100m", ["1:02.33", "58.99", "59.40"], "m:s", 62.33),
        ("delay", ["0 days 00:10:00", "1 days 02:00:00", "0 days 03:20:00"], "m:s", 600),
    ],
)
def test_durations_are_numbers_of_seconds(name: str, texts: list[str], clock: str, first: float) -> None:
    series = pd.Series(texts * 20)
    reading = read_column(name, series)
    assert (reading.meaning, reading.number.clock) == ("number", clock)
    assert reading.by_row[0] == pytest.approx(first)
    assert column_profile(reading).stats["unit"] == "s"
    target = target_of(series.to_frame(name), name, None)
    assert target.unit == "s"
    assert target_values(series, target)[0] == pytest.approx(first)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("start", ["07:35", "8:10", "23:59"]),
        ("departure", ["07:35:12", "8:10:01", "23:59:00"]),
        ("shift", ["06:00", "14:00", "22:00"]),
    ],
)
def test_times_of_day_stay_dates(name: str, texts: list[str]) -> None:
    assert read_column(name, pd.Series(texts * 20)).meaning == "date"


@pytest.mark.parametrize("texts", [["3:0", "2:1", "0:0"], ["16:90", "4:3", "1:1"], ["a:12", "b:30", "c:10"]])
def test_scores_and_ratios_are_names(texts: list[str]) -> None:
    assert read_column("result", pd.Series(texts * 20)).kind == "category"
