"""The small network learns what pictures show, serves what it predicts, and mirrors only what may be mirrored."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from patience import patience
from traineragent.domain.data import RichInput
from traineragent.errors import TrainerError
from traineragent.families.cnn import PLUGIN, mirrors_keep
from traineragent.ports import Batch, FitContext
from traineragent.serve.inputs.parts import Dense

pytest.importorskip("torch")
pytestmark = pytest.mark.slow
SPEC = RichInput("pixels", "pixels", ("image",), options={"width": 24, "height": 20})


def pictures(rows: int, seed: int) -> Batch:
    """Stripes that lie or stand."""
    r = np.random.default_rng(seed)
    y = r.integers(0, 2, rows)
    down, across = np.mgrid[0:20, 0:24]
    grey = [128 + 90 * np.sin(0.9 * (across if k else down) + r.uniform(0, 6)) for k in y]
    pixels = np.stack(grey)[..., None] + r.normal(0, 15, (rows, 20, 24, 3))
    more = {"pixels": Dense(np.clip(pixels, 0, 255).astype(np.uint8))}
    return Batch(np.zeros((rows, 0), dtype=np.float32), y.astype(np.float64), more)


def context(deadline: float | None = None) -> FitContext:
    return FitContext((), (), 2, "accuracy", 0, 1, deadline, inputs=(SPEC,))


def test_it_learns_survives_saving_and_serves_what_it_predicts(tmp_path: Path) -> None:
    model = PLUGIN.fit({"epochs": 8, "width": 8}, pictures(160, 0), None, context())
    test = pictures(60, 1)
    p = model.predict(test.x, test.more)
    assert (p.argmax(axis=1) == test.y).mean() > 0.9
    model.save(tmp_path / "model.npz")
    again = PLUGIN.load(tmp_path / "model.npz", context())
    np.testing.assert_allclose(again.predict(test.x, test.more), p, atol=1e-6)
    run = onnxruntime.InferenceSession(again.graph().SerializeToString(), providers=["CPUExecutionProvider"])
    one = {"x": test.x[:1], **test.more["pixels"][slice(0, 1)].feeds("pixels")}
    np.testing.assert_allclose(run.run(["y"], {i.name: one[i.name] for i in run.get_inputs()})[0], p[:1], atol=1e-5)


def test_it_learns_a_number_and_serves_what_it_predicts(tmp_path: Path) -> None:
    """How far apart stripes are, in any place."""

    def stripes(rows: int, seed: int) -> Batch:
        r = np.random.default_rng(seed)
        y = r.uniform(1, 5, rows)
        grey = 128 + 90 * np.sin(2 * np.pi * (np.arange(24) * y[:, None] / 24 + r.uniform(0, 1, (rows, 1))))
        pixels = grey[:, None, :, None] + r.normal(0, 15, (rows, 20, 24, 3))
        more = {"pixels": Dense(np.clip(pixels, 0, 255).astype(np.uint8))}
        return Batch(np.zeros((rows, 0), dtype=np.float32), 100 + 20 * y, more)

    how = FitContext((), (), 0, "mae", 0, 1, inputs=(SPEC,))
    model, test = PLUGIN.fit({"epochs": 12, "width": 8}, stripes(200, 0), None, how), stripes(60, 1)
    said = model.predict(test.x, test.more)
    assert np.abs(said - test.y).mean() < 0.5 * np.abs(test.y - test.y.mean()).mean()
    model.save(tmp_path / "model.npz")
    again = PLUGIN.load(tmp_path / "model.npz", how)
    run = onnxruntime.InferenceSession(again.graph().SerializeToString(), providers=["CPUExecutionProvider"])
    one = {"x": test.x[:1], **test.more["pixels"][slice(0, 1)].feeds("pixels")}
    np.testing.assert_allclose(
        run.run(["y"], {i.name: one[i.name] for i in run.get_inputs()})[0], said[:1, None], rtol=1e-4
    )


def test_a_model_that_nothing_validates_is_not_made_in_haste() -> None:
    with pytest.raises(TrainerError, match="too few to be trusted"):
        PLUGIN.fit({"epochs": 1, "width": 4, "least_epochs": 3.0}, pictures(64, 0), None, context())


def test_it_keeps_to_its_time() -> None:
    start = time.monotonic()
    PLUGIN.fit({"epochs": 10_000, "width": 8}, pictures(160, 0), None, context(start + 2.0))
    assert time.monotonic() - start < patience(20)


def halves(rows: int, seed: int, side_matters: bool) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """A light blob on the left or right; what it is called depends on the side, or on how bright it is."""
    r = np.random.default_rng(seed)
    pixels = r.normal(0, 0.02, (rows, 3, 16, 16)).astype(np.float32)
    right, bright = r.random(rows) < 0.5, r.random(rows) < 0.5
    for i in range(rows):
        columns = slice(10, 14) if right[i] else slice(2, 6)
        pixels[i, :, 5:11, columns] += 0.9 if bright[i] else 0.4
    return pixels, (right if side_matters else bright).astype(np.float64)


@pytest.mark.parametrize("side_matters", [True, False])
def test_mirrors_are_allowed_where_the_class_survives_them(side_matters: bool) -> None:
    assert mirrors_keep(*halves(300, 0, side_matters), seed=0) is not side_matters
