"""What more packages or networks would bring is known before anything is trained."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from traineragent.agents import extras
from traineragent.domain.task import Metric, TaskSpec

TASK = TaskSpec("image_classification", (Metric("accuracy", "maximize"),))


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "models" / "net"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "resnet"}))
    (folder / "model.safetensors").write_bytes(b"x" * 1000)
    return str(folder.parent)


def installed(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: object() if there else None)


def test_a_network_that_can_be_read_needs_no_advice(models: str, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, there=True)
    found, more = extras.picture_networks(TASK, [models])
    assert [c.name for c in found] == ["net"]
    assert more == ""


def test_a_network_without_its_packages_is_named_with_what_reads_it(
    models: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, there=False)
    assert "net is there" in extras.advice(TASK, [models])
    assert "traineragent[vision]" in extras.advice(TASK, [models])


@pytest.mark.parametrize("there", [True, False])
def test_without_any_network_a_folder_of_one_is_asked_for(
    there: bool, models: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, there)
    more = extras.advice(TASK, [])
    assert "--models" in more
    assert ("traineragent[vision]" in more) is not there


def test_who_forbids_pretrained_weights_is_not_told_of_any(models: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = replace(TASK, constraints=("no_pretrained",))
    installed(monkeypatch, there=True)
    assert extras.picture_networks(alone, [models]) == ([], "")
    installed(monkeypatch, there=False)
    assert "from these pictures alone" in extras.advice(alone, [models])
    assert "--models" not in extras.advice(alone, [models])


def test_a_diffusion_model_may_be_fine_tuned_where_its_packages_are(
    tmp_path: Path, models: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = TaskSpec("image_generation", (Metric("frechet_distance", "minimize"),))
    installed(monkeypatch, there=True)
    assert "--models" in extras.advice(task, [models])  # a network for pictures does not draw any
    folder = tmp_path / "drawers" / "diffusion"
    unet = {"cross_attention_dim": 768, "in_channels": 4, "out_channels": 4, "sample_size": 64}
    vae = {"latent_channels": 4, "block_out_channels": [128, 256, 512, 512]}
    for name, config in (("unet", unet), ("vae", vae), ("text_encoder", {}), ("tokenizer", {}), ("scheduler", {})):
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text(json.dumps(config))
        (folder / name / "model.safetensors").write_bytes(b"x" * 1000)
    (folder / "model_index.json").write_text("{}")
    found, more = extras.networks(task, [str(folder.parent)])
    assert [(c.name, c.side) for c in found] == [("diffusion", 512)]
    assert more == ""
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "peft" else object())
    assert "traineragent[diffusion]" in extras.advice(task, [str(folder.parent)])
    installed(monkeypatch, there=False)
    assert "traineragent[vision]" in extras.advice(task, [])
