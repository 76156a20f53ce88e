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
