"""Tokens cover a text in order whatever its script, and their places are code points."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traineragent.serve.spans.observations import SLOTS, WORD_SLOT, observe
from traineragent.serve.spans.tokens import LEVELS, cuts, tokenize


def words(text: str, level: str = "words") -> list[str]:
    return [text[a:b] for a, b in tokenize(text, level)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's St. Louis-based, 3.5% of $1,000!", "It ' s St . Louis - based , 3.5 % of $ 1,000 !"),
        ("@bob #fun http://a.b/c?d=1. me@x.org", "@bob #fun http://a.b/c?d=1 . me@x.org"),
        ("café Ελλάδα Привет", "café Ελλάδα Привет"),
        ("cafe\u0301 नमस्ते दुनिया।", "cafe\u0301 नमस्ते दुनिया ।"),
        ("我爱北京2024年", "我 爱 北 京 2024 年"),
        ("สวัสดี", "ส วั ส ดี"),
    ],
)
def test_words_are_cut_in_every_script(text: str, expected: str) -> None:
    assert words(text) == expected.split()


def test_the_fine_level_cuts_inside_of_words() -> None:
    assert words("#Rome2024 a_b", "fine") == ["#", "Rome", "2024", "a", "_", "b"]
    assert cuts("#Rome2024", "words", [1, 5]) == 2
    assert cuts("#Rome2024", "fine", [1, 5]) == 0


@settings(deadline=None)
@given(st.text(max_size=60))
def test_tokens_are_in_order_and_leave_out_nothing_but_blanks(text: str) -> None:
    for level in LEVELS:
        places = tokenize(text, level)
        assert all(a < b for a, b in places)
        assert all(one[1] <= two[0] for one, two in pairwise(places))
        kept = "".join(text[a:b] for a, b in places)
        assert kept == "".join(c for c in text if not c.isspace())
        assert observe(text, places).shape == (len(places), SLOTS)


def test_what_is_observed_of_a_word_does_not_depend_on_the_process() -> None:
    keys = observe("Paris", [(0, 5)])
    assert int(keys[0, WORD_SLOT]) == 12147263401562596480  # another number: raise observations.VERSION
    assert (observe("Paris", [(0, 5)]) == keys).all()
    assert observe("paris", [(0, 5)])[0, WORD_SLOT] == keys[0, WORD_SLOT]
