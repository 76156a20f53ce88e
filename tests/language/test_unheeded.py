"""Wishes that are read and not carried out as said are told; what is carried out or means something else is not."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request
from traineragent.language.task import understand

from .tables import table

HOMES = table(
    "id:id, city:cat Ulm|Bonn, rooms:int 1..7, size:float 20..200, age:int 0..90, price:float 50000..900000, "
    "sold:flag yes|no"
)


def told(words: str) -> set[str]:
    task = understand(Request(words), HOMES, 2000)
    return {a.what for a in task.assumptions if a.confidence == 0.5}


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("Predict the price with 10-fold cross-validation.", "folds"),
        ("Predict the price, random seed 42.", "seed"),
        ("Predict the price, fill missing values with the median.", "preparation"),
        ("Predict the price and remove outliers first.", "preparation"),
        ("Predict the log of the price.", "preparation"),
        ("Predict the price. Weigh recent sales more.", "weights"),
        ("Predict the price; it must rise with size.", "shape"),
        ("Predict the price, a separate model for each city.", "separately"),
        ("Predict the price with at most 3 inputs.", "few_inputs"),
        ("Preis vorhersagen mit höchstens 4 Merkmalen", "few_inputs"),
        ("Give me the price that is exceeded only one time in ten.", "quantile"),
        ("Predict the price rounded to the nearest thousand.", "rounding"),
        ("Predict the price and write the results to a CSV file.", "file"),
        ("Predict both price and sold.", "second answer"),
        ("Bitte price und sold vorhersagen.", "second answer"),
    ],
)
def test_a_wish_that_is_not_carried_out_is_told(words: str, what: str) -> None:
    assert what in told(words)


@pytest.mark.parametrize(
    "words",
    [
        "Predict the price from size and rooms.",
        "Predict the price, size and rooms are known.",
        "Predict the price for Ulm and Bonn with a mean error below 20000.",
        "Will it be sold? At most 5 % false alarms.",
        "Predict the price, ten times a day, in at most 3 seconds.",
        "What is the price of a home with 3 rooms?",
    ],
)
def test_nothing_is_told_where_nothing_was_passed_over(words: str) -> None:
    assert told(words) == set()


def test_the_words_are_quoted_and_help_is_named() -> None:
    task = understand(Request("Predict the price, random seed 42."), HOMES, 2000)
    (seed,) = [a for a in task.assumptions if a.what == "seed"]
    assert "'random seed 42' was read" in seed.why
    assert "--seed" in seed.why
