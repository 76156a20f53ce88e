"""What every family must do, run over all of them by name: learn, survive saving, and serve what it predicts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from patience import patience
from traineragent import registry
from traineragent.engine.training import one_thread
from traineragent.ports import Batch, Family, FitContext, Fitted

OF_ROWS = {"binary", "multiclass", "regression"}


def _of_rows(name: str) -> bool:
    card = registry.get("families", name).card
    return not card.reads and bool(OF_ROWS & set(card.tasks))


NAMES = tuple(name for name in registry.names("families") if _of_rows(name))
"""Those that learn from a matrix alone; families that read rich inputs have tests of their own."""
LEARNERS = [name for name in NAMES if name != "dummy"]
CLASSIFIERS = [name for name in NAMES if "binary" in registry.get("families", name).card.tasks]
CLASSES = {"regression": 0, "binary": 2, "multiclass": 4, "multilabel": 3}
SMALL = {
    "mlp": {"epochs": 60, "width": 32, "learning_rate": 0.005},
    "random_forest": {"trees": 20},
    "extra_trees": {"trees": 20},
    "lightgbm": {"rounds": 40},
}


def table(task: str, rows: int = 400, seed: int = 0) -> Batch:
    """Two numbers (one with gaps), a small and a large category with unknown and missing values, and a count."""
    rng = np.random.default_rng(seed)
    number, gappy = rng.normal(size=rows), rng.gamma(2.0, 3.0, size=rows)
    small, large = rng.integers(0, 4, rows), rng.integers(0, 61, rows)  # 3 and 60 mean "another value"
    count = rng.poisson(1.0, rows)
    signal = number + 0.3 * gappy + np.array([0.0, 1.0, -1.0, 0.5])[small] + np.sin(large) + 0.2 * count
    gappy = np.where(rng.random(rows) < 0.1, np.nan, gappy)
    shown = np.where(rng.random(rows) < 0.1, np.nan, small)
    x = np.stack([number, gappy, shown, large, count], axis=1).astype(np.float32)
    if task == "regression":
        return Batch(x, np.exp(0.5 * signal) + 5)
    if task == "multilabel":
        return Batch(x, np.stack([signal > 1, np.abs(number) > 1, shown == 2], axis=1).astype(np.float64))
    cuts = np.quantile(signal, np.linspace(0, 1, CLASSES[task] + 1)[1:-1])
    return Batch(x, np.searchsorted(cuts, signal).astype(np.float64))


def context(task: str, seed: int = 1, deadline: float | None = None) -> FitContext:
    kinds = ("number", "number", "category", "category", "count")
    metric = "rmse" if task == "regression" else "log_loss"
    return FitContext(kinds, (0, 0, 3, 60, 0), CLASSES[task], metric, seed, 1, deadline)


def fit(name: str, task: str, seed: int = 1, deadline: float | None = None, **params: object) -> Fitted:
    family: Family = registry.get("families", name)
    settings = {**SMALL.get(name, {}), **params}
    return family.fit(settings, table(task), table(task, 150, seed=7), context(task, seed, deadline))


def served(model: Fitted, x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(one_thread(model.graph().SerializeToString()).run(None, {"x": x})[0])


def loss(task: str, y: NDArray[np.float64], scores: NDArray[np.float64]) -> float:
    if task == "regression":
        return float(np.mean((y - scores) ** 2))
    if task == "multilabel":
        return float(-np.log(np.maximum(np.where(y == 1, scores, 1 - scores), 1e-9)).mean())
    return float(-np.log(np.maximum(scores[np.arange(len(y)), y.astype(int)], 1e-9)).mean())


def cases(names: list[str] | tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, task) for name in names for task in CLASSES if task in registry.get("families", name).card.tasks]


@pytest.mark.parametrize(("name", "task"), cases(NAMES))
def test_predictions_have_the_shape_and_are_probabilities_where_they_should_be(name: str, task: str) -> None:
    scores = fit(name, task).predict(table(task, 50, seed=3).x)
    assert scores.dtype == np.float64
    if task == "regression":
        assert scores.shape == (50,)
    else:
        assert scores.shape == (50, CLASSES[task])
        if task != "multilabel":
            np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
        assert scores.min() >= 0
        assert scores.max() <= 1


@pytest.mark.parametrize(("name", "task"), cases(NAMES))
def test_the_served_graph_answers_as_the_model_does(name: str, task: str) -> None:
    model = fit(name, task)
    x = table(task, 300, seed=5).x
    x[:5] = np.nan
    expected = model.predict(x)
    np.testing.assert_allclose(served(model, x).reshape(expected.shape), expected, rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(served(model, x[:1]).reshape(expected[:1].shape), expected[:1], rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(("name", "task"), cases(NAMES))
def test_a_saved_model_is_the_same_model(name: str, task: str, tmp_path: Path) -> None:
    model, x = fit(name, task), table(task, 60, seed=3).x
    model.save(tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as arrays:
        assert arrays.files
    again = registry.get("families", name).load(tmp_path / "model.npz", context(task))
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    np.testing.assert_array_equal(served(again, x), served(model, x))


@pytest.mark.parametrize(("name", "task"), cases(LEARNERS))
def test_it_learns_what_the_dummy_cannot(name: str, task: str) -> None:
    fresh = table(task, 400, seed=9)
    ours = loss(task, fresh.y, fit(name, task).predict(fresh.x))
    assert ours < 0.8 * loss(task, fresh.y, fit("dummy", task).predict(fresh.x))


@pytest.mark.parametrize(("name", "task"), cases(LEARNERS))
def test_the_same_seed_gives_the_same_model(name: str, task: str) -> None:
    x = table(task, 40, seed=3).x
    np.testing.assert_array_equal(fit(name, task, seed=4).predict(x), fit(name, task, seed=4).predict(x))


@pytest.mark.parametrize("name", [name for name in CLASSIFIERS if name != "dummy"])
def test_a_deadline_that_has_passed_still_gives_a_model(name: str) -> None:
    start = time.monotonic()
    model = fit(name, "binary", deadline=start - 1.0, epochs=5000, rounds=5000, trees=2000)
    assert time.monotonic() - start < patience(2.0)
    assert np.isfinite(model.predict(table("binary", 20).x)).all()


@pytest.mark.parametrize(("name", "task"), cases(NAMES))
def test_columns_that_say_nothing_do_no_harm(name: str, task: str) -> None:
    data = table(task)
    x = np.concatenate([data.x, np.zeros_like(data.x[:, :1]), np.full_like(data.x[:, :1], np.nan)], axis=1)
    where = context(task)
    wide = FitContext((*where.kinds, "number", "category"), (*where.levels, 0, 5), where.classes, where.metric, 1, 1)
    model = registry.get("families", name).fit(SMALL.get(name, {}), Batch(x, data.y), Batch(x, data.y), wide)
    x = x.copy()
    x[:, -2:] = [[1e30, 5.0]]  # served values that training never saw
    expected = model.predict(x)
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(served(model, x).reshape(expected.shape), expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_one_column_of_two_values_is_enough(name: str) -> None:
    x = (np.arange(80) % 2).astype(np.float32)[:, None]
    where = FitContext(("number",), (0,), 2, "accuracy", 0, 1)
    y = (np.arange(80) % 2 == 1).astype(np.float64)
    model = registry.get("families", name).fit(SMALL.get(name, {}), Batch(x, y), None, where)
    assert served(model, x).shape == (80, 2)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_class_absent_from_the_fold_keeps_its_place(name: str) -> None:
    data = table("multiclass")
    keep = data.y != 2
    model = registry.get("families", name).fit(
        SMALL.get(name, {}), Batch(data.x[keep], data.y[keep]), None, context("multiclass")
    )
    scores = model.predict(data.x)
    assert scores.shape == (400, 4)
    assert scores[:, 2].max() < 0.1
    np.testing.assert_allclose(served(model, data.x), scores, atol=2e-5)


@pytest.mark.parametrize("name", [n for n in LEARNERS if "regression" in registry.get("families", n).card.tasks])
def test_a_logarithmic_target_is_undone_in_the_graph(name: str) -> None:
    model = fit(name, "regression", target="log")
    data = table("regression", 200, seed=5)
    expected = model.predict(data.x)
    assert expected.min() > 0
    assert np.corrcoef(np.log(data.y), np.log(expected))[0, 1] > 0.6
    np.testing.assert_allclose(served(model, data.x)[:, 0], expected, rtol=2e-5)


@pytest.mark.parametrize("ways", ["encoded", "native", "both", "index"])
@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_boosted_trees_serve_categories_in_every_way(ways: str, task: str) -> None:
    model = fit("lightgbm", task, categories=ways, pairs=1)
    x = table(task, 400, seed=5).x
    expected = model.predict(x)
    np.testing.assert_allclose(served(model, x).reshape(expected.shape), expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(
    ("name", "params"), [("linear", {"levels": "all", "target": "log"}), ("lightgbm", {"effects": True, "rounds": 40})]
)
def test_effects_of_every_level_are_learned_saved_and_served(name: str, params: Any, tmp_path: Path) -> None:
    rest = {key: value for key, value in params.items() if key not in ("levels", "effects")}
    plain, model = fit(name, "regression", **rest), fit(name, "regression", **params)
    data = table("regression", 400, seed=5)
    expected = model.predict(data.x)
    assert loss("regression", data.y, expected) < loss("regression", data.y, plain.predict(data.x))
    np.testing.assert_allclose(served(model, data.x)[:, 0], expected, rtol=2e-5)
    model.save(tmp_path / "model")
    loaded = registry.get("families", name).load(tmp_path / "model", context("regression"))
    np.testing.assert_array_equal(loaded.predict(data.x), expected)


@pytest.mark.parametrize("objective", ["poisson", "tweedie", "regression_l1"])
def test_boosted_trees_serve_other_objectives(objective: str) -> None:
    model = fit("lightgbm", "regression", objective=objective)
    x = table("regression", 100, seed=5).x
    np.testing.assert_allclose(served(model, x)[:, 0], model.predict(x), rtol=2e-5)


@pytest.mark.parametrize(("name", "task"), cases(LEARNERS))
def test_spaces_name_parameters_that_fit_accepts(name: str, task: str) -> None:
    family: Family = registry.get("families", name)
    params = {k: s[1] for k, s in family.space(context(task), 400).items()}
    assert family.fit({**SMALL.get(name, {}), **params}, table(task), None, context(task)) is not None


def test_early_stopping_may_be_moved_to_another_round() -> None:
    model: Any = fit("lightgbm", "binary", rounds=200, patience=10)
    x = table("binary", 50, seed=3).x
    assert 1 < model.rounds < 200
    short = model.at(1)
    assert np.ptp(short.predict(x)[:, 1]) < np.ptp(model.predict(x)[:, 1])
    np.testing.assert_allclose(served(short, x), short.predict(x), atol=2e-5)
    assert model.at(10_000).rounds >= model.rounds
