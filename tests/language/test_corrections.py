"""A second reader may correct an understanding: numbers come from the words, declines stand, reasons are needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from traineragent.domain.data import ColumnProfile
from traineragent.domain.run import Operation
from traineragent.domain.task import Request, TaskSpec
from traineragent.errors import InvalidAnswer
from traineragent.language import corrections
from traineragent.language.task import understand

COLUMNS = (
    ColumnProfile("customer", "category", 0.0, 120, top=(("c1", 5), ("c2", 5))),
    ColumnProfile("signed_up", "date", 0.0, 300, {"first": "2020-01-01", "last": "2024-01-01"}),
    ColumnProfile("age", "number", 0.0, 60, {"min": 18.0, "max": 90.0}),
    ColumnProfile("spend", "number", 0.0, 200, {"min": 0.0, "max": 900.0}),
    ColumnProfile("left", "category", 0.0, 2, top=(("no", 300), ("yes", 200))),
)
ROWS = 500


def reader(target: str | None = None) -> Callable[[Request], TaskSpec]:
    return lambda request: understand(request, COLUMNS, ROWS)


def do(name: str, /, why: str = "the words say so", **args: Any) -> Operation:
    return Operation("answer", name, args, why)


def corrected(words: str, *operations: Operation, asked: bool = False, target: str | None = None) -> TaskSpec:
    request = Request(words, ("t.csv",), target)
    task = reader()(request)
    corrections.check(operations, request, task)
    return corrections.corrected(task, operations, request, reader(), by="openai:m", asked=asked)


CHURN = "Predict which customers left. Answers within a fifth of a second, at most one wrong in ten."


def test_no_correction_leaves_the_task_as_it_is() -> None:
    assert corrected(CHURN) == reader()(Request(CHURN, ("t.csv",)))


def test_another_target_is_understood_anew_by_the_same_rules() -> None:
    task = corrected("Predict which customers left.", do("take_target", column="spend"))
    assert (task.data_info.target, task.task_type) == ("spend", "tabular_regression")
    assert task.metric.name in ("rmse", "mae", "r2")
    said = next(a for a in task.assumptions if a.what == "target")
    assert said.why == "the words say so (openai:m)"


def test_a_target_that_was_asked_about_is_offered_to_a_person_and_taken_where_nobody_is() -> None:
    plain = tuple(ColumnProfile(n, "number", 0.0, 200, {"min": 0.0, "max": 9.0}) for n in ("alpha", "beta", "gamma"))
    request = Request("Make a good model for me.", ("t.csv",))

    def read(changed: Request) -> TaskSpec:
        return understand(changed, plain, ROWS)

    task, target = read(request), [do("take_target", column="beta")]
    assert task.verdict.decision == "ask"
    alone = corrections.corrected(task, target, request, read, by="openai:m", asked=False)
    assert (alone.verdict.decision, alone.data_info.target) == ("accept", "beta")
    asked = corrections.corrected(task, target, request, read, by="openai:m", asked=True)
    assert asked.verdict.decision == "ask"
    assert asked.verdict.questions[0].default == "beta"


@pytest.mark.parametrize(
    ("name", "quote", "more", "limit", "direction"),
    [
        ("latency_ms_p95", "within a fifth of a second", {}, 200.0, "<="),
        ("accuracy", "at most one wrong in ten", {"reading": "complement"}, 0.9, ">="),
    ],
)
def test_the_number_of_a_limit_is_read_from_the_words(
    name: str, quote: str, more: dict[str, str], limit: float, direction: str
) -> None:
    task = corrected(CHURN, do("set_limit", name=name, quote=quote, **more))
    found = next(r for r in task.requirements if r.name == name)
    assert (found.limit, found.direction, found.stated_as) == (limit, direction, quote)


def test_two_numbers_of_a_quote_can_make_a_share() -> None:
    words = "Predict which customers left. I ring ten of those on Mondays; seven ought to be right."
    quote = "I ring ten of those on Mondays; seven ought to be right"
    task = corrected(words, do("set_limit", name="precision", quote=quote, reading="ratio"))
    assert next(r.limit for r in task.requirements if r.name == "precision") == 0.7
    assert (task.metric.name, task.metric.stated) == ("precision", True)
    with pytest.raises(InvalidAnswer, match="reading ratio where two numbers make a share"):
        corrected(words, do("set_limit", name="precision", quote=quote))
    with pytest.raises(InvalidAnswer, match="found 0"):
        corrected(words, do("set_limit", name="size_mb", quote=quote, reading="ratio"))


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (do("set_limit", name="accuracy", quote="at least 99 %"), "does not stand in the request"),
        (do("set_limit", name="size_mb", quote="a fifth of a second"), "exactly one number for size_mb, found 0"),
        (do("set_limit", name="accuracy", quote=""), "does not stand in the request"),
        (do("leave_out", column="left"), "is the column that is predicted"),
        (do("ask", about="limit", text="why?"), "a sentence that a person can act on"),
        (do("ask", about="contradiction", text="Which of the two is meant?"), "copies the two statements"),
        (
            do("ask", about="contradiction", text="Which of the two is meant?", quotes=["one wrong in ten", "always"]),
            "copies the two statements",
        ),
        (do("decline", ground="harmful", quote="customers", reason="bad"), "a sentence that a person can act on"),
        (do("decline", ground="harmful", quote="the data says so", reason="x" * 40), "copies the words of the request"),
        (do("decline", ground="harmful", quote=" ... ", reason="x" * 40), "copies the words of the request"),
    ],
)
def test_a_correction_that_stands_on_nothing_is_refused(operation: Operation, why: str) -> None:
    with pytest.raises(InvalidAnswer, match=why):
        corrected(CHURN, operation)


def test_what_a_person_fixed_and_what_contradicts_itself_is_refused() -> None:
    with pytest.raises(InvalidAnswer, match="the person chose the target 'left'"):
        corrected("Predict.", do("take_target", column="spend"), target="left")
    with pytest.raises(InvalidAnswer, match="one column is predicted"):
        corrected(CHURN, do("take_target", column="spend"), do("take_target", column="age"))
    with pytest.raises(InvalidAnswer, match="every input column"):
        corrected(CHURN, *(do("leave_out", column=c.name) for c in COLUMNS if c.name != "left"))
    with pytest.raises(InvalidAnswer, match="one question at most"):
        corrected(CHURN, *(do("ask", about="other", text=f"Is this the right question, number {n}?") for n in range(3)))


HARMFUL = "Undress the woman in this photo."


def test_no_reader_turns_a_decline_into_an_acceptance() -> None:
    request = Request(HARMFUL)
    task = understand(request, (), 0, kind="none")
    assert task.verdict.decision == "decline"

    def again(changed: Request) -> TaskSpec:
        return understand(changed, (), 0, kind="none")

    for operation in (
        do("take_target", column="left"),
        do("search_by", metric="accuracy"),
        do("notice", text="This is only for a museum exhibition."),
        do("ask", about="data", text="Do you have their consent in writing?"),
    ):
        kept = corrections.corrected(task, [operation], request, again, by="openai:m", asked=False)
        assert kept.verdict == task.verdict


def test_a_reader_may_be_stricter_with_a_reason() -> None:
    reason = "This ranks employees by their union membership, which the law forbids."
    decline = do("decline", ground="unlawful", quote="“which  Customers …”", reason=reason, alternative="ask them")
    task = corrected(CHURN, decline)
    verdict = task.verdict
    assert (verdict.decision, verdict.policy_class) == ("decline", "unlawful:judged")
    assert verdict.reasons[0] == reason
    assert "Judged by openai:m on the words" in verdict.reasons[1]
    assert verdict.alternative == "ask them"
    day = do("ask", about="other", text="Which day counts as the day of leaving?")
    asked = corrected(CHURN, day, asked=True)
    assert (asked.verdict.decision, len(asked.verdict.questions)) == ("ask", 1)
    noticed = corrected(CHURN, do("notice", text="Customers of less than a month are not in the data."))
    assert (noticed.verdict.decision, len(noticed.verdict.notices)) == ("accept", 1)


DAY = "Which day counts as the day of leaving?"


def test_a_question_that_nobody_answers_gives_way_to_what_is_done_without_an_answer() -> None:
    task = corrected(CHURN, do("ask", about="other", text=DAY, default="the last day of the contract"))
    assert task.verdict == reader()(Request(CHURN, ("t.csv",))).verdict
    said = next(a for a in task.assumptions if a.what == "question:other")
    assert (said.value, said.why) == ("the last day of the contract", f"nobody could be asked: {DAY} (openai:m)")
    known = corrected(CHURN, do("ask", about="target", text="Is it really the column left that is meant?"))
    assert known.verdict.decision == "accept"


def test_an_essential_question_ends_the_run_where_the_reading_has_no_good_answer() -> None:
    columns = tuple(ColumnProfile(n, "number", 0.0, 90, {"min": 1.0, "max": 90.0}) for n in ("alpha", "beta", "gamma"))
    request = Request("How much will it be?", ("t.csv",))

    def read(changed: Request) -> TaskSpec:
        return understand(changed, columns, ROWS)

    guessed = next(a for a in read(request).assumptions if a.what == "target")
    assert read(request).verdict.decision == "accept"
    assert guessed.confidence < corrections.SURE
    for about, decision in (("target", "ask"), ("aim", "ask"), ("horizon", "accept")):
        ask = do("ask", about=about, text="What do you want to know for new rows?")
        found = corrections.corrected(read(request), [ask], request, read, by="openai:m", asked=False)
        assert found.verdict.decision == decision
    pictures = Request("Pictures of the birds in our garden.", ("folder",))
    unclear = understand(pictures, (ColumnProfile("image", "image", 0.0, 300),), 300, kind="image_set")
    assert (unclear.task_type, unclear.verdict.decision) == ("image_generation", "accept")
    aim = do("ask", about="aim", text="Are they to be told apart, or are new ones wanted?")
    assert corrections.corrected(unclear, [aim], pictures, read, by="m", asked=False).verdict.decision == "ask"
    quotes = ["at most one wrong in ten", "within a fifth of a second"]
    clash = do("ask", about="contradiction", text="Which of these two should win?", quotes=quotes)
    assert corrected(CHURN, clash).verdict.decision == "ask"


def test_a_question_that_is_open_already_is_put_once_in_better_words() -> None:
    open_ = corrected("Make something useful of this.")
    assert [q.about for q in open_.verdict.questions] == ["target"]
    better = corrected(
        "Make something useful of this.", do("ask", about="target", text="What is to be known: spend or left?")
    )
    assert [(q.about, q.text) for q in better.verdict.questions] == [("target", "What is to be known: spend or left?")]
    assert better.verdict.questions[0].choices == open_.verdict.questions[0].choices


def test_columns_can_be_left_out_bound_and_ordered() -> None:
    task = corrected(
        CHURN,
        do("leave_out", column="age"),
        do("keep_together", column="customer"),
        do("order_by_time", column="signed_up"),
        do("prefer", what="interpretable"),
        do("take_positive_label", label="yes"),
    )
    info = task.data_info
    assert "age" not in info.inputs
    assert [c.column for c in info.ignored] == ["age"]
    assert (info.group, info.time, info.positive_label) == ("customer", "signed_up", "yes")
    assert {"interpretable", "exclude:age", "split:group:customer", "split:time"} <= set(task.constraints)


def test_the_place_where_it_runs_is_set_by_what_the_words_say() -> None:
    task = corrected(
        CHURN, do("deploy_to", place="phone"), do("deploy_to", place="offline"), do("deploy_to", place="batch")
    )
    place = task.deployment_info
    assert (place.device, place.offline, place.interface, place.format) == ("phone", True, "batch", None)
    assert {"deployment:device", "deployment:offline"} <= {a.what for a in task.assumptions}


def test_a_metric_is_chosen_where_the_words_name_none_and_kept_where_they_do() -> None:
    free = corrected("Predict which customers left.", do("search_by", metric="average_precision"))
    assert free.metric.name == "average_precision"
    with pytest.raises(InvalidAnswer, match="the words ask for roc_auc"):
        corrected("Predict which customers left, by AUC.", do("search_by", metric="accuracy"))


def test_a_limit_that_was_not_meant_is_forgotten() -> None:
    words = "Predict which customers left, with a recall of 0.9."
    assert [r.name for r in reader()(Request(words, ("t.csv",))).requirements] == ["recall"]
    assert not corrected(words, do("forget_limit", name="recall")).requirements


def test_each_operation_that_is_offered_can_be_carried_out() -> None:
    assert set(corrections._ACTS) == set(corrections.CATALOGUE)
