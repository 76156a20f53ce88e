"""What holds although something else is said first: limits behind "as long as", floors behind what would be lovely, an
error that is put up with behind one that is too much, a laptop that is free for so long."""

from __future__ import annotations

import pytest

from traineragent.language.kinds import wish_of
from traineragent.language.reading import Reading

from .tables import limits, read

CORALS = "label:cat bleached|healthy|dead"
LOADS = "moisture_pct:float 3..30, clay_pit:cat east|west, cracked:flag 0|1"
MEALS = "distance_km:float 0.3..14, weekday:cat mon|tue|wed, duree_min:int 8..95"
GIFTS = "first_gift_gbp:float 2..900, channel:cat mail|web|street, religion:cat a|b, gave_again:flag 0|1"


@pytest.mark.parametrize(
    "words",
    [
        "I don't mind which metric as long as even the worst of the three classes is recognised 3 times out of 4.",
        "Welches Maß ist mir egal, solange jede Klasse in 3 von 4 Bildern erkannt wird.",
    ],
)
def test_what_is_provided_holds_whatever_is_all_the_same(words: str) -> None:
    assert limits(read(words, CORALS, kind="image_folder")) == {"min_class_recall": 0.75}


def test_a_floor_behind_what_would_be_lovely() -> None:
    words = "Will a load crack? I'd be over the moon with 95% of the bad loads found, but 80% is what it takes."
    assert limits(read(words, LOADS)) == {"recall": 0.8}


@pytest.mark.parametrize(
    "words",
    [
        "Combien de minutes ? Se tromper d'un quart d'heure en moyenne, c'est déjà trop : cinq minutes, pas plus.",
        "How many minutes? To be a quarter of an hour off on average, that is too much: five minutes, no more.",
    ],
)
def test_an_error_that_is_put_up_with_behind_one_that_is_too_much(words: str) -> None:
    assert limits(read(words, MEALS)) == {"mae": 5}


@pytest.mark.parametrize(
    "words",
    [
        "My laptop can run for 20 minutes, after that I need it for the raffle.",
        "Our PC is free for twenty minutes.",
        "Mein Laptop darf 20 Minuten lang rechnen.",
    ],
)
def test_as_long_as_a_laptop_is_free_training_may_take(words: str) -> None:
    assert limits(read(f"gave_again. {words}", GIFTS)) == {"train_minutes": 20}


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("Sensitivity has to be 98%; how many irrelevant ones slip in, whatever.", "choice"),
        ("Nineteen of twenty have to be genuine planets. How many it finds is secondary.", None),
    ],
)
def test_how_many_that_is_all_the_same_asks_for_no_amount(words: str, wish: str | None) -> None:
    assert wish_of(Reading.of(words)) == wish


def test_older_rows_to_learn_from_and_newer_ones_to_check_with() -> None:
    words = (
        "¿Qué donantes se van a dar de baja? Comprobado con los meses más recientes y entrenado con los anteriores, "
    )
    words += "nada de mezclar al azar."
    assert "split:time" in read(words, "meses:int 1..40, importe:float 2..90, baja:flag 0|1").constraints
