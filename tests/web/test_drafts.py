"""Drafts outlive a reload, take what a person may type, and refuse the rest in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from traineragent.errors import InputError
from traineragent.web.drafts import Drafts, new_id
from traineragent.web.missing import Missing


def test_a_draft_is_the_same_after_a_reload(tmp_path: Path) -> None:
    id, drafts = new_id(), Drafts(tmp_path / "drafts", tmp_path / "uploads")
    drafts.change(id, {"words": "Predict churn", "minutes": 2.5, "paths": ["a.csv"], "answers": {"target": "left"}})
    again = Drafts(tmp_path / "drafts", tmp_path / "uploads").open(id)
    assert (again.words, again.minutes, again.paths, again.answers) == (
        "Predict churn", 2.5, ("a.csv",), {"target": "left"},
    )  # fmt: skip
    assert again.asked(["/sent.csv"])["data"] == ["/sent.csv", "a.csv"]


@pytest.mark.parametrize("id", ["", "..", "../../etc", "ABC", "0" * 15, "0" * 17, "0123456789abcde/"])
def test_only_a_number_of_ours_names_a_draft(tmp_path: Path, id: str) -> None:
    drafts = Drafts(tmp_path, tmp_path)
    with pytest.raises(Missing):
        drafts.open(id)
    with pytest.raises(Missing):
        drafts.files(id)


@pytest.mark.parametrize(
    "news",
    [{"words": "x" * 20_001}, {"minutes": 0}, {"minutes": float("nan")}, {"minutes": 1e9}, {"paths": ["x"] * 101}],
)
def test_what_cannot_be_is_refused_in_a_sentence(tmp_path: Path, news: dict[str, object]) -> None:
    with pytest.raises(InputError, match="change it and try again"):
        Drafts(tmp_path, tmp_path).change(new_id(), news)


def test_fields_that_are_none_are_left_out(tmp_path: Path) -> None:
    id, drafts = new_id(), Drafts(tmp_path, tmp_path)
    drafts.change(id, {"id": "0" * 16, "whatever": 1, "words": "w"})
    assert drafts.open(id).id == id
