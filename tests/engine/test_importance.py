"""Permutation importance through a predict function: what matters is found, what does not is zero, time is kept."""

from __future__ import annotations

import time

import numpy as np

from patience import patience
from traineragent.engine.importance import permutation_importance

rng = np.random.default_rng(0)
X = rng.normal(size=(1500, 5)).astype(np.float32)
Y = (X[:, 0] + 0.3 * X[:, 1] + 0.2 * rng.normal(size=1500) > 0).astype(np.float64)
GROUPS = {"strong": [0], "weak": [1], "pair": [2, 3], "noise": [4]}


def predict(x: np.ndarray) -> np.ndarray:
    p = 1 / (1 + np.exp(-3 * (x[:, 0] + 0.3 * x[:, 1])))
    return np.column_stack([1 - p, p])


def test_columns_come_in_the_order_in_which_they_matter() -> None:
    found = permutation_importance(predict, X, Y, GROUPS, "roc_auc")
    drops = {i.column: i.drop for i in found}
    assert [i.column for i in found[:2]] == ["strong", "weak"]
    assert drops["strong"] > 0.2 > drops["weak"] > 0.005
    assert drops["noise"] == 0.0
    assert drops["pair"] == 0.0


def test_features_of_one_column_are_shuffled_together() -> None:
    twins = np.column_stack([X[:, 0], X[:, 0]]).astype(np.float32)

    def either(x: np.ndarray) -> np.ndarray:
        return predict(np.column_stack([np.maximum(x[:, 0], x[:, 1]), np.zeros(len(x)), x, x]))

    together = permutation_importance(either, twins, Y, {"both": [0, 1]}, "roc_auc")[0].drop
    alone = permutation_importance(either, twins, Y, {"first": [0]}, "roc_auc")[0].drop
    assert together > 1.5 * alone


def test_errors_rise_when_a_column_of_a_regression_is_shuffled() -> None:
    target = 2.0 * X[:, 0].astype(np.float64)
    found = permutation_importance(lambda x: 2.0 * x[:, :1], X, target, GROUPS, "rmse")
    assert found[0].column == "strong"
    assert 2.0 < found[0].drop < 3.5
    assert found[0].std > 0


def test_a_slow_model_is_asked_about_fewer_rows_and_time_is_kept() -> None:
    sizes = []

    def slow(x: np.ndarray) -> np.ndarray:
        sizes.append(len(x))
        time.sleep(len(x) * 1e-4)
        return predict(x)

    began = time.monotonic()
    found = permutation_importance(slow, X, Y, GROUPS, "roc_auc", seconds=0.4, repeats=50)
    assert time.monotonic() - began < patience(1.5)
    assert found
    assert 200 <= sizes[-1] < 1500


def test_no_time_at_all_gives_an_empty_list() -> None:
    assert permutation_importance(predict, X, Y, GROUPS, "roc_auc", seconds=-1.0) == []


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, second = (permutation_importance(predict, X, Y, GROUPS, "accuracy", seed=5) for _ in range(2))
    assert first == second
