"""Bounds hold what they promise, on errors of a kind that they were not made from."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.series.intervals import Errors, bounds


def walks(windows: int, horizon: int, apart: int, seed: int) -> Errors:
    """Errors of forecasts that start `apart` steps from one another, larger the further ahead: a random walk's."""
    rng = np.random.default_rng(seed)
    path = np.concatenate([[0.0], np.cumsum(rng.normal(size=windows * apart + horizon + 1))])
    at = np.arange(windows) * apart
    return Errors(at, np.stack([path[a + 1 : a + 1 + horizon] - path[a] for a in at]))


def share_inside(made: Errors, later: Errors, coverage: float) -> float:
    horizon = made.values.shape[1]
    found = bounds(made, horizon, coverage)
    low, high = np.array(found["low"]), np.array(found["high"])
    return float(((later.values >= low) & (later.values <= high)).mean())


@pytest.mark.parametrize(("windows", "apart"), [(20, 2), (20, 12), (8, 3)])
def test_bounds_of_few_overlapping_forecasts_hold_their_share_later(windows: int, apart: int) -> None:
    shares = [share_inside(walks(windows, 12, apart, s), walks(40, 12, 12, s + 500), 0.9) for s in range(60)]
    assert 0.88 <= np.mean(shares) <= 0.985


def test_many_errors_need_no_widening() -> None:
    rng = np.random.default_rng(0)
    made = Errors(np.repeat(np.arange(20) * 6, 50), rng.normal(size=(1000, 6)))
    later = Errors(np.arange(200), rng.normal(size=(200, 6)))
    assert share_inside(made, later, 0.8) == pytest.approx(0.8, abs=0.04)


def test_bounds_grow_with_the_distance_and_with_the_promise() -> None:
    made = walks(20, 12, 12, 1)
    wide, narrow = bounds(made, 12, 0.95), bounds(made, 12, 0.8)
    assert np.all(np.diff(wide["high"]) >= 0)
    assert np.all(np.array(wide["high"]) >= np.array(narrow["high"]))
    assert np.all(np.array(wide["low"]) <= 0)


def test_errors_that_grew_lately_make_bounds_wider() -> None:
    rng = np.random.default_rng(2)
    at = np.arange(20) * 6
    steady, wilder = rng.normal(size=(20, 6)), rng.normal(size=(20, 6))
    wilder[12:] *= 3
    assert bounds(Errors(at, wilder), 6, 0.9)["high"][-1] > 1.5 * bounds(Errors(at, steady), 6, 0.9)["high"][-1]


def test_errors_survive_being_written_and_are_joined() -> None:
    made = walks(4, 3, 3, 0)
    made.values[0, 1] = np.nan
    again = Errors.from_json(made.to_json(), made.to_json())
    assert again.values.shape == (8, 3)
    assert np.allclose(again.values[:4], made.values, atol=1e-5, equal_nan=True)
    assert np.isfinite(bounds(again, 3, 0.9)["low"]).all()
