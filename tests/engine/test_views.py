"""Views at work: made once, read by any family, in front of the model in what is served."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from traineragent.domain.data import RichInput, ViewSpec
from traineragent.domain.run import Candidate, Trial
from traineragent.engine import build as building
from traineragent.engine.dataset import TrainingData
from traineragent.engine.training import train_trial
from traineragent.engine.views import seen_by, values_of
from traineragent.errors import InputError
from traineragent.export.builder import GraphBuilder
from traineragent.families.linear import PLUGIN as LINEAR
from traineragent.ports import Batch, FitContext
from traineragent.serve.inputs.parts import Part, Ragged

ROWS = 120


class Sums:
    """Two numbers a row: its ids summed, and how many there are."""

    title = "sums"
    made = 0

    def offer(self, inputs: Sequence[RichInput], options: Mapping[str, Any]) -> str:
        return ""

    def graph(
        self, more: Mapping[str, Part], spec: ViewSpec, inputs: Sequence[RichInput], folder: Path
    ) -> onnx.ModelProto:
        Sums.made += 1
        graph = GraphBuilder(0)
        ids, weights = graph.ragged(inputs[0].name)
        value = graph.add("Mul", graph.add("Cast", ids, to=1), weights)
        sums = [graph.add("ReduceSum", v, graph.integers([1]), keepdims=1) for v in (value, weights)]
        return graph.view(graph.add("Concat", *sums, axis=1), 2)


PLUGIN = Sums()
HERE = f"{__name__}:PLUGIN"


@pytest.fixture
def data(tmp_path: Path) -> TrainingData:
    """The class is told by the ids' sum alone; the plain column says nothing."""
    rng = np.random.default_rng(0)
    rows = [rng.integers(1, 9, rng.integers(1, 6)).tolist() for _ in range(ROWS)]
    y = np.array([float(sum(r) > 12) for r in rows])
    table = TrainingData(
        x=rng.normal(size=(ROWS, 1)).astype(np.float32),
        y=y,
        folds=(np.arange(ROWS) % 3).astype(np.int8),
        names=("noise",),
        kinds=("number",),
        levels=(0,),
        classes=2,
        inputs=(RichInput("ids", "terms", ("text",)),),
        views=(ViewSpec("sums", HERE, ("ids",)),),
        more={"ids": Ragged.of(rows, [[1] * len(r) for r in rows])},
    )
    table.save(tmp_path / "prepared")
    return TrainingData.load(tmp_path / "prepared")


def test_a_view_is_computed_for_every_row_in_its_place(data: TrainingData) -> None:
    part = data.more["ids"]
    assert isinstance(part, Ragged)
    view = values_of(data, "sums")
    np.testing.assert_allclose(view[:, 1], part.lengths)
    np.testing.assert_allclose(view[:, 0], np.add.reduceat(part.ids, part.offsets[:-1]))


def test_a_view_is_made_once(data: TrainingData) -> None:
    before = Sums.made
    for _ in range(3):
        assert seen_by(data, {"views": ["sums"]}).x.shape == (ROWS, 3)
    assert Sums.made == before + 1


def test_a_view_that_was_cut_off_goes_on(data: TrainingData) -> None:
    whole = np.array(values_of(data, "sums"))
    assert data.folder is not None
    folder = data.folder / "views" / "sums"
    (folder / "values.npy").rename(folder / "values.draft.npy")
    draft = np.load(folder / "values.draft.npy", mmap_mode="r+")
    order = np.argsort(data.more["ids"].lengths, kind="stable")  # type: ignore[attr-defined]
    draft[order[60:]] = -1
    draft.flush()
    (folder / "values.json").write_text(json.dumps({"rows": 60}))
    np.testing.assert_array_equal(values_of(data, "sums"), whole)


def test_a_view_that_would_take_too_long_is_given_up_soon_and_goes_on_later(
    data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traineragent.engine.views.BLOCK", 16)
    want = values_of(replace(data, folder=_copied(data)), "sums").copy()
    with pytest.raises(TimeoutError, match="would take"):
        values_of(data, "sums", 1, time.monotonic())
    np.testing.assert_array_equal(values_of(data, "sums", 1, time.monotonic() + 60), want)


def _copied(data: TrainingData) -> Path:
    assert data.folder is not None
    return Path(shutil.copytree(data.folder, data.folder.with_name("copy")))


def test_a_view_that_does_not_exist_is_named(data: TrainingData) -> None:
    with pytest.raises(InputError, match="sums"):
        seen_by(data, {"views": ["other"]})


@pytest.mark.parametrize("family", ["linear", "lightgbm"])
def test_what_is_built_answers_as_the_models_that_read_the_view(
    data: TrainingData, family: str, tmp_path: Path
) -> None:
    trials = tmp_path / "trials"
    for index, views in enumerate((["sums"], [])):
        params = {"views": views, **({"rounds": 30, "min_child_samples": 5} if family == "lightgbm" else {})}
        trial = Trial(index, Candidate(family, params))
        folder = trials / f"{index:04d}"
        result = train_trial(data, trial, metric="log_loss", seed=0, threads=1, folder=folder)
        assert result.status == "done", result.note
        saved = {"result": {**result.__dict__, "candidate": trial.candidate.__dict__}}
        (folder / "result.json").write_text(json.dumps(saved))
        assert (result.score or -9) > -0.35 if views else True
    members = [{"trial": 0, "weight": 0.8}, {"trial": 1, "weight": 0.2}]
    assert data.folder is not None
    out = str(tmp_path / "m.onnx")
    facts = building.build(str(data.folder), str(trials), members, out, metric="accuracy")
    assert facts.inputs == ["ids", "ids.weights"]
    assert facts.parity_max < 1e-3


def test_a_model_of_all_rows_takes_the_place_of_the_bag(data: TrainingData, tmp_path: Path) -> None:
    trial = Trial(0, Candidate("linear", {"views": ["sums"], "refit": True}))
    result = train_trial(data, trial, metric="log_loss", seed=0, threads=1, folder=tmp_path / "0000")
    assert "all_rows.npz" in result.files
    bag = train_trial(
        data, Trial(1, Candidate("linear", {"views": ["sums"]})), metric="log_loss", seed=0, threads=1,
        folder=tmp_path / "0001",
    )  # fmt: skip
    assert result.size_mb < 0.6 * bag.size_mb


class Clocked:
    """A linear model that notes how long each fit may take."""

    card = replace(LINEAR.card, name="clocked")

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {}

    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> Any:
        assert context.deadline is not None
        self.seconds.append(context.deadline - time.monotonic())
        return LINEAR.fit(params, train, valid, context)

    def load(self, path: Path, context: FitContext) -> Any:
        return LINEAR.load(path, context)


CLOCKED = Clocked()


@pytest.mark.parametrize(("refit", "shares"), [(True, (0.4, 0.8)), ("spare", (0.9, 0.9))])
def test_a_model_of_all_rows_has_its_share_of_the_time_or_what_is_left(
    data: TrainingData, tmp_path: Path, refit: object, shares: tuple[float, float]
) -> None:
    CLOCKED.seconds.clear()
    candidate = Candidate(f"{__name__}:CLOCKED", {"refit": refit, "folds": 1})
    result = train_trial(
        data, Trial(0, candidate, time_limit_s=100), metric="log_loss", seed=0, threads=1, folder=tmp_path / "0000"
    )
    assert "all_rows.npz" in result.files
    assert CLOCKED.seconds == pytest.approx([100 * s for s in shares], abs=8)
