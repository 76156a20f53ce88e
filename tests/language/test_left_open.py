"""What a request leaves open is asked: classes of pictures, how far ahead, what a model is to answer; and what is
beyond any model is told from the figure alone."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request, TaskSpec
from traineragent.language.task import understand

from .tables import ROWS, table

WELDS = "image:text"
WEEKS = "week:date, quota_left_t:float 50..4000, landings_t:float 12..910"


def task(words: str, columns: str, kind: str = "table") -> TaskSpec:
    return understand(Request(words), table(columns), ROWS, kind=kind)


@pytest.mark.parametrize(
    "words",
    [
        "2,600 photos of welds from the steel frame. I want good and bad told apart, 95 %.",
        "Aquí tenéis las fotos del almacén. Que el sistema las reparta en los grupos correctos.",
        "Voici nos photos de cuves, il faut les répartir en groupes.",
        "Hier sind Bilder von Schrauben, gute und schlechte auseinander bitte.",
        "Which of these mushrooms can be eaten? 90 % right.",
        "Is the valve open or shut in each picture?",
    ],
)
def test_pictures_without_classes_that_are_judged_are_asked_for_classes(words: str) -> None:
    found = understand(Request(words), table("file:id"), ROWS, kind="image_set")
    assert found.task_type == "image_classification"
    assert [q.about for q in found.verdict.questions] == ["labels"]


@pytest.mark.parametrize(
    "words",
    [
        "We publish colouring books and own 900 line drawings. I want fresh ones in the same hand, FID not above 40",
        "We do lettering on shop windows and want new ones in that manner, 256x256.",
        "Wallpaper ornaments like these 620 scans from our own archive.",
    ],
)
def test_pictures_of_which_more_are_wished_for_are_drawn(words: str) -> None:
    assert understand(Request(words), table("file:id"), ROWS, kind="image_set").task_type == "image_generation"


@pytest.mark.parametrize(
    ("words", "columns"),
    [
        ("Forecast how many kegs our pubs will draw. Nine percent error would be lovely.", "day:date, kegs:int 1..22"),
        ("Predict landings of herring in tonnes at our harbour, MAPE 15 %.", WEEKS),
        ("How will demand develop? MAPE 10 %.", "date:date, price:float 1..4, demand:int 30..800"),
        ("Wie entwickelt sich die Nachfrage? MAPE 10 %.", "datum:date, preis:float 1..4, nachfrage:int 30..800"),
    ],
)
def test_how_far_ahead_is_asked_where_an_error_is_limited_or_wished(words: str, columns: str) -> None:
    found = task(words, columns)
    assert found.task_type == "forecasting"
    assert [q.about for q in found.verdict.questions] == ["horizon"]


@pytest.mark.parametrize(
    ("words", "columns"),
    [
        ("Predict landings from the quota left, MAPE 15 %.", WEEKS),
        ("How high are landings if little quota is left? MAPE 15 %.", WEEKS),
    ],
)
def test_what_is_told_from_its_circumstances_is_no_forecast(words: str, columns: str) -> None:
    assert task(words, columns).task_type == "tabular_regression"


@pytest.mark.parametrize(
    "words",
    [
        "Make us a model of our members, as good as you can get it.",
        "Train a model on our bees please.",
        "Un modèle de nos clients, s'il vous plaît.",
        "Bitte ein Modell von unseren Gästen.",
        "Un modelo sobre nuestros clientes.",
    ],
)
def test_a_model_of_something_says_not_what_it_is_to_answer(words: str) -> None:
    found = task(words, "age_group:cat a|b|c, fee:float 40..310, volunteer:flag, stays:flag")
    assert [q.about for q in found.verdict.questions] == ["target"]


@pytest.mark.parametrize(
    "words",
    [
        "The contract says R squared of 1.4 on the strength. Deliver that or nothing.",
        "Predict the strength, R² mindestens 1,3",
        "Predict the strength with a Pearson correlation of 1.2",
    ],
)
def test_a_score_beyond_its_range_is_declined(words: str) -> None:
    found = task(words, "carbon:float 0..1, temper:int 150..700, strength:float 310..1450").verdict
    assert found.policy_class == "unattainable:above_one"


@pytest.mark.parametrize(
    "words",
    [
        "Is the line intact? In under a millionth of a second each.",
        "Ist die Leitung heil? In weniger als einer Millionstel Sekunde.",
        "La ligne est-elle intacte ? Chaque photo en moins d'un millionième de seconde.",
        "¿Está entera la línea? En menos de una millonésima de segundo.",
        "A linha está inteira? Em menos de um milionésimo de segundo.",
    ],
)
def test_a_time_that_no_request_takes_is_declined(words: str) -> None:
    found = task(words, "image:id, label:cat intact|broken", "images").verdict
    assert found.policy_class == "unattainable:faster_than_a_request"


def test_what_an_amount_is_asked_under_is_given() -> None:
    columns = "dose_mg_l:float 0..4, temp_c:float 3..26, hours:int 1..96, mortality_pct:float 0..100"
    found = task("How many mussels die at which chlorine dose and water temperature? MAE 6", columns)
    assert found.data_info.target == "mortality_pct"


def test_rating_for_promotion_is_served_with_its_duties() -> None:
    words = "600 pickers: rate each of them so we know whom to promote to team lead. The site manager decides."
    found = task(words, "picks_per_h:float 20..190, error_rate:float 0..1, promoted:flag").verdict
    assert found.decision == "accept"
    assert any("employment" in notice for notice in found.notices)
