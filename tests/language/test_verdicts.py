"""Two sets of requests kept as data beside this file: prohibited or impossible, served with duties, harmless."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from traineragent.domain.task import Request, Verdict
from traineragent.language.task import understand

BOOKS = [yaml.safe_load(p.read_text(encoding="utf-8")) for p in (Path(__file__).parent / "verdicts").glob("*.yaml")]


def requests(kind: str) -> list[str]:
    return [words for book in BOOKS for words in book[kind]]


def verdict(words: str) -> Verdict:
    return understand(Request(words), (), 0, kind="none").verdict


@pytest.mark.parametrize("words", requests("decline"))
def test_declines_with_a_reason(words: str) -> None:
    found = verdict(words)
    assert found.decision == "decline", found.policy_class
    assert found.reasons


@pytest.mark.parametrize("words", requests("notice"))
def test_serves_with_the_duties_named(words: str) -> None:
    found = verdict(words)
    assert found.decision != "decline", found.policy_class
    assert found.notices


@pytest.mark.parametrize("words", requests("serve"))
def test_serves_what_only_sounds_bad(words: str) -> None:
    assert verdict(words).decision != "decline", verdict(words).policy_class
