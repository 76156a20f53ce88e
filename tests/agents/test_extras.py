"""What more packages or networks would bring is known before anything is trained."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hub import allow_asking, hub
from traineragent.agents import extras
from traineragent.domain.task import Metric, TaskSpec
from traineragent.errors import InputError

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


def served_network(root: Path, name: str) -> None:
    folder = root / "models" / Path(name)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "resnet"}))
    (folder / "model.safetensors").write_bytes(b"x" * 1000)
    (folder / "pytorch_model.bin").write_bytes(b"x" * 1000)


def test_where_no_network_is_here_the_usual_one_comes_from_a_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    allow_asking(monkeypatch)
    served_network(tmp_path / "hub", "acme/small-net")
    served_network(tmp_path / "hub", "acme/other-net")
    said: list[str] = []
    with hub(tmp_path / "hub") as (address, asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        alone = replace(TASK, constraints=("no_pretrained",))
        extras.fetch_networks(alone, [], "acme/small-net", said.append)
        assert asked == []
        extras.fetch_networks(TASK, [], "acme/small-net", said.append)
        assert [c.name for c in extras.picture_networks(TASK, [])[0]] == ["acme_small_net"]
        assert not any(a.endswith(".bin") for a in asked)
        extras.fetch_networks(TASK, ["hf://acme/other-net"], "acme/small-net", said.append)
        with pytest.raises(InputError, match="no public model"):
            extras.fetch_networks(TASK, ["hf://acme/none"], "", said.append)
    assert {c.name for c in extras.picture_networks(TASK, [])[0]} == {"acme_small_net", "acme_other_net"}
    assert said[0] == "asking the hub for acme/small-net"


def test_a_hub_that_is_away_is_no_error(models: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    allow_asking(monkeypatch)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    extras.fetch_networks(TASK, [], "acme/small-net", lambda words: None)
    assert extras.picture_networks(TASK, [])[0] == []
