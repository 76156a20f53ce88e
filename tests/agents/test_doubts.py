"""Limits that no model can reach are told from those that are only hard, with the measured bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from traineragent.agents.doubts import doubts
from traineragent.data.signal import signal
from traineragent.engine.dataset import TrainingData


def coins(rows: int = 2000, heads: float = 0.8, seed: int = 0) -> TrainingData:
    """Four kinds of row; each is of class 1 in a share of `heads` of its rows, or of 1 - heads."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 4, rows)
    y = (rng.random(rows) < np.where(kind < 2, heads, 1 - heads)).astype(np.float64)
    return data(kind[:, None].astype(np.float32), y, 2)


def data(x: np.ndarray, y: np.ndarray, classes: int) -> TrainingData:
    features = x.shape[1]
    return TrainingData(
        x=x,
        y=y,
        folds=np.arange(len(y)) % 5,
        names=tuple(f"f{i}" for i in range(features)),
        kinds=("number",) * features,
        levels=(0,) * features,
        classes=classes,
    )


def task(**limits: float) -> dict[str, Any]:
    lower = ("rmse", "mae", "false_positive_rate")
    requirements = [
        {"name": n, "direction": "<=" if n in lower else ">=", "limit": v, "stated_as": f"{n} {v}"}
        for n, v in limits.items()
    ]
    return {"data_info": {"target": "y"}, "requirements": requirements}


def about(table: TrainingData, **limits: float) -> list[str]:
    return [d["about"] for d in doubts(task(**limits), table, None, complete=True)]


def test_an_accuracy_beyond_the_bound_is_declined_with_the_bound() -> None:
    (found,) = doubts(task(accuracy=0.95), coins(), None, complete=True)
    assert found["action"] == "decline"
    assert "accuracy at most 0." in found["text"]
    assert "train anyway" in found["alternative"]


def test_a_limit_near_the_bound_is_let_pass() -> None:
    assert about(coins(), accuracy=0.8) == []


def test_ranking_and_f1_have_bounds_too() -> None:
    assert about(coins(), roc_auc=0.95) == ["ceiling:roc_auc"]
    assert about(coins(), f1=0.95) == ["ceiling:f1"]
    assert about(coins(), roc_auc=0.75) == []


def test_one_sided_limits_are_out_of_reach_only_together() -> None:
    assert about(coins(), recall=0.99) == []
    assert about(coins(), recall=0.95, precision=0.95) == ["ceiling:recall_precision"]
    assert about(coins(), recall=0.75, precision=0.75) == []


def test_an_error_below_the_spread_of_equal_rows_is_declined() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (900, 1)).astype(np.float32)
    table = data(x, x[:, 0] * 10.0 + rng.normal(0, 2, 900), 0)
    assert about(table, rmse=1.0) == ["ceiling:rmse"]
    assert about(table, mae=0.5) == ["ceiling:mae"]
    assert about(table, rmse=2.2) == []
    assert about(table, r2=0.99) == ["ceiling:r2"]


def test_nothing_is_said_where_models_see_more_than_the_matrix() -> None:
    assert doubts(task(accuracy=0.99), coins(), None, complete=False) == []


@pytest.mark.slow
def test_shuffled_answers_are_declined() -> None:
    rng = np.random.default_rng(3)
    table = data(rng.normal(size=(600, 5)).astype(np.float32), rng.integers(0, 2, 600).astype(np.float64), 2)
    found = signal(table.x, table.y, table.kinds, classes=2, seed=0)
    assert [d["about"] for d in doubts(task(), table, found, complete=True)] == (
        ["no_signal"] if found.hopeless else []
    )
    assert not found.found
