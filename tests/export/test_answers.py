"""What stands in the graph answers exactly as the decision says."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from traineragent.domain.run import Decision, Interval
from traineragent.export.answers import with_answers


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
