"""The joint graph must answer as the weighted mean of its models, whatever they are, and be one plain file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from traineragent import registry
from traineragent.export.builder import GraphBuilder
from traineragent.export.graph import assemble, find_tail
from traineragent.export.parity import reference
from traineragent.ports import Batch, FitContext, Fitted

ROWS = 900
FAMILIES = ("lightgbm", "linear", "mlp", "dummy")


def table(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(ROWS, 3))
    x = np.column_stack([numbers, rng.integers(0, 4, ROWS), rng.integers(0, 30, ROWS)]).astype(np.float32)
    x[rng.random(x.shape) < 0.03] = np.nan
    return x


X = table()
KINDS, LEVELS = ("number", "number", "number", "category", "category"), (0, 0, 0, 4, 30)
_fits: dict[Any, list[Fitted]] = {}


def fits(family: str, classes: int, **params: Any) -> list[Fitted]:
    """Two fold models, trained once for all tests."""
    key = (family, classes, tuple(params.items()))
    if key not in _fits:
        z = np.nan_to_num(X)
        score = z[:, 0] * z[:, 1] + (z[:, 4] % 5 > 2) + np.random.default_rng(1).normal(size=ROWS) * 0.3
        y = (
            np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1]))
            if classes
            else 100 * np.exp(score)
        )
        context = FitContext(KINDS, LEVELS, classes, "log_loss" if classes else "rmse", 0, 1)  # type: ignore[arg-type]
        plugin = registry.get("families", family)
        settings = {"rounds": 20} if family == "lightgbm" else {"epochs": 2} if family == "mlp" else {}
        halves = [np.arange(ROWS) % 2 == k for k in range(2)]
        batches = [(Batch(X[h], y[h].astype(float)), Batch(X[~h], y[~h].astype(float))) for h in halves]
        _fits[key] = [plugin.fit({**settings, **params}, train, valid, context) for train, valid in batches]
    return _fits[key]


def run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    y: np.ndarray = ort.InferenceSession(model.SerializeToString()).run(["y"], {"x": x})[0]
    return y


def joined(bags: list[tuple[float, list[Fitted]]], classes: int, **more: Any) -> onnx.ModelProto:
    members = [(weight, [m.graph() for m in models]) for weight, models in bags]
    return assemble(members, features=X.shape[1], outputs=max(classes, 1), **more)


def assert_same(model: onnx.ModelProto, bags: list[tuple[float, list[Fitted]]], **more: Any) -> None:
    want = reference(bags, X, **more)
    got = run(model, X).astype(np.float64)
    if want.ndim == 1:
        assert np.max(np.abs(got[:, 0] - want)) < 1e-6 * np.abs(want).max()
    else:
        assert np.max(np.abs(got - want)) < 2e-6
        np.testing.assert_allclose(got.sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_folds_of_one_family_are_averaged(family: str, classes: int) -> None:
    bags = [(1.0, fits(family, classes))]
    assert_same(joined(bags, classes), bags)


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_members_of_all_families_are_weighed(classes: int) -> None:
    weights = {"lightgbm": 0.5, "linear": 2.0, "mlp": 1.0, "dummy": 0.25}  # need not sum to one
    bags = [(w, fits(f, classes)) for f, w in weights.items()]
    bags.append((1.0, fits("lightgbm", classes, categories="native")))
    if classes == 0:
        bags.append((1.0, fits("lightgbm", 0, target="log")))
    assert_same(joined(bags, classes), bags)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("temperature", [0.7, 1.8])
def test_temperature_is_applied_to_the_mean(classes: int, temperature: float) -> None:
    bags = [(1.0, fits("lightgbm", classes)), (1.0, fits("linear", classes))]
    assert_same(joined(bags, classes, temperature=temperature), bags, temperature=temperature)


def test_single_model_is_passed_through() -> None:
    for classes in (0, 2, 3):
        bags = [(3.0, fits("lightgbm", classes)[:1])]
        assert_same(joined(bags, classes), bags)


def test_equal_models_are_computed_once() -> None:
    model = fits("linear", 2)[0]
    once, twice = joined([(1.0, [model])], 2), joined([(1.0, [model, model])], 2)
    assert len(twice.graph.node) <= len(once.graph.node) + 2  # their sum
    np.testing.assert_allclose(run(once, X), run(twice, X), atol=1e-6)


def test_what_models_share_is_computed_once() -> None:
    bags = [(1.0, fits("lightgbm", 2))]
    apart = sum(len(m.graph().graph.node) for _, models in bags for m in models)
    together = joined(bags, 2)
    kinds = [n.op_type for n in together.graph.node]
    assert len(kinds) < 0.75 * apart
    assert kinds.count("Sigmoid") == 1
    assert kinds.count("IsNaN") == 1
    assert kinds.count("TreeEnsemble") == 2
    assert "Identity" not in kinds


def test_no_node_is_dead() -> None:
    graph = joined([(1.0, fits("lightgbm", 3)), (1.0, fits("mlp", 3))], 3).graph
    used = {name for node in graph.node for name in node.input} | {"y"}
    assert all(set(node.output) & used for node in graph.node)
    assert all(tensor.name in used for tensor in graph.initializer)


def test_file_is_self_contained_and_loads_on_older_runtimes() -> None:
    model = joined([(1.0, fits("lightgbm", 2))], 2, metadata={"metric": "roc_auc", "version": "1"})
    assert {p.key: p.value for p in model.metadata_props} == {"metric": "roc_auc", "version": "1"}
    assert not any(t.external_data for t in model.graph.initializer)
    assert model.ir_version <= 10
    assert {o.domain: o.version for o in model.opset_import} == {"": 18, "ai.onnx.ml": 5}
    again = joined([(1.0, fits("lightgbm", 2))], 2, metadata={"metric": "roc_auc", "version": "1"})
    assert again.SerializeToString() == model.SerializeToString()


def small(write: Callable[[GraphBuilder], str], outputs: int) -> onnx.ModelProto:
    graph = GraphBuilder(3)
    return graph.model(write(graph), outputs)


def test_tail_is_found_through_links_and_steps() -> None:
    def two(g: GraphBuilder) -> str:
        head = g.columns("x", [0])
        p = g.add("Sigmoid", g.add("Mul", head, g.floats(2.0)))
        return g.add("Concat", g.add("Sub", g.floats(1.0), p), p, axis=1)

    tail = find_tail(small(two, 2).graph)
    assert tail.link == "two"
    assert [(s.op, s.constant) for s in tail.steps] == [("Mul", 2.0), ("Sigmoid", None)]

    def three(g: GraphBuilder) -> str:
        return g.add("Clip", g.add("Sub", g.floats(5.0), g.columns("x", [1])), g.floats(-1.0), g.floats(4.0))

    steps = find_tail(small(three, 1).graph).steps
    assert [(s.op, s.first, s.constant) for s in steps] == [
        ("Sub", True, 5.0),
        ("Max", False, -1.0),
        ("Min", False, 4.0),
    ]


@pytest.mark.parametrize(
    "write",
    [
        lambda g: g.add("Concat", g.columns("x", [0]), g.columns("x", [1]), axis=1),  # no [1 - p, p]
        lambda g: g.add("Mul", g.columns("x", [0, 1]), g.floats([1.0, 2.0])),  # a constant a column
        lambda g: g.add("Mul", g.columns("x", [0, 1]), g.columns("x", [1, 2])),  # no constant at all
        lambda g: g.add("Softmax", g.columns("x", [0, 1]), axis=0),  # over rows
        lambda g: "x_copy" if g.add("Identity", g.columns("x", [2, 1]), output="x_copy") else "",
    ],
)
def test_graph_of_any_other_form_is_joined_as_it_is(write: Callable[[GraphBuilder], str]) -> None:
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    part = small(write, 2)
    other = small(lambda g: g.columns("x", [0, 2]), 2)
    model = assemble([(0.25, [part]), (0.75, [other])], features=3, outputs=2)
    np.testing.assert_allclose(run(model, x), 0.25 * run(part, x) + 0.75 * run(other, x), atol=1e-6)
