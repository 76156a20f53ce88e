"""A fine-tuned network learns what its frozen features do not show, goes on where it was cut off, and gets smaller."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from patience import patience
from traineragent.domain.data import RichInput, ViewSpec
from traineragent.domain.run import Candidate, Trial
from traineragent.engine.build import build
from traineragent.engine.dataset import TrainingData
from traineragent.engine.training import train_trial
from traineragent.errors import InputError, TrainerError
from traineragent.families.finetuned import PLUGIN, FittedNetwork
from traineragent.ports import Batch, FitContext
from traineragent.serve.inputs.parts import Dense

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.slow

SPEC = RichInput("pixels", "pixels", ("image",), options={"width": 24, "height": 20})
SAID = '{"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.25, 0.3], "size": {"height": 32, "width": 32}}'
NETWORKS: Mapping[str, Callable[[], Any]] = {
    "resnet": lambda: transformers.ResNetModel(
        transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    ),
    "vit": lambda: transformers.ViTModel(
        transformers.ViTConfig(
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=24,
            image_size=32,
            patch_size=8,
        )
    ),
    "convnext": lambda: transformers.ConvNextModel(
        transformers.ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1])
    ),
    "mobilenet": lambda: transformers.MobileNetV2Model(
        transformers.MobileNetV2Config(depth_multiplier=0.15, min_depth=8, finegrained_output=False)
    ),
    "efficientnet": lambda: transformers.EfficientNetModel(
        transformers.EfficientNetConfig(
            width_coefficient=0.2,
            depth_coefficient=0.2,
            hidden_dim=256,
            kernel_sizes=[3],
            in_channels=[16],
            out_channels=[16],
            strides=[2],
            num_block_repeats=[1],
            expand_ratios=[1],
            depthwise_padding=[],
        )
    ),
}


@pytest.fixture
def context(tmp_path: Path) -> Callable[..., FitContext]:
    def made(kind: str = "resnet", deadline: float | None = None) -> FitContext:
        folder = tmp_path / kind
        if not folder.exists():
            torch.manual_seed(0)
            NETWORKS[kind]().eval().save_pretrained(folder)
            (folder / "preprocessor_config.json").write_text(SAID)
        view = ViewSpec("net", "backbone", ("pixels",), {"checkpoint": str(folder), "side": 32})
        return FitContext(
            (), (), 2, "accuracy", 0, 1, deadline, inputs=(SPEC,), views=(view,), folder=tmp_path / "prepared"
        )

    return made


def pictures(rows: int, seed: int) -> Batch:
    """Stripes that lie or stand."""
    r = np.random.default_rng(seed)
    y = r.integers(0, 2, rows)
    down, across = np.mgrid[0:20, 0:24]
    grey = [128 + 60 * np.sin(0.9 * (across if k else down) + r.uniform(0, 6)) for k in y]
    pixels = np.stack(grey)[..., None] + r.normal(0, 25, (rows, 20, 24, 3))
    more = {"pixels": Dense(np.clip(pixels, 0, 255).astype(np.uint8))}
    return Batch(np.zeros((rows, 0), dtype=np.float32), y.astype(np.float64), more)


def numbers(rows: int, seed: int) -> Batch:
    """Stripes whose number is asked for, in any place, between 1 and 7 of them, ten for each."""
    r = np.random.default_rng(seed)
    y, across = r.uniform(1, 7, rows), np.arange(24)
    grey = 128 + 60 * np.sin(2 * np.pi * (across * y[:, None] / 24 + r.uniform(0, 1, (rows, 1))))
    pixels = grey[:, None, :, None] + r.normal(0, 25, (rows, 20, 24, 3))
    more = {"pixels": Dense(np.clip(pixels, 0, 255).astype(np.uint8))}
    return Batch(np.zeros((rows, 0), dtype=np.float32), 10.0 * y, more)


def right(model: FittedNetwork, batch: Batch) -> float:
    return float((model.predict(batch.x, batch.more).argmax(axis=1) == batch.y).mean())


def loss(model: FittedNetwork, batch: Batch) -> float:
    p = model.predict(batch.x, batch.more)[np.arange(len(batch.y)), batch.y.astype(int)]
    return float(-np.log(np.maximum(p, 1e-9)).mean())


def test_tuning_teaches_what_a_head_alone_does_not_see(context: Callable[..., FitContext], tmp_path: Path) -> None:
    train, valid, fresh = pictures(240, 0), pictures(80, 1), pictures(200, 2)
    how = context()
    head = PLUGIN.fit({"epochs": 0.01, "rate": 0.0}, train, None, how)
    tuned = PLUGIN.fit({"epochs": 8, "rate": 5e-3}, train, valid, how)
    assert loss(tuned, fresh) < 0.8 * loss(head, fresh)
    assert tuned.found["epochs"] > tuned.found["least_epochs"] > 1
    assert tuned.found["side"] == 32
    assert right(tuned, fresh) > 0.9
    p = tuned.predict(fresh.x, fresh.more)
    tuned.save(tmp_path / "m.npz")
    again = PLUGIN.load(tmp_path / "m.npz", how)
    np.testing.assert_array_equal(again.predict(fresh.x, fresh.more), p)
    run = onnxruntime.InferenceSession(again.graph().SerializeToString(), providers=["CPUExecutionProvider"])
    one = {"x": fresh.x[:1], **fresh.more["pixels"][slice(0, 1)].feeds("pixels")}
    np.testing.assert_allclose(run.run(["y"], {i.name: one[i.name] for i in run.get_inputs()})[0], p[:1], atol=1e-5)


def test_tuning_teaches_numbers_too(context: Callable[..., FitContext], tmp_path: Path) -> None:
    train, valid, fresh = numbers(240, 0), numbers(80, 1), numbers(200, 2)
    how = replace(context(), classes=0, metric="mae")
    head = PLUGIN.fit({"epochs": 0.01, "rate": 0.0}, train, None, how)
    tuned = PLUGIN.fit({"epochs": 16, "rate": 5e-3}, train, valid, how)
    said = tuned.predict(fresh.x, fresh.more)
    assert said.shape == fresh.y.shape
    wrong = float(np.abs(said - fresh.y).mean())
    assert wrong < 0.7 * float(np.abs(head.predict(fresh.x, fresh.more) - fresh.y).mean())
    tuned.save(tmp_path / "m.npz")
    again = PLUGIN.load(tmp_path / "m.npz", how)
    np.testing.assert_array_equal(again.predict(fresh.x, fresh.more), said)
    run = onnxruntime.InferenceSession(again.graph().SerializeToString(), providers=["CPUExecutionProvider"])
    one = {"x": fresh.x[:1], **fresh.more["pixels"][slice(0, 1)].feeds("pixels")}
    found = run.run(["y"], {i.name: one[i.name] for i in run.get_inputs()})[0]
    np.testing.assert_allclose(found, said[:1, None], rtol=1e-4)


@pytest.mark.parametrize("kind", [k for k in NETWORKS if k != "resnet"])
def test_networks_of_every_make_can_be_tuned(kind: str, context: Callable[..., FitContext]) -> None:
    train = pictures(64, 0)
    model = PLUGIN.fit({"epochs": 1}, train, None, context(kind))
    p = model.predict(train.x, train.more)
    assert p.shape == (64, 2)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)


def test_eight_bits_come_from_the_same_training(context: Callable[..., FitContext]) -> None:
    train, fresh, how = pictures(240, 0), pictures(100, 2), context()
    params = {"epochs": 6, "rate": 5e-3}
    exact = PLUGIN.fit(params, train, None, how)
    started = time.monotonic()
    rough = PLUGIN.fit({**params, "int8": True}, train, None, replace(how, deadline=started + 0.001))
    assert len(rough.network) < len(exact.network)
    assert abs(right(rough, fresh) - right(exact, fresh)) <= 0.05


def test_a_training_that_was_cut_off_goes_on_where_it_was(context: Callable[..., FitContext]) -> None:
    from traineragent.families import _states, _tuning

    train, how = pictures(240, 0), context()
    seen: list[float] = []

    class Killed(Exception):
        pass

    def write(self: _states.States, kept: _states.Kept) -> None:
        original(self, kept)
        seen.append(kept.share)
        if kept.share > 0.4:
            raise Killed

    original, wait = _states.States.write, _tuning.SAVE_EVERY_S
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_states.States, "write", write)
        patch.setattr(_tuning, "SAVE_EVERY_S", -1.0)
        with pytest.raises(Killed):
            PLUGIN.fit({"epochs": 4}, train, None, how)
    assert wait > 0
    shares: list[float] = []
    steps = _tuning.Tuning._steps
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            _tuning.Tuning, "_steps", lambda self, done: (shares.append(s) or (s, r) for s, r in steps(self, done))
        )
        PLUGIN.fit({"epochs": 4}, train, None, how)
    assert shares[0] == pytest.approx(seen[-1])


def test_the_first_part_of_a_network_is_smaller_and_learns_from_the_whole(
    context: Callable[..., FitContext],
) -> None:
    train, fresh, how = pictures(240, 0), pictures(100, 2), context()
    whole = PLUGIN.fit({"epochs": 6, "rate": 5e-3}, train, None, how)
    small = PLUGIN.fit({"epochs": 6, "rate": 5e-3, "depth": 0.6, "taught": True}, train, None, how)
    assert len(small.network) < len(whole.network)
    assert right(small, fresh) > 0.8


def test_a_rounded_network_of_few_folds_is_delivered_as_it_was_validated(
    context: Callable[..., FitContext], tmp_path: Path
) -> None:
    how, rows = context(), pictures(120, 0)
    table = TrainingData(
        rows.x, rows.y, (np.arange(120) % 4).astype(np.int8), (), (), (), 2,
        inputs=how.inputs, views=how.views, more=rows.more, folder=tmp_path / "prepared",
    )  # fmt: skip
    table.save(tmp_path / "prepared")
    params = {"network": "net", "epochs": 4, "rate": 5e-3, "int8": True, "folds": 2, "refit": True}
    folder = tmp_path / "trials" / "0000"
    result = train_trial(
        TrainingData.load(tmp_path / "prepared"), Trial(0, Candidate("finetuned", params)), metric="log_loss", seed=0,
        threads=1, folder=folder,
    )  # fmt: skip
    assert result.status == "done", result.note
    assert "all_rows.npz" in result.files
    (folder / "result.json").write_text(json.dumps({"result": asdict(result)}))
    facts = build(
        str(tmp_path / "prepared"), str(tmp_path / "trials"), [{"trial": 0, "weight": 1.0}],
        str(tmp_path / "model.onnx"), metric="log_loss",
    )  # fmt: skip
    assert facts.parity_max < 1e-3
    known = np.isfinite(np.load(folder / "oof.npy")).all(axis=1)
    assert known.sum() == 60


def test_a_model_that_nothing_validates_is_not_made_in_haste(context: Callable[..., FitContext]) -> None:
    with pytest.raises(TrainerError, match="too few to be trusted"):
        PLUGIN.fit({"epochs": 1, "least_epochs": 3.0}, pictures(64, 0), None, context())


def test_it_keeps_to_its_time(context: Callable[..., FitContext]) -> None:
    start = time.monotonic()
    PLUGIN.fit({"epochs": 10_000}, pictures(160, 0), None, context(deadline=start + 2.0))
    assert time.monotonic() - start < patience(30)


def test_a_network_that_is_not_there_is_named(context: Callable[..., FitContext]) -> None:
    with pytest.raises(InputError, match=r"'other'.*there are net"):
        PLUGIN.fit({"network": "other"}, pictures(64, 0), None, context())
