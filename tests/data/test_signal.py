"""Whether there is anything to learn."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.data.signal import signal

RNG = np.random.default_rng(23)


def noise(rows: int, features: int = 4) -> np.ndarray:
    return RNG.normal(size=(rows, features)).astype(np.float32)


def test_finds_signal_in_classes_and_numbers() -> None:
    x = noise(800)
    x[::7, 1] = np.nan
    kinds = ("number",) * 4
    two = signal(x, (x[:, 0] > 0).astype(float), kinds, classes=2)
    assert (two.found, two.metric, two.warnings) == (True, "roc_auc", ())
    assert signal(x, np.digitize(x[:, 0], [-0.5, 0.5]).astype(float), kinds, classes=3).found
    assert signal(x, x[:, 0].astype(float) * 5, kinds, classes=0).found


def test_finds_a_strong_one_in_thirty_rows() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(30, 3)).astype(np.float32)
    assert signal(x, 3.0 * x[:, 1] + rng.normal(0, 0.5, 30), ("number",) * 3, classes=0).found


@pytest.mark.slow
def test_warns_where_there_is_none() -> None:
    x = noise(600)
    for classes, y in ((2, RNG.integers(0, 2, 600)), (3, RNG.integers(0, 3, 600)), (0, RNG.normal(size=600))):
        found = signal(x, np.asarray(y, dtype=float), ("number",) * 4, classes=classes)
        assert not found.found
        assert "little or nothing" in found.warnings[0]


def test_a_weak_signal_is_found_in_many_rows() -> None:
    x = noise(4000)
    y = (x[:, 0] * 0.5 + RNG.normal(size=4000) > 0).astype(float)
    assert signal(x, y, ("number",) * 4, classes=2).found


def test_many_and_rare_classes_do_not_upset_it() -> None:
    y = np.minimum(RNG.geometric(0.3, 900) - 1, 14).astype(float)
    x = noise(900)
    x[:, 2] = y + RNG.normal(0, 0.2, 900)
    assert signal(x, y, ("number",) * 4, classes=15).score > 0.7


def test_too_few_rows_are_said_to_be_too_few() -> None:
    assert "too few" in signal(noise(10), np.zeros(10), ("number",) * 4, classes=2).why
