"""The second reading is asked for once, sees no value unless allowed, and its question is put once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from traineragent.agents.memory import Memory
from traineragent.agents.understanding import SecondReading
from traineragent.brains.checked import Checked
from traineragent.brains.planner import Planner
from traineragent.domain.data import ColumnProfile
from traineragent.domain.run import Operation
from traineragent.domain.task import Request, TaskSpec
from traineragent.language.task import understand
from traineragent.ports import Answer, BrainQuestion
from traineragent.store.journal import Journal

PLANNER = Planner()
COLUMNS = (
    ColumnProfile("spend", "number", 0.0, 200, {"min": 0.0, "max": 900.0}),
    ColumnProfile("age", "number", 0.0, 60, {"min": 18.0, "median": 40.0, "max": 90.0}, top=(("secret-17", 9),)),
    ColumnProfile("left", "category", 0.0, 2, top=(("secret-yes", 300), ("no", 200))),
)
WORDS = "Predict which customers left."


DAY = {"about": "other", "text": "Which day counts as the day of leaving?"}


class Reader:
    """A slow brain with fixed corrections."""

    name, slow = "openai:reader", True

    def __init__(self, *operations: Operation) -> None:
        self.operations: Sequence[Operation] = operations
        self.asked: list[tuple[BrainQuestion, dict[str, Any]]] = []

    def answer(self, question: BrainQuestion) -> Answer:
        self.asked.append((question, dict(question.details())))
        return Answer(tuple(self.operations), self.name)


def read(request: Request) -> TaskSpec:
    return understand(request, COLUMNS, 500)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "run.sqlite", create=True)


def second(journal: Journal, reader: Reader) -> SecondReading:
    settings: Any = {a: p.settings for a, p in PLANNER.procedures.items()}
    memory = Memory(journal, journal.path.parent, Checked(reader, PLANNER), settings, None, lambda e: None)  # type: ignore[arg-type]
    return SecondReading(memory, COLUMNS, 500)


def test_it_is_asked_once_for_however_many_readings(journal: Journal) -> None:
    reader = Reader(Operation("answer", "leave_out", {"column": "age"}, "unfair"))
    again = second(journal, reader)
    request = Request(WORDS, ("t.csv",))
    for words in (WORDS, f"{WORDS} Quickly."):
        asked = Request(words, ("t.csv",))
        assert [c.column for c in again(read(asked), request, read).data_info.ignored] == ["age"]
    assert len(reader.asked) == 1
    assert [d.brain for d in journal.decisions()] == ["openai:reader"]


def test_its_question_is_put_until_the_person_says_something(journal: Journal) -> None:
    again = second(journal, Reader(Operation("answer", "ask", DAY, "unclear")))
    request = Request(WORDS, ("t.csv",), ask=True)
    assert again(read(request), request, read).verdict.decision == "ask"
    answered = Request(f"{WORDS} The day of the last call.", ("t.csv",), ask=True)
    assert again(read(answered), answered, read).verdict.decision == "accept"


def test_where_nobody_is_there_or_the_person_leaves_it_open_its_question_ends_no_run(journal: Journal) -> None:
    reader = Reader(Operation("answer", "ask", DAY, "unclear"))
    again = second(journal, reader)
    alone = Request(WORDS, ("t.csv",))
    assert again(read(alone), alone, read).verdict.decision == "accept"
    assert reader.asked[0][1]["person"] is False
    asked = Request(WORDS, ("t.csv",), ask=True)
    left = again(read(asked), asked, read, left_open=True)
    assert left.verdict.decision == "accept"
    assert any(a.what == "question:other" for a in left.assumptions)


@pytest.mark.parametrize("shared", [False, True])
def test_values_are_in_what_it_sees_only_where_allowed(journal: Journal, shared: bool) -> None:
    reader = Reader()
    request = Request(WORDS, ("t.csv",), share_examples=shared)
    second(journal, reader)(read(request), request, read)
    question, details = reader.asked[0]
    seen = str([question.facts, details, question.choices, question.memory])
    assert ("secret" in seen) is shared
    assert ("take_positive_label" in question.catalogue) is shared


def test_the_planner_corrects_nothing_and_writes_nothing(journal: Journal) -> None:
    settings: Any = {a: p.settings for a, p in PLANNER.procedures.items()}
    memory = Memory(journal, journal.path.parent, Checked(PLANNER, PLANNER), settings, None, lambda e: None)  # type: ignore[arg-type]
    request = Request(WORDS, ("t.csv",))
    assert SecondReading(memory, COLUMNS, 500)(read(request), request, read) == read(request)
    assert not journal.decisions()
