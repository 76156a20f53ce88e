"""The linear model on wide features, as an encoder of texts or pictures gives them: its solver, classes and time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from sklearn.linear_model import LogisticRegression

from traineragent.families._multinomial import fit_path, log_loss
from traineragent.families.linear import PLUGIN, FittedLinear
from traineragent.ports import Batch, FitContext

WIDTH = 120


def rows(classes: int, count: int, seed: int, *, labels: bool = False) -> Batch:
    """Vectors around a centre a class; with `labels` every centre is there or not, independently."""
    centres = np.random.default_rng(7).normal(size=(classes, WIDTH))
    rng = np.random.default_rng(seed)
    if labels:
        y = (rng.random((count, classes)) < 0.3).astype(np.float64)
        x = y @ centres
    else:
        y = rng.integers(0, classes, count).astype(np.float64)
        x = centres[y.astype(int)]
    return Batch((x + rng.normal(scale=2.5, size=x.shape)).astype(np.float32), y)


def context(classes: int, deadline: float | None = None) -> FitContext:
    return FitContext(("number",) * WIDTH, (0,) * WIDTH, classes, "log_loss", 0, 1, deadline)


def fitted(classes: int, **params: Any) -> FittedLinear:
    return PLUGIN.fit({"bins": 1, **params}, rows(classes, 900, 1), rows(classes, 300, 2), context(classes))


def served(model: FittedLinear, x: np.ndarray) -> np.ndarray:
    run = onnxruntime.InferenceSession(model.graph().SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(run.run(["y"], {"x": x})[0])


def test_the_solver_finds_what_a_known_one_finds() -> None:
    train = rows(8, 900, 1)
    y = train.y.astype(np.int64)
    mine = fit_path(train.x, y, 8, (0.02,), None)
    theirs = LogisticRegression(C=0.02, max_iter=500).fit(train.x, y)
    raw = train.x @ mine.weight + mine.bias
    assert log_loss(raw, y) == pytest.approx(log_loss(theirs.decision_function(train.x), y), rel=0.01)


def test_held_rows_choose_the_penalty_in_either_direction() -> None:
    train, held = rows(8, 400, 1), rows(8, 400, 2)
    path = (1e-7, 1e-5, 1e-3, 1e-1, 10.0)
    chance = np.random.default_rng(0).integers(0, 8, 400)
    assert fit_path(train.x, chance, 8, path, (held.x, held.y.astype(np.int64))).c == path[0]
    assert fit_path(train.x, train.y.astype(np.int64), 8, path, (held.x, held.y.astype(np.int64))).c >= path[2]


def test_a_deadline_that_has_passed_leaves_a_usable_start() -> None:
    late = PLUGIN.fit({"bins": 1}, rows(8, 900, 1), rows(8, 300, 2), context(8, time.monotonic() - 1))
    p = late.predict(rows(8, 300, 3).x)
    assert np.isfinite(p).all()
    assert np.allclose(p.sum(axis=1), 1)


@pytest.mark.parametrize("classes", [2, 8])
def test_many_classes_are_told_apart_and_the_graph_answers_the_same(classes: int, tmp_path: Path) -> None:
    model, fresh = fitted(classes), rows(classes, 300, 3)
    p = model.predict(fresh.x)
    assert (p.argmax(axis=1) == fresh.y).mean() > 0.8
    assert np.abs(served(model, fresh.x) - p).max() < 1e-5
    model.save(tmp_path / "m.npz")
    assert np.array_equal(PLUGIN.load(tmp_path / "m.npz", context(classes)).predict(fresh.x), p)


def test_a_model_of_all_rows_takes_the_penalty_that_the_folds_settled() -> None:
    assert fitted(8, c=0.3).found == {"c": 0.3}


def test_several_labels_a_row_are_yes_or_no_each(tmp_path: Path) -> None:
    train, valid, fresh = (rows(6, n, s, labels=True) for n, s in ((900, 1), (300, 2), (300, 3)))
    model = PLUGIN.fit({"bins": 1}, train, valid, context(6))
    p = model.predict(fresh.x)
    assert ((p > 0.5) == (fresh.y > 0.5)).mean() > 0.9
    assert np.abs(served(model, fresh.x) - p).max() < 1e-5
    model.save(tmp_path / "m.npz")
    assert PLUGIN.load(tmp_path / "m.npz", context(6)).multi
