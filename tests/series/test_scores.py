"""Errors of forecasts beside those of repeating the last season."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.series.scores import Yardstick, direction, judged, score

TRUTH = np.array([[10.0, 12.0], [100.0, np.nan], [5.0, 5.0]])
SAID = np.array([[11.0, 12.0], [90.0, 1.0], [7.0, 5.0]])
BESIDE = Yardstick(TRUTH - 4, np.array([2.0, 20.0, np.nan]))


def test_scaled_errors_are_set_beside_those_of_each_series_history() -> None:
    assert score("mase", TRUTH, SAID, BESIDE) == pytest.approx((1 / 2 + 0 + 10 / 20) / 3)
    assert direction("mase") == "minimize"


def test_a_series_that_never_varied_scales_nothing() -> None:
    assert np.isnan(score("mase", TRUTH[2:], SAID[2:], BESIDE[np.array([2])]))


def test_wape_weighs_series_by_their_size() -> None:
    assert score("wape", TRUTH, SAID, BESIDE) == pytest.approx(13 / 132)


def test_each_starting_point_has_its_own_yardstick() -> None:
    found = judged("mase", TRUTH[:2], SAID[:2], BESIDE[np.arange(2)], np.array([0, 1]))
    assert found.by_window == pytest.approx((0.25, 0.5))
