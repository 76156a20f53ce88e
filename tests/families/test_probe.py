"""The linear probe: more features than rows, classes that are missing from a fold, and what a refit takes over."""

from __future__ import annotations

import numpy as np

from traineragent.families.probe import PLUGIN
from traineragent.ports import Batch, FitContext


def wide(rows: int, seed: int = 0, classes: int = 3) -> Batch:
    r = np.random.default_rng(seed)
    y = r.integers(0, classes, rows)
    centres = np.random.default_rng(99).normal(size=(classes, 400))
    return Batch((centres[y] + 2.5 * r.normal(size=(rows, 400))).astype(np.float32), y.astype(np.float64))


def context(width: int, classes: int = 3) -> FitContext:
    return FitContext(("number",) * width, (0,) * width, classes, "log_loss", 0, 1)


def test_it_learns_where_features_outnumber_rows() -> None:
    model = PLUGIN.fit({}, wide(120), wide(60, 1), context(400))
    test = wide(300, 2)
    assert (model.predict(test.x).argmax(axis=1) == test.y).mean() > 0.95


def test_a_refit_with_what_was_found_answers_as_sharply() -> None:
    first = PLUGIN.fit({}, wide(120), wide(60, 1), context(400))
    again = PLUGIN.fit(dict(first.found), wide(180, 3), None, context(400))
    assert again.found == first.found
    test = wide(200, 4)
    sure = [m.predict(test.x).max(axis=1).mean() for m in (first, again)]
    assert abs(sure[0] - sure[1]) < 0.08


def test_rows_and_features_solved_either_way_agree() -> None:
    tall = PLUGIN.fit({"penalty": 0.1, "sharpness": 4.0}, wide(500), None, context(400))
    batch = wide(500)
    short = PLUGIN.fit(
        {"penalty": 0.1, "sharpness": 4.0}, Batch(np.repeat(batch.x, 2, axis=1), batch.y), None, context(800)
    )
    test = wide(50, 5).x
    np.testing.assert_allclose(tall.predict(test), short.predict(np.repeat(test, 2, axis=1)), atol=1e-3)


def test_a_class_without_rows_is_never_preferred() -> None:
    batch = wide(90, classes=2)
    model = PLUGIN.fit({}, batch, wide(40, 1, classes=2), context(400, classes=3))
    assert (model.predict(batch.x)[:, 2] < 0.2).all()


def test_features_that_never_change_and_gaps_do_no_harm() -> None:
    batch = wide(100)
    x = batch.x.copy()
    x[:, 0], x[3, 5] = 7.0, np.nan
    model = PLUGIN.fit({}, Batch(x, batch.y), None, context(400))
    x[:, 0] = 900.0
    assert np.isfinite(model.predict(x)).all()
