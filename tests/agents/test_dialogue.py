"""Questions are put until they are answered, explained when asked why, and never put twice after a kill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from traineragent.agents.dialogue import MOST_QUESTIONS, MOST_WRONG_ANSWERS, Dialogue, told
from traineragent.agents.memory import Memory
from traineragent.domain.task import Question
from traineragent.store.journal import Journal

WHICH = Question("target", "Which column?", ("price", "sold"))


class Person:
    """Answers one after the other, and keeps what was asked."""

    def __init__(self, *answers: str | None) -> None:
        self.answers, self.heard = list(answers), list[str]()

    def __call__(self, question: Question) -> str | None:
        self.heard.append(question.text)
        return self.answers.pop(0)


def memory(folder: Path, person: Callable[[Question], str | None] | None) -> Memory:
    journal = Journal(folder / "run.sqlite", create=True)
    return Memory(journal, folder, None, {}, lambda _: None, lambda _: None, person)  # type: ignore[arg-type,return-value]


def test_an_answer_is_taken_and_kept_in_the_journal(tmp_path: Path) -> None:
    held = memory(tmp_path, Person("2"))
    assert Dialogue(held, "understand").ask(WHICH) == "sold"
    assert told(held) == [{"question": "Which column?", "answer": "2", "about": "target"}]


def test_who_asks_why_is_told_and_asked_again(tmp_path: Path) -> None:
    person = Person("why do you ask?", "price")
    assert Dialogue(memory(tmp_path, person), "understand").ask(WHICH) == "price"
    assert person.heard[1].startswith("It is asked because the model learns to answer one column")
    assert person.heard[1].endswith("Which column?")


def test_an_answer_that_fits_two_choices_is_asked_about(tmp_path: Path) -> None:
    person = Person("pri", "price_net")
    asked = Question("target", "Which column?", ("price_net", "price_gross"))
    assert Dialogue(memory(tmp_path, person), "understand").ask(asked) == "price_net"
    assert person.heard[1] == "That could be price_net or price_gross. Which column?"


def test_a_question_that_is_left_open_is_not_put_again(tmp_path: Path) -> None:
    dialogue = Dialogue(memory(tmp_path, Person(None)), "understand")
    assert dialogue.ask(WHICH) is None
    assert dialogue.next_of([WHICH]) is None


def test_wrong_answers_are_asked_about_a_few_times_only(tmp_path: Path) -> None:
    dialogue = Dialogue(memory(tmp_path, None), "understand")
    questions = [dialogue.reject(WHICH, f"there is no column {n!r}") for n in range(MOST_WRONG_ANSWERS)]
    assert questions[1] is not None
    assert questions[1].text == "there is no column 1. Which column?"
    assert questions[-1] is None
    assert dialogue.next_of([WHICH]) is None


def test_a_person_who_only_asks_back_is_not_asked_for_ever(tmp_path: Path) -> None:
    person = Person(*["why?"] * (MOST_QUESTIONS + 5))
    assert Dialogue(memory(tmp_path, person), "understand").ask(WHICH) is None
    assert len(person.heard) == MOST_QUESTIONS


def test_a_resumed_run_takes_the_answers_that_were_given(tmp_path: Path) -> None:
    first = Dialogue(memory(tmp_path, Person("why?", "price")), "understand")
    assert first.ask(WHICH) == "price"

    def nobody(question: Question) -> str | None:
        pytest.fail(f"was asked again: {question.text}")

    assert Dialogue(memory(tmp_path, nobody), "understand").ask(WHICH) == "price"
    assert Dialogue(memory(tmp_path, None), "understand").ask(WHICH) == "price"
    assert not Dialogue(memory(tmp_path, None), "refine").possible
