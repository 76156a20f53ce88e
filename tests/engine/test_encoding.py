"""Encoders see no row's own target, survive saving, and give gaps and unknown values a place of their own."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.engine.encoding import DenseEncoder, TreeEncoder, fit_dense, fit_lookup, fit_trees, target_columns
from traineragent.engine.target import TargetScale, fit_target
from traineragent.ports import FitContext


def context(kinds: tuple[str, ...], levels: tuple[int, ...]) -> FitContext:
    return FitContext(kinds, levels, 0, "rmse", 3, 1)  # type: ignore[arg-type]


def test_a_row_does_not_see_its_own_target_in_its_code() -> None:
    rng = np.random.default_rng(0)
    rows = 2000
    x = rng.integers(0, 1000, (rows, 1)).astype(np.float32)  # two rows a category: leaking would be plain
    y = rng.normal(size=rows)
    one = np.array([0]), np.array([1000])
    lookup, mine = fit_lookup(x, y[:, None], *one, frequency=False, smoothing=1.0)
    assert abs(np.corrcoef(mine[:, 0], y)[0, 1]) < 0.1
    assert np.corrcoef(lookup.transform(x)[:, 0], y)[0, 1] > 0.5


def test_counts_and_smoothed_means_are_what_they_say() -> None:
    x = np.array([[0], [0], [0], [1], [np.nan]], dtype=np.float32)
    y = np.array([1.0, 2.0, 3.0, 10.0, 4.0])
    lookup, _ = fit_lookup(x, y[:, None], np.array([0]), np.array([2]), smoothing=1.0)
    served = lookup.transform(np.array([[0], [1], [2], [np.nan], [99]], dtype=np.float32))
    np.testing.assert_array_equal(served[:, 0], [3, 1, 0, 1, 0])
    np.testing.assert_allclose(served[:, 1], [(6 + 4) / 4, (10 + 4) / 2, 4, (4 + 4) / 2, 4])


def test_a_strong_pair_of_categories_is_found() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, (3000, 3)).astype(np.float32)
    y = ((x[:, 0] + x[:, 2]) % 2) + rng.normal(0, 0.1, 3000)  # only together they tell
    where = context(("category",) * 3, (4,) * 3)
    encoder, z = fit_trees(x, y[:, None], where, pairs=1)
    assert encoder.lookup is not None
    assert (int(encoder.lookup.first[-1]), int(encoder.lookup.second[-1])) == (0, 2)
    assert np.corrcoef(z[:, -1], y)[0, 1] > 0.95


def test_piecewise_linear_bins_rise_from_zero_to_one_and_gaps_are_flagged() -> None:
    x = np.concatenate([np.linspace(0, 10, 99), [np.nan]]).astype(np.float32)[:, None]
    encoder, z = fit_dense(x, x[:, :1].astype(np.float64), context(("number",), (0,)), bins=4)
    assert z.shape == (100, 5)
    assert z.min() == 0
    assert z.max() == 1
    assert (np.diff(z[:99, :4].sum(axis=1)) >= -1e-6).all()
    np.testing.assert_array_equal(z[:, 4], [0.0] * 99 + [1.0])
    np.testing.assert_array_equal(encoder.transform(np.array([[-1e30], [1e30]], np.float32))[:, :4], [[0] * 4, [1] * 4])


def test_rare_levels_share_no_column_and_large_categories_are_looked_up() -> None:
    rng = np.random.default_rng(0)
    x = np.stack([rng.integers(0, 3, 3000), rng.integers(0, 200, 3000)], axis=1).astype(np.float32)
    x[:2, 0] = 3  # seen twice
    encoder, _ = fit_dense(x, x[:, :1].astype(np.float64), context(("category", "category"), (4, 200)), most_levels=32)
    assert encoder.lookup is not None
    assert np.bincount(encoder.hot_columns).tolist() == [3, 32]


@pytest.mark.parametrize("kind", ["trees", "dense"])
def test_a_saved_encoder_is_the_same_encoder(kind: str) -> None:
    rng = np.random.default_rng(0)
    x = np.stack([rng.normal(size=500), rng.integers(0, 60, 500)], axis=1).astype(np.float32)
    where, y = context(("number", "category"), (0, 60)), rng.normal(size=(500, 1))
    first = fit_trees(x, y, where)[0] if kind == "trees" else fit_dense(x, y, where)[0]
    again = (TreeEncoder if kind == "trees" else DenseEncoder).from_arrays(first.arrays())
    np.testing.assert_array_equal(again.transform(x), first.transform(x))


def test_targets_of_classes_become_shares() -> None:
    y = np.array([0.0, 1.0, 2.0])
    np.testing.assert_array_equal(target_columns(y, 3), np.eye(3))
    np.testing.assert_array_equal(target_columns(np.array([0.0, 1.0]), 2), [[0], [1]])


@pytest.mark.parametrize("how", ["plain", "log"])
@pytest.mark.parametrize("y", [np.array([1.0, 10.0, 1000.0]), np.array([0.0, 3.0, 50.0]), np.array([-5.0, 0.0, 5.0])])
def test_the_target_scale_is_undone_exactly_also_after_saving(how: str, y: np.ndarray) -> None:
    scale = fit_target(y, how)
    raw = scale.forward(y)
    assert abs(raw.mean()) < 1e-9
    np.testing.assert_allclose(TargetScale.from_arrays(scale.arrays()).undo(raw), y, rtol=1e-9, atol=1e-9)


def test_predictions_stay_near_the_range_that_was_seen() -> None:
    scale = fit_target(np.array([1.0, 10.0, 100.0]), "log")
    assert scale.undo(np.array([1e6, -1e6])).tolist() == pytest.approx([109.9, 0.0])
