"""Words of cells and names: what ships, and what a folder of the user's own adds."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from traineragent.agents.inforce import check_overlay
from traineragent.data.meaning import read_column
from traineragent.data.wordlists import answer_pairs, answers, plain_answers, words_of
from traineragent.errors import InputError
from traineragent.knowledge.force import overlaid

CELLS = pd.Series(["jawohl", "niemals"] * 20, dtype="object")


def test_every_kind_of_words_is_there_and_folded() -> None:
    for kind in ("ids", "times", "years", "entities", "currencies", "multipliers", "happened", "ordinary", "headers"):
        assert words_of(kind)
        assert all(w == w.casefold() and " " not in w for w in words_of(kind))
    assert not {*answers("yes")} & {*answers("no")}
    assert {*plain_answers("yes")} < {*answers("yes")}
    assert all(yes in answers("yes") for yes, _ in answer_pairs())


def test_a_folder_of_ones_own_adds_words(tmp_path: Path) -> None:
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "cells.yaml").write_text(
        "yes: {more: [jawohl]}\nno: {more: [niemals]}\nids: [aktenzeichen]\n"
    )
    assert read_column("seen", CELLS).meaning == "category"
    with overlaid(tmp_path):
        reading = read_column("seen", CELLS)
        assert reading.meaning == "boolean"
        assert "aktenzeichen" in words_of("ids")
        assert "uuid" in words_of("ids")
    assert "aktenzeichen" not in words_of("ids")


@pytest.mark.parametrize("text", ["yes: [jawohl]\n", "yess: {more: [jawohl]}\n", "pairs: [jawohl]\n"])
def test_words_in_another_shape_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "cells.yaml").write_text(text)
    with pytest.raises(InputError, match=r"cells\.yaml"):
        check_overlay(tmp_path)
