"""From finished trials to one proven graph: decisions, facts on disk, and the fallback when the proof fails."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from traineragent.domain.run import Candidate, Member, Trial
from traineragent.engine.build import build, out_of_fold, parameters, read_result
from traineragent.engine.dataset import TrainingData
from traineragent.engine.training import train_trial
from traineragent.errors import TrainerError
from traineragent.export.derived import Difference, extend

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent


class Run:
    """A prepared table with a few finished trials in the layout that LocalCompute leaves."""

    def __init__(self, root: Path, classes: int, families: tuple[str, ...]) -> None:
        self.root, self.classes = root, classes
        rng = np.random.default_rng(0)
        x = np.column_stack([rng.normal(size=(500, 3)), rng.integers(0, 4, 500)]).astype(np.float32)
        score = x[:, 0] + x[:, 1] * (x[:, 3] > 1) + rng.normal(size=500) * 0.5
        y = (score > 0.8).astype(float) if classes else 50 + 10 * score
        folds = (np.arange(500) % 3).astype(np.int8)
        kinds, levels = ("number", "number", "number", "category"), (0, 0, 0, 4)
        self.table = TrainingData(x, y, folds, ("a", "b", "c", "d"), kinds, levels, classes, bound=True)
        self.table.save(root / "data")
        self.metric = "f1" if classes else "rmse"
        for i, family in enumerate(families):
            folder = root / "trials" / f"{i:04d}"
            params: dict[str, Any] = {"rounds": 20} if family == "lightgbm" else {}
            trial = Trial(i, Candidate(family, params))
            result = train_trial(self.table, trial, metric=self.metric, seed=0, threads=1, folder=folder)
            assert result.status == "done", result.note
            (folder / "result.json").write_text(json.dumps({"key": "", "result": asdict(result)}))

    def build(self, *members: tuple[int, float], **more: Any):
        chosen = [{"trial": t, "weight": w} for t, w in members]
        out = str(self.root / "model.onnx")
        return build(str(self.root / "data"), str(self.root / "trials"), chosen, out, metric=self.metric, **more)


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("classes"), 2, ("lightgbm", "linear"))


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE))
        return Run(tmp_path_factory.mktemp("values"), 0, ("lightgbm", "unruly:LIAR", "linear"))


def test_graph_answers_and_its_facts_lie_beside_it(classes: Run) -> None:
    facts = classes.build((0, 0.6), (1, 0.4), positive=1, metadata={"version": "7"})
    session = ort.InferenceSession(classes.root / "model.onnx")
    p = session.run(["y"], {"x": classes.table.x})[0]
    assert p.shape == (500, 2)
    assert session.get_modelmeta().custom_metadata_map == {"metric": "f1", "version": "7"}
    assert json.loads((classes.root / "model.json").read_text()) == json.loads(json.dumps(asdict(facts)))
    assert facts.size_mb == pytest.approx((classes.root / "model.onnx").stat().st_size / 1e6)
    assert (facts.parity_max < 1e-5, facts.labels_differ, facts.fallback) == (True, 0, "")
    assert facts.score is not None
    assert facts.score > 0.5
    assert facts.parameters > 100
    assert len(facts.why) == 2
    assert not list(classes.root.glob("*.tmp"))


def test_stated_limits_reach_the_threshold(classes: Run) -> None:
    limits = [{"name": "recall", "direction": ">=", "limit": 0.95}]
    low = classes.build((0, 1.0), positive=1, requirements=limits).decision["threshold"]
    assert low is not None
    p = out_of_fold(classes.root / "trials", [Member(0, 1.0)])
    said, truth = p[:, 1] >= low, classes.table.y == 1
    assert 0.93 <= said[truth].mean() <= 1.0
    assert low < 0.4


def test_fewer_fold_models_make_a_smaller_graph(classes: Run) -> None:
    whole = classes.build((0, 1.0), positive=1)
    part = build(
        str(classes.root / "data"),
        str(classes.root / "trials"),
        [{"trial": 0, "weight": 1.0, "models": 1}],
        str(classes.root / "small.onnx"),
        metric="f1",
    )
    assert part.size_mb < 0.5 * whole.size_mb
    assert (part.members[0]["models"], whole.members[0]["models"]) == (1, None)


def test_values_get_an_interval(values: Run) -> None:
    facts = values.build((0, 0.5), (2, 0.5))
    assert facts.interval is not None
    assert facts.interval["coverage"] == 0.9
    assert facts.interval["low"][0] < 0 < facts.interval["high"][0]


def test_graph_that_differs_from_its_models_gives_way_to_the_single_best(
    values: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    facts = values.build((0, 0.5), (1, 0.5), single_best=0)
    assert [m["trial"] for m in facts.members] == [0]
    assert "differs" in facts.fallback
    with pytest.raises(TrainerError, match="no graph answers as its models"):
        values.build((1, 1.0), single_best=1)


def test_result_reads_back_from_its_folder(classes: Run) -> None:
    result = read_result(classes.root / "trials", 1)
    assert result.candidate.family == "linear"
    assert len(result.fold_scores) == 3


def test_derived_differences_are_computed_by_the_graph_from_what_the_codec_makes(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    differences = (Difference(1, 0, 2.0), Difference(2, 0, -30.0))
    start = rng.uniform(0, 300, 600)
    typed = np.stack([start, start + rng.exponential(0.01, 600), rng.uniform(0, 300, 600), rng.integers(0, 9, 600)], 1)
    typed = typed.astype(np.float32)
    typed[::17, 1] = np.nan
    x = extend(typed, differences)
    y = np.where(np.isnan(x[:, 4]), 7.0, 100 * (x[:, 4] - 2)) + rng.normal(size=600) * 0.05
    names, kinds = ("a", "b", "c", "k", "b − a", "c − a"), ("number",) * 3 + ("category",) + ("number",) * 2
    folds, levels = (np.arange(600) % 3).astype(np.int8), (0, 0, 0, 9, 0, 0)
    table = TrainingData(x, y, folds, names, kinds, levels, 0, bound=True, derived=differences)
    table.save(tmp_path / "data")
    assert TrainingData.load(tmp_path / "data").derived == differences
    for i, (family, params) in enumerate({"lightgbm": {"rounds": 60}, "linear": {}}.items()):
        folder = tmp_path / "trials" / f"{i:04d}"
        result = train_trial(
            table, Trial(i, Candidate(family, params)), metric="rmse", seed=0, threads=1, folder=folder
        )
        (folder / "result.json").write_text(json.dumps({"key": "", "result": asdict(result)}))
    chosen = [{"trial": t, "weight": 0.5} for t in (0, 1)]
    facts = build(str(tmp_path / "data"), str(tmp_path / "trials"), chosen, str(tmp_path / "model.onnx"), metric="rmse")
    assert (facts.fallback, facts.parity_max < 1e-5) == ("", True)
    session = ort.InferenceSession(tmp_path / "model.onnx")
    assert session.get_inputs()[0].shape == ["rows", 4]
    answers = session.run(["y"], {"x": typed})[0][:, 0]
    assert np.corrcoef(answers, y)[0, 1] > 0.9


def test_rounded_weights_count_as_parameters_but_not_how_they_were_rounded() -> None:
    weight = numpy_helper.from_array(np.ones((4, 3), dtype=np.int8), "weight")
    scale = numpy_helper.from_array(np.ones(4, dtype=np.float32), "scale")
    zero = numpy_helper.from_array(np.zeros(4, dtype=np.int8), "zero")
    bias = numpy_helper.from_array(np.ones(4, dtype=np.float32), "bias")
    nodes = [
        helper.make_node("DequantizeLinear", ["weight", "scale", "zero"], ["w"], axis=0),
        helper.make_node("Gemm", ["x", "w", "bias"], ["y"], transB=1),
    ]
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", k]) for n, k in (("x", 3), ("y", 4)))
    model = helper.make_model(helper.make_graph(nodes, "g", [x], [y], [weight, scale, zero, bias]))
    assert parameters(model) == 4 * 3 + 4
