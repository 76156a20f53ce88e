"""The check must catch graphs that are wrong in the ways exports go wrong, and pass those that are right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from traineragent.export.builder import GraphBuilder
from traineragent.export.parity import check, cost, edge_rows, extreme_rows, reference

KINDS = ("number", "number", "category")
LEVELS = (0, 0, 3)
RNG = np.random.default_rng(0)
X = np.column_stack([RNG.normal(size=400), RNG.normal(size=400), RNG.integers(0, 3, 400)]).astype(np.float32)


class Sum:
    """Values: a + b, with NaN as zero. Classes: their logistic."""

    def __init__(self, classes: int = 0, fault: str = "") -> None:
        self.classes, self.fault = classes, fault

    def predict(self, x: np.ndarray) -> np.ndarray:
        raw = np.clip(np.nan_to_num(x[:, :2].astype(np.float64)).sum(axis=1), -50, 50)
        if not self.classes:
            return np.asarray(100 + raw)
        p = 1 / (1 + np.exp(-raw))
        return np.column_stack([1 - p, p])

    def save(self, path: Path) -> None:
        raise NotImplementedError

    def graph(self) -> onnx.ModelProto:
        g = GraphBuilder(3)
        value = g.columns("x", [0, 1])
        if self.fault != "missing":
            value = g.add("Where", g.add("IsNaN", value), g.floats(0.0), value)
        raw = g.add("ReduceSum", value, g.integers([1]), keepdims=1)
        if self.fault != "overflow":
            raw = g.add("Clip", raw, g.floats(-50.0), g.floats(50.0))
        raw = g.add("Add", raw, g.floats({"offset": 0.1, "small": 1e-5}.get(self.fault, 0.0)))
        if self.fault == "overflow":
            raw = g.add("Sub", g.add("Add", raw, g.add("Exp", raw)), g.add("Exp", raw))
        if not self.classes:
            return g.model(g.add("Add", raw, g.floats(100.0)), 1)
        p = g.add("Sigmoid", raw)
        return g.model(g.add("Concat", g.add("Sub", g.floats(1.0), p), p, axis=1), 2)


def verdict(model: Sum, temperature: float = 1.0):
    return check(
        model.graph().SerializeToString(), [(1.0, [model])], X, kinds=KINDS, levels=LEVELS, temperature=temperature
    )


@pytest.mark.parametrize("classes", [0, 2])
@pytest.mark.parametrize("fault", ["", "small"])
def test_right_graph_passes(classes: int, fault: str) -> None:
    found = verdict(Sum(classes, fault))
    assert found.ok
    assert (found.labels_differ, found.finite) == (0, True)
    assert found.rows > len(X)


@pytest.mark.parametrize("classes", [0, 2])
@pytest.mark.parametrize("fault", ["missing", "offset", "overflow"])
def test_wrong_graph_is_caught(classes: int, fault: str) -> None:
    assert not verdict(Sum(classes, fault)).ok


def test_temperature_belongs_to_the_comparison() -> None:
    assert not verdict(Sum(2), temperature=2.0).ok


def test_reference_is_the_weighted_mean_over_bags_and_folds() -> None:
    one, two = Sum(), Sum()
    want = 0.75 * one.predict(X) + 0.25 * two.predict(X)
    np.testing.assert_allclose(reference([(3.0, [one, one]), (1.0, [two])], X), want)


def test_edge_rows_hold_missing_unknown_and_far_values() -> None:
    rows = edge_rows(X, KINDS, LEVELS)
    assert (rows[:, 2] == 3).any()
    assert np.isnan(rows).all(axis=1).any()
    assert rows[:, 0][np.isfinite(rows[:, 0])].max() > 5 * X[:, 0].max()
    assert np.nanmax(np.abs(extreme_rows(X, KINDS)[:, 0])) >= 1e30
    assert set(extreme_rows(X, KINDS)[:, 2]) <= set(X[:, 2])


def test_cost_is_measured_for_one_row_and_a_hundred() -> None:
    found = cost(Sum().graph().SerializeToString(), X, seconds=0.05)
    assert 0 < found.us_per_row_100 < found.us_per_row_1 < 1e5
