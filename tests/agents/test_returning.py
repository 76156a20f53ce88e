"""Which earlier delivery a follow-up means, and what of it a revision makes its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from traineragent.agents.memory import Memory
from traineragent.agents.returning import BASED_ON, TAKEN_AGAIN, returned, take_again
from traineragent.domain.messages import (
    DataCollected,
    RefinementRequested,
    RunFinished,
    RunRequested,
    ServiceDelivered,
    TaskSpecified,
)
from traineragent.domain.run import Candidate, Score, TrialResult
from traineragent.domain.task import DataInfo, Metric, Request, TaskSpec
from traineragent.store.files import write_json
from traineragent.store.journal import Journal

SCORE = Score("roc_auc", 0.8, (0.7, 0.9), 0.5, 100)


def spec(name: str) -> TaskSpec:
    return TaskSpec("tabular_classification", (Metric(name, "maximize"),), DataInfo("table", ("a",), "y", 100))


def asking(words: str, number: int, after: int) -> RefinementRequested:
    return RefinementRequested(words, number, after, spec("latest"), {}, "predict y")


def deliver(home: Path, number: int, after: int = 0, **meta: str) -> Journal:
    """A delivery whose metric is called after its number."""
    folder = home if number == 1 else home / "revisions" / str(number)
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "run.sqlite", create=True)
    journal.post([("person", "person", RunRequested(Request(f"words {number}")))])
    if number > 1:
        journal.post([("person", "person", asking("", number, after))])
    journal.post([("task", "person", TaskSpecified(spec(f"metric-{number}")))])
    journal.post([("server", "person", ServiceDelivered(SCORE, ())), ("task", "person", RunFinished("delivered"))])
    for name, value in meta.items():
        journal.set_meta(name, value)
    for place in (folder / "data", home / "revisions" / str(number) / "bundle"):
        place.mkdir(parents=True, exist_ok=True)
        write_json(place / "facts.json", {"of": number})
    return journal


def follow(home: Path, words: str, number: int, after: int) -> Memory:
    folder = home / "revisions" / str(number)
    folder.mkdir(parents=True)
    journal = Journal(folder / "run.sqlite", create=True)
    journal.post([("data", "person", DataCollected(100, (), (), ()))])
    journal.post([("person", "task", asking(words, number, after))])
    return Memory(journal, folder, None, {}, lambda _: None, lambda _: None)  # type: ignore[arg-type,return-value]


def meant(home: Path, words: str, latest: int) -> int | None:
    number = max(int(p.name) for p in (home / "revisions").iterdir()) + 1
    return returned(follow(home, words, number, latest), asking(words, number, latest))[1]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three deliveries, each a change of the one before."""
    for number in (1, 2, 3):
        deliver(tmp_path, number, after=number - 1).close()
    return tmp_path


def test_the_delivery_before_the_last_is_meant_or_the_one_that_is_named(home: Path) -> None:
    assert meant(home, "undo that", 3) == 2
    assert meant(home, "back to the first version", 3) == 1
    assert meant(home, "go back to version 2", 3) == 2
    assert meant(home, "go back to version 3", 3) is None
    assert meant(home, "go back to version 9", 3) is None
    assert meant(home, "make it smaller", 3) is None


def test_undoing_twice_goes_back_twice(home: Path) -> None:
    deliver(home, 4, after=3, **{TAKEN_AGAIN: "2"}).close()
    assert meant(home, "undo that", 4) == 1
    deliver(home, 5, after=4, **{TAKEN_AGAIN: "1"}).close()
    assert meant(home, "undo that", 5) is None


def test_what_was_changed_in_an_earlier_delivery_is_undone_to_that_one(home: Path) -> None:
    deliver(home, 4, after=3, **{BASED_ON: "1"}).close()
    assert meant(home, "undo that", 4) == 1


def test_the_follow_up_speaks_of_the_delivery_that_is_wanted(home: Path) -> None:
    asked, number = returned(follow(home, "undo that", 4, 3), asking("undo that", 4, 3))
    assert (number, asked.after, asked.number) == (2, 2, 4)
    assert (asked.before.metric.name, asked.earlier_words) == ("metric-2", "words 2")


def test_files_and_records_become_the_revisions_own_also_when_it_is_done_twice(home: Path) -> None:
    old = Journal(home / "revisions" / "2" / "run.sqlite")
    old.add_trial(TrialResult(0, Candidate("linear"), "done", 0.8))
    old.finish_step("prepare", "data", 1.0, {"facts": {}}, {"data/facts.json": "x"})
    old.set_meta("metric", "roc_auc")
    old.close()
    memory = follow(home, "undo that", 4, 3)
    asked, _ = returned(memory, asking("undo that", 4, 3))
    for _ in range(2):
        records = take_again(memory, asked)
    assert [type(body).__name__ for _, body in records] == ["RunRequested", "TaskSpecified", "ServiceDelivered"]
    assert [to for to, _ in records] == ["person", "person", "task"]
    assert (memory.folder / "data" / "facts.json").read_text() == '{\n "of": 2\n}\n'
    assert (memory.folder / "bundle" / "facts.json").samefile(home / "revisions" / "2" / "bundle" / "facts.json")
    assert len(memory.journal.trials()) == 1
    assert memory.journal.step("prepare") is not None
    assert (memory.journal.meta("metric"), memory.journal.meta(TAKEN_AGAIN)) == ("roc_auc", "2")
