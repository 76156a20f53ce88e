"""Formulas give what their definitions say, on series made so that the right answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.serve.series import recursions as r
from traineragent.serve.series.forecaster import Forecaster, scale_of, widened
from traineragent.serve.series.timeline import Timeline

SEASON = np.array([1.0, 5.0, 3.0, -2.0])
LINE = Timeline("month", 3, "2000-01-01T00:00:00")


def seasonal(cycles: int, slope: float = 0.0) -> np.ndarray:
    t = np.arange(4 * cycles)
    return (10 + slope * t + SEASON[t % 4])[None]


def parameters(alpha: float, beta: float, gamma: float, phi: float, season: int) -> r.Smoothing:
    return r.Smoothing(*(np.array([v]) for v in (alpha, beta, gamma, phi)), season)


def test_naive_rules_repeat_and_draw_a_line() -> None:
    y = np.array([[1.0, 2.0, 3.0, 4.0], [8.0, 6.0, 4.0, 2.0]])
    assert r.naive(y, 2).tolist() == [[4, 4], [2, 2]]
    assert r.drift(y, 2).tolist() == [[5, 6], [0, -2]]
    assert r.seasonal_naive(y, 5, 4).tolist() == [[1, 2, 3, 4, 1], [8, 6, 4, 2, 8]]
    assert r.seasonal_naive(y, 2, 12).tolist() == [[4, 4], [2, 2]]


@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_smoothing_goes_on_exactly_where_there_is_no_noise(slope: float) -> None:
    y = seasonal(12, slope)
    truth = seasonal(14, slope)[:, 48:]
    said = r.smoothing(y, 8, parameters(0.3, 0.2 if slope else 0.0, 0.2, 1.0, 4))
    assert np.abs(said - truth).max() < 0.05 * np.ptp(SEASON)


def test_a_damped_trend_flattens() -> None:
    said = r.smoothing(seasonal(12, 2.0), 200, parameters(0.5, 0.3, 0.1, 0.8, 4))
    assert np.abs(np.diff(said[0, ::4][-5:])).max() < 0.01


def test_theta_takes_the_season_out_and_half_the_trend() -> None:
    y = seasonal(12, 1.0)
    said = r.theta(y, 8, 4, np.array([0.5]))
    off = said[0] - said[0].mean()
    assert np.corrcoef(off, seasonal(14, 0.5)[0, 48:])[0, 1] > 0.99


def test_series_together_give_what_each_gives_alone() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(10, 3, (5, 40))
    members = [
        {"kind": "seasonal_naive", "weight": 1.0, "keep": 4},
        {"kind": "theta", "weight": 2.0, "keep": 30, "alpha": 0.3},
        {
            "kind": "smoothing",
            "weight": 1.0,
            "keep": 30,
            "season": 4,
            "alpha": [0.2],
            "beta": [0.1],
            "gamma": [0.1],
            "phi": [0.9],
        },
    ]
    f = Forecaster(members, {}, LINE, 4)
    together = f.forecast(list(y), [40] * 5, [0, 1, 2, 3, -1], 6)
    alone = [f.forecast([row], [40], [i if i < 4 else -1], 6)[0] for i, row in enumerate(y)]
    assert np.allclose(together, alone)
    uneven = f.forecast([y[0], y[1][:11]], [40, 11], [0, 1], 6)
    assert np.allclose(uneven[0], alone[0])


def test_a_runaway_is_held_and_nothing_falls_below_zero_where_nothing_was() -> None:
    wild = {
        "kind": "smoothing",
        "weight": 1.0,
        "keep": 30,
        "season": 1,
        "alpha": [0.9],
        "beta": [0.9],
        "gamma": [0.0],
        "phi": [1.0],
    }
    y = 2.0 ** np.arange(25)
    logged = Forecaster([{**wild, "log": True, "floor": 0.5}], {}, LINE, 1)
    assert np.isfinite(logged.forecast([y], [25], [0], 4000)).all()
    falling = Forecaster([{"kind": "drift", "weight": 1.0, "keep": 30}], {}, LINE, 1, nonnegative=True)
    assert falling.forecast([np.array([9.0, 5.0, 1.0])], [3], [0], 4).min() == 0.0


def test_bounds_widen_beyond_what_was_measured() -> None:
    assert widened([1.0, 2.0], 2).tolist() == [1.0, 2.0]
    assert widened([1.0, 2.0], 8)[-1] == pytest.approx(4.0)
    assert scale_of(np.array([5.0] * 9), 4) > 0
    assert scale_of(np.array([1.0, 2.0, 1.0, 2.0]), 1) == 1.0
