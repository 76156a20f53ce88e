"""What is said by the way and asks for nothing: amounts that do not matter, times of events, neighbours' words."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request, TaskSpec
from traineragent.language.kinds import wish_of
from traineragent.language.reading import Reading
from traineragent.language.series import side_by_side
from traineragent.language.task import understand

from .tables import ROWS, table


def read(words: str, columns: str, kind: str = "table") -> TaskSpec:
    return understand(Request(words), table(columns, ROWS) if columns else (), ROWS, kind=kind)


@pytest.mark.parametrize(
    ("words", "languages"),
    [
        ("Predicción de pasajeros del tranvía, día a día. Que no se equivoque más de un 10 %.", ("es", "en")),
        ("Quero saber o preço do metro cúbico por talhão, com erro médio de até 15 reais.", ("pt", "en")),
        ("Prédire le rendement d'une cuve de lait, sur le PC de la laiterie.", ("fr", "en")),
    ],
)
def test_a_neighbouring_language_needs_words_of_its_own(words: str, languages: tuple[str, ...]) -> None:
    assert Reading.of(words).languages == languages


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("Which signals are genuine? How many it finds is secondary.", "flag"),
        ("How many of the signals are genuine?", "amount"),
        ("Welche Karten werden gesperrt? Wie viele es findet, ist egal.", "flag"),
    ],
)
def test_an_amount_that_does_not_matter_is_no_wish(words: str, wish: str) -> None:
    assert wish_of(Reading.of(words)) == wish


def test_what_is_to_be_proposed_is_the_answer() -> None:
    columns = "libelle:text, pays:cat CN|TR|MA, chapitre:cat ch_64|ch_84|ch_85|ch_39|ch_94"
    task = read("Douane : à partir du libellé, proposer le bon chapitre du tarif.", columns)
    assert (task.task_type, task.data_info.target) == ("text_classification", "chapitre")


@pytest.mark.parametrize(
    "words",
    [
        "Here are pictures from our kilns. Tell the good plates from the bad ones.",
        "Das sind Fotos unserer Teller. Gute und schlechte unterscheiden.",
        "Estas son fotos de nuestros platos. Distinguir los buenos de los malos.",
    ],
)
def test_pictures_without_classes_that_are_to_be_told_apart_are_not_to_be_drawn(words: str) -> None:
    task = read(words, "image:id", kind="image_set")
    assert (task.task_type, task.verdict.decision) == ("image_classification", "ask")


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        ("Which dogs are still here after 60 days, so that they get the training slots?", None),
        ("Which dogs are still here? Stop the training after 20 minutes.", 20.0),
        ("Which dogs are still here? Training has to be over within 2 days.", 2880.0),
    ],
)
def test_days_until_something_happens_are_no_time_of_training(words: str, minutes: float | None) -> None:
    task = read(words, "breed:cat terrier|hound, age:float, still_here:cat no|yes")
    assert next((r.limit for r in task.requirements if r.name == "train_minutes"), None) == minutes


@pytest.mark.parametrize(
    ("words", "share"),
    [
        ("höchstens eine von 250 darf durchrutschen", 0.004),
        ("at most one of 400 may slip through", 0.0025),
        ("a list of 7 of 31 items", None),
    ],
)
def test_shares_of_large_round_numbers(words: str, share: float | None) -> None:
    shares = [q.value for q in Reading.of(words).quantities if q.kind == "share"]
    assert shares == ([] if share is None else [share])


@pytest.mark.parametrize(
    ("words", "columns", "series"),
    [
        ("How many come each day over the next ten days? It runs by itself.", "flu:float, visits:int 140..420", ()),
        ("How much will each shop take over the next ten days?", "ulm:float, bonn:float", ("ulm", "bonn")),
        ("How much will each shop take over the next ten days?", "heat:float 0.5..9.5, ulm:int 1..900", ()),
    ],
)
def test_columns_are_series_of_their_own_where_they_are_of_one_kind(
    words: str, columns: str, series: tuple[str, ...]
) -> None:
    assert side_by_side(Reading.of(words), table(f"day:date, {columns}", ROWS), ROWS) == series
