"""Limits told without a metric's name: intervals that hold, guesses among which, boxes that are hit, and what takes a
number back or makes it none."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request
from traineragent.language.metrics import find_metrics
from traineragent.language.reading import Reading
from traineragent.language.requirements import find_limits
from traineragent.language.task import understand

from .tables import ROWS, table

YIELD = "field_id:id, rain:float 0..90, soil:cat clay|sand, harvest:float 2..96"
LETTERS = "letter:text, desk:cat tax|waste|parks|roads|schools|births"
CALLS = "week:date, calls:int 100..900"


def limits(words: str, task: str) -> dict[str, float]:
    reading = Reading.of(words)
    return {x.name: round(x.value, 4) for x in find_limits(reading, find_metrics(reading), task)}


def asked(words: str, columns: str) -> dict[str, float]:
    task = understand(Request(words), table(columns, ROWS), ROWS, kind="table")
    return {r.name: round(r.limit, 4) for r in task.requirements}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("a corridor around it in which the true value ends up eight times out of ten", {"interval_coverage": 0.8}),
        ("give me a low and a high, and in 9 of 10 weeks the harvest should be in between", {"interval_coverage": 0.9}),
        ("we want a from-to that turns out right in four cases of five", {"interval_coverage": 0.8}),
        ("eine Spanne, und in 9 von 10 Fällen liegt der wahre Wert darin", {"interval_coverage": 0.9}),
        ("with a band, off by 5 % at most", {"mape": 0.05}),
        ("R squared 0.7, and I mean on new farms, since half the county has never been sampled", {"r2": 0.7}),
        ("MAE 20. Hmm, that is too strict for a start, make it 30.", {"mae": 30}),
        ("mean absolute error: 2 km. No wait, the valley is only 9 km long, make it 1 km", {"mae": 1}),
        ("over 100 fields from weather alone, error eight at worst on average", {"mae": 8}),
        ("for fields within 3 km of the river, MAE 20", {"mae": 20}),
        ("mean error 40, never more than 90 off", {"mae": 40, "max_error": 90}),
    ],
)
def test_of_numbers(words: str, expected: dict[str, float]) -> None:
    assert asked(f"Predict the harvest: {words}", YIELD) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("It proposes three desks; the right one must be among those three in 95% of cases.", {"top3_accuracy": 0.95}),
        ("0.85 accuracy is a must, 0.9 would be lovely.", {"accuracy": 0.85}),
        ("Score it as the plain mean of the F1 over the desks; 0.75 is the least.", {"f1_macro": 0.75}),
        ("Kappa and so on we don't care, 9 of 10 right will do.", {"accuracy": 0.9}),
        ("Accuracy is misleading, macro F1 0.7.", {"f1_macro": 0.7}),
        ("The price range is wide, 80 % of letters are short.", {}),
    ],
)
def test_of_classes(words: str, expected: dict[str, float]) -> None:
    assert asked(f"Which desk does a letter go to? {words}", LETTERS) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("In eight of ten tries the dot must land inside the right thing.", {"pointing_accuracy": 0.8}),
        ("Der Punkt soll in 9 von 10 Fällen auf dem richtigen Teil liegen.", {"pointing_accuracy": 0.9}),
        ("el alfiler tiene que caer dentro en 8 de cada 10", {"pointing_accuracy": 0.8}),
        ("un recouvrement d'au moins la moitié dans 70 % des cas", {"accuracy_iou50": 0.7}),
        ("overlap of at least half in 4 of 5 phrases", {"accuracy_iou50": 0.8}),
        ("The right box in 75 of 100 phrases.", {"accuracy_iou50": 0.75}),
        ("Mean IoU 0.6 or more.", {"mean_iou": 0.6}),
        ("IoU 0.5 or better in 70 % of the phrases", {"accuracy_iou50": 0.7}),
    ],
)
def test_of_boxes(words: str, expected: dict[str, float]) -> None:
    assert limits(words, "grounding") == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Last year's week is our guess now; be at least 15 % less wrong, with 15 % less error than that.", 0.15),
        ("Copying last week is what we do; I want 10 % smaller errors than now.", 0.1),
    ],
)
def test_of_what_is_done_today(words: str, expected: float) -> None:
    assert asked(f"Forecast the calls four weeks ahead. {words}", CALLS)["skill_vs_seasonal_naive"] == expected


def test_fewer_of_anything_else_is_no_skill() -> None:
    assert asked("Forecast the calls for the next 4 weeks. We have 10 % fewer agents than now. MAE 30.", CALLS) == {
        "mae": 30
    }


def test_a_gap_between_groups_is_no_recall() -> None:
    words = "Predict no_show. The hit rate must not differ by more than five points between men and women."
    assert asked(words, "sex:cat f|m, lead:int 0..90, no_show:flag") == {"recall_gap": 0.05}
