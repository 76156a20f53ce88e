"""The brain of a run is the one its request names, ready to ask, or a sentence about what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat import KEY
from traineragent.brains.chosen import chosen
from traineragent.brains.planner import Planner
from traineragent.domain.messages import RunFinished, RunRequested
from traineragent.domain.task import Request
from traineragent.errors import InputError
from traineragent.ports import Brain
from traineragent.store.journal import Journal

PLANNER = Planner()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "run.sqlite", create=True)


def brain_for(journal: Journal, brain: str) -> Brain:
    journal.post([("person", "task", RunRequested(Request("x", brain=brain)))])
    return chosen(journal, journal.path.parent, None, PLANNER)


def test_without_a_name_it_is_the_planner(journal: Journal) -> None:
    found = brain_for(journal, "planner")
    assert (found.name, found.slow) == ("planner", False)


def test_a_named_model_is_made_ready_and_its_price_looked_up(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    found = brain_for(journal, "openai:gpt-4o-mini")
    assert (found.name, found.slow) == ("openai:gpt-4o-mini", True)
    assert journal.meta("llm_priced") == "yes"
    assert brain_for(journal, "openai:nobody-knows-this").slow
    assert journal.meta("llm_priced") == "no"


def test_a_run_to_go_on_with_needs_its_key_and_a_finished_one_does_not(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(InputError, match="ANTHROPIC_API_KEY"):
        brain_for(journal, "anthropic:some-model")
    journal.post([("task", "person", RunFinished("delivered"))])
    assert not chosen(journal, journal.path.parent, None, PLANNER).slow
