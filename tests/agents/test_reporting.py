"""The report says how long each phase took, when time was too short, and what stated limits cost each other."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from traineragent.agents import reporting
from traineragent.agents.memory import Memory
from traineragent.agents.refining import TAKEN_OVER
from traineragent.agents.reporting import hurried, outdone, seconds, settled_by_few, write_report
from traineragent.domain.messages import ModelSelected, RunRequested, ServiceDelivered, TaskSpecified
from traineragent.domain.run import Candidate, Measured, Member, Score, Selection, TrialResult
from traineragent.domain.task import DataInfo, Metric, Request, TaskSpec
from traineragent.report.terminal import print_summary
from traineragent.store.files import write_json
from traineragent.store.journal import Journal


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    journal = Journal(tmp_path / "run.sqlite", create=True)
    journal.post([("person", "task", RunRequested(Request("predict y")))])
    return Memory(journal, tmp_path, None, {}, lambda _: None, lambda _: None)  # type: ignore[arg-type,return-value]


class Clocked:
    """A journal of which only the clock counts."""

    def __init__(self, events: list[tuple[float, str | None]], now: float) -> None:
        self.clock_s = now
        self._events = [{"clock_s": at, "kind": "x", **({"phase": p} if p else {})} for at, p in events]

    def events(self) -> list[dict[str, Any]]:
        return self._events


def test_each_phase_lasts_until_the_next_begins() -> None:
    told = [(1.5, "read"), (2.0, None), (3.0, "prepare"), (5.0, "training"), (6.0, None), (7.0, "deliver")]
    told += [(8.0, "training"), (12.0, "training"), (20.0, "deliver"), (21.0, "deliver")]
    found = seconds(SimpleNamespace(journal=Clocked(told, 24.5)))  # type: ignore[arg-type]
    assert found == {"total": 24.5, "understand": 3.0, "prepare": 2.0, "train": 14.0, "deliver": 5.5}


def test_seconds_of_a_run_that_only_began_are_those_of_understanding(memory: Memory) -> None:
    memory.say("phase", "reading the data", phase="read")
    found = seconds(memory)
    assert sum(v for k, v in found.items() if k != "total") == pytest.approx(found["total"], abs=0.03)
    assert found["prepare"] == found["train"] == found["deliver"] == 0


@pytest.mark.parametrize(
    ("name", "value", "baseline", "warned"),
    [("mae", 609.4, 537.4, True), ("mae", 537.4, 609.4, False), ("roc_auc", 0.5, 0.5, True), ("r2", 0.1, None, False)],
)
def test_a_model_that_does_no_better_than_none_is_told(
    tmp_path: Path, name: str, value: float, baseline: float | None, warned: bool
) -> None:
    task = TaskSpec(
        "tabular_regression" if name != "roc_auc" else "tabular_classification", (Metric(name, "maximize"),)
    )
    journal = Journal(tmp_path / "run.sqlite", create=True)
    journal.post([("person", "task", RunRequested(Request("predict y")))])
    journal.event("holdout_opened", delivery=1, rows=9, metric={"name": name, "value": value, "baseline": baseline})
    memory = SimpleNamespace(journal=journal, task=task)
    assert not outdone(memory)  # type: ignore[arg-type]  # a follow-up that is asked back has no task of its own
    journal.post([("task", "data", TaskSpecified(task))])
    said = outdone(memory)  # type: ignore[arg-type]
    assert bool(said) == warned
    assert not warned or "no better than answers that need no model" in said[0]


@pytest.mark.parametrize(("interval", "warned"), [([2.8, 4.6], True), ([2.8, 3.9], False)])
def test_a_lead_that_the_rows_do_not_show_is_told(tmp_path: Path, interval: list[float], warned: bool) -> None:
    task = TaskSpec("tabular_regression", (Metric("rmse", "minimize"),))
    journal = Journal(tmp_path / "run.sqlite", create=True)
    journal.post([("person", "task", RunRequested(Request("predict y")))])
    journal.post([("task", "data", TaskSpecified(task))])
    metric = {"name": "rmse", "value": 3.7, "interval": interval, "baseline": 4.0}
    journal.event("holdout_opened", delivery=1, rows=9, metric=metric)
    said = outdone(SimpleNamespace(journal=journal, task=task))  # type: ignore[arg-type]
    assert bool(said) == warned
    assert not warned or "cannot tell whether the model is better" in said[0]


@pytest.mark.parametrize(
    ("value", "drops", "leaks", "warned"),
    [
        (
            0.998,
            {"HomeGoals": 0.48, "AwayGoals": 0.43, "Year": -0.001, "Round": 0.0},
            [],
            "'HomeGoals' and 'AwayGoals'",
        ),
        (0.998, {"code": 0.48, "Year": 0.001}, [], "'code' gives nearly all of them: if it is known"),
        (0.98, {"HomeGoals": 0.48, "AwayGoals": 0.43, "Year": 0.0}, [], ""),  # some answers are wrong
        (0.998, {"a": 0.3, "b": 0.2, "c": 0.2}, [], ""),  # it takes more than two
        (0.998, {"a": 0.3, "b": 0.2}, [], ""),  # there are no others
        (0.998, {"code": 0.48, "Year": 0.001}, ["code"], ""),  # told when the data was looked at
    ],
)
def test_one_or_two_columns_that_give_all_answers_are_told(
    tmp_path: Path, value: float, drops: dict[str, float], leaks: list[str], warned: str
) -> None:
    journal = Journal(tmp_path / "run.sqlite", create=True)
    journal.event("holdout_opened", delivery=1, rows=900, metric={"name": "accuracy", "value": value})
    (tmp_path / "data").mkdir()
    importance = [{"column": c, "drop": d, "std": 0.0, "repeats": 3} for c, d in drops.items()]
    write_json(tmp_path / "data/explanation.json", {"importance": importance})
    write_json(tmp_path / "data/profile.json", {"leaks": [{"column": c} for c in leaks]})
    said = settled_by_few(SimpleNamespace(journal=journal, folder=tmp_path))  # type: ignore[arg-type]
    assert bool(said) == bool(warned)
    assert not warned or warned in said[0]


def tried(memory: Memory, *trials: tuple[str, str], weights: tuple[float, ...] = (1.0,)) -> None:
    """Trials with (status, note), the first of them selected with these weights."""
    for i, (status, note) in enumerate(trials):
        score = None if status == "failed" else 0.5
        memory.journal.add_trial(TrialResult(i, Candidate("random_forest"), status, score, note=note))  # type: ignore[arg-type]
    members = tuple(Member(i, w) for i, w in enumerate(weights))
    memory.journal.post([("model", "server", ModelSelected(Selection(members, 0.5, 0, ""), len(trials), 1))])


def test_a_model_that_was_cut_short_is_said_to_be(memory: Memory) -> None:
    tried(memory, ("timeout", "1 of 15 fits in time"), ("done", ""))
    assert hurried(memory) == [
        "the time allowed only 1 of 15 fits of the model that is delivered (random forest); give it more minutes"
    ]
    assert reporting.data_facts(memory)["warnings"][0] == hurried(memory)[0]


def test_a_single_usable_trial_is_no_choice(memory: Memory) -> None:
    tried(memory, ("done", ""), ("failed", "no"), ("pruned", ""))
    assert hurried(memory) == ["the time allowed only one model to be trained to its end; give it more minutes"]


def test_enough_time_is_not_complained_of(memory: Memory) -> None:
    tried(memory, ("done", ""), ("timeout", "9 of 10 fits in time"), weights=(0.8, 0.2))
    assert hurried(memory) == []


def test_one_trial_that_was_asked_for_is_enough(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run.sqlite", create=True)
    journal.post([("person", "task", RunRequested(Request("predict y", trials=1)))])
    memory = Memory(journal, tmp_path, None, {}, lambda _: None, lambda _: None)  # type: ignore[arg-type,return-value]
    tried(memory, ("done", ""))
    assert hurried(memory) == []


TRADEOFF = "recall of at least 0.9 comes with precision 0.20; precision of at least 0.8 comes with recall 0.22"


def delivered(recall: float) -> ServiceDelivered:
    measured = Measured("recall", ">=", 0.9, recall, recall >= 0.9, "nine in ten")
    return ServiceDelivered(Score("average_precision", 0.4, (0.3, 0.5), 0.1, 900), (measured,))


@pytest.mark.parametrize("met", [True, False])
def test_limits_at_odds_are_offered_as_a_choice_when_one_is_missed(memory: Memory, met: bool) -> None:
    (memory.folder / "data").mkdir()
    (memory.folder / "data" / "graph.json").write_text(json.dumps({"tradeoff": TRADEOFF}))
    task = TaskSpec("tabular_classification", (Metric("average_precision", "maximize"),), DataInfo(target="y"))
    status = "delivered" if met else "delivered_unmet"
    report = write_report(memory, status=status, task=task, delivered=delivered(0.95 if met else 0.6))  # type: ignore[arg-type]
    assert (report["alternative"] or "").startswith(TRADEOFF) is not met
    page = (memory.folder / "report.html").read_text(encoding="utf-8")
    assert ("comes with precision 0.20" in page) is not met
    assert ("comes with precision 0.20" in printed(report)) is not met


def printed(report: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), record=True, width=400)
    print_summary(report, console)
    return console.export_text()


def test_trials_that_were_taken_over_have_no_place_on_the_clock_of_a_follow_up(memory: Memory) -> None:
    tried(memory, ("done", ""), ("done", ""), ("done", ""))
    memory.journal.set_meta(TAKEN_OVER, "[0, 1]")
    assert [t["trial"] for t in reporting._timeline(memory)] == [2]
