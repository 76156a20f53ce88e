"""Every forest must answer as the library that trained it, on ordinary and on awkward rows."""

from __future__ import annotations

import time

import lightgbm as lgb
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier

from traineragent.export.builder import GraphBuilder
from traineragent.export.trees import (
    Forest,
    merge,
    read_lightgbm,
    read_node,
    read_sklearn,
    round_down,
    tree_node,
    write_forest,
)

RNG = np.random.default_rng(0)


def run(forest: Forest, x: np.ndarray) -> np.ndarray:
    graph = GraphBuilder(x.shape[1])
    model = graph.model(write_forest(graph, forest, "x"), forest.targets)
    onnx.checker.check_model(model)
    return ort.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]


def table(rows: int = 1500, missing: bool = True) -> np.ndarray:
    """Three numbers (one of few values), a category of 6 and one of 80 levels."""
    x = np.column_stack(
        [
            RNG.normal(size=rows),
            RNG.integers(-3, 4, rows),
            RNG.lognormal(size=rows) * 1e6,
            RNG.integers(0, 6, rows),
            RNG.integers(0, 80, rows),
        ]
    ).astype(np.float32)
    if missing:
        x[RNG.random(x.shape) < 0.05] = np.nan
    return x


def awkward(x: np.ndarray, thresholds: np.ndarray, rows: int = 10_000) -> np.ndarray:
    """Rows drawn from `x` with NaN, infinities, huge values, zeros and exact thresholds with their neighbours."""
    out = x[RNG.integers(0, len(x), rows)].copy()
    with np.errstate(over="ignore"):
        near = thresholds.astype(np.float32)
    near = np.concatenate([near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))])
    odd = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 0.0, -0.0, 1e-30], dtype=np.float32)
    for column in range(3):
        at = RNG.random(rows) < 0.2
        out[at, column] = RNG.choice(near, at.sum())
        at = RNG.random(rows) < 0.05
        out[at, column] = RNG.choice(odd, at.sum())
    out[RNG.random(rows) < 0.05, 3] = 6  # a category never seen
    out[RNG.random(rows) < 0.05, 4] = np.nan
    return out


def signal(x: np.ndarray) -> np.ndarray:
    z = np.nan_to_num(x)
    return z[:, 0] * (z[:, 1] > 0) + np.isin(z[:, 3], [1, 4]) + (z[:, 4] % 7 > 3) + np.isnan(x[:, 0]) - 0.5


def thresholds_of(booster: lgb.Booster) -> np.ndarray:
    values = booster.trees_to_dataframe()["threshold"].dropna()
    return np.array([float(v) for v in values if "||" not in str(v)])


def train(params: dict[str, object], missing: bool = True, categorical: bool = False, rounds: int = 25):
    x = table(missing=missing)
    score = signal(x) + RNG.normal(size=len(x)) * 0.3
    objective = str(params["objective"])
    if objective.startswith("multiclass"):
        y = np.digitize(score, [-0.5, 0.8]).astype(float)
    elif objective in ("binary", "cross_entropy"):
        y = (score > 0).astype(float)
    else:
        y = np.exp(score) * 1000
    data = lgb.Dataset(x, y, categorical_feature=[3, 4] if categorical else "auto")
    settings = {"verbosity": -1, "num_threads": 1, "seed": 1, "min_data_in_leaf": 5, **params}
    return lgb.train(settings, data, rounds), awkward(x, np.array([0.0]))


def linked(raw: np.ndarray, link: str) -> np.ndarray:
    raw = raw.astype(np.float64)
    if link == "logistic":
        return 1 / (1 + np.exp(-raw))
    if link == "softmax":
        e = np.exp(raw - raw.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    if link == "exp":
        return np.exp(raw)
    return np.sign(raw) * raw**2 if link == "signed_square" else raw


@pytest.mark.parametrize("categorical", [False, True])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("objective", ["binary", "multiclass", "regression"])
def test_answers_as_lightgbm_on_awkward_rows(objective: str, missing: bool, categorical: bool) -> None:
    params: dict[str, object] = {"objective": objective}
    if objective == "multiclass":
        params["num_class"] = 3
    booster, _ = train(params, missing, categorical)
    x = awkward(table(), thresholds_of(booster))
    model = read_lightgbm(booster.model_to_string())
    got = linked(run(model.forest, x), model.link)
    want = booster.predict(x).reshape(len(x), -1)
    assert np.max(np.abs(got - want)) < 1e-6 * max(1.0, np.abs(want).max())


@pytest.mark.parametrize(
    "params",
    [
        {"objective": "regression_l1"},
        {"objective": "huber"},
        {"objective": "poisson"},
        {"objective": "tweedie"},
        {"objective": "regression", "reg_sqrt": True},
        {"objective": "quantile", "alpha": 0.9},
        {"objective": "cross_entropy"},
        {"objective": "binary", "sigmoid": 0.5},
        {"objective": "binary", "is_unbalance": True},
        {"objective": "multiclassova", "num_class": 3},
        {"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
        {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
        {"objective": "regression", "extra_trees": True, "boosting": "dart"},
        {"objective": "regression", "boost_from_average": False},
    ],
    ids=lambda p: "-".join(str(v) for v in p.values()),
)
def test_answers_as_lightgbm_under_other_settings(params: dict[str, object]) -> None:
    booster, x = train(params)
    model = read_lightgbm(booster.model_to_string())
    got = linked(run(model.forest, x), model.link)
    want = booster.predict(x).reshape(len(x), -1)
    assert np.max(np.abs(got - want)) < 2e-6 * max(1.0, np.abs(want).max())


def test_keeps_only_the_first_iterations_when_asked() -> None:
    booster, x = train({"objective": "multiclass", "num_class": 3})
    model = read_lightgbm(booster.model_to_string(), iterations=7)
    assert (model.iterations, model.forest.trees) == (7, 21)
    np.testing.assert_allclose(linked(run(model.forest, x), model.link), booster.predict(x, num_iteration=7), atol=1e-6)


def test_constant_model_is_one_value() -> None:
    x = table(200)
    booster = lgb.train(
        {"objective": "regression", "verbosity": -1, "min_data_in_leaf": 500}, lgb.Dataset(x, x[:, 3] * 0 + 7), 3
    )
    model = read_lightgbm(booster.model_to_string())
    np.testing.assert_allclose(run(model.forest, x)[:, 0], booster.predict(x), rtol=1e-6)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"objective": "regression", "linear_tree": True}, "linear trees"),
        ({"objective": "regression", "zero_as_missing": True}, "zero_as_missing"),
    ],
)
def test_refuses_what_has_no_exact_form(params: dict[str, object], sentence: str) -> None:
    booster, _ = train(params, rounds=3)
    with pytest.raises(ValueError, match=sentence):
        read_lightgbm(booster.model_to_string())


