from __future__ import annotations

import pytest

from traineragent.serve.codecs.prompts import Prompts, UnknownPrompt

CLOTHES = (
    {"label": "Trouser", "said": ["pants"]},
    {"label": "T-shirt", "said": ["tee"]},
    {"label": "Shirt", "said": []},
    {"label": "Dress", "said": ["robe"]},
)
DIGITS = tuple({"label": str(i), "said": [w]} for i, w in enumerate(("zero", "one", "two", "three")))


@pytest.mark.parametrize(
    ("prompt", "label"),
    [
        ("trousers", "Trouser"),
        ("a pair of PANTS, please", "Trouser"),
        ("a T-shirt", "T-shirt"),
        ("t shirts", "T-shirt"),
        ("a shirt", "Shirt"),
        ("the dresses", "Dress"),
        ("une robe", "Dress"),
    ],
)
def test_reads_a_name_in_other_forms(prompt: str, label: str) -> None:
    prompts = Prompts(CLOTHES, several=False)
    assert [prompts.labels[i] for i in prompts.read(prompt)] == [label]


@pytest.mark.parametrize(("prompt", "index"), [("a handwritten three", 3), ("2", 2), ("the digit 0", 0), ("One!", 1)])
def test_reads_number_words_and_digits(prompt: str, index: int) -> None:
    assert Prompts(DIGITS, several=False).read(prompt) == [index]


def test_refuses_what_it_has_not_learned() -> None:
    with pytest.raises(UnknownPrompt, match="names none"):
        Prompts(CLOTHES, several=False).read("a steam engine")


def test_refuses_two_things_where_a_picture_shows_one() -> None:
    with pytest.raises(UnknownPrompt, match="at once"):
        Prompts(CLOTHES, several=False).read("a dress and a shirt")


def test_takes_several_where_captions_do() -> None:
    assert Prompts(CLOTHES, several=True).read("a dress and a shirt") == [3, 2]


def test_a_label_must_stand_as_it_is() -> None:
    prompts = Prompts(CLOTHES, several=False)
    assert prompts.label("t-shirt") == 1
    with pytest.raises(UnknownPrompt):
        prompts.label("a T-shirt")
