"""A run with the user's own knowledge: checked before it begins, in force to the end, kept for resuming."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import traineragent as ta
from product import WORDS, churn, quick_procedures, run, write_csv
from traineragent.agents.memory import Memory
from traineragent.knowledge.questions import question

pytestmark = pytest.mark.e2e

COST = """
loss_of_leaving:
  title: Loss of leaving
  means: Euros lost a customer; one who leaves unnoticed costs ten.
  values: {missed: 10}
  expression: (missed * fn + fp) / rows
  direction: minimize
  said: [loss of leaving]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = quick_procedures(tmp_path / "config", [{"family": "linear", "params": {"folds": 2}}])
    (folder / "metrics").mkdir()
    (folder / "metrics" / "money.yaml").write_text(COST, encoding="utf-8")
    return folder


READERS_ONLY = ("understand",)  # no procedure answers it, so none can ask for its facts


def test_a_metric_of_ones_own_leads_search_decision_hold_out_and_report(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undeclared: list[tuple[str, str, str]] = []
    plan = Memory.plan

    def watched(self: Memory, agent: Any, kind: str, facts: Mapping[str, Any], *more: Any, **named: Any) -> Any:
        asked = question(agent, kind)
        if kind not in READERS_ONLY:
            undeclared.extend((agent, kind, fact) for fact in facts if asked is None or fact not in asked.facts)
        return plan(self, agent, kind, facts, *more, **named)

    monkeypatch.setattr(Memory, "plan", watched)
    words = f"{WORDS} Keep the loss of leaving below 3."
    report = ta.train(words, churn(1200), trials=1, out=tmp_path / "run", config=config)
    assert undeclared == [], "declare these facts in knowledge/questions.yaml"
    metric = report["metric"]
    assert metric["name"] == "loss_of_leaving"
    assert metric["interval"][0] <= metric["value"] <= metric["interval"][1]
    assert metric["value"] < metric["baseline"]
    assert [r["name"] for r in report["requirements"]] == ["loss_of_leaving"]
    assert report["leaderboard"][0]["metric"] == "loss_of_leaving@best"
    assert "Loss of leaving" in str(report)
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Euros lost a customer" in page
    assert "Loss of leaving at its best threshold" in page
    manifest = json.loads((tmp_path / "run" / "bundle" / "bundle.json").read_text())
    assert 0 < manifest["output"]["decision"]["threshold"] < 0.5

    (config / "metrics" / "money.yaml").write_text(COST.replace("missed: 10", "missed: 1"), encoding="utf-8")
    again = run("resume", tmp_path / "run", "--json")
    assert again.json["metric"] == metric
    other = run("resume", tmp_path / "run", "--config", config)
    assert (other.code, "began with other procedures" in other.err) == (2, True)


def test_a_broken_overlay_is_refused_before_anything_is_made(config: Path, tmp_path: Path) -> None:
    (config / "metrics" / "money.yaml").write_text(COST.replace("fn", "fnn"), encoding="utf-8")
    data = write_csv(churn(60), tmp_path / "table.csv")
    for arguments in (("train", WORDS, "--data", data, "--out", tmp_path / "run"), ("sop", "show", "model")):
        said = run(*arguments, TRAINERAGENT_CONFIG=str(config))
        assert said.code == 2
        assert f"{config}/metrics/money.yaml:6: 'fnn' is neither a metric nor a count" in said.err
    assert not (tmp_path / "run").exists()
