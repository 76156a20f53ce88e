"""Numbers as people write them, and words for every metric the product can compute."""

from __future__ import annotations

import pytest

from traineragent.domain.task import MEASURED_ON_SERVICE
from traineragent.engine.metrics import SCORERS
from traineragent.report import wording


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (42516, "42,516"),
        (42516.4, "42,516"),
        (-25000.0, "−25,000"),
        (3.14159, "3.142"),
        (0.00123, "0.00123"),
        (0, "0"),
        (1.0, "1"),
        (118.75, "118.8"),
        (1e20, "1e+20"),
        (2e-07, "2e−07"),
        (None, "–"),
        (float("nan"), "–"),
        (True, "–"),
        ("5", "–"),
    ],
)
def test_figures_keep_about_four_digits(value: object, words: str) -> None:
    assert wording.figure(value) == words


@pytest.mark.parametrize(
    ("value", "name", "words"),
    [
        (0.8544, "roc_auc", "0.854"),
        (0.99984, "roc_auc", "0.9998"),
        (0.99997, "accuracy", "> 0.9999"),
        (1.0, "f1", "1.000"),
        (44406.8, "rmse", "44,407"),
        (-0.0003, "r2", "−0.0003"),
        (-1e-16, "quadratic_kappa", "0.0000"),
        (0.169, "mape", "0.169"),
        (0.5, "own_metric", "0.500"),
    ],
)
def test_scores_show_what_tells_models_apart(value: float, name: str, words: str) -> None:
    assert wording.score(value, name) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0 %"), (0.0002, "< 0.1 %"), (0.9999, "> 99.9 %"), (0.032, "3.2 %"), (0.735, "74 %"), (1, "100 %")],
)
def test_small_shares_never_read_as_nothing(value: float, words: str) -> None:
    assert wording.percent(value) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.42, "0.4 s"), (9.97, "10 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (4800, "1 h 20 min")],
)
def test_durations_are_in_the_unit_a_person_would_use(seconds: float, words: str) -> None:
    assert wording.duration(seconds) == words


def test_every_metric_has_a_title_a_meaning_and_the_right_direction() -> None:
    for name, scorer in SCORERS.items():
        assert name in wording.METRICS, f"wording.METRICS lacks {name}"
        assert wording.metric_means(name)
        assert wording.lower_is_better(name) == (scorer.direction == "minimize"), name


def test_every_limit_measured_on_the_service_has_words_and_a_unit() -> None:
    assert set(MEASURED_ON_SERVICE) <= set(wording.LIMITS)


def test_characters_that_disguise_or_break_a_page_are_replaced() -> None:
    assert wording.clean("a\x00b\u202ec\ud800d\ne") == "a\ufffdb\ufffdc\ufffdd\ne"


def test_a_sentence_gets_a_capital_and_an_end_but_column_names_keep_theirs() -> None:
    assert wording.sentence("too slow") == "Too slow."
    assert wording.sentence("tenure is missing", capital=False) == "tenure is missing."
    assert wording.sentence("Why?") == "Why?"
    assert wording.sentence("") == ""


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("horizon:14d", "14 days ahead"),
        ("horizon:365d", "1 year ahead"),
        ("horizon:1steps", "1 step ahead"),
        ("horizon:24h", "24 hours ahead"),
        ("future:promo", "promo known ahead"),
        ("exclude:a:b", "without a:b"),
        ("exclude:24h", "without 24h"),
        ("exclude:gender", "without gender"),
        ("split:group:patient", "split by patient"),
        ("series:*", "one series of everything"),
        ("interpretable", "interpretable"),
        ("rows:city=Ulm", "only rows where 'city' is 'Ulm'"),
        ("holdout:0.25", "25% of the rows held out"),
    ],
)
def test_conditions_are_told_in_words(written: str, said: str) -> None:
    assert wording.condition(written) == said


def test_a_name_that_begins_a_sentence_keeps_its_letters() -> None:
    report = {"target": "left", "task": {"data_info": {"inputs": ["post code"], "positive_label": "ja", "ignored": []}}}
    names, of_names = wording.names_in(report), wording.of_names
    assert of_names("post code is left out", names) == "post code is left out."
    assert of_names("ja stands for yes", names) == "ja stands for yes."
    assert of_names("january is the first month", names) == "January is the first month."
    assert of_names("size at most 2 MB", ()) == "Size at most 2 MB."
