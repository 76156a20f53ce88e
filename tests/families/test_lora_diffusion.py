"""Fine-tuning of a tiny checkpoint with random weights: real steps of training, real graphs, the real painter."""

from __future__ import annotations

import base64
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shapes import LABELS, shapes
from traineragent.domain.data import Target
from traineragent.domain.run import Candidate, Trial
from traineragent.engine.checkpoints import checkpoints
from traineragent.engine.drawing import DrawContext, Drawing, train
from traineragent.errors import InputError, MissingExtra
from traineragent.export.bundle import write_bundle
from traineragent.families import _exporting, lora_diffusion
from traineragent.families.lora_diffusion import PLUGIN
from traineragent.serve.painter import token_ids
from traineragent.serve.served import open_bundle

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("peft")
pytestmark = pytest.mark.slow

from diffusion import LENGTH, SIDE, write_checkpoint  # noqa: E402

WORDS = np.eye(3, dtype=np.float32)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("models") / "tiny-diffusion")


@pytest.fixture(scope="module")
def drawn(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Drawing, Path]:
    folder = tmp_path_factory.mktemp("drawn")
    return fit(checkpoint, folder, rounds=6, guidance=2.0), folder


def fit(checkpoint: Path, folder: Path, stop_at: float = 2.0, **params: object) -> Drawing:
    def told(share: float) -> None:
        if share >= stop_at:
            raise KeyboardInterrupt

    context = DrawContext(0, 1, folder, progress=told)
    usual = {"checkpoint": str(checkpoint), "learning_rate": 0.02, "batch": 4}
    return PLUGIN.fit({**usual, **params}, shapes(8), context)


def test_what_is_served_draws_what_torch_draws(drawn: tuple[Drawing, Path], checkpoint: Path, tmp_path: Path) -> None:
    drawing, folder = drawn
    assert set(drawing.files) == {"texts.onnx", "decoder.onnx"}
    painter = drawing.painter(folder)
    pictures = painter.paint(WORDS, [1, 2, 3])
    assert pictures.shape == (3, SIDE, SIDE, 3)
    assert (painter.paint(WORDS[2:], [3]) == pictures[2:]).all()
    assert (painter.paint(WORDS[:1], [9]) != pictures[:1]).any()
    training = lora_diffusion._FineTuning({"checkpoint": str(checkpoint)}, shapes(8), DrawContext(0, 1, tmp_path))
    training.half = False
    training._take_mean()
    untrained = training._paint(2.0)(WORDS, [1, 2, 3])
    assert np.abs(untrained.astype(int) - pictures).max() > 2  # it has learned something


def test_a_trial_is_judged_and_its_bundle_draws_files(checkpoint: Path, tmp_path: Path) -> None:
    shapes(24).save(tmp_path / "prepared")
    params = {"checkpoint": str(checkpoint), "rounds": 2, "batch": 4, "guidance": 2.0}
    trial = Trial(0, Candidate("lora_diffusion", params))
    result = train(
        tmp_path / "prepared", trial, metric="frechet_distance", seed=0, threads=1, folder=tmp_path / "trial"
    )
    assert result.status == "done", result.note
    assert set(result.files) == {"model.onnx", "texts.onnx", "decoder.onnx", "drawing.json"}
    facts = json.loads((tmp_path / "trial" / "drawing.json").read_text())
    assert 0 <= facts["likeness"]["asked_class"] <= 1
    names = [{"label": label, "said": []} for label in LABELS]
    write_bundle(
        tmp_path / "bundle",
        name="shapes",
        version="1",
        task_type="image_generation",
        codec="drawing",
        columns=(),
        target=Target("label", "class", LABELS, tuple((label,) for label in LABELS)),
        files={name: tmp_path / "trial" / name for name in facts["files"]},
        settings={"names": names, "several": False, **facts["served"]},
    )
    served = open_bundle(tmp_path / "bundle")
    one, same = served.predict([{"prompt": "a circle", "seed": 3}] * 2)
    assert one["image"] == same["image"]
    assert Image.open(io.BytesIO(base64.b64decode(one["image"]))).size == (SIDE, SIDE)


