"""Sets of requests kept as data beside this file: prohibited or impossible, served with duties, harmless."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from traineragent.domain.task import Request, Verdict
from traineragent.language.task import understand

BOOKS = sorted((Path(__file__).parent / "verdicts").glob("*.yaml"))
QUICK = ("collisions", "fourteenth", "fifteenth", "mute")
"""Sets that are judged at every check; those before them belong to the whole suite, as each request takes its time."""


def requests(kind: str) -> list[Any]:
    said = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))[kind] for path in BOOKS}
    slow = [pytest.mark.slow]
    return [pytest.param(w, marks=[] if name in QUICK else slow) for name, all_ in said.items() for w in all_]


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
