"""Effects add up: each column's share is what is left beside all others, also in the served graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from traineragent.engine.effects import PENALTIES, Effects, fit_effects, fit_unseen
from traineragent.engine.training import one_thread
from traineragent.export.builder import GraphBuilder
from traineragent.ports import FitContext

WHERE = FitContext(("category", "number", "category"), (200, 0, 3), 0, "rmse", 3, 1)  # type: ignore[arg-type]


def table(rows: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """(x, y, the true effect of each of 200 levels): a large category, a number like it, a small one."""
    rng = np.random.default_rng(seed)
    effect = np.random.default_rng(99).normal(size=200)
    level = rng.integers(0, 200, rows)
    number = effect[level] + rng.normal(size=rows)  # the mean of a level holds the number's share as well
    small = rng.integers(0, 3, rows)
    y = effect[level] + 2 * np.abs(number) + small + 0.1 * rng.normal(size=rows)
    return np.stack([level, number, small], axis=1).astype(np.float32), y, effect


def served(effects: Effects, x: NDArray[np.float32]) -> NDArray[np.float32]:
    graph = GraphBuilder(x.shape[1])
    model = graph.model(effects.write(graph, "x"), 1)
    return np.asarray(one_thread(model.SerializeToString()).run(None, {"x": x})[0])[:, 0]


def test_a_level_has_the_effect_that_is_left_beside_the_other_columns() -> None:
    x, y, effect = table(8000)
    effects, _ = fit_effects(x, y, WHERE, penalties=(0.1,))
    assert effects.encoder.lookup is not None
    found = effects.encoder.lookup.table[:200, 0]
    assert np.corrcoef(found, effect)[0, 1] > 0.995
    means = np.array([y[x[:, 0] == level].mean() for level in range(200)])
    assert np.corrcoef(means, effect)[0, 1] < 0.9


def test_unseen_levels_gaps_and_numbers_beyond_are_answered_and_served_alike() -> None:
    x, y, _ = table(3000)
    x[::10, 1] = np.nan
    x[::15, 2] = np.nan
    effects, _ = fit_effects(x, y, WHERE)
    odd = np.array([[200, 0, 3], [9999, 1e30, 1], [np.nan, np.nan, np.nan], [5, -np.inf, 0]], dtype=np.float32)
    rows = np.concatenate([x[:200], odd])
    answers = effects.predict(rows)
    assert np.isfinite(answers).all()
    np.testing.assert_allclose(served(effects, rows), answers, rtol=1e-4, atol=1e-4)
    loaded = Effects.from_arrays(effects.arrays())
    assert loaded is not None
    np.testing.assert_array_equal(loaded.predict(rows), answers)


def test_a_row_does_not_see_its_own_target_in_its_start() -> None:
    rng = np.random.default_rng(0)
    x = np.stack([rng.integers(0, 200, 400), rng.normal(size=400), np.zeros(400)], axis=1).astype(np.float32)
    y = rng.normal(size=400)  # two rows a level: leaking would be plain
    effects, own = fit_unseen(x, y, WHERE)
    assert np.corrcoef(own, y)[0, 1] < 0.15
    assert len(own) == 400
    assert np.isfinite(effects.predict(x)).all()


def test_held_rows_choose_the_penalty() -> None:
    x, y, _ = table(4000)
    noise = np.random.default_rng(5).normal(size=4000)
    held = table(500, seed=7)
    assert fit_effects(x, y, WHERE, held[:2])[1] <= 1.0
    assert fit_effects(x, noise, WHERE, (held[0], np.zeros(500)))[1] == PENALTIES[-1]


def test_a_constant_number_has_the_effect_of_its_gaps_alone() -> None:
    x = np.array([[np.nan, 3.0], [np.nan, 3.0], [np.nan, np.nan]], dtype=np.float32)
    where = FitContext(("number", "number"), (0, 0), 0, "rmse", 3, 1)
    effects, _ = fit_effects(x, np.array([1.0, 2.0, 6.0]), where, penalties=(1e-3,))
    np.testing.assert_allclose(effects.predict(x), [1.5, 1.5, 6.0], atol=1e-2)
    np.testing.assert_allclose(served(effects, x), effects.predict(x), rtol=1e-6)