def test_the_error_falls_and_frozen_weights_stay(checkpoint: Path, tmp_path: Path) -> None:
    training = lora_diffusion._FineTuning(
        {"checkpoint": str(checkpoint), "learning_rate": 0.01, "batch": 4, "text_encoder": True}, shapes(8),
        DrawContext(0, 1, tmp_path),
    )  # fmt: skip
    assert {name.split(".")[0] for name in training.learned} == {"unet", "texts"}
    frozen = {k: v.clone() for k, v in training.parts.unet.named_parameters() if not v.requires_grad}

    def error() -> float:
        training.random.manual_seed(7)
        with torch.no_grad():
            return float(np.mean([float(training._loss()) for _ in range(12)]))

    before = error()
    training.random.manual_seed(0)
    for i in range(40):
        training.take_step(0.05 + i / 80)
    assert error() < 0.97 * before
    assert all((frozen[k] == v).all() for k, v in training.parts.unet.named_parameters() if k in frozen)


def test_merged_matrices_draw_what_they_drew_beside_the_layers(checkpoint: Path, tmp_path: Path) -> None:
    training = lora_diffusion._FineTuning({"checkpoint": str(checkpoint)}, shapes(8), DrawContext(0, 1, tmp_path))
    training.half = False
    with torch.no_grad():
        for value in training.learned.values():
            value.add_(0.1 * torch.randn(value.shape, generator=torch.Generator().manual_seed(1)))
    beside = training._paint(2.0)(WORDS, [1, 2, 3])
    training.mean = {k: v.detach().clone() for k, v in training.learned.items()}
    training._take_mean()
    merged = training._paint(2.0)(WORDS, [1, 2, 3])
    assert np.abs(merged.astype(int) - beside).max() <= 1
    assert not [name for name, _ in training.parts.unet.named_modules() if "lora" in name]


