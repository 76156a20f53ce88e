"""Durations as people write them, in seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traineragent.domain.data import NumberFormat
from traineragent.serve.durations import Clock, duration_reader
from traineragent.serve.values import parse_number


@pytest.mark.parametrize(
    ("clock", "text", "seconds"),
    [
        ("m:s", "1:23:45", 5025),
        ("m:s", "59:12.4", 3552.4),
        ("m:s", "58,31", 58.31),
        ("m:s", "112:05", 6725),
        ("m:s", "-0:30", -30),
        ("h:m", "7:35", 27_300),
        ("h:m", "7:35:20", 27_320),
        ("h:m", "26:10", 94_200),
        ("h:m", "2 days 03:00:00", 183_600),
        ("h:m", "1 day, 0:00:01", 86_401),
        ("h:m", "0 days 02:55:10.500000", 10_510.5),
        ("units", "2h 50m", 10_200),
        ("units", "19h", 68_400),
        ("units", "45 min", 2_700),
        ("units", "1 hr, 2 mins", 3_720),
        ("units", "1h30", 5_400),
        ("units", "PT1H5M", 3_900),
        ("units", "P2DT3H", 183_600),
        ("units", "1.5 hours", 5_400),
        ("units", "1小时20分钟", 4_800),
        ("units", "3'20\"", 200),
    ],
)
def test_a_duration_is_read_as_seconds(clock: Clock, text: str, seconds: float) -> None:
    assert duration_reader(clock)(text) == pytest.approx(seconds)
    assert parse_number(f" {text} ", NumberFormat(clock=clock)) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("clock", "text"),
    [
        ("m:s", "1:99"),
        ("m:s", "1:2"),
        ("m:s", "late"),
        ("m:s", ""),
        ("h:m", "7"),
        ("h:m", "7:35.5"),
        ("units", "12"),
        ("units", ""),
        ("units", "P"),
        ("units", "5 kg"),
        ("units", "20m 2h"),
        ("units", "1" * 100 + "h"),
    ],
)
def test_what_is_no_duration_is_none(clock: Clock, text: str) -> None:
    assert duration_reader(clock)(text) is None


@given(st.integers(0, 10**6), st.sampled_from(["m:s", "h:m"]))
def test_hours_minutes_and_seconds_come_back(seconds: int, clock: Clock) -> None:
    text = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    assert duration_reader(clock)(text) == seconds
