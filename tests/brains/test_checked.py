"""No brain can make an agent do what its catalogue does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from traineragent.brains.checked import Checked, NotAsked, Unavailable
from traineragent.brains.planner import Planner
from traineragent.brains.scripted import Scripted
from traineragent.domain.run import Operation
from traineragent.errors import InvalidAnswer
from traineragent.ports import Answer, BrainQuestion, OperationSpec

CATALOGUE = {"drop": OperationSpec({"column": "string", "share": "number?"}, "drops a column")}
QUESTION = BrainQuestion("data", "tidy", {}, CATALOGUE)


class Fixed:
    """Always drops column a."""

    name, slow = "fixed", False

    def answer(self, question: BrainQuestion) -> Answer:
        return Answer((Operation("s", "drop", {"column": "a"}, "why not"),), self.name)


def script(*operations: Operation) -> Scripted:
    return Scripted({"tidy": [list(operations)]}, otherwise=Fixed())


def test_a_valid_answer_passes() -> None:
    wanted = Operation("s", "drop", {"column": "b", "share": 0.5}, "reason")
    assert Checked(script(wanted), Fixed()).answer(QUESTION).operations == (wanted,)


@pytest.mark.parametrize(
    "wrong",
    [
        Operation("s", "delete_everything", {}, ""),
        Operation("s", "drop", {}, ""),
        Operation("s", "drop", {"column": 3}, ""),
        Operation("s", "drop", {"column": "b", "share": True}, ""),
        Operation("s", "drop", {"column": "b", "rows": 1}, ""),
    ],
)
def test_an_invalid_answer_goes_back_and_then_the_fallback_answers(wrong: Operation) -> None:
    other = Operation("s", "nonsense", {}, "")
    brain = Scripted({"tidy": [[wrong], [other], [wrong]]}, otherwise=Fixed())
    answer = Checked(brain, Fixed(), attempts=3).answer(QUESTION)
    assert answer.operations[0].args == {"column": "a"}
    assert (answer.by, answer.instead_of) == ("fixed", "scripted gave the same invalid answer again")
    assert [len(q.refused) for q in brain.asked] == [0, 1, 2]
    assert "there is no operation 'nonsense'" in answer.refused[1].why


def test_the_number_of_attempts_is_kept() -> None:
    wrongs = [[Operation("s", "drop", {"column": n}, "")] for n in (1, 2, 3, 4)]
    brain = Scripted({"tidy": wrongs}, otherwise=Fixed())
    answer = Checked(brain, Fixed(), attempts=2).answer(QUESTION)
    assert (len(brain.asked), answer.instead_of) == (2, "2 invalid answers of scripted")


def test_the_same_invalid_answer_twice_ends_the_asking() -> None:
    brain = script(Operation("s", "drop", {"column": 3}, ""))
    answer = Checked(brain, Fixed(), attempts=5).answer(QUESTION)
    assert len(brain.asked) == 2
    assert answer.instead_of == "scripted gave the same invalid answer again"


def test_an_answer_that_is_corrected_is_taken_with_what_was_refused() -> None:
    right = Operation("s", "drop", {"column": "b"}, "reason")
    brain = Scripted({"tidy": [[Operation("s", "drop", {}, "")], [right]]}, otherwise=Fixed())
    answer = Checked(brain, Fixed()).answer(QUESTION)
    assert (answer.operations, answer.by, answer.instead_of) == ((right,), "scripted", "")
    assert [(r.by, r.why) for r in answer.refused] == [("scripted", "drop needs the argument 'column' (string)")]


def test_an_invalid_answer_of_the_fallback_is_a_defect() -> None:
    brain = script(Operation("s", "nonsense", {}, ""))
    with pytest.raises(InvalidAnswer, match="there is no operation 'nonsense'; allowed are drop"):
        Checked(brain, brain).answer(QUESTION)


def test_a_choice_that_is_not_there_is_refused() -> None:
    question = replace(QUESTION, choices={"column": ("a", "b")})
    brain = script(Operation("s", "drop", {"column": "z"}, ""))
    answer = Checked(brain, Fixed()).answer(question)
    assert answer.refused[0].why == "drop: the argument 'column' should be one of 'a', 'b'; got 'z'"


def test_an_answer_that_makes_no_sense_as_a_whole_is_refused() -> None:
    def never(operations: Sequence[Operation]) -> None:
        raise InvalidAnswer("not all of them")

    brain = script(Operation("s", "drop", {"column": "b"}, ""))
    answer = Checked(brain, Fixed()).answer(replace(QUESTION, check=never))
    assert (answer.by, answer.refused[0].why) == ("fixed", "not all of them")


class Raises:
    """A brain that cannot answer."""

    name, slow = "raises", True

    def __init__(self, error: Exception) -> None:
        self.error = error

    def answer(self, question: BrainQuestion) -> Answer:
        raise self.error


def test_a_brain_that_is_away_is_replaced_with_the_reason() -> None:
    answer = Checked(Raises(Unavailable("no reply within 5 s")), Fixed()).answer(QUESTION)
    assert (answer.by, answer.instead_of) == ("fixed", "raises: no reply within 5 s")


def test_a_question_that_a_brain_is_not_asked_needs_no_word() -> None:
    answer = Checked(Raises(NotAsked("tidy")), Fixed()).answer(QUESTION)
    assert (answer.by, answer.instead_of) == ("fixed", "")


def test_the_planner_answers_from_the_procedure() -> None:
    facts = {"sources": 0, "words": 3, "decision": "ask"}
    answer = Planner().answer(BrainQuestion("task", "begin", facts, {}))
    assert [o.do for o in answer.operations] == ["ask_for_data"]
    assert answer.by == "planner"
