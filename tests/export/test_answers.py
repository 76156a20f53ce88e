"""What stands in the graph answers exactly as the decision says."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from traineragent.domain.data import Column, Target
from traineragent.domain.run import Decision, Interval
from traineragent.export.answers import with_answers
from traineragent.serve.answers import Answers, answering
from traineragent.serve.manifest import Manifest


def identity(outputs: int) -> onnx.ModelProto:
    """A graph that gives its input back."""
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", outputs]) for n in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", ends[:1], ends[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def run(model: onnx.ModelProto, x: np.ndarray, name: str) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: np.ndarray = session.run([name], {"x": x.astype(np.float32)})[0]
    return found


@pytest.mark.parametrize("positive", [0, 1])
def test_a_threshold_decides_for_the_positive_class(positive: int) -> None:
    p = np.array([0.0, 0.2999, 0.3, 0.3001, 1.0])
    y = np.stack([p, 1 - p] if positive == 0 else [1 - p, p], axis=1)
    label = run(with_answers(identity(2), Decision(threshold=0.3), positive=positive), y, "label")
    expected = np.where(y.astype(np.float32)[:, positive] >= 0.3, positive, 1 - positive)
    assert label.tolist() == expected.tolist()


def test_without_a_threshold_the_largest_wins() -> None:
    y = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])
    assert run(with_answers(identity(3)), y, "label").tolist() == [1, 0]


def test_weights_raise_a_rare_class() -> None:
    y = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])
    model = with_answers(identity(3), Decision(weights=(1.0, 0.1, 3.0)))
    assert run(model, y, "label").tolist() == [2, 2]


def test_an_interval_follows_the_bin_of_the_value() -> None:
    interval = Interval(0.9, low=(-1.0, -2.0, -3.0), high=(1.0, 2.0, 30.0), edges=(10.0, 20.0))
    y = np.array([[9.0], [10.0], [19.5], [20.0], [-5.0]])
    found = run(with_answers(identity(1), interval=interval), y, "interval")
    assert found.tolist() == [[8, 10], [8, 12], [17.5, 21.5], [17, 50], [-6, -4]]


def test_one_bin_needs_no_edges() -> None:
    found = run(
        with_answers(identity(1), interval=Interval(0.9, (-1.0,), (2.0,))), np.array([[3.0], [4.0]]), "interval"
    )
    assert found.tolist() == [[2, 5], [3, 6]]


def served(
    y: np.ndarray, target: Target, decision: Decision | None = None, interval: Interval | None = None
) -> Answers:
    """What the service answers to the graph's scores."""
    columns = (Column("a", "number"),)
    made = Manifest("m", "1", "now", "t", columns, target, decision=decision or Decision(), interval=interval)
    return answering(made).arrays(y)


def around(points: np.ndarray) -> np.ndarray:
    """Each point as float32 with its two neighbours."""
    near = points.astype(np.float32)
    return np.concatenate([near, np.nextafter(near, np.float32(-9)), np.nextafter(near, np.float32(9e9))])


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("seed", range(3))
def test_graph_and_service_agree_on_two_classes_to_the_last_bit(seed: int, positive: int) -> None:
    rng = np.random.default_rng(seed)
    for threshold in (None, *rng.random(8), 0.1, 0.3, 0.5):
        p = np.concatenate([rng.random(500), around(np.array([0.5 if threshold is None else threshold]))])
        y = np.stack([1 - p, p] if positive else [p, 1 - p], axis=1).astype(np.float32)
        y = np.concatenate([y, [[0.5, 0.5]]]).astype(np.float32)
        decision = Decision(threshold=threshold)
        label = run(with_answers(identity(2), decision, positive=positive), y, "label")
        target = Target("y", "class", ("no", "yes"), positive=positive)
        assert label.tolist() == served(y, target, decision).labels.tolist()


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_graph_and_service_agree_on_many_classes_also_where_they_tie(seed: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    weights = np.round(rng.random(4) + 0.05, 4)
    y = rng.dirichlet(np.ones(4), 2000).astype(np.float32)
    tied = np.float32(1) / weights.astype(np.float32) if weighted else np.ones(4, dtype=np.float32)
    ties = np.stack([np.nextafter(tied, np.float32(9) * rng.choice([-1, 1], 4).astype(np.float32)) for _ in range(500)])
    kept = np.where(rng.random((500, 4)) < 0.5, tied, ties)
    y = np.concatenate([y, kept / 8, np.full((1, 4), 0.25)]).astype(np.float32)
    decision = Decision(weights=tuple(weights.tolist()) if weighted else ())
    label = run(with_answers(identity(4), decision), y, "label")
    found = served(y, Target("y", "class", ("a", "b", "c", "d")), decision).labels
    assert label.tolist() == found.tolist()
    assert set(label.tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize("nonnegative", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_graph_and_service_agree_on_intervals_also_at_the_edges(seed: int, nonnegative: bool) -> None:
    rng = np.random.default_rng(seed)
    edges = np.sort(rng.normal(size=5) * 3)
    low, high = -rng.random(6) * 10, rng.random(6) * 1000
    interval = Interval(0.9, tuple(low), tuple(high), tuple(edges))
    y = np.concatenate([rng.normal(size=500) * 5, around(edges), [0.0, -0.0]]).astype(np.float32)[:, None]
    model = with_answers(identity(1), interval=interval, nonnegative=nonnegative)
    found = served(y, Target("y", "number", nonnegative=nonnegative), interval=interval).intervals
    assert found is not None
    np.testing.assert_allclose(run(model, y, "interval"), found, rtol=1e-6, atol=1e-6)
