"""What is asked of pictures: a class, or how much of something."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request
from traineragent.language.task import understand

from .tables import ROWS, table

FRUIT = "image:id, kind:cat apple|pear|plum, weight_g:float 80.5..180.7, grower:cat north|south"
PEOPLE = "image:id, age:int 0..100"


@pytest.mark.parametrize(
    ("words", "columns", "task_type", "target"),
    [
        ("How heavy is the fruit in this picture?", FRUIT, "image_regression", "weight_g"),
        ("Estimate weight_g from the photo", FRUIT, "image_regression", "weight_g"),
        ("Which kind of fruit is in the photo?", FRUIT, "image_classification", "kind"),
        ("Estimate how old the person in the portrait is, in years", PEOPLE, "image_regression", "age"),
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
