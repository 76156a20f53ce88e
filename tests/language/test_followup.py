"""Follow-ups in words: what they ask to be changed, in several languages, and what they do not ask."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from traineragent.domain.task import DataInfo, IgnoredColumn, Metric, Requirement, TaskSpec
from traineragent.language.followup import FollowUp, read_follow_up
from traineragent.language.revising import revise

from .tables import table

COLUMNS = table(
    "customerID:id, gender:flag Female|Male, SeniorCitizen:flag, Partner:flag No|Yes, tenure:int 0..72, "
    "Contract:cat month|year|two, MonthlyCharges:float 18..118, Churn:flag No|Yes"
)
NAMES = tuple(c.name for c in COLUMNS if c.name != "Churn")
TASK = TaskSpec(
    "tabular_classification",
    (Metric("roc_auc", "maximize"),),
    DataInfo("table", NAMES, "Churn", 2000, positive_label="Yes"),
)
MEASURED = {"size_mb": 6.0, "latency_ms_p95": 4.0, "memory_mb": 100.0}


def read(words: str, task: TaskSpec = TASK) -> FollowUp:
    return read_follow_up(words, task, COLUMNS)


@pytest.mark.parametrize(
    ("words", "name", "factor"),
    [
        ("make it half the size", "size_mb", 0.5),
        ("Please halve the size.", "size_mb", 0.5),
        ("cut the size by half", "size_mb", 0.5),
        ("30 % smaller", "size_mb", 0.7),
        ("it should be a quarter of the size", "size_mb", 0.25),
        ("5x smaller, please", "size_mb", 0.2),
        ("shrink it by a factor of 4", "size_mb", 0.25),
        ("mach es halb so groß", "size_mb", 0.5),
        ("fais-le deux fois plus petit", "size_mb", 0.5),
        ("la mitad de tamaño", "size_mb", 0.5),
        ("模型体积减半", "size_mb", 0.5),
        ("twice as fast", "latency_ms_p95", 0.5),
        ("doppelt so schnell", "latency_ms_p95", 0.5),
        ("I want it 3x faster", "latency_ms_p95", 1 / 3),
        ("reduce latency by 25 %", "latency_ms_p95", 0.75),
        ("25 % faster", "latency_ms_p95", 0.8),
    ],
)
def test_words_that_compare_refer_to_what_was_delivered(words: str, name: str, factor: float) -> None:
    (found,) = read(words).relative
    assert (found.name, found.vague) == (name, False)
    assert found.factor == pytest.approx(factor, rel=1e-6)


@pytest.mark.parametrize(("words", "name"), [("smaller", "size_mb"), ("it is too slow", "latency_ms_p95")])
def test_a_comparison_without_a_number_is_a_step_that_is_told(words: str, name: str) -> None:
    (found,) = read(words).relative
    assert (found.name, found.vague) == (name, True)
    revised = revise(words, TASK, COLUMNS, MEASURED)
    assert any(a.what == name and "no number was said" in a.why for a in revised.task.assumptions)


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        ("add ten more minutes", 10),
        ("10 minutes more", 10),
        ("train another half hour", 30),
        ("zehn Minuten mehr", 10),
        ("再训练十分钟", 10),
        ("30 more seconds", 0.5),
        ("2 more hours", 120),
    ],
)
def test_time_is_added(words: str, minutes: float) -> None:
    found = read(words)
    assert found.minutes == pytest.approx(minutes)
    assert not found.limits


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("use recall instead", {"metrics": ("recall",)}),
        ("use recall instead of accuracy", {"metrics": ("recall",)}),
        ("nimm recall stattdessen", {"metrics": ("recall",)}),
        ("optimise for F1", {"metrics": ("f1",)}),
        ("also report precision", {"metrics": ("precision",), "also": True}),
        ("fewer false alarms", {"preference": "prefer:precision"}),
        ("don't overlook so many: missing one is worse than a false alarm", {"preference": "prefer:recall"}),
        ("predict tenure instead", {"new_target": "tenure"}),
        ("the target should be MonthlyCharges", {"new_target": "MonthlyCharges"}),
        ("predict revenue instead", {"new_target": ""}),
        ("the model should be interpretable", {"constraints": ("interpretable",)}),
        ("it need not be interpretable any more", {"lifted": ("interpretable",)}),
        ("drop the size limit", {"lifted": ("size_mb",)}),
        ("the latency doesn't matter any more", {"lifted": ("latency_ms_p95",)}),
        ("make it better", {"longer": True}),
        ("undo that", {"back": 0}),
    ],
)
def test_what_else_may_be_different(words: str, expected: dict[str, Any]) -> None:
    found = read(words)
    said = {k: v for k, v in vars(found).items() if k not in ("reading", "deployment", "unread") and v}
    said |= {k: v for k in ("new_target", "back") if (v := getattr(found, k)) is not None}
    assert said == expected


@pytest.mark.parametrize(
    ("words", "columns"),
    [
        ("leave out gender", ["gender"]),
        ("lass gender weg", ["gender"]),
        ("gender and Partner must not be used", ["gender", "Partner"]),
        ("no personal data please", ["customerID", "gender", "Partner"]),
    ],
)
def test_columns_are_left_out(words: str, columns: list[str]) -> None:
    assert [e.column for e in read(words).left_out] == columns


@pytest.mark.parametrize("words", ["use gender again", "put gender back in", "stop leaving out gender"])
def test_columns_come_back(words: str) -> None:
    ignored = (IgnoredColumn("gender", "the request leaves it out"),)
    info = replace(TASK.data_info, ignored=ignored, inputs=tuple(n for n in NAMES if n != "gender"))
    task = replace(TASK, data_info=info, constraints=("exclude:gender",))
    revised = revise(words, task, COLUMNS, MEASURED)
    assert "gender" in revised.task.data_info.inputs
    assert revised.task.constraints == ()
    assert [c.text for c in revised.changes] == ["gender is used again"]


@pytest.mark.parametrize(
    ("words", "name", "limit"),
    [
        ("faster: under 2 ms", "latency_ms_p95", 2),
        ("at most 1 MB", "size_mb", 1),
        ("no more than 5 false alarms in a hundred", "false_positive_rate", 0.05),
        ("recall of at least 0.9", "recall", 0.9),
        ("half the size", "size_mb", 3),
        ("twice as fast", "latency_ms_p95", 2),
    ],
)
def test_limits_are_set(words: str, name: str, limit: float) -> None:
    (found,) = revise(words, TASK, COLUMNS, MEASURED).task.requirements
    assert (found.name, found.limit) == (name, pytest.approx(limit))
    assert found.stated_as


def test_a_new_limit_takes_the_place_of_the_old_one_at_whatever_percentile() -> None:
    task = replace(TASK, requirements=(Requirement("latency_ms_p50", "<=", 20.0), Requirement("size_mb", "<=", 5.0)))
    revised = revise("under 2 ms", task, COLUMNS, MEASURED)
    assert [(r.name, r.limit) for r in revised.task.requirements] == [("size_mb", 5.0), ("latency_ms_p95", 2.0)]
    assert revised.changes[0].text == "latency (p95) at most 2 ms instead of at most 20 ms"


def test_a_limit_that_no_longer_holds_is_gone() -> None:
    task = replace(TASK, requirements=(Requirement("size_mb", "<=", 5.0), Requirement("recall", ">=", 0.9)))
    assert [r.name for r in revise("forget the size limit", task, COLUMNS, {}).task.requirements] == ["recall"]
    assert revise("drop the limits", task, COLUMNS, {}).task.requirements == ()


def test_several_wishes_in_one_breath_are_all_heard() -> None:
    revised = revise("Leave out gender, make it twice as fast and use F1 instead.", TASK, COLUMNS, MEASURED).task
    assert "gender" not in revised.data_info.inputs
    assert [r.name for r in revised.requirements] == ["latency_ms_p95"]
    assert revised.metric == Metric("f1", "maximize", True)


def test_another_target_is_another_kind_of_task_under_the_same_limits() -> None:
    task = replace(TASK, requirements=(Requirement("size_mb", "<=", 5.0), Requirement("recall", ">=", 0.9)))
    revised = revise("predict tenure instead", task, COLUMNS, MEASURED).task
    assert (revised.task_type, revised.data_info.target) == ("tabular_regression", "tenure")
    assert [r.name for r in revised.requirements] == ["size_mb"]
    assert "Churn" in revised.data_info.inputs
    assert "tenure" not in revised.data_info.inputs
    assert any("was the answer before" in a.why for a in revised.assumptions)


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ("make the thing blue", "change"),
        ("", "change"),
        ("leave out Churn", "inputs"),
        ("use rmse", "metric"),
        ("predict revenue instead", "target"),
        ("make it faster, but the latency does not matter", "requirements"),
        ("leave out gender and use gender again", "inputs"),
        ("half the memory, at most", "requirements"),
    ],
)
def test_what_is_unclear_or_contradicts_itself_is_a_question(words: str, about: str) -> None:
    measured = {k: v for k, v in MEASURED.items() if k != "memory_mb"}
    verdict = revise(words, TASK, COLUMNS, measured).task.verdict
    assert verdict.decision == "ask"
    assert [q.about for q in verdict.questions] == [about]


@pytest.mark.parametrize(
    ("words", "about", "answer", "expected"),
    [
        ("predict revenue instead", "target", "the monthly charges", "MonthlyCharges is predicted instead of Churn"),
        ("use rmse", "metric", "log_loss", "log loss instead of roc auc"),
        ("leave out Churn", "inputs", "gender", "gender is left out"),
    ],
)
def test_an_answer_settles_the_question(words: str, about: str, answer: str, expected: str) -> None:
    revised = revise(words, TASK, COLUMNS, MEASURED, answers={about: answer})
    assert revised.task.verdict.decision == "accept"
    assert expected in [c.text for c in revised.changes]


def test_a_harmful_wish_is_declined_though_it_comes_second() -> None:
    verdict = revise(
        "so that we can fire the pregnant women first", TASK, COLUMNS, MEASURED, "Who leaves?"
    ).task.verdict
    assert verdict.decision == "decline"


def test_nothing_left_to_predict_from_is_declined() -> None:
    words = f"leave out {', '.join(NAMES[:-1])} and {NAMES[-1]}"
    verdict = revise(words, TASK, COLUMNS, MEASURED).task.verdict
    assert (verdict.decision, verdict.policy_class) == ("decline", "unattainable:inputs")


def test_what_nobody_understood_is_told() -> None:
    changes = revise("Make it half the size. And water the plants daily.", TASK, COLUMNS, MEASURED).changes
    assert [c.kind for c in changes] == ["requirement", "not understood"]
    assert "water the plants" in changes[1].text


@pytest.mark.parametrize("words", ["use Partner again", "drop the size limit", "predict Churn instead"])
def test_what_holds_already_is_said_and_nothing_is_trained_for_it(words: str) -> None:
    verdict = revise(words, TASK, COLUMNS, MEASURED).task.verdict
    assert verdict.decision == "ask"
    assert "already" in verdict.reasons[0]


@pytest.mark.parametrize(
    ("words", "back"),
    [
        ("undo", 0),
        ("go back to how it was before", 0),
        ("Please revert to the previous version.", 0),
        ("I liked the earlier model better, bring it back", 0),
        ("roll back the last change", 0),
        ("actually I prefer the old version", 0),
        ("make it like the previous version again", 0),
        ("never mind, restore the original", 1),
        ("undo all the changes", 1),
        ("give me the first model again", 1),
        ("go back to version 2", 2),
        ("delivery 3 please", 3),
        ("mach das rückgängig", 0),
        ("zurück zur vorherigen Version", 0),
        ("die alte Version war besser", 0),
        ("so wie vorher bitte", 0),
        ("zurück zum ursprünglichen Modell", 1),
        ("annule la dernière modification", 0),
        ("reviens à la version précédente", 0),
        ("je préférais la version d'avant", 0),
        ("reviens à la version initiale", 1),
        ("deshaz el último cambio", 0),
        ("vuelve a la versión anterior", 0),
        ("déjalo como estaba antes", 0),
        ("desfaça a última alteração", 0),
        ("volte à versão anterior", 0),
        ("annulla l'ultima modifica", 0),
        ("撤销上一次修改", 0),
        ("恢复到之前的版本", 0),
        ("用回第一版模型", 1),
        ("元に戻してください", 0),
        ("이전 버전으로 되돌려 줘", 0),
        ("पिछला बदलाव वापस लो", 0),
    ],
)
def test_an_earlier_delivery_is_wanted_again(words: str, back: int) -> None:
    asked = read(words)
    assert asked.back == back
    assert not asked.longer


@pytest.mark.parametrize(
    "words",
    [
        "it must be better than the last version",
        "leave the rest as it was before and halve the size",
        "make it twice as small as the previous version",
        "go back to accuracy as the metric",
        "undo leaving out gender",
        "get back at least 85 % of those who leave",
        "version 2 of the contract table has other columns than this one, make it smaller",
        "I take back the size limit",
        "schneller als die vorherige Version",
        "plus rapide que la version précédente",
    ],
)
def test_speaking_of_what_was_before_does_not_bring_it_back(words: str) -> None:
    assert read(words).back is None


def test_an_earlier_delivery_is_the_ground_for_what_else_is_changed() -> None:
    both = revise("undo that and make it half the size", TASK, COLUMNS, MEASURED, returned_to=1)
    assert [c.kind for c in both.changes] == ["return", "requirement"]
    assert (both.back, both.only_back) == (1, False)
    alone = revise("undo that", TASK, COLUMNS, MEASURED, returned_to=1)
    assert (alone.back, alone.only_back, alone.task.verdict.decision) == (1, True, "accept")


def test_where_there_is_nothing_to_go_back_to_the_person_is_asked() -> None:
    for words in ("undo that", "go back to version 7"):
        verdict = revise(words, TASK, COLUMNS, MEASURED).task.verdict
        assert verdict.decision == "ask"
        assert "to go back to" in verdict.questions[0].text


@pytest.mark.parametrize("words", ["why did you choose that model?", "Warum ist es so langsam?", "为什么选这个模型"])
def test_a_question_changes_nothing_and_is_told_where_the_answer_stands(words: str) -> None:
    verdict = revise(words, TASK, COLUMNS, {}).task.verdict
    assert verdict.decision == "ask"


def test_why_is_answered_by_explain() -> None:
    (question,) = revise("why did you choose that model?", TASK, COLUMNS, MEASURED).task.verdict.questions
    assert "traineragent explain" in question.text


def test_a_proposal_is_no_question() -> None:
    assert read("why not use recall instead?").metrics == ("recall",)
    assert read("can you make it half the size?").relative


def test_all_that_was_left_out_comes_back() -> None:
    ignored = (IgnoredColumn("gender", "said"), IgnoredColumn("customerID", "names rows"))
    left = replace(TASK, data_info=replace(TASK.data_info, ignored=ignored), constraints=("exclude:gender",))
    assert read("use everything again", left).taken_back == ("gender",)
    assert read("nimm wieder alle Spalten", left).taken_back == ("gender",)


@pytest.mark.parametrize(
    "words", ["keep everything but the size limit", "it no longer has to fit in 5 MB", "alles außer der Größengrenze"]
)
def test_a_limit_is_taken_away_in_other_words(words: str) -> None:
    limited = replace(TASK, requirements=(Requirement("size_mb", "<=", 5.0),))
    assert revise(words, limited, COLUMNS, MEASURED).task.requirements == ()
