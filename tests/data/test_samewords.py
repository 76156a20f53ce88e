"""Copies of texts: other case, marks or blanks, a word more in a long text; never short texts that differ by a word."""

from __future__ import annotations

import pytest

from traineragent.data.samewords import alike_texts

LONG = "the quick brown fox jumps over the lazy dog while seven wizards watch from the old stone bridge at dawn"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Free prize!", "free  PRIZE", True),
        ("ｆｒｅｅ prize", "free prize", True),
        (LONG, LONG.replace("old ", ""), True),
        (LONG, "Breaking: " + LONG, True),
        (LONG, "a wholly different text about the weather in the mountains and the prices of bread in spring", False),
        ("I like it", "I do not like it", False),
        ("call me at 8", "call me at 9", False),
        ("新闻标题", "新闻 标题", True),
    ],
)
def test_near_copies_are_one(one: str, other: str, same: bool) -> None:
    first, second = alike_texts([one, other])
    assert bool(first == second) is same


def test_copies_of_copies_are_one_and_texts_without_words_stay_apart() -> None:
    found = alike_texts(["a b", "A B", "a-b", "!!!", "???", ""])
    assert found[0] == found[1] == found[2]
    assert len({*found[3:]}) == 3
