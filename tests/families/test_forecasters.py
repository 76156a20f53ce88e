"""What every forecaster must do, run over all of them by name: learn, go on, be saved, refuse too short a past."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from traineragent import registry
from traineragent.ports import SeriesContext
from traineragent.series.fitted import FittedSeries, forecaster
from traineragent.series.panel import Panel
from traineragent.serve.series.timeline import Timeline

NAMES = [n for n in registry.names("families") if "forecasting" in registry.get("families", n).card.tasks]
SEASONAL = [n for n in NAMES if n not in ("naive", "drift")]
CONTEXT = SeriesContext("mae", 0, 1)
MONTHLY = Timeline("month", 1, "2000-01-01T00:00:00", ("%Y-%m",))
QUICK = {"lag_trees": {"rounds": 40, "num_leaves": 6}}


def panel(steps: int = 96, series: int = 2, horizon: int = 6, noise: float = 1.0) -> Panel:
    """Level, trend and a yearly season; the second series is ten times the first and begins a year later."""
    t = np.arange(steps)
    one = 100 + 0.5 * t + 20 * np.sin(2 * np.pi * t / 12)
    values = np.stack([one * 10**k for k in range(series)])
    values += np.random.default_rng(0).normal(0, noise, values.shape) * 10.0 ** np.arange(series)[:, None]
    values[1:, :12] = np.nan
    keys = tuple((f"s{k}",) for k in range(series))
    return Panel(values, np.isfinite(values), keys, MONTHLY, horizon, 12, {"nonnegative": True, "key_names": ["s"]})


def fit(name: str, given: Panel, **params: object) -> FittedSeries:
    return registry.get("families", name).fit({**QUICK.get(name, {}), **params}, given, CONTEXT)  # type: ignore[no-any-return]


def forecast(fitted: FittedSeries, given: Panel, horizon: int) -> np.ndarray:
    histories = [given.history(s, given.steps) for s in range(given.series)]
    numbers = list(range(given.series))
    runner = forecaster(fitted, given, True)
    return runner.forecast(histories, [given.steps] * given.series, numbers, horizon)


@pytest.mark.parametrize("name", NAMES)
def test_goes_on_as_far_as_asked_and_further(name: str) -> None:
    given = panel()
    fitted = fit(name, given)
    for horizon in (1, 6, 20):
        said = forecast(fitted, given, horizon)
        assert said.shape == (2, horizon)
        assert np.isfinite(said).all()


@pytest.mark.parametrize("name", SEASONAL)
def test_learns_a_season_on_any_scale(name: str) -> None:
    given = panel(102)
    past = given.before(96)
    said = forecast(fit(name, past), past, 6)
    truth, flat = given.values[:, 96:], np.repeat(given.values[:, 95:96], 6, axis=1)
    for s in range(2):
        assert np.abs(said[s] - truth[s]).mean() < 0.5 * np.abs(flat[s] - truth[s]).mean()


@pytest.mark.parametrize("name", NAMES)
def test_says_the_same_after_saving_and_the_same_again(name: str, tmp_path: Path) -> None:
    given = panel()
    fitted = fit(name, given)
    names = fitted.save(tmp_path)
    assert all((tmp_path / n).is_file() for n in names)
    said = forecast(fitted, given, 8)
    assert np.array_equal(forecast(FittedSeries.load(tmp_path), given, 8), said)
    assert np.array_equal(forecast(fit(name, given), given, 8), said)


@pytest.mark.parametrize("name", NAMES)
def test_logarithms_are_left_out_where_a_value_is_not_positive(name: str) -> None:
    given = panel()
    given.values[0, 40] = 0.0
    assert not fit(name, given, log=True).member.get("log")


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("lag_")])
def test_graphs_answer_as_what_was_trained(name: str) -> None:
    assert fit(name, panel()).parity < 1e-4


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("lag_")])
def test_too_short_a_history_is_refused_in_words(name: str) -> None:
    with pytest.raises(ValueError, match="windows"):
        fit(name, panel().before(14))
