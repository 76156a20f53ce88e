"""What a run keeps for the next ones, what it recalls, and what it must not keep."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from traineragent.agents.learning import contributed, learn, lesson_of, recalled
from traineragent.agents.memory import Memory
from traineragent.domain.messages import DataPrepared, ModelSelected, RunRequested, TaskSpecified
from traineragent.domain.run import Candidate, Member, Selection, TrialResult
from traineragent.domain.task import DataInfo, Metric, Request, TaskSpec
from traineragent.store.journal import Journal
from traineragent.store.lessons import Lessons

FACTS = {"rows": 4821, "features": 9, "numbers": 9, "categories": 0, "counts": 0, "classes": 2, "grouped": False}
INFO = DataInfo("table", ("salary_of_ada",), "left")
TASK = TaskSpec("tabular_classification", (Metric("roc_auc", "maximize"),), INFO)
SECRETS = ("salary_of_ada", "Ada", "patients", "secret", "left", "ward 7", "4821")
FOREST = Candidate("random_forest", {"trees": 60})
PORTFOLIO = [Candidate("lightgbm"), Candidate("linear")]


def begun(folder: Path, home: Path | None, request: Request | None = None) -> Memory:
    folder.mkdir()
    journal = Journal(folder / "run.sqlite", create=True)
    asked = request or Request("Which patients of Dr Ada leave?", ("/secret/patients.csv",), minutes=1)
    journal.post(
        [
            ("person", "person", RunRequested(asked)),
            ("task", "person", TaskSpecified(TASK)),
            ("data", "person", DataPrepared(FACTS, {})),
        ]
    )
    journal.set_meta("metric", "roc_auc")
    return Memory(journal, folder, None, {}, lambda _: None, lambda _: None, lessons_home=home)  # type: ignore[arg-type,return-value]


def finished(memory: Memory, forest: Candidate = FOREST) -> Memory:
    for index, (candidate, score) in enumerate([(PORTFOLIO[0], 0.7), (forest, 0.9), (PORTFOLIO[1], 0.8)]):
        memory.journal.add_trial(TrialResult(index, candidate, "done", score, seconds=2.04))
    selection = Selection((Member(1, 3.0), Member(0, 1.0)), 0.91, 1, "best together")
    memory.journal.post([("model", "person", ModelSelected(selection, 3, 1))])
    return memory


def test_a_finished_run_teaches_which_candidates_carried_its_model(tmp_path: Path) -> None:
    lesson = lesson_of(finished(begun(tmp_path / "run", None)))
    assert lesson is not None
    assert [(t.family, t.weight, t.place) for t in lesson.candidates] == [
        ("random_forest", 0.75, 1.0),
        ("lightgbm", 0.25, 0.0),
        ("linear", 0.0, 0.5),
    ]
    assert lesson.facts["rows"] == 4800


def test_nothing_of_data_words_names_or_places_is_kept(tmp_path: Path) -> None:
    memory = finished(begun(tmp_path / "run", tmp_path / "home"))
    telling = Candidate("plugin", {"note": "patients who have been in ward 7 since March"})
    memory.journal.add_trial(TrialResult(3, telling, "done", 0.95))
    assert learn(memory)
    kept = (tmp_path / "home" / "lessons.sqlite").read_bytes()
    for secret in (*SECRETS, str(tmp_path)):
        assert secret.encode() not in kept, secret


def test_a_lesson_is_kept_once_however_often_the_run_is_opened(tmp_path: Path) -> None:
    memory = finished(begun(tmp_path / "run", tmp_path / "home"))
    assert learn(memory)
    assert not learn(memory)
    assert len(Lessons(tmp_path / "home").all()) == 1


@pytest.mark.parametrize("asked", [None, Request("x", minutes=1, memory=False)])
def test_where_memory_is_off_nothing_is_kept_or_recalled(tmp_path: Path, asked: Request | None) -> None:
    home = None if asked is None else tmp_path / "home"
    memory = finished(begun(tmp_path / "run", home, asked))
    assert not learn(memory)
    assert recalled(begun(tmp_path / "other", home, asked), PORTFOLIO, ["a", "b"]) == (PORTFOLIO, ["a", "b"])


def test_the_next_run_on_such_data_begins_with_what_did_well(tmp_path: Path) -> None:
    learn(finished(begun(tmp_path / "first", tmp_path / "home")))
    memory = begun(tmp_path / "second", tmp_path / "home")
    found, why = recalled(memory, PORTFOLIO, ["quick", "simple"])
    assert [c.family for c in found] == ["lightgbm", "random_forest", "linear"]
    assert "75% of the model" in why[1]
    assert memory.lessons
    finished(memory, found[1])
    told = contributed(memory)
    assert (told["lessons"], told["weight"]) == (1, 0.75)
    assert [r["tried"] for r in told["recalled"] if r["family"] == "random_forest"] == [True]


def test_a_family_that_an_overlay_takes_out_is_not_brought_back(tmp_path: Path) -> None:
    learn(finished(begun(tmp_path / "first", tmp_path / "home")))
    memory = begun(tmp_path / "second", tmp_path / "home")
    found, _ = recalled(memory, PORTFOLIO, ["a", "b"], unwanted=frozenset({"random_forest"}))
    assert [c.family for c in found] == ["lightgbm", "linear"]


def test_a_resumed_run_recalls_what_it_recalled_before(tmp_path: Path) -> None:
    learn(finished(begun(tmp_path / "first", tmp_path / "home")))
    memory = begun(tmp_path / "second", tmp_path / "home")
    before = recalled(memory, PORTFOLIO, ["a", "b"])
    Lessons(tmp_path / "home").clear()
    other = replace(lesson_of(finished(begun(tmp_path / "third", None))), run="x", candidates=())  # type: ignore[type-var]
    Lessons(tmp_path / "home").add(other)  # type: ignore[arg-type]
    assert recalled(memory, PORTFOLIO, ["a", "b"]) == before


def test_a_run_by_number_of_trials_gives_the_same_whatever_ran_before_it(tmp_path: Path) -> None:
    learn(finished(begun(tmp_path / "first", tmp_path / "home")))
    memory = begun(tmp_path / "second", tmp_path / "home", Request("x", trials=5))
    assert recalled(memory, PORTFOLIO, ["a", "b"]) == (PORTFOLIO, ["a", "b"])
    assert contributed(memory) == {"lessons": 0, "recalled": [], "weight": 0.0}


def test_a_damaged_memory_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "lessons.sqlite").write_text("nonsense " * 200)
    memory = begun(tmp_path / "run", tmp_path / "home")
    assert recalled(memory, PORTFOLIO, ["a", "b"]) == (PORTFOLIO, ["a", "b"])
    assert "set aside" in json.dumps(memory.journal.events("memory"))
    assert asdict(memory.request)["memory"]
