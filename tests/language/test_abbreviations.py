"""Names of columns that are short for what people say, or hold it beside a few letters."""

from __future__ import annotations

import pytest

from traineragent.language.abbreviations import glued_in, pieced_from, short_for


@pytest.mark.parametrize(
    ("token", "word", "expected"),
    [
        ("hwy", "highway", True),
        ("qty", "quantity", True),
        ("dpt", "department", True),
        ("psgr", "passengers", True),
        ("hwy", "holiday", False),
        ("age", "average", False),  # vowels: a word of its own
        ("cty", "cty", False),
    ],
)
def test_a_token_without_vowels_stands_for_a_word(token: str, word: str, expected: bool) -> None:
    assert short_for(token, word) is expected


def test_a_word_is_found_within_a_name() -> None:
    assert glued_in("wfood", ["share", "food"]) == "food"
    assert glued_in("numbids", ["number", "bids"]) == "bids"
    assert glued_in("tmathssk", ["math", "score"]) == "math"
    assert glued_in("education", ["cat", "duct"]) is None
    assert glued_in("food", ["food"]) is None


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("medv", "median house value in boston", ("median", "value")),
        ("nox", "nitric oxide concentration", ("nitric", "oxide")),
        ("bwt", "birth weight in grams", ("birth", "weight")),
        ("lfp", "labor force participation", ("labor", "force", "participation")),
        ("crim", "median house value in boston", ()),
        ("age", "a good house", ()),
        ("y", "yield", ()),
    ],
)
def test_a_name_is_pieced_together_from_words_in_their_order(name: str, said: str, expected: tuple[str, ...]) -> None:
    assert pieced_from(name, said.split()) == expected
