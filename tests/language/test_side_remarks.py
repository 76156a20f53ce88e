"""What is said by the way and asks for nothing: amounts that do not matter, times of events, neighbours' words."""

from __future__ import annotations

import pytest

from traineragent.language.kinds import wish_of
from traineragent.language.reading import Reading
from traineragent.language.series import side_by_side

from .tables import ROWS, read, table


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


@pytest.mark.parametrize(
    ("words", "limits"),
    [
        (
            "Which hydrants leak? Report the area under the precision-recall curve; 0.40 or above.",
            {"average_precision": 0.4},
        ),
        ("Which hydrants leak? Report the F1; 12 crews work on them.", {}),
        ("Which hydrants leak? 9 outta 10 right.", {"accuracy": 0.9}),
        ("Which hydrants leak? 97 % per hydrant.", {"accuracy": 0.97}),
    ],
)
def test_numbers_that_stand_apart_from_what_they_bound(words: str, limits: dict[str, float]) -> None:
    task = read(words, "hydrant:id, age:int 1..90, leaked:flag 0|1")
    assert {r.name: r.limit for r in task.requirements} == limits


def test_what_becomes_of_something_is_the_case_asked_for() -> None:
    words = "Rain, frost, drainage and whether they played. Tell me if the match will be called off."
    task = read(words, "rain:float 0.5..70, drained:flag 0|1, result:cat played|called_off")
    assert task.data_info.target == "result"
    assert {a.what: a.value for a in task.assumptions}["positive_label"] == "called_off"


def test_who_does_something_to_a_column_is_not_left_out_with_it() -> None:
    words = "Which panel gets it? 'reviewer' is assigned later by the panel itself, so keep your hands off it."
    task = read(words, "summary:text, region:cat north|south, reviewer:cat kl|jp|ot, panel:cat music|theatre|visual")
    assert task.data_info.target == "panel"
    assert task.constraints == ("exclude:reviewer",)


def test_words_that_are_a_unit_in_another_language_are_none_where_they_name_classes() -> None:
    columns = "saal:cat Antike|Barock|Moderne, gruppe:int 1..30, minuten:float 0.5..58"
    assert read("Wie lange bleiben Besucher in einem Saal?", columns).data_info.target == "minuten"


def test_rows_up_to_a_year_are_learned_from_and_later_ones_are_the_test() -> None:
    words = "Daily fuel from speed. Learn from the voyages up to the end of 2021 and let the later ones be the exam."
    task = read(words, "day:date, speed:float 4.5..15, fuel_kg:int 900..31000")
    assert (task.task_type, task.constraints) == ("tabular_regression", ("split:time",))


def test_words_and_tags_in_another_language_are_tokens() -> None:
    columns = "palabras:cat ibuprofeno|mg|cada, etiquetas:cat B-DOSIS|I-DOSIS|O|B-FARMACO"
    assert read("Hay que marcar fármaco y dosis.", columns).task_type == "token_classification"


def test_a_card_of_so_much_memory_bounds_what_draws_but_not_one_that_holds_pictures() -> None:
    words = "New wallpapers in the style of these. {} FID below 45."
    told = {
        said: {r.name for r in read(words.format(said), "image:id", kind="image_set").requirements}
        for said in ("We have a 12 GB graphics card.", "The pictures are stored on a 12 GB card.")
    }
    assert list(told.values()) == [{"gpu_memory_mb", "fid"}, {"fid"}]
