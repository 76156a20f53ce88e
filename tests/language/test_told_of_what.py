"""What a number is told of, and which things a sentence keeps apart: a week that answers may be out, guesses of which
one is right, each kind, groups of a split, a letter for thousands that is short for kelvin."""

from __future__ import annotations

import pytest

from traineragent.language.kinds import wish_of
from traineragent.language.reading import Reading

from .tables import limits, read

WARES = "label:cat samian|black_burnished|grey_ware|oxfordshire|nene_valley|amphora"
DAYS = "ward:cat Abbey|Castle, kind:cat extension|garage|change_of_use, received:date, days_to_decision:int 9..210"
BOATS = "boat:cat Aurora|Bella|Corrie|Dolphin|Elin|Freya, length_cm:float 24..88, weight_g:float 140..6900"


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("When will they hear? Give them a number that shouldn't be more than a week out on average.", 7),
        ("How many days until the decision? No more than 5 days out on average.", 5),
        ("Estimate the days to a decision; it should be at most ten days out.", 10),
    ],
)
def test_a_span_that_answers_may_be_out_is_no_reach(words: str, days: float) -> None:
    task = read(words, DAYS)
    assert (task.task_type, task.data_info.target) == ("tabular_regression", "days_to_decision")
    assert limits(task) == {"mae": days}


def test_eight_weeks_out_is_a_reach_where_something_is_to_be_forecast() -> None:
    task = read("Forecast demand eight weeks out.", "week:date, demand:float 10..900")
    assert task.task_type == "forecasting"
    assert "horizon:56d" in task.constraints


@pytest.mark.parametrize("words", ["Melting points, RMSE <= 18 K.", "Predict the melting point with RMSE below 18K."])
def test_eighteen_k_of_a_temperature_is_no_thousand(words: str) -> None:
    assert limits(read(words, "mw:float 78..640, hbd:int 0..7, melting_point_kelvin:float 210..580")) == {"rmse": 18}


def test_eighteen_k_of_a_price_is_eighteen_thousand() -> None:
    assert limits(read("Predict the price, RMSE below 18k.", "rooms:int 1..9, price:float 20000..900000")) == {
        "rmse": 18000
    }


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (
            "The curator wants a shortlist of five; the true ware has to be on that list 97 times in 100.",
            "top5_accuracy",
        ),
        ("Suggest three wares per photo; the right one has to be among them in 97 % of cases.", "top3_accuracy"),
        ("Schlag pro Foto drei Warenarten vor; in 97 % der Fälle muss die richtige dabei sein.", "top3_accuracy"),
        ("Propose trois catégories par photo ; la bonne doit y figurer 97 fois sur 100.", "top3_accuracy"),
        ("Sugiere tres tipos por foto; el correcto debe estar entre ellos en el 97 % de los casos.", "top3_accuracy"),
        ("每张照片给出三个候选,正确的要有97%在里面。", "top3_accuracy"),
        ("Sort the photos by ware into six folders; the label has to be right 97 % of the time.", "accuracy"),
    ],
)
def test_a_share_told_of_a_few_guesses(words: str, name: str) -> None:
    assert limits(read(words, WARES, kind="image_folder")) == {name: 0.97}


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Each kind, the rarest too, must be recognised 8 times out of 10.", "min_class_recall"),
        ("Even the worst of the six kinds has to be recognised in 8 out of 10 pictures.", "min_class_recall"),
        ("Jede Art, auch die seltenste, muss in 8 von 10 Fällen erkannt werden.", "min_class_recall"),
        ("Chaque type, même le plus rare, doit être reconnu 8 fois sur 10.", "min_class_recall"),
        ("We have 300 pictures of each kind, 80 % have to be recognised correctly.", "accuracy"),
    ],
)
def test_a_share_told_of_each_kind(words: str, name: str) -> None:
    task = read("Sort the sherds. " + words, WARES, kind="image_folder")
    assert limits(task) == {name: 0.8}
    assert task.verdict.decision == "accept"


def test_how_many_things_there_are_bounds_no_error() -> None:
    words = "Loans in each of our seven branches for the next ten days, percentage error no worse than 20 on average."
    task = read(words, "day:date, branch:cat Main|East|Harbour, loans:int 25..1900")
    assert limits(task) == {"mape": 0.2}


@pytest.mark.parametrize(
    "words",
    [
        "It goes on boats I never sampled, so test on boats that were left out of training.",
        "Train and test on different boats.",
        "Boats of one and the same name belong either to training or to test, never both.",
        "No boat of the test set may have been seen in training.",
    ],
)
def test_things_that_training_and_test_do_not_share_are_groups(words: str) -> None:
    assert "split:group:boat" in read("Weight of haddock from its length. " + words, BOATS).constraints


@pytest.mark.parametrize(
    "words",
    ["No internet: train it and test it on the boat PC.", "Keep 30 % of the rows for testing, training on the rest."],
)
def test_training_and_test_alone_keep_no_groups_apart(words: str) -> None:
    task = read("Weight of haddock from its length. " + words, BOATS)
    assert not [c for c in task.constraints if c.startswith("split:")]


@pytest.mark.parametrize(
    "words",
    ["Whom should we write to?", "Wen sollen wir anrufen?", "A quem devemos ligar?", "Qui acceptera le conseil ?"],
)
def test_whom_to_turn_to_is_a_yes_or_no_of_each(words: str) -> None:
    assert wish_of(Reading.of(words)) == "flag"


