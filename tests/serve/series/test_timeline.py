"""Steps and moments agree on every kind of axis, and times are written as the data writes them."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from traineragent.serve.series.timeline import DAY, HOUR, WEEK, Timeline

AXES = {
    "hour": Timeline("second", HOUR, "2020-02-28T22:00:00"),
    "15 minutes": Timeline("second", 900, "2020-01-01T00:00:00"),
    "day": Timeline("second", DAY, "2020-02-28T00:00:00"),
    "week": Timeline("second", WEEK, "2020-01-06T00:00:00"),
    "business day": Timeline("business_day", 1, "2020-01-02T00:00:00"),
    "open day": Timeline("business_day", 1, "2020-01-04T00:00:00", open_days="1111110"),
    "month": Timeline("month", 1, "2019-11-01T00:00:00"),
    "quarter": Timeline("month", 3, "2019-12-31T00:00:00"),
    "year": Timeline("month", 12, "2010-01-01T00:00:00"),
}


@pytest.mark.parametrize("word", AXES)
def test_every_step_is_found_again_from_its_moment(word: str) -> None:
    axis = AXES[word]
    assert axis.word == {"open day": "business day"}.get(word, word)
    assert [axis.step_of(axis.moment(s)) for s in range(-5, 60)] == list(range(-5, 60))


def test_moments_between_two_steps_are_none() -> None:
    assert AXES["hour"].step_of(datetime(2020, 2, 28, 22, 30)) is None
    assert AXES["business day"].step_of(datetime(2020, 1, 4)) is None
    assert AXES["month"].step_of(datetime(2020, 1, 15)) is None


def test_the_last_day_of_a_month_stays_the_last() -> None:
    ends = Timeline("month", 1, "2020-01-31T00:00:00")
    assert [ends.moment(s).day for s in range(4)] == [31, 29, 31, 30]


def test_times_are_written_as_the_data_writes_them() -> None:
    assert Timeline("month", 1, "1949-01-01T00:00:00", ("%Y-%m",)).write(144) == "1961-01"
    assert AXES["day"].write(1) == "2020-02-29"
    assert AXES["hour"].write(1) == "2020-02-28 23:00:00"
    assert Timeline("second", HOUR, "1970-01-01T00:00:00", ("epoch_s",)).write(2) == "7200"
    assert AXES["month"].read("2020-03") == datetime(2020, 3, 1) or AXES["month"].read("2020-03-01") is not None


def test_seasons_are_those_of_the_calendar() -> None:
    assert AXES["hour"].seasons == (24, 168)
    assert AXES["day"].seasons == (7, 365)
    assert AXES["month"].seasons == (12,)
    assert AXES["quarter"].seasons == (4,)
    assert AXES["year"].seasons == ()
    assert AXES["open day"].seasons == (6,)


def test_days_that_are_never_open_are_no_steps() -> None:
    shop = AXES["open day"]
    assert [shop.moment(s).day for s in range(3)] == [4, 6, 7]  # no Sunday
    assert shop.step_of(datetime(2020, 1, 5)) is None
    assert Timeline.from_json(shop.to_json()) == shop
    assert (
        Timeline.from_json({"unit": "business_day", "step": 1, "anchor": "2020-01-02", "formats": ["iso"]}).open_days
        == "1111100"
    )


@pytest.mark.parametrize("word", AXES)
def test_the_calendar_tells_steps_apart_and_repeats(word: str) -> None:
    axis = AXES[word]
    found = axis.calendar(np.arange(400))
    assert found.shape == (400, axis.calendar_width)
    assert np.isfinite(found).all()
    if word == "hour":
        assert np.allclose(found[:24, :6], found[24:48, :6])
        assert not np.allclose(found[0, :6], found[1, :6])


def test_a_timeline_survives_json() -> None:
    for axis in AXES.values():
        raw = axis.to_json()
        assert Timeline.from_json({**raw, "formats": list(raw["formats"])}) == axis
