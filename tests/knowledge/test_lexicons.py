"""What a user adds to the word lists has the shape of ours and stands where it is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from traineragent.errors import InputError
from traineragent.knowledge.force import overlaid
from traineragent.knowledge.lexicons import lexicon


def added(tmp_path: Path, name: str, text: str, folder: str = "lexicon") -> object:
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    with overlaid(tmp_path):
        return lexicon(name, folder)


def test_a_users_words_stand_first_and_those_of_units_behind_their_size(tmp_path: Path) -> None:
    metrics = added(tmp_path, "metrics", "recall:\n  said:\n    en: [fish we land]\n")
    assert metrics["recall"]["said"]["en"] == ["fish we land"]  # type: ignore[index]
    units = added(tmp_path, "units", "time:\n  s: [heartbeats]\n  moon: [2551443, moons]\n")
    assert units["time"]["s"][0] == lexicon("units")["time"]["s"][0]  # type: ignore[index]
    assert units["time"]["s"][-1] == "heartbeats"  # type: ignore[index]
    assert units["time"]["moon"] == ["2551443", "moons"]  # type: ignore[index]


def test_a_new_language_may_be_added_to_a_table_of_languages(tmp_path: Path) -> None:
    found = added(tmp_path, "constraints", "interpretable:\n  nl: [uitlegbaar]\n")
    assert found["interpretable"]["nl"] == ["uitlegbaar"]  # type: ignore[index]


def test_a_new_concept_needs_the_parts_that_the_others_have(tmp_path: Path) -> None:
    text = "berth:\n  kind: amount\n  column: [berth]\n  said:\n    en: [berths]\n"
    assert added(tmp_path, "concepts", text)["berth"]["column"] == ["berth"]  # type: ignore[index]
    with pytest.raises(InputError, match=r"concepts.yaml:1: 'ship' should look like"):
        added(tmp_path / "..", "concepts", "ship:\n  column: [ship]\n")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("costs", "\nmiss:\n  en: a word\n", r"costs.yaml:3: costs.miss.en should hold a list, found 'a word'"),
        ("costs", "mis:\n  en: [a]\n", r"costs.yaml:1: costs has no 'mis'; did you mean 'miss'"),
        ("costs", "miss: [a]\n", r"costs.miss should hold a mapping"),
        ("metrics", "recall:\n  directoin: minimize\n", r"metrics.recall has no 'directoin'; did you mean 'direction'"),
        ("units", "time:\n  moon: [moons]\n  ms: {a: b}\n", r"units.yaml:3: units.time.ms should hold a list"),
        ("numbers", "en:\n  values: {dozenish: many}\n", r"should look like 'zero' does: a number"),
        ("requirements", "- {name: recall}\n", r"an entry of requirements should be a mapping with name, direction"),
    ],
)
def test_what_would_change_nothing_or_break_is_refused_at_its_line(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        added(tmp_path, name, text)
