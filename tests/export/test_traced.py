"""Features as steps: nothing of what the sandbox says is believed, and graph and numpy compute the same."""

from __future__ import annotations

import math

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traineragent.export.builder import GraphBuilder
from traineragent.export.traced import ACTS, LEAVES, NUMBER, TRUTH, NotExpressible, Traced, checked, words

LEVELS = (0, 0, 3)
ODD = np.array([np.nan, 0.0, -0.0, 1.0, -1.0, 0.5, 2.5, 1e30, -1e30, 3e38, 1e-40, 7.0], dtype=np.float32)


def rows(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.choice(ODD, (60, 3))
    x[:, 2] = rng.choice(np.array([0, 1, 2, 3, np.nan], dtype=np.float32), 60)
    return x


def served(feature: Traced, x: np.ndarray) -> np.ndarray:
    graph = GraphBuilder(x.shape[1])
    model = graph.model(feature.write(graph, "x"), 1)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["y"], {"x": x})[0])[:, 0]


@st.composite
def programs(draw: st.DrawFn) -> list[list[object]]:
    """Sound steps of any shape; the last is a number that depends on a column."""
    steps: list[list[object]] = [["column", 0], ["column", 1], ["is", 2, 1], ["missing", 2]]
    kinds = [NUMBER, NUMBER, TRUTH, TRUTH]
    exact = [name for name in ACTS if name not in ("log", "exp", "sin", "cos", "tanh")]
    for _ in range(draw(st.integers(1, 8))):
        name = draw(st.sampled_from([*exact, "constant"]))
        if name == "constant":
            steps.append(["constant", draw(st.floats(-1e3, 1e3, width=32))])
            kinds.append(NUMBER)
            continue
        places = [draw(st.sampled_from([i for i, k in enumerate(kinds) if k == kind])) for kind in ACTS[name].takes]
        steps.append([name, *places])
        kinds.append(ACTS[name].gives)
    if kinds[-1] == TRUTH:
        steps.append(["number", len(kinds) - 1])
    return [*steps, ["add", len(steps) - 1, 0]]


@settings(max_examples=60, deadline=None)
@given(programs())
def test_graph_and_numpy_agree_on_any_steps(steps: list[list[object]]) -> None:
    feature = checked("f", steps, (0, 1, 2), LEVELS)
    x = rows()
    np.testing.assert_array_equal(served(feature, x), feature(x))


def test_what_is_not_finite_is_missing_in_both() -> None:
    feature = checked("f", [["column", 0], ["constant", 0.0], ["div", 0, 1]], (0,), (0,))
    x = np.array([[1], [-1], [0], [np.nan]], dtype=np.float32)
    assert np.isnan(feature(x)).all()
    assert np.isnan(served(feature, x)).all()


@pytest.mark.parametrize(
    "steps",
    [
        None,
        [],
        "add",
        [["column"]],
        [["column", 3]],
        [["column", -1]],
        [["column", True]],
        [["column", 0.0]],
        [["column", 2]],
        [["is", 0, 0]],
        [["is", 2, 3]],
        [["constant", "1"]],
        [["constant", math.nan]],
        [["constant", 1.0]],
        [["open", 0]],
        [["column", 0], ["add", 0, 1]],
        [["column", 0], ["add", 0]],
        [["column", 0], ["not", 0]],
        [["missing", 0]],
        [["column", 0], ["constant", 2.0]],
        [[]],
        [{"column": 0}],
        [["column", 0]] * 400,
    ],
)
def test_steps_that_are_no_feature_are_refused(steps: object) -> None:
    with pytest.raises(NotExpressible):
        checked("f", steps, (0, 1, 2), LEVELS)


def test_columns_of_the_function_are_found_in_the_matrix() -> None:
    feature = checked("f", [["column", 0], ["column", 1], ["sub", 0, 1]], (4, 1), (0, 0))
    x = np.arange(10, dtype=np.float32).reshape(2, 5)
    np.testing.assert_array_equal(feature(x), x[:, 4] - x[:, 1])
    assert Traced.from_json(feature.to_json()) == feature


def test_a_formula_reads_as_one() -> None:
    steps = [["column", 0], ["column", 1], ["is", 2, 1], ["div", 0, 1], ["where", 2, 3, 0]]
    feature = checked("f", steps, (0, 1, 2), LEVELS)
    assert words(feature.steps, ("price", "area", "place"), ((), (), ("a", "b", "c"))) == (
        "((price / area) if (place is 'b') else price)"
    )


def test_every_operation_is_known_to_both() -> None:
    assert not set(ACTS) & set(LEAVES)
