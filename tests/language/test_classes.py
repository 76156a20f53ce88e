"""Phrases that name classes of words, and what they read in seven languages; neighbours must not be read so."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request, TaskSpec
from traineragent.language.looked_for import Sought
from traineragent.language.metrics import find_metrics
from traineragent.language.phrases import in_languages, problem_of
from traineragent.language.reading import Reading
from traineragent.language.requirements import find_limits
from traineragent.language.task import understand

from .tables import ROWS, table


def limits(words: str, task: str = "classification", roots: tuple[str, ...] = ()) -> dict[str, float]:
    reading = Reading.of(words)
    return {x.name: round(x.value, 4) for x in find_limits(reading, find_metrics(reading), task, Sought(roots))}


def read(words: str, columns: str) -> TaskSpec:
    return understand(Request(words), table(columns, ROWS), ROWS, kind="table")


def test_a_class_of_words_is_written_out_in_each_language_and_an_unknown_one_is_named() -> None:
    assert any("erkannt" in p for p in in_languages({"any": ["{found} <share>"]}, ("de", "en")))
    assert any("找到" in p for p in in_languages({"any": ["{found} <share>"]}, ("zh", "en")))
    assert problem_of("{found} <share>") == ""
    assert "{nonsense}" in problem_of("{nonsense} <share>")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Pelo menos 85 em cada 100 erros têm de ser achados", {"recall": 0.85}),
        ("Que encuentre siete de cada diez casos malos", {"recall": 0.7}),
        ("每一百个次品至少要找到九十五个", {"recall": 0.95}),
        ("सौ में से पचानवे खराबियाँ पकड़ी जानी चाहिए", {"recall": 0.95}),
        ("De cien podridas se puede escapar una como mucho", {"recall": 0.99}),
        ("1 wrongful block per 1,000 real accounts is the ceiling", {"false_positive_rate": 0.001}),
        ("4 flags in 5 should be right", {"precision": 0.8}),
        ("Von den Gemeldeten soll jeder zweite wirklich gehen, sagt der Chef", {"precision": 0.5}),
        ("The weakest class must not fall below 80% recall", {"min_class_recall": 0.8}),
        ("The forms are wrong half the time, find the sick dogs", {}),
        ("I can live with plenty of false alarms", {}),
    ],
)
def test_shares_are_read_by_what_is_said_of_them(words: str, expected: dict[str, float]) -> None:
    assert limits(words) == expected


@pytest.mark.parametrize(
    ("words", "roots", "expected"),
    [
        ("17 out of every 20 cancellations should show up on the list", ("cance",), {"recall": 0.85}),
        ("Hay que avisar de al menos cuatro quintos de los fallos", ("fallo",), {"recall": 0.8}),
        ("no alloy below 90 percent recall", ("alloy",), {"min_class_recall": 0.9}),
        ("about 9% of the orders come from Spain", ("cance",), {}),
    ],
)
def test_a_share_of_the_very_cases_is_a_recall(words: str, roots: tuple[str, ...], expected: dict[str, float]) -> None:
    assert limits(words, roots=roots) == expected


@pytest.mark.parametrize(
    ("words", "task", "expected"),
    [
        ("average miss not above 5%", "forecasting", {"mape": 0.05}),
        ("gini .55 or up", "classification", {"roc_auc": 0.775}),
        ("an sMAPE below 6", "forecasting", {"smape": 0.06}),
        ("off by a week on average at most", "regression", {"mae": 604_800_000}),
    ],
)
def test_errors_and_scores_by_other_names(words: str, task: str, expected: dict[str, float]) -> None:
    assert limits(words, task) == expected


@pytest.mark.parametrize(
    ("words", "constraint"),
    [
        ("Everything stays on the phone. Predict left.", "privacy"),
        ("Emails may not be sent to any outside service. Predict left.", "privacy"),
        ("Nada pode sair dos nossos servidores. Prever left.", "privacy"),
        ("数据不能上传到外面。预测left。", "privacy"),
        ("Predict left; actuaries need to follow the reasoning.", "interpretable"),
        ("Predict left and show me the words it looks at.", "interpretable"),
        ("Can't use anything under a non-commercial licence. Predict left.", "licence:permissive"),
        ("Treine com os anos antigos e teste com os mais novos para prever left.", "split:time"),
        ("Predict left; samples of one coil must never be in both train and test", "split:group:coil"),
    ],
)
def test_constraints_are_a_denial_and_what_is_denied(words: str, constraint: str) -> None:
    assert constraint in read(words, "coil:cat a|b|c, age:int 18..90, left:flag").constraints


@pytest.mark.parametrize(
    "words",
    [
        "Predict which customers leave, column left. They cannot leave before a year.",
        "Which staff stay with us and which have left?",
        "Predict left. Customers follow us on three channels.",
        "We sell to clubs. Predict left.",
    ],
)
def test_words_that_only_sound_like_constraints_are_none(words: str) -> None:
    assert not {"privacy", "interpretable", "split:time"} & set(read(words, "age:int 18..90, left:flag").constraints)


def test_codes_of_languages_are_not_read_out_of_little_words() -> None:
    columns = table("snippet:text, lang:cat de|en|fr|it|es")
    task = understand(Request("In welcher Sprache ist der Text geschrieben?", target="lang"), columns, ROWS)
    assert task.data_info.positive_label is None


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("Sort the faults into F1, F2 and F3. F2 recall at least 0.9.", "F2"),
        ("Which fault is it? Recall on class F3 at least 0.9.", "F3"),
        ("Which fault is it, F1 or another? Recall at least 0.9.", None),
    ],
)
def test_a_label_beside_a_measure_is_the_class_it_is_of(words: str, label: str | None) -> None:
    assert read(words, "load:float 0..9, fault:cat F1|F2|F3").data_info.positive_label == label


def test_columns_called_alike_with_the_same_labels_are_asked_about() -> None:
    columns = "heat:float 0..9, seam_test:cat pass|fail, glue_test:cat pass|fail"
    assert [q.about for q in read("Find the bad ones.", columns).verdict.questions] == ["target"]
    assert read("Find those that fail the glue test.", columns).data_info.target == "glue_test"
