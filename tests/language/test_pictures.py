"""What is asked of pictures: a class, or how much of something."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request
from traineragent.language.task import understand

from .tables import ROWS, table

FRUIT = "image:id, kind:cat apple|pear|plum, weight_g:float 80.5..180.7, grower:cat north|south"
CELLS = "image:id, Anzahl rote Zellen:int 0..17"
CARDS = "image:id, number:int 0..9"
PEOPLE = "image:id, age:int 0..100"


@pytest.mark.parametrize(
    ("words", "columns", "task_type", "target"),
    [
        ("How heavy is the fruit in this picture?", FRUIT, "image_regression", "weight_g"),
        ("Estimate weight_g from the photo", FRUIT, "image_regression", "weight_g"),
        ("Which kind of fruit is in the photo?", FRUIT, "image_classification", "kind"),
        ("Estimate how old the person in the portrait is, in years", PEOPLE, "image_regression", "age"),
        ("Zähle die roten Zellen auf dem Foto", CELLS, "image_regression", "Anzahl rote Zellen"),
        ("Look at the blood", CELLS, "image_regression", "Anzahl rote Zellen"),
        ("Count the red cells", "image:id, cells:int 0..17", "image_regression", "cells"),
        ("Which number is on the card?", CARDS, "image_classification", "number"),
        ("Wie schwer ist das Obst auf dem Bild?", FRUIT, "image_regression", "weight_g"),
    ],
)
def test_pictures_tell_a_class_or_how_much(words: str, columns: str, task_type: str, target: str) -> None:
    task = understand(Request(words), table(columns), ROWS, kind="images")
    assert (task.task_type, task.data_info.target) == (task_type, target)


@pytest.mark.parametrize("words", ["Which digit was written?", "Which of the traffic signs is it?"])
@pytest.mark.parametrize("labels", ["label:int 0..9", "label:int 0..42"])
def test_numbers_that_name_class_folders_are_classes(words: str, labels: str) -> None:
    task = understand(Request(words), table(f"image:id, {labels}"), ROWS, kind="images", answer="label")
    assert task.task_type == "image_classification"


def test_a_target_of_many_numbers_beside_pictures_is_a_number() -> None:
    task = understand(Request("Look at the pictures.", target="weight_g"), table(FRUIT), ROWS, kind="images")
    assert task.task_type == "image_regression"
    assert task.metrics[0].name in ("rmse", "r2")


@pytest.mark.parametrize(
    ("words", "task_type"),
    [
        ("Draw capital letters on demand", "image_generation"),
        ("It should paint flowers when asked", "image_generation"),
        ("Recognise the letter that I draw on the screen", "image_classification"),
        ("To draw conclusions about health, say which leaf is ill", "image_classification"),
    ],
)
def test_what_is_told_to_draw_draws(words: str, task_type: str) -> None:
    task = understand(Request(words), table("image:id, label:cat a|b|c"), ROWS, kind="images", answer="label")
    assert task.task_type == task_type


@pytest.mark.parametrize(
    ("words", "task_type"),
    [
        ("I want new little drawings of a circle, a square or a cross, by name", "image_generation"),
        ("give me new pictures of crosses", "image_generation"),
        ("neue Bilder von Symbolen bitte", "image_generation"),
        ("Tell circles from squares and crosses in new images", "image_classification"),
        ("which symbol is in new pictures?", "image_classification"),
        ("Tell which new pictures are circles", "image_classification"),
        ("recognise the symbol in new small images", "image_classification"),
        ("Erkenne das Symbol auf neuen Bildern", "image_classification"),
    ],
)
def test_new_pictures_are_wished_for_or_judged(words: str, task_type: str) -> None:
    columns = table("image:id, label:cat circle|square|cross")
    assert understand(Request(words), columns, ROWS, kind="images", answer="label").task_type == task_type


@pytest.mark.parametrize(
    "words",
    [
        "Pela foto, dizer se a pastilha está boa ou gasta. Acertar 90% no geral.",
        "Sur la photo, la pièce est bonne ou usée ? 90 % de bonnes réponses en général.",
        "Con la foto, decir si la pieza está buena o gastada, 90 % de acierto en general.",
        "Dalla foto, dire se il pezzo è buono o usurato, in generale il 90 % giusto.",
    ],
)
def test_in_general_asks_for_no_new_pictures(words: str) -> None:
    task = understand(Request(words), table("image:id, label:cat boa|gasta"), ROWS, kind="images", answer="label")
    assert task.task_type == "image_classification"
