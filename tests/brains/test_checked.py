"""No brain can make an agent do what its catalogue does not hold."""

from __future__ import annotations

import pytest

from traineragent.brains.checked import Checked, InvalidAnswer
from traineragent.brains.planner import Planner
from traineragent.brains.scripted import Scripted
from traineragent.domain.run import Operation
from traineragent.ports import Answer, BrainQuestion, OperationSpec

CATALOGUE = {"drop": OperationSpec({"column": "string", "share": "number?"}, "drops a column")}
QUESTION = BrainQuestion("data", "tidy", {}, CATALOGUE)


class Fixed:
    """Always drops column a."""

    name = "fixed"

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
    brain = script(wrong)
    answer = Checked(brain, Fixed(), attempts=3).answer(QUESTION)
    assert answer.operations[0].args == {"column": "a"}
    assert answer.by == "fixed (after 3 invalid answers of scripted)"
    assert len(brain.asked) == 3
    assert "last_answer_was_wrong" in brain.asked[1].facts


def test_an_invalid_answer_of_the_fallback_is_a_defect() -> None:
    brain = script(Operation("s", "nonsense", {}, ""))
    with pytest.raises(InvalidAnswer, match="there is no operation 'nonsense'; allowed are drop"):
        Checked(brain, brain).answer(QUESTION)


def test_the_planner_answers_from_the_procedure() -> None:
    facts = {"sources": 0, "words": 3, "decision": "ask"}
    answer = Planner().answer(BrainQuestion("task", "begin", facts, {}))
    assert [o.do for o in answer.operations] == ["ask_for_data"]
    assert answer.by == "planner"
