"""Log-linear regression: powers and factors found, answers beyond what was seen yet not without end, the mean kept."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent import registry
from traineragent.engine.training import one_thread
from traineragent.ports import Batch, FitContext, Fitted

FACTORS = np.array([2.0, 5.0, 11.0, 30.0])


def orders(rows: int = 1500, seed: int = 0, noise: float = 0.02) -> Batch:
    """price = quantity * factor of the item * size ** 0.5; most orders are of one item."""
    rng = np.random.default_rng(seed)
    quantity = np.where(rng.random(rows) < 0.8, 1, rng.integers(1, 6, rows))
    item, size = rng.integers(0, 4, rows), rng.uniform(1, 9, rows)
    x = np.stack([quantity, item, size], axis=1).astype(np.float32)
    return Batch(x, quantity * FACTORS[item] * np.sqrt(size) * np.exp(rng.normal(0, noise, rows)))


def fit(data: Batch, valid: Batch | None = None, metric: str = "rmse", **params: object) -> Fitted:
    context = FitContext(("number", "category", "number"), (0, 4, 0), 0, metric, 0, 1)
    return registry.get("families", "log_linear").fit(params, data, valid, context)


def test_a_product_is_continued_beyond_what_was_seen() -> None:
    model = fit(orders(), orders(seed=1), metric="mae")
    asked = np.array([[12, 1, 4.0], [15, 0, 1.0]], dtype=np.float32)
    np.testing.assert_allclose(model.predict(asked), [12 * 5.0 * 2.0, 15 * 2.0], rtol=0.15)


def test_answers_stay_within_three_times_what_was_seen() -> None:
    data = orders()
    model = fit(data, orders(seed=1))
    absurd = np.array([[1e30, 3, 1e30], [-1e30, 0, -1e30], [np.nan, np.nan, np.nan]], dtype=np.float32)
    for answers in (model.predict(absurd), one_thread(model.graph().SerializeToString()).run(None, {"x": absurd})[0]):
        assert np.all(answers >= data.y.min() / 3.001)
        assert np.all(answers <= data.y.max() * 3.001)


@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_a_squared_error_gets_the_mean_and_an_absolute_one_the_median(metric: str) -> None:
    rng = np.random.default_rng(3)
    x = np.stack([rng.integers(1, 4, 4000), rng.integers(0, 4, 4000), rng.uniform(1, 2, 4000)], 1).astype(np.float32)
    y = 10 * np.exp(rng.normal(0, 0.8, 4000))  # mean 13.8, median 10
    model = fit(Batch(x[:3000], y[:3000]), Batch(x[3000:], y[3000:]), metric)
    wanted = np.mean(y) if metric == "rmse" else np.median(y)
    assert np.mean(model.predict(x)) == pytest.approx(wanted, rel=0.06)


def test_zeros_and_negative_numbers_are_understood() -> None:
    rng = np.random.default_rng(4)
    x = np.stack([rng.poisson(1.5, 2000), rng.integers(0, 4, 2000), rng.normal(0, 5, 2000)], 1).astype(np.float32)
    y = rng.poisson((1 + x[:, 0]) * FACTORS[x[:, 1].astype(int)] / 4).astype(float)  # many are zero
    model = fit(Batch(x[:1500], y[:1500]), Batch(x[1500:], y[1500:]))
    answers = model.predict(x)
    assert answers.min() >= 0
    assert 1 - np.mean((answers - y) ** 2) / y.var() > 0.85


def test_a_target_with_negative_values_is_learned_as_it_is() -> None:
    data = orders()
    model = fit(Batch(data.x, np.log(data.y) - 3), None)
    assert np.corrcoef(model.predict(data.x), np.log(data.y))[0, 1] > 0.95