def test_those_who_would_say_yes_are_the_case() -> None:
    words = (
        "Whom should we write to? We'd like to reach at least 70% of the households that would say yes, and that rate "
    )
    words += "must not differ by more than 5 percentage points between tenants and owners."
    task = read(words, "kwh_year:float 900..14200, tenure:cat tenant|owner, persons:int 1..7, took_advice:flag")
    assert (task.data_info.target, limits(task)) == ("took_advice", {"recall": 0.7, "recall_gap": 0.05})
    assert "fairness:tenure" in task.constraints


@pytest.mark.parametrize(
    "words",
    ["the card in the back office is a 12 GB one", "die Karte im Büro hat 12 GB", "our graphics card is only 12 GB"],
)
def test_what_a_card_has_is_memory_of_it(words: str) -> None:
    task = read(f"Generate new patterns of that sort, 640x640; {words}.", "image:id", kind="image_set")
    assert limits(task) == {"gpu_memory_mb": 12000}


def test_a_pound_that_answers_may_be_off_by_is_one() -> None:
    task = read("Predict the tip of a table, off by a pound at most.", "guests:int 1..12, tip:float 0..80")
    assert limits(task) == {"mae": 1}


@pytest.mark.parametrize(
    ("words", "share"),
    [
        ("Alto, soprano, tenor or bass? Wrong at most once in 15.", 0.933333333),
        ("Alto, soprano, tenor or bass? Wrong twice in 25 at most.", 0.92),
        ("Alt, Sopran, Tenor oder Bass? Höchstens einmal in 20 Fällen falsch.", 0.95),
    ],
)
def test_once_in_so_many_is_a_share(words: str, share: float) -> None:
    assert limits(read(words, "low_hz:float 60..300, voice:cat alto|soprano|tenor|bass")) == {"accuracy": share}


def test_once_in_a_span_of_time_is_none() -> None:
    assert not [q for q in Reading.of("The file is written once in 24 hours.").quantities if q.kind == "share"]


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("Who will need a second operation?", 0), ("It may take a second for each.", 1), ("Answers within a second.", 1)],
)
def test_a_second_one_is_no_time(words: str, seconds: int) -> None:
    assert sum(q.kind == "time" for q in Reading.of(words).quantities) == seconds


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "Genuine notes must pass 99 times out of 100. Fakes: 19 of 20 stopped.",
            {"specificity": 0.99, "recall": 0.95},
        ),
        ("No more than one genuine letter in 500 may be taken for fake.", {"false_positive_rate": 0.002}),
    ],
)
def test_a_heading_says_of_whom_a_share_is_told(words: str, expected: dict[str, float]) -> None:
    assert limits(read("Fake or genuine? " + words, "weight:float 1..9, verdict:cat genuine|fake")) == expected


def test_a_number_inside_a_ratio_ends_it() -> None:
    words = "The three likeliest on screen, and the right one there nine times in ten."
    assert limits(read("Which ware? " + words, WARES, kind="image_folder")) == {"top3_accuracy": 0.9}


def test_those_that_the_model_reports_with_a_comma_between() -> None:
    words = "Kommt das Paket an? Von denen, die das Modell als sicher meldet, sollen 97 % stimmen."
    assert limits(read(words, "gewicht_kg:float 0.1..30, angekommen:cat ja|nein")) == {"precision": 0.97}


def test_each_class_in_chinese() -> None:
    words = "给客服邮件分类:账单、故障、退订。每一类都至少要识别出80%。"
    assert limits(read(words, "邮件:text, 类别:cat 账单|故障|退订")) == {"min_class_recall": 0.8}


def test_a_unit_of_a_number_is_no_column_left_out() -> None:
    words = "Sag mir, wie viele Tage ein Bauantrag dauert; mehr als zehn Tage daneben im Schnitt ist nutzlos."
    task = read(words, "art:cat Garage|Haus, seiten:int 3..300, tage:int 9..210")
    assert (task.data_info.target, limits(task), task.constraints) == ("tage", {"mae": 10}, ())


def test_training_that_must_not_last_longer_in_french() -> None:
    words = "Prix d'occasion. L'entraînement ne doit pas durer plus d'un quart d'heure sur mon portable."
    assert limits(read(words, "annee:int 1990..2023, prix:float 20..2500")) == {"train_minutes": 15}


@pytest.mark.parametrize(
    ("words", "columns", "group"),
    [
        ("Proben einer Charge gehören zusammen auf eine Seite.", "charge:cat C1|C2|C3, temp_c:int 2..35", "charge"),
        ("Les mesures d'un lot doivent rester du même côté.", "lot:cat L1|L2|L3, temp_c:int 2..35", "lot"),
        ("Las muestras de un lote van del mismo lado.", "lote:cat L1|L2|L3, temp_c:int 2..35", "lote"),
    ],
)
def test_what_stays_on_one_side_is_a_group(words: str, columns: str, group: str) -> None:
    task = read(words, f"{columns}, strength:float 10..90")
    assert f"split:group:{group}" in task.constraints


def test_an_order_to_leave_out_keeps_no_groups_apart() -> None:
    columns = "school:cat A|B|C, hours:int 2..60, passed:flag 0|1"
    task = read("Predict who passes the driving test, but do not use the training school.", columns)
    assert task.constraints == ("exclude:school",)


def test_a_list_of_hundreds_is_no_guess() -> None:
    words = "Which ware? Here is a list of 300 sherds; 80 % of those in it have to be named rightly."
    assert not [name for name in limits(read(words, WARES, kind="image_folder")) if name.startswith("top")]
