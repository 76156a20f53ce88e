"""The linear model on terms: it learns from words, serves what it predicts, and takes other columns along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from traineragent.data.terms import fit_terms
from traineragent.domain.data import RichInput
from traineragent.engine.training import one_thread
from traineragent.families.term_linear import PLUGIN, FittedTermLinear
from traineragent.ports import Batch, FitContext
from traineragent.serve.inputs.parts import Rows
from traineragent.serve.inputs.terms import open_input

TOPICS = (
    "ball goal match team win play score league",
    "bank money loan rate pay credit fund share",
    "rain sun wind cloud storm snow heat cold",
)


def texts(classes: int, rows: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Six words a text, four of its topic."""
    rng = np.random.default_rng(seed)
    every = " ".join(TOPICS).split()
    y = rng.integers(0, classes, rows)
    return [" ".join([*rng.choice(TOPICS[k].split(), 4), *rng.choice(every, 2)]) for k in y], y.astype(np.float64)


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> tuple[RichInput, Path]:
    folder = tmp_path_factory.mktemp("terms")
    found, content = fit_terms(texts(3, 300, 0)[0], ("text",), most=400)
    (folder / "inputs").mkdir()
    (folder / found.files[0]).write_bytes(content)
    return found, folder


def batch(spec: tuple[RichInput, Path], classes: int, rows: int, seed: int) -> Batch:
    found, y = texts(classes, rows, seed)
    x = np.array([[len(t), len(t.split())] for t in found], dtype=np.float32)
    return Batch(x, y, {"terms": open_input(*spec).read([found], lenient=False)})


def context(spec: tuple[RichInput, Path], classes: int) -> FitContext:
    return FitContext(("number", "number"), (0, 0), classes, "log_loss", 1, 1, inputs=(spec[0],), folder=spec[1])


def fitted(spec: tuple[RichInput, Path], classes: int, **params: Any) -> FittedTermLinear:
    train, valid = batch(spec, classes, 300, 1), batch(spec, classes, 100, 2)
    return PLUGIN.fit(params, train, valid, context(spec, classes))


@pytest.mark.parametrize("loss", ["hinge", "logistic"])
@pytest.mark.parametrize("classes", [2, 3])
def test_it_learns_which_words_belong_to_a_class(spec: tuple[RichInput, Path], classes: int, loss: str) -> None:
    fresh = batch(spec, classes, 200, 3)
    p = fitted(spec, classes, loss=loss).predict(fresh.x, fresh.more)
    assert (p.argmax(axis=1) == fresh.y).mean() > 0.9
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    assert -np.log(p[np.arange(200), fresh.y.astype(int)]).mean() < 0.4


@pytest.mark.parametrize("classes", [2, 3])
def test_the_graph_answers_as_the_model_whatever_rows_stand_beside(spec: tuple[RichInput, Path], classes: int) -> None:
    model, rows = fitted(spec, classes), batch(spec, classes, 40, 4)
    run = one_thread(model.graph().SerializeToString())
    want = model.predict(rows.x, rows.more)
    together = run.run(None, Rows(rows.x, rows.more).feeds())[0]
    alone = run.run(None, Rows(rows.x[:1], {"terms": rows.more["terms"][:1]}).feeds())[0]
    np.testing.assert_allclose(together, want, atol=1e-5)
    np.testing.assert_allclose(alone, want[:1], atol=1e-5)


def test_a_text_of_unknown_words_gets_a_finite_answer(spec: tuple[RichInput, Path]) -> None:
    model = fitted(spec, 3)
    more = {"terms": open_input(*spec).read([["", "qqq"]], lenient=False)}
    assert np.isfinite(model.predict(np.zeros((2, 2), dtype=np.float32), more)).all()


def test_a_saved_model_is_the_same_model(spec: tuple[RichInput, Path], tmp_path: Path) -> None:
    model, rows = fitted(spec, 3), batch(spec, 3, 30, 5)
    model.save(tmp_path / "model.npz")
    again = PLUGIN.load(tmp_path / "model.npz", context(spec, 3))
    np.testing.assert_array_equal(again.predict(rows.x, rows.more), model.predict(rows.x, rows.more))
    assert again.found == model.found


def test_a_model_of_all_rows_takes_the_scale_that_the_folds_found(spec: tuple[RichInput, Path]) -> None:
    first = fitted(spec, 3)
    again = PLUGIN.fit({"scale": first.found["scale"]}, batch(spec, 3, 300, 1), None, context(spec, 3))
    rows = batch(spec, 3, 30, 5)
    np.testing.assert_allclose(again.predict(rows.x, rows.more), first.predict(rows.x, rows.more), atol=1e-9)


def test_a_class_absent_from_the_rows_keeps_its_place(spec: tuple[RichInput, Path]) -> None:
    train = batch(spec, 2, 200, 1)
    model = PLUGIN.fit({}, train, None, context(spec, 3))
    p = model.predict(train.x, train.more)
    assert p.shape == (200, 3)
    assert p[:, 2].max() < 0.01


def test_several_answers_at_once_are_probabilities_of_their_own(spec: tuple[RichInput, Path]) -> None:
    train = batch(spec, 3, 300, 1)
    y = np.eye(3)[train.y.astype(int)]
    y[:, 0] = np.maximum(y[:, 0], y[:, 1])  # the second brings the first along
    many = Batch(train.x, y, train.more)
    model = PLUGIN.fit({}, many, many, context(spec, 3))
    p = model.predict(train.x, train.more)
    assert ((p > 0.5) == y).mean() > 0.95
    got = one_thread(model.graph().SerializeToString()).run(None, Rows(train.x, train.more).feeds())[0]
    np.testing.assert_allclose(got, p, atol=1e-5)
