"""Intervals of the hold-out: they speak of other times and of other series."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.series.holdout import FEWEST_RESAMPLES, RESAMPLES, _Judge, forecasts_apart, resampled
from traineragent.series.scores import Yardstick
from traineragent.series.split import _held_steps
from traineragent.series.windows import Cases


def forecasts_of(starts: int, series: int, horizon: int = 3) -> Cases:
    window, which = np.divmod(np.arange(starts * series), series)
    return Cases(which, 10 * window, window, np.zeros((starts * series, horizon)))


@pytest.mark.parametrize(("starts", "series"), [(1, 40), (20, 1), (20, 40)])
def test_times_and_series_are_both_drawn_anew(starts: int, series: int) -> None:
    drawn = resampled(forecasts_of(starts, series), np.random.default_rng(0))
    assert len(drawn) == RESAMPLES
    assert {len(rows) for rows in drawn} == {starts * series}
    error = np.random.default_rng(1).normal(size=starts * series)
    means = [error[rows].mean() for rows in drawn]
    assert np.std(means) > 0.5 * error.std() / np.sqrt(starts * series)


def overlapping(span: int, horizon: int, starts: int) -> Cases:
    at = np.unique(np.linspace(0, span - horizon, starts).round().astype(int))
    return Cases(np.zeros(len(at), dtype=int), at, np.arange(len(at)), np.zeros((len(at), horizon)))


@pytest.mark.parametrize(
    ("span", "horizon", "apart"),
    [(66, 14, 5), (50, 6, 8), (480, 24, 20), (29, 12, 2), (13, 12, 1), (12, 12, 1)],
)
def test_forecasts_that_share_values_are_not_so_many_proofs(span: int, horizon: int, apart: int) -> None:
    found = overlapping(span, horizon, 20)
    assert forecasts_apart(found) == apart
    drawn = resampled(found, np.random.default_rng(0))
    assert all(len(rows) == apart for rows in drawn)
    assert bool(drawn) == (apart > 1)


@pytest.mark.slow
def test_intervals_hold_the_error_about_as_often_as_they_say() -> None:
    found, rng = overlapping(66, 14, 20), np.random.default_rng(4)
    held = 0
    for _ in range(60):
        errors = rng.normal(size=66)
        said = np.stack([errors[a : a + 14] for a in found.at])
        interval = (
            _Judge(found, Yardstick(np.ones_like(said), np.ones(len(said))), 0).value("mae", said, said, said).interval
        )
        assert interval is not None
        held += interval[0] <= np.sqrt(2 / np.pi) <= interval[1]
    assert held >= 0.84 * 60  # half of them where starting points are drawn as if they shared nothing


def test_a_single_forecast_says_nothing_of_others() -> None:
    assert resampled(forecasts_of(1, 1), np.random.default_rng(0)) == []


def test_what_all_series_share_at_a_time_is_not_taken_for_many_proofs() -> None:
    found = forecasts_of(5, 200)
    error = np.random.default_rng(2).normal(size=5)[found.window]
    drawn = resampled(found, np.random.default_rng(0))
    assert np.std([error[rows].mean() for rows in drawn]) == pytest.approx(error.std() / np.sqrt(5), rel=0.2)


def test_very_many_cells_are_resampled_less_often() -> None:
    found = forecasts_of(20, 1000, horizon=100)
    assert len(resampled(found, np.random.default_rng(0))) == FEWEST_RESAMPLES


def test_series_that_are_not_there_at_a_time_are_not_invented() -> None:
    whole = forecasts_of(3, 4)
    found = whole.of(np.arange(12) != 5)
    for rows in resampled(found, np.random.default_rng(0)):
        assert rows.min() >= 0
        assert rows.max() < 11


def test_twenty_starting_points_are_held_out_where_the_history_allows() -> None:
    assert _held_steps(400, 14) == 80
    assert _held_steps(100_000, 24) == 480
    assert _held_steps(30, 12) == 12
    assert _held_steps(1_000, 1) == 60, "sixty forecasts of a single step"
