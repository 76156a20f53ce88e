"""Typing slips are mended; good words stay as they are."""

from __future__ import annotations

import pytest

from traineragent.language.spelling import mended
from traineragent.language.words import Text


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("predcit", "predict"),
        ("modle", "model"),
        ("recal", "recall"),
        ("forcast", "forecast"),
        ("chrun", "churn"),
        ("eror", "error"),
        ("avarage", "average"),
        ("presicion", "precision"),
        ("sensitivty", "sensitivity"),
    ],
)
def test_mends(slip: str, meant: str) -> None:
    assert mended(Text.of(slip)).plain == meant


@pytest.mark.parametrize(
    "word",
    [
        "stories",
        "lottery",
        "football",
        "patent",
        "theatre",
        "poverty",
        "archive",
        "control",
        "averages",
        "prevision",
        "provision",
        "decision",
        "balance",
        "absolutely",
        "three",
        "avenge",
    ],
)
def test_leaves_good_words(word: str) -> None:
    assert mended(Text.of(word)).plain == word


def test_quotes_stay_the_users_own() -> None:
    text = mended(Text.of("Please PREDCIT it"))
    at = text.plain.index("predict")
    assert text.quote(at, at + len("predict")) == "PREDCIT"


def test_a_word_of_the_policy_is_no_slip() -> None:
    assert mended(Text.of("Recruit young men")).plain == "recruit young men"
