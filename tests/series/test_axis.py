"""The time axis is found by content: its column, its steps, and what tells series apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from traineragent.data.meaning import read_columns
from traineragent.errors import InputError
from traineragent.series.axis import Axis, find_axis
from traineragent.series.horizon import horizon_steps, season_of

from .tables import monthly, shops


def axis_of(frame: pd.DataFrame, target: str = "y") -> Axis:
    return find_axis(read_columns(frame.astype(str)), target)


def times(moments: Sequence[object]) -> Axis:
    values = np.random.default_rng(0).normal(size=len(moments)).round(3)
    return axis_of(pd.DataFrame({"t": [str(m) for m in moments], "y": values}))


@pytest.mark.parametrize(
    ("freq", "word"),
    [
        ("h", "hour"),
        ("15min", "15 minutes"),
        ("D", "day"),
        ("W-MON", "week"),
        ("MS", "month"),
        ("ME", "month"),
        ("QS", "quarter"),
        ("B", "business day"),
        ("YS", "year"),
    ],
)
def test_steps_are_found_from_moments(freq: str, word: str) -> None:
    found = times(pd.date_range("2015-01-01", periods=60, freq=freq))
    assert found.timeline.word == word
    assert found.step.tolist() == list(range(60))
    assert found.irregular == 0


def test_missing_moments_leave_gaps_and_rows_may_come_in_any_order() -> None:
    whole = pd.date_range("2020-01-01", periods=50, freq="D")
    kept = [d for i, d in enumerate(whole) if i not in (10, 11, 30)]
    found = times(kept[::-1])
    assert sorted(found.step.tolist()) == [i for i in range(50) if i not in (10, 11, 30)]


def test_a_day_of_the_week_without_values_is_no_step() -> None:
    days = pd.date_range("2024-01-01", periods=100, freq="D")
    shut = times([d for i, d in enumerate(days) if d.day_of_week != 6 and i not in (8, 30)])
    assert shut.timeline.open_days == "1111110"
    assert shut.timeline.word == "business day"
    assert "Sunday" in shut.notes[0]
    assert times([d for d in days[:14] if d.day_of_week != 6]).timeline.word == "day"  # too short to tell
    rare = times([d for d in days if d.day_of_week != 6 and (d.day_of_week != 2 or d.day < 8)])
    assert rare.timeline.word == "day"  # Wednesdays are seldom there, so days are just missing


def test_irregular_moments_are_gathered_and_said() -> None:
    rng = np.random.default_rng(0)
    seconds = np.sort(rng.integers(0, 40 * 86_400, 600))
    found = times(pd.Timestamp("2021-03-01") + pd.to_timedelta(seconds, unit="s"))
    assert found.irregular > 0.5
    assert "irregular" in found.notes[0]
    assert found.doubled > 0


def test_years_in_numbers_are_a_time() -> None:
    found = axis_of(pd.DataFrame({"year": range(1950, 2000), "y": np.arange(50) * 1.5}))
    assert (found.time, found.timeline.word) == ("year", "year")
    assert found.timeline.write(50) == "2000"


def test_series_are_told_apart_by_what_makes_moments_unique() -> None:
    found = axis_of(shops(), "sold")
    assert (found.time, found.key_names) == ("Datum", ("shop",))
    assert found.keys == (("S0",), ("S1",), ("S2",))
    assert 0 < found.doubled < 0.01
    assert found.timeline.write(1) == "02.01.2022"
    assert axis_of(monthly(), "sales").key_names == ()


def test_two_columns_together_may_name_a_series() -> None:
    frame = shops()
    both = pd.concat([frame.assign(item=i, sold=frame["sold"] + k) for k, i in enumerate(("tea", "bread"))])
    assert set(axis_of(both, "sold").key_names) == {"shop", "item"}


def test_no_time_and_too_few_moments_are_said() -> None:
    with pytest.raises(InputError, match="dates or times"):
        axis_of(pd.DataFrame({"colour": ["red", "blue"] * 20, "y": range(40)}))
    with pytest.raises(InputError, match="different moments"):
        times(pd.date_range("2020-01-01", periods=6))


@pytest.mark.parametrize(
    ("freq", "said", "steps"),
    [
        ("MS", "horizon:365d", 12),
        ("MS", "horizon:360d", 12),
        ("MS", "horizon:548d", 18),
        ("MS", "horizon:91d", 3),
        ("QS", "horizon:730d", 8),
        ("h", "horizon:96h", 96),
        ("h", "horizon:2d", 48),
        ("15min", "horizon:6h", 24),
        ("D", "horizon:28d", 28),
        ("B", "horizon:14d", 10),
        ("W-MON", "horizon:28d", 4),
        ("D", "horizon:5steps", 5),
        ("W-MON", "horizon:1d", 1),
    ],
)
def test_horizons_become_steps(freq: str, said: str, steps: int) -> None:
    timeline = times(pd.date_range("2015-01-01", periods=60, freq=freq)).timeline
    assert horizon_steps(["interpretable", said], timeline) == steps
    assert horizon_steps([], timeline) is None


def test_a_season_needs_a_history() -> None:
    timeline = times(pd.date_range("2015-01-01", periods=60, freq="MS")).timeline
    assert [season_of(timeline, n) for n in (60, 18, 17)] == [12, 12, 1]
