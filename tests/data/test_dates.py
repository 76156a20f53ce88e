"""Formats in which columns write dates."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traineragent.data.dates import Dates, moments, read_dates, varying_parts

DAYS = [datetime(2020, 1, 1, 9, 30) + timedelta(days=3 * i) for i in range(200)]


def read(texts: list[str], *, hint: bool = False) -> Dates | None:
    return read_dates(texts, np.ones(len(texts), dtype=np.int64), hint=hint)


@pytest.mark.parametrize(
    "fmt",
    [
        *("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y %H:%M", "%d-%m-%y"),
        *(
            "%b %d, %Y",
            "%d-%b-%y",
            "%d %B %Y",
            "%m/%d/%y %I:%M %p",
            "%A, %d %B %Y",
            "%Y%m%d",
            "%Y/%m/%d",
            "%Y年%m月%d日",
        ),
    ],
)
def test_recognises_a_format(fmt: str) -> None:
    found = read([d.strftime(fmt) for d in DAYS])
    assert found is not None
    assert len(found.formats) == 1
    expected = [(d - datetime(1970, 1, 1)) // timedelta(days=1) for d in DAYS]
    assert np.floor(found.values).tolist() == expected


def test_tells_day_first_from_month_first_over_the_whole_column() -> None:
    assert read(["01/02/2020", "13/02/2020"]).formats == ("%d/%m/%Y",)  # type: ignore[union-attr]
    assert read(["01/02/2020", "02/13/2020"]).formats == ("%m/%d/%Y",)  # type: ignore[union-attr]
    monthly = read(["01/01/2020", "01/02/2020", "01/03/2020", "01/04/2020"])
    assert monthly is not None
    assert monthly.formats == ("%d/%m/%Y",)


def test_says_so_when_nothing_tells_day_from_month() -> None:
    found = read(["05/06/2020", "07/05/2020", "06/07/2020", "05/05/2020"])
    assert found is not None
    assert "whether the day or the month" in found.note


def test_reads_a_column_that_mixes_two_formats() -> None:
    found = read(["12 May 2020", "13 May 2020", "2020-05-14", "2020-05-15"])
    assert found is not None
    assert set(found.formats) == {"iso", "%d %b %Y"}
    assert np.diff(found.values).tolist() == [1, 1, 1]


def test_knows_a_time_of_day() -> None:
    found = read(["12:30", "13:45", "09:10"])
    assert found is not None
    assert found.time_only
    parts = varying_parts(moments(["12:30", "13:45", "09:10"], found.formats), [1, 1, 1], time_only=True)
    assert parts == ("hour", "minute")


def test_believes_seconds_since_1970_only_when_the_name_speaks_of_time() -> None:
    seconds = ["1583020800", "1583107200", "1583193600"]
    found = read(seconds, hint=True)
    assert found is not None
    assert found.formats == ("epoch_s",)
    assert read(seconds) is None


@pytest.mark.parametrize(
    "texts",
    [
        ["abc", "def"],
        ["555-1234", "555-9999"],
        ["10/2", "3/4"],
        ["1 - 4 yrs", "4 - 7 yrs"],
        ["10.5.1", "10.15.2"],
        ["A/5 21171"],
    ],
)
def test_other_texts_are_no_dates(texts: list[str]) -> None:
    assert read(texts) is None


def test_only_parts_that_vary_become_features() -> None:
    within_a_year = [datetime(2020, m, 1) for m in range(1, 13)]
    parts = varying_parts(within_a_year, [1] * 12, time_only=False)
    assert parts == ("days", "month", "weekday", "week")
    one_day = [datetime(2020, 1, 1, h) for h in range(24)]
    assert varying_parts(one_day, [1] * 24, time_only=False) == ("hour",)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.datetimes(datetime(1970, 1, 1), datetime(2068, 1, 1)), min_size=3, max_size=25, unique_by=lambda d: d.date()
    ),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d.%m.%Y", "%d %b %Y", "%d-%m-%y"]),
)
def test_dates_with_a_day_beyond_twelve_are_read_back(found: list[datetime], fmt: str) -> None:
    dates = [*found, datetime(2001, 1, 31), datetime(2002, 12, 30)]
    read_back = read([d.strftime(fmt) for d in dates])
    assert read_back is not None
    assert read_back.values.tolist() == [(d - datetime(1970, 1, 1)).days for d in dates]