@pytest.mark.parametrize("classes", [0, 2, 4])
@pytest.mark.parametrize("kind", ["extra", "random"])
def test_answers_as_scikit_learn(kind: str, classes: int) -> None:
    x = table(800)
    x[:, 2] /= 1e6
    score = signal(x)
    y = score if classes == 0 else np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1]))
    forest = {0: ExtraTreesRegressor, 1: ExtraTreesClassifier}[int(classes > 0)]
    forest = RandomForestClassifier if kind == "random" and classes else forest
    model = forest(n_estimators=20, min_samples_leaf=3, random_state=0).fit(x, y)
    got = run(read_sklearn(model.estimators_, classification=classes > 0), x)
    want = model.predict(x)[:, None] if classes == 0 else model.predict_proba(x)
    want = want[:, 1:] if classes == 2 else want
    np.testing.assert_allclose(got, want, atol=1e-6)


def test_sklearn_forest_that_could_not_split_is_constant() -> None:
    x = np.zeros((20, 2), dtype=np.float32)
    model = ExtraTreesClassifier(5, random_state=0).fit(x, np.arange(20) % 3)
    got = run(read_sklearn(model.estimators_, classification=True), x)
    np.testing.assert_allclose(got, model.predict_proba(x), atol=1e-6)


def test_merged_folds_give_the_weighted_sum() -> None:
    boosters = [train({"objective": "regression"}, categorical=k % 2 == 0)[0] for k in range(3)]
    x = awkward(table(), thresholds_of(boosters[0]))
    forests = [read_lightgbm(b.model_to_string()).forest for b in boosters]
    weights = [0.5, 0.3, 0.2]
    got = run(merge([f.scaled(w) for f, w in zip(forests, weights, strict=True)]), x)[:, 0]
    want = sum(w * b.predict(x) for b, w in zip(boosters, weights, strict=True))
    assert np.max(np.abs(got - want)) < 1e-6 * np.abs(want).max()


@pytest.mark.parametrize("categorical", [False, True])
def test_node_reads_back_as_the_forest_it_was_written_from(categorical: bool) -> None:
    booster, x = train({"objective": "multiclass", "num_class": 3}, categorical=categorical)
    forest = read_lightgbm(booster.model_to_string()).forest
    again = read_node(tree_node(forest, "x", "y"))
    np.testing.assert_array_equal(run(again, x), run(forest, x))


@pytest.mark.parametrize("categorical", [False, True])
def test_forest_splits_into_one_for_each_target(categorical: bool) -> None:
    booster, x = train({"objective": "multiclass", "num_class": 3}, categorical=categorical)
    forest = read_lightgbm(booster.model_to_string()).forest
    apart = np.hstack([run(f, x) for f in forest.split_by_target()])
    np.testing.assert_allclose(apart, run(forest, x), atol=2e-6)


def test_rounded_threshold_splits_float32_as_the_double_did() -> None:
    t = np.concatenate(
        [RNG.normal(size=2000) * 10.0 ** RNG.integers(-40, 40, 2000), [0.0, 1e300, -1e300, 1e-35, np.inf]]
    )
    with np.errstate(over="ignore"):
        near = t.astype(np.float32)
    down = round_down(t)
    for x in (near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))):
        np.testing.assert_array_equal(x <= down, x.astype(np.float64) <= t)


def test_large_target_values_keep_their_digits() -> None:
    x = table()
    y = 2e5 + signal(x) * 10
    booster = lgb.train(
        {"objective": "regression", "verbosity": -1, "learning_rate": 0.02, "num_threads": 1}, lgb.Dataset(x, y), 120
    )
    forests = [read_lightgbm(booster.model_to_string()).forest.scaled(0.2)] * 5
    np.testing.assert_allclose(run(merge(forests), x)[:, 0], booster.predict(x), rtol=2e-7)


def test_converts_2500_trees_of_96_leaves_in_seconds() -> None:
    x, y = table(), RNG.normal(size=1500)
    booster = lgb.train(
        {"objective": "regression", "num_leaves": 96, "min_data_in_leaf": 2, "verbosity": -1, "num_threads": 1},
        lgb.Dataset(x, y),
        50,
    )
    text = booster.model_to_string()
    start = time.process_time()
    forests = [read_lightgbm(text).forest for _ in range(10)]
    blob = tree_node(merge(forests), "x", "y").SerializeToString()
    assert time.process_time() - start < 2.0  # 500 trees; 2,500 take five times as long
    assert len(blob) < 500 * 191 * 14  # bytes a node
