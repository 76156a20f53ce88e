"""Answers of people: a number, a word, part of a word, a question back, or none."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Question
from traineragent.language.answering import Reply, column_meant, reason_for, reply_to

from .tables import table

ASKED = Question("target", "Which column?", ("price", "price_per_m2", "Sold", "quality index"), "price")


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        ("2", Reply("choice", "price_per_m2")),
        ("3.", Reply("choice", "Sold")),
        ("sold", Reply("choice", "Sold")),
        ("PRICE", Reply("choice", "price")),
        ("qual", Reply("choice", "quality index")),
        ("I mean the quality index", Reply("choice", "quality index")),
        ("the price per m2 please", Reply("choice", "price_per_m2")),
        ("pri", Reply("unclear", "price or price_per_m2")),
        ("", Reply("choice", "price")),
        ("yes", Reply("choice", "price")),
        ("ja, genau", Reply("choice", "price")),
        (None, Reply("skip")),
        ("I don't know", Reply("skip")),
        ("keine Ahnung", Reply("skip")),
        ("?", Reply("why")),
        ("Why do you ask?", Reply("why")),
        ("warum?", Reply("why")),
        ("why does it matter", Reply("why")),
        ("9", Reply("words", "9")),
        ("the number of rooms", Reply("words", "the number of rooms")),
    ],
)
def test_an_answer_is_understood(answer: str | None, reply: Reply) -> None:
    assert reply_to(ASKED, answer) == reply


def test_without_a_default_enter_leaves_the_question_open() -> None:
    assert reply_to(Question("horizon", "How far ahead?"), "") == Reply("skip")


def test_a_choice_that_is_a_number_is_taken_by_its_name() -> None:
    assert reply_to(Question("positive_label", "Which?", ("0", "1")), "1") == Reply("choice", "1")


def test_an_answer_in_words_names_a_column() -> None:
    columns = table("LotArea:int 1..9, YearBuilt:int 1880..2010, Sale Price:int 1..9")
    assert column_meant("the year built, please", columns) == "YearBuilt"
    assert column_meant("Sale Price", columns) == "Sale Price"
    assert column_meant("rooms", columns) == "rooms"


def test_every_kind_of_question_has_a_reason() -> None:
    for about in ("target", "data", "deployment", "horizon", "positive_label", "change", "metric", "inputs"):
        assert reason_for(Question(about, "?")), about
