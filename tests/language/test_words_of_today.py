"""Limits told by today's figure, bounds that clash, metrics by their many names, targets by word families."""

from __future__ import annotations

import pytest

from traineragent.domain.data import ColumnProfile
from traineragent.domain.task import Request, TaskSpec
from traineragent.language.kinship import akin, overlap
from traineragent.language.task import understand

ROWS = 900
FLAG = ("no", "yes")


def number(name: str) -> ColumnProfile:
    return ColumnProfile(name, "number", 0.0, 300, {"min": 0.0, "max": 900.0})


def choice(name: str, *values: str) -> ColumnProfile:
    share = ROWS // len(values)
    return ColumnProfile(name, "category", 0.0, len(values), top=tuple((v, share + i) for i, v in enumerate(values)))


def read(words: str, *columns: ColumnProfile) -> TaskSpec:
    return understand(Request(words, ("t.csv",)), columns, ROWS)


def limits(words: str, *columns: ColumnProfile) -> dict[str, float]:
    return {r.name: r.limit for r in read(words, *columns).requirements}


RENT = (number("sqm"), number("rooms"), number("rent_eur"))
LEAVE = (number("months"), number("calls"), choice("left_us", *FLAG))
KINDS = (number("length"), number("width"), choice("species", "adelie", "chinstrap", "gentoo", "king", "rockhopper"))


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("Predict rent_eur. We guess with a mean error of 120 euros today; bring that down by a quarter.", 90.0),
        ("Predict rent_eur, and cut the mean absolute error by a third: it is 90 euros now.", 60.0),
        ("Sag rent_eur voraus. Der mittlere Fehler liegt derzeit bei 80 Euro, bitte um ein Viertel senken.", 60.0),
        ("Predict rent_eur with a mean error of at most 120 euros.", 120.0),
    ],
)
def test_an_error_is_told_by_what_it_is_today(words: str, limit: float) -> None:
    assert limits(words, *RENT) == {"mae": pytest.approx(limit)}


def test_points_are_added_to_the_score_of_today() -> None:
    words = "Which customers left us? Accuracy three points above the 71% that our old model gets."
    assert limits(words, *LEAVE) == {"accuracy": pytest.approx(0.74)}


@pytest.mark.parametrize(
    ("words", "name", "limit"),
    [
        ("Which species? The right one among the first three guesses 95% of the time.", "top3_accuracy", 0.95),
        ("Which species? Top-2 accuracy of 0.9.", "top2_accuracy", 0.9),
        ("Which species? Cohen's kappa of at least 0.6.", "cohen_kappa", 0.6),
        ("Which species? Accuracy at 70 percent.", "accuracy", 0.7),
        ("Welche Art (species)? Unter den ersten drei Vorschlägen in 95 % der Fälle.", "top3_accuracy", 0.95),
    ],
)
def test_metrics_go_by_many_names(words: str, name: str, limit: float) -> None:
    task = read(words, *KINDS)
    assert [m.name for m in task.metrics if m.stated] == [name]
    assert {r.name: r.limit for r in task.requirements} == {name: pytest.approx(limit)}


def test_a_largest_error_and_letters_for_precision_and_recall_are_limits() -> None:
    assert limits("Predict rent_eur; the worst single miss may be 300 euros.", *RENT) == {"max_error": 300.0}
    assert limits("Who left us? P>=85%, R>=60%", *LEAVE) == {"precision": 0.85, "recall": 0.6}
    assert limits("Who left us? Latency p95 below 80 ms.", *LEAVE) == {"latency_ms_p95": 80.0}


def test_a_number_belongs_to_the_words_of_its_own_clause() -> None:
    words = "Which species? Get at least 85 of 100 right, and even the worst species should be found 60% of the time."
    assert limits(words, *KINDS) == {"accuracy": 0.85, "min_class_recall": 0.6}


def test_a_share_said_twice_explains_a_probability() -> None:
    words = "Who left us? When it says 30%, it should be 30%. Brier score under 0.15."
    assert limits(words, *LEAVE) == {"brier_score": 0.15}


@pytest.mark.parametrize(
    "words",
    [
        "Who left us? The file must be 100 MB or bigger and at the same time under 10 MB.",
        "Who left us? Accuracy must be above 95%, and under no circumstances may it exceed 90%.",
    ],
)
def test_bounds_that_cannot_both_hold_are_asked_about(words: str) -> None:
    verdict = read(words, *LEAVE).verdict
    assert verdict.decision == "ask"
    assert any("both cannot hold" in q.text for q in verdict.questions)


@pytest.mark.parametrize(
    "words",
    [
        "Who left us? Accuracy above 80%, and at most 10 MB.",
        "Who left us? Recall over 90%, false positive rate under 5%.",
        "Who left us? Under 20 ms - sorry, I misread my notes, 200 ms.",
        "Who left us? Between 80 and 85% right.",
        "Who left us? No more than 5% may slip through - but crying wolf more than one time in ten is too much.",
    ],
)
def test_bounds_on_different_things_do_not_clash(words: str) -> None:
    assert read(words, *LEAVE).verdict.decision == "accept"


@pytest.mark.parametrize(
    ("one", "other", "english", "same"),
    [
        ("interact", "interaction", True, True),
        ("arrives", "arrival", True, True),
        ("fail", "failure", True, True),
        ("spoil", "spoiled", True, True),
        ("price", "prince", True, False),
        ("contract", "contrast", True, False),
        ("cat", "category", True, False),
        ("gekundigt", "kundigen", False, True),
        ("retrasos", "retrasado", False, True),
    ],
)
def test_words_of_one_family_share_their_root(one: str, other: str, english: bool, same: bool) -> None:
    assert akin(one, other, english) is same


def test_part_of_a_name_without_spaces_counts_by_its_length() -> None:
    assert overlap("剩余小时", "还能用多少小时") == pytest.approx(0.5)
    assert overlap("温度", "还能用多少小时") == 0.0


def test_a_target_is_found_by_its_family_and_by_all_its_values() -> None:
    drugs = (choice("drug_a", "a1", "a2"), choice("drug_b", "b1", "b2"), choice("interaction", *FLAG))
    assert read("Which drugs interact dangerously?", *drugs).data_info.target == "interaction"
    stays = (choice("hotel", "Sol", "Mar"), choice("verdict", "good", "bad", "so-so"), number("nights"))
    words = "Sort what guests of our hotel write into good, bad and so-so."
    assert read(words, *stays).data_info.target == "verdict"


def test_a_request_without_a_word_of_what_is_wanted_is_asked() -> None:
    assert read("Please do the machine learning.", *LEAVE).verdict.decision == "ask"
    images = (ColumnProfile("image", "image", 0.0, 300),)
    for words in ("Do something with these pictures.", "Wir haben Bilder. Was nun?"):
        assert understand(Request(words, ("folder",)), images, 300, kind="image_set").verdict.decision == "ask"
