"""Wishes for kinds of models that are not made here are told at once; tasks that only sound like them are taken."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request
from traineragent.language.task import understand

from .tables import ROWS, table

TEXTS = "en:text, de:text"
SHOP = "customer:id, age:int 18..90, spent:float 0..900, visits:int 0..40, region:cat north|south"
SENSORS = "time:date, temperature:float 10..90, pressure:float 1..9"


@pytest.mark.parametrize(
    ("words", "spec", "what"),
    [
        ("Translate English captions to German.", TEXTS, "translation"),
        ("Übersetze die Sätze ins Deutsche.", TEXTS, "translation"),
        ("把英文句子翻译成中文。", TEXTS, "translation"),
        ("Summarise long articles in three sentences.", TEXTS, "summaries"),
        ("Fasse die Berichte zusammen.", TEXTS, "summaries"),
        ("Transcribe the recordings of our calls.", "", "speech"),
        ("A chatbot for our manual, please.", "", "conversation"),
        ("Draft good replies to complaints.", TEXTS, "written answers"),
        ("Find clusters among our customers.", SHOP, "groups"),
        ("Faites un clustering des clients.", SHOP, "groups"),
        ("Detect anomalies in the readings.", SENSORS, "unusual"),
        ("We need a recommender for our shop.", SHOP, "recommendations"),
        ("Teach a robot to walk.", "", "trial and error"),
    ],
)
def test_what_no_model_here_can_give_is_declined_with_what_comes_nearest(words: str, spec: str, what: str) -> None:
    verdict = understand(Request(words), table(spec) if spec else (), ROWS if spec else 0).verdict
    assert (verdict.decision, verdict.policy_class) == ("decline", "unattainable:task_type")
    assert what in verdict.reasons[0]
    assert verdict.alternative


@pytest.mark.parametrize(
    ("words", "spec", "target"),
    [
        ("Predict the column anomaly from the readings.", SENSORS + ", anomaly:flag 0|1", "anomaly"),
        ("Predict the cluster (column cluster) of a customer.", SHOP + ", cluster:cat a|b|c", "cluster"),
        ("Which leads translate into sales? The column is sale.", SHOP + ", sale:flag 0|1", "sale"),
        ("Route each text to the team that answers questions on it.", "text:text, team:cat a|b|c", "team"),
        ("Predict whether a customer recommends us (column promoter).", SHOP + ", promoter:flag 0|1", "promoter"),
        (
            "Die Übersetzung des Getriebes steht in gear; sage defect voraus.",
            "gear:float 1..9, defect:flag 0|1",
            "defect",
        ),
    ],
)
def test_a_task_that_only_sounds_like_it_is_taken(words: str, spec: str, target: str) -> None:
    task = understand(Request(words), table(spec), ROWS)
    assert task.verdict.decision == "accept", task.verdict.reasons
    assert task.data_info.target == target


@pytest.mark.parametrize(
    "words", ["How many cells are in the picture?", "Count the kings.", "Wie viele Zellen sind auf dem Bild?"]
)
def test_things_that_are_only_marked_are_not_counted(words: str) -> None:
    """Boxes say where things are; a table that says how many there are can be learned from."""
    boxes = table("image:text, phrase:text, box:text")
    asked = understand(Request(words), boxes, ROWS, kind="grounding")
    assert asked.verdict.decision == "decline"
    assert "how many" in asked.verdict.reasons[0]
    numbers = table("image:text, cells:int 0..40")
    counted = understand(Request(words), numbers, ROWS, kind="image_table")
    assert counted.verdict.decision != "decline"


def test_pointing_at_one_of_many_is_no_counting() -> None:
    boxes = table("image:text, phrase:text, box:text")
    asked = understand(
        Request("Give the box of the card I describe, at least 80 % right."), boxes, ROWS, kind="grounding"
    )
    assert asked.verdict.decision == "accept"
