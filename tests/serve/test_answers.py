"""From the graph's numbers to answers: thresholds, weights, intervals, and JSON text equal to the objects."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from traineragent.domain.data import Column, Target
from traineragent.domain.run import Decision, Interval
from traineragent.serve.answers import BrokenAnswer, answering
from traineragent.serve.manifest import Manifest

BINARY = Target("y", "class", ("no", "yes"), positive=1)
THREE = Target("y", "class", (0, 1, 2))
VALUE = Target("y", "number", nonnegative=True)


def manifest(target: Target, decision: Decision | None = None, interval: Interval | None = None) -> Manifest:
    columns = (Column("a", "number"),)
    return Manifest("m", "1", "now", "t", columns, target, decision=decision or Decision(), interval=interval)


def labels(made: Manifest, y: list[list[float]]) -> list[object]:
    return [a["label"] for a in answering(made).objects(np.array(y, dtype=np.float32))]


def test_two_classes_are_told_apart_by_the_threshold() -> None:
    y = [[0.75, 0.25], [0.7, 0.3], [0.5, 0.5]]
    assert labels(manifest(BINARY), y) == ["no", "no", "no"]
    assert labels(manifest(BINARY, Decision(threshold=0.29)), y) == ["no", "yes", "yes"]


def test_the_threshold_belongs_to_the_positive_class() -> None:
    first = Target("y", "class", ("sick", "well"), positive=0)
    assert labels(manifest(first, Decision(threshold=0.2)), [[0.25, 0.75], [0.1, 0.9]]) == ["sick", "well"]


def test_many_classes_are_weighted() -> None:
    y = [[0.5, 0.3, 0.2]]
    assert labels(manifest(THREE), y) == [0]
    assert labels(manifest(THREE, Decision(weights=(1.0, 2.0, 1.0))), y) == [1]


def test_intervals_depend_on_the_bin_of_the_value() -> None:
    made = manifest(VALUE, interval=Interval(0.9, (-1.0, -10.0), (2.0, 20.0), (100.0,)))
    answers = answering(made).objects(np.array([[50.0], [100.0], [0.5], [-3.0]], dtype=np.float32))
    assert [a["interval"] for a in answers] == [[49, 52], [90, 120], [0, 2.5], [0, 2]]
    assert answers[3]["value"] == 0


def test_no_interval_without_calibration() -> None:
    assert answering(manifest(VALUE)).objects(np.ones((1, 1), dtype=np.float32)) == [{"value": 1.0}]


@given(arrays.arrays(np.float32, (4, 3), elements=st.floats(0, 1, width=32)))
def test_text_is_the_json_of_the_objects(y: np.ndarray) -> None:
    for made in (manifest(THREE), manifest(THREE, Decision(weights=(1.0, 0.5, 2.0)))):
        how = answering(made)
        assert json.loads(f"[{how.text(y)}]") == how.objects(y)
        assert [a["label"] for a in how.objects(y)] == [THREE.labels[i] for i in how.arrays(y).labels]  # type: ignore[union-attr]


@given(arrays.arrays(np.float32, (4, 1), elements=st.floats(-(2.0**90), 2.0**90, width=32)))
def test_text_of_values_is_the_json_of_the_objects(y: np.ndarray) -> None:
    for interval in (None, Interval(0.9, (-1.0, -2.0), (1.0, 3.0), (2.0,))):
        how = answering(manifest(Target("y", "number"), interval=interval))
        assert json.loads(f"[{how.text(y)}]") == how.objects(y)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_never_answered(value: float) -> None:
    with pytest.raises(BrokenAnswer):
        answering(manifest(VALUE)).text(np.array([[value]], dtype=np.float32))
