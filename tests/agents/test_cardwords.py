"""Sentences for the card: plain, without a number, in time or not at all."""

from __future__ import annotations

import pytest

from traineragent.agents.cardwords import check
from traineragent.agents.recollection import Thought, recollect
from traineragent.domain.run import Operation
from traineragent.errors import InvalidAnswer
from traineragent.ports import Answer
from traineragent.store.journal import Decision

SENTENCE = "Customer care may call those who are likely to leave, before they do."


def say(text: str, part: str = "use") -> Operation:
    return Operation("answer", "say", {"part": part, "text": text}, "")


def test_plain_sentences_pass() -> None:
    for said in ([say(SENTENCE), say(SENTENCE, "misuse")], []):
        assert check(said) is None  # nothing is raised


@pytest.mark.parametrize(
    ("operations", "why"),
    [
        ([say("It is right in 97 % of all cases that it sees.")], "without numbers"),
        ([say("See https://example.org for more of what it does.")], "links"),
        ([say("<script>alert('hello, dear reader of this')</script>")], "markup"),
        ([say("Short.")], "30 to 500"),
        ([say("x" * 501)], "30 to 500"),
        ([say(SENTENCE), say(SENTENCE)], "once"),
    ],
)
def test_what_is_no_plain_sentence_is_refused(operations: list[Operation], why: str) -> None:
    with pytest.raises(InvalidAnswer, match=why):
        check(operations)


def test_a_thought_gives_its_answer_or_its_error() -> None:
    thought = Thought(lambda: Answer((), "someone"))
    assert thought.wait(5)
    assert thought.result().by == "someone"

    def fail() -> Answer:
        raise InvalidAnswer("no")

    with pytest.raises(InvalidAnswer, match="no"):
        Thought(fail).result()


def test_a_run_is_recollected_in_few_sentences() -> None:
    def decided(what: str, agent: str = "data", by: str = "planner") -> Decision:
        return Decision(agent, by, what, "why", {})

    told = recollect(
        [
            decided("begin: request_data", "task"),
            *(decided(f"prepare: drop_column column={c}") for c in "abcdefg"),
            decided("prepare: drop_empty_rows"),
            decided("next: train_next", "model"),
            decided("repair: tighten margin=0.5", "model", "openai:m"),
        ]
    )
    assert told == (
        "data agent, prepare (by planner): drop_column 7 times (column=a, column=b, column=c, column=d, column=e …); "
        "drop_empty_rows",
        "model agent, repair (by openai:m): tighten (margin=0.5)",
    )
