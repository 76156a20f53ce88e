"""What the model must be or respect, told in many ways, each beside words that only sound like it."""

from __future__ import annotations

import pytest

from traineragent.language.columns import Columns
from traineragent.language.constraints import find_constraints
from traineragent.language.reading import Reading

from .tables import table

COLUMNS = "age:int 18..90, gender:cat m|f, region:cat north|south|east, left:flag"


def constraints(words: str) -> set[str]:
    reading = Reading.of(words)
    return set(find_constraints(reading, Columns(reading, table(COLUMNS)), ()))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("My boss will ask why.", "interpretable"),
        ("Tiene que ser sencillo de explicar al vecino", "interpretable"),
        ("Il doit être facile à expliquer au maire", "interpretable"),
        ("Give me a low and a high for each, no more", "intervals"),
        ("draw a band around it that holds the true height", "intervals"),
        ("Scans must never be taken off-site", "privacy"),
        ("the weights have to be BSD or Apache style", "licence:permissive"),
        ("only BSD-like terms are fine for us", "licence:permissive"),
        ("a completely matching name counts and half a match is nothing", "eval:entity_level"),
        ("en ne comptant que les noms entiers", "eval:entity_level"),
        ("nur vollständige Nennungen zählen", "eval:entity_level"),
        ("regions it was never fitted on", "split:group:region"),
        ("a region must not be split between fit and test", "split:group:region"),
        ("each region wholly in either training or test", "split:group:region"),
        ("regions the model never learned from", "split:group:region"),
        ("keep people of one region together", "split:group:region"),
        ("make it hold for regions we have yet to visit", "split:group:region"),
        ("never hand it to anyone", "privacy"),
        ("The farmer will want to see what pulled it down.", "interpretable"),
        ("O chefe da frota tem de perceber porquê.", "interpretable"),
        ("a scorecard or a small decision tree, please", "interpretable"),
        ("my professor wants to see which oxide decided each case", "interpretable"),
        ("tell me where in the picture it looked", "interpretable"),
        ("a formula that a trainer can follow", "interpretable"),
        ("wir müssen jede Entscheidung begründen können", "interpretable"),
        ("il faut justifier chaque refus", "interpretable"),
        ("hay que justificar cada respuesta", "interpretable"),
        ("é preciso justificar cada decisão", "interpretable"),
        ("要能讲清楚每次判断的原因", "interpretable"),
        ("don't send the data to anybody", "privacy"),
        ("the file mustn't go to any third party", "privacy"),
        ("keep it all in house", "privacy"),
        ("alles im eigenen Haus", "privacy"),
        ("les données ne doivent pas aller sur internet", "privacy"),
        ("los datos no se comparten con terceros", "privacy"),
        ("only components with business-friendly licences", "licence:permissive"),
        ("the pictures go into a catalogue we sell", "licence:permissive"),
        ("the probabilities must be believable", "calibrated"),
        ("train on the past, test on what came later", "split:time"),
        ("half a name is worthless, only a fully correct name counts", "eval:entity_level"),
    ],
)
def test_a_wish_is_heard_in_other_words(words: str, expected: str) -> None:
    assert expected in constraints(words)


@pytest.mark.parametrize(
    "words",
    [
        "We sell phones online and in two shops.",
        "Which of them will stay with us?",
        "Customers who remain here get a card. Everything we sell is organic.",
        "We want to know which customers decide to leave next.",
        "It should run offline, no cloud.",
        "Welche Kunden bleiben bei uns?",
        "Quels clients vont rester chez nous ?",
        "¿Qué clientes se quedan en casa? La secretaria lleva la lista.",
        "Os clientes que ficam em casa compram menos.",
        "We check wires for money laundering, who is it?",
        "Don't give it any hint of the rider. Does she fall?",
        "Which clerks have we yet to train?",
        "Clerks who were not trained on the till: will they err?",
        "In low and high season alike: who comes?",
        "The fee must not be split among the owners. Who leaves?",
    ],
)
def test_words_that_only_sound_like_a_wish_are_none(words: str) -> None:
    assert not constraints(words)


def test_a_size_at_the_end_of_a_sentence_is_one() -> None:
    assert "resolution:64x96" in constraints("Paint new stamps, 64 by 96. They are for letters.")
    assert not any("resolution" in c for c in constraints("prints of 64 x 96.5 cm"))