def test_a_killed_fine_tuning_goes_on_from_its_checkpoint(
    drawn: tuple[Drawing, Path], checkpoint: Path, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(checkpoint, tmp_path, stop_at=0.5, rounds=6, guidance=2.0)
    resumed = fit(checkpoint, tmp_path, rounds=6, guidance=2.0)
    assert resumed.facts["went on from step"] >= 3
    assert resumed.facts["loss"] == pytest.approx(drawn[0].facts["loss"], rel=1e-4)
    ours, theirs = (d.painter(f).paint(WORDS, [1, 2, 3]) for d, f in ((resumed, tmp_path), drawn))
    assert np.abs(ours.astype(int) - theirs).max() <= 1


@pytest.mark.parametrize("predicts", ["epsilon", "v_prediction", "sample"])
def test_the_velocity_leads_from_any_moment_to_the_picture_that_the_network_sees(
    checkpoint: Path, tmp_path: Path, predicts: str
) -> None:
    """A network that knows the picture: one step from anywhere arrives at it."""
    from traineragent.families._latent_diffusion import Velocity, meant, schedule_of

    other = shutil.copytree(checkpoint, tmp_path / "other")
    said = other / "scheduler" / "scheduler_config.json"
    said.write_text(said.read_text().replace("epsilon", predicts))
    schedule = schedule_of(other)
    random = torch.Generator().manual_seed(0)
    picture, noise = (torch.randn((4, 4, 8, 8), generator=random) for _ in range(2))
    steps = np.array([1, 300, 700, 998])

    class Knowing(torch.nn.Module):
        def forward(self, x: object, step: torch.Tensor, words: object, return_dict: bool) -> tuple[torch.Tensor]:
            assert step.tolist() == pytest.approx(steps.tolist(), abs=0.05)
            signal, spread = (
                torch.tensor(v[steps], dtype=torch.float32)[:, None, None, None]
                for v in (schedule.signal, schedule.noise)
            )
            return (meant(schedule, picture, noise, signal, spread),)

    t = torch.tensor(schedule.moments[steps], dtype=torch.float32)
    at = t[:, None, None, None]
    network = Velocity(Knowing(), schedule, torch.zeros(1, LENGTH, 16), 1.0)
    x = at * picture + (1 - at) * noise
    assert (x + (1 - at) * network(x, t, torch.zeros(4, LENGTH, 16)) - picture).abs().max() < 1e-3


def test_schedules_are_those_of_diffusers(checkpoint: Path) -> None:
    from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

    from traineragent.families._latent_diffusion import schedule_of

    theirs = DDPMScheduler.from_pretrained(checkpoint / "scheduler").alphas_cumprod.numpy()
    assert schedule_of(checkpoint).signal ** 2 == pytest.approx(theirs, rel=1e-4)


def test_names_become_the_tokens_that_the_tokenizer_makes_of_the_whole_prompt(
    drawn: tuple[Drawing, Path], checkpoint: Path
) -> None:
    from transformers import CLIPTokenizer

    assert drawn[0].latent is not None
    ids = token_ids(drawn[0].latent["tokens"], WORDS[2:])[0].tolist()
    whole = CLIPTokenizer.from_pretrained(checkpoint / "tokenizer")("a picture of Square")["input_ids"]
    assert ids[: len(whole)] == whole
    assert set(ids[len(whole) :]) == {whole[-1]}


def test_weights_too_large_for_one_file_lie_beside_the_graph(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_exporting, "LARGE", 0)
    network = torch.nn.Linear(300, 4).eval()
    files = _exporting.write_exported(tmp_path / "model.onnx", network, {"x": torch.zeros(2, 300)})
    assert files == ["model.onnx", "model.onnx.data"]


def test_a_checkpoint_is_found_whole_and_its_cost_is_known(checkpoint: Path) -> None:
    found = [c for c in checkpoints([str(checkpoint.parent)]) if str(checkpoint.parent) in c.path]
    assert [(c.name, c.kind, c.side) for c in found] == [("tiny_diffusion", "diffusion", SIDE)]
    cost = PLUGIN.estimate(checkpoint)
    assert cost["side"] == SIDE
    assert 0 < cost["parameters_m"] < 1
    assert 0 < cost["step_s"] < 10
    assert cost["picture_s"] > 0


def test_costs_read_from_headers_are_those_that_torch_counts(checkpoint: Path) -> None:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from torch.utils.flop_counter import FlopCounterMode

    from traineragent.families._diffusion_costs import forward_costs

    unet = UNet2DConditionModel.from_pretrained(checkpoint / "unet")
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        unet(torch.zeros(1, 4, SIDE // 2, SIDE // 2), torch.zeros(1), torch.zeros(1, 77, 16))
    flops, parameters, side = forward_costs(checkpoint)
    assert flops == pytest.approx(counter.get_total_flops(), rel=0.25)  # but for what halves and doubles the size
    assert parameters == sum(p.numel() for p in unet.parameters())
    assert side == SIDE


def test_what_is_no_checkpoint_is_refused_with_what_is_missing(checkpoint: Path, tmp_path: Path) -> None:
    pickled = shutil.copytree(checkpoint, tmp_path / "pickled")
    for path in (pickled / "unet").glob("*.safetensors"):
        path.rename(path.with_suffix(".bin"))
    assert not [c for c in checkpoints([str(tmp_path)]) if str(tmp_path) in c.path]
    with pytest.raises(InputError, match="safetensors"):
        fit(pickled, tmp_path)
    (pickled / "scheduler" / "scheduler_config.json").write_text('{"prediction_type": "flow_prediction"}')
    with pytest.raises(InputError, match="flow_prediction"):
        fit(pickled, tmp_path)


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "peft" else object())
    assert "traineragent[diffusion]" in PLUGIN.lacks()
    with pytest.raises(MissingExtra, match=r"traineragent\[diffusion\]"):
        PLUGIN.fit({"checkpoint": "x"}, shapes(8), DrawContext(0, 1, tmp_path))
