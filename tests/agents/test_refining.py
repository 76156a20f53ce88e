"""What of the work behind a delivery stays valid after a follow-up, and which candidates are left to try."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from traineragent.agents.memory import Memory
from traineragent.agents.refining import portfolio_after, request_of, what_holds
from traineragent.domain.messages import RunRequested
from traineragent.domain.refinement import Reuse
from traineragent.domain.run import Candidate, TrialResult
from traineragent.domain.task import DataInfo, IgnoredColumn, Metric, Request, Requirement, TaskSpec
from traineragent.store.journal import Journal

INFO = DataInfo("table", ("a", "b", "c"), "y", 100, positive_label="yes")
TASK = TaskSpec("tabular_classification", (Metric("roc_auc", "maximize"),), INFO)
TREES, LINES = Candidate("lightgbm", {"rounds": 20}), Candidate("linear")


@pytest.mark.parametrize(
    ("after", "holds"),
    [
        (replace(TASK, requirements=(Requirement("size_mb", "<=", 1.0),)), (True, True, True)),
        (replace(TASK, metrics=(Metric("recall", "maximize"),)), (True, True, True)),
        (replace(TASK, constraints=("interpretable",)), (True, True, True)),
        (replace(TASK, data_info=replace(INFO, ignored=(IgnoredColumn("a", "said"),))), (True, False, False)),
        (replace(TASK, data_info=replace(INFO, target="c")), (False, False, False)),
        (replace(TASK, data_info=replace(INFO, positive_label="no")), (False, False, False)),
        (replace(TASK, constraints=("split:time",)), (False, False, False)),
    ],
)
def test_only_what_was_made_from_something_else_is_made_again(after: TaskSpec, holds: tuple[bool, ...]) -> None:
    found = what_holds(TASK, after)
    assert (found.split, found.prepared, found.trials) == holds
    assert bool(found.why) is not found.trials


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    journal = Journal(tmp_path / "run.sqlite", create=True)
    journal.post([("person", "person", RunRequested(Request("predict y", trials=2)))])
    return Memory(journal, tmp_path, None, {}, lambda _: None, lambda _: None)  # type: ignore[arg-type,return-value]


def test_a_first_run_tries_what_was_chosen(memory: Memory) -> None:
    assert portfolio_after(memory, [TREES, LINES], ["a", "b"]) == ([TREES, LINES], ["a", "b"])


def test_what_was_tried_comes_first_and_once(memory: Memory) -> None:
    memory.journal.add_trial(TrialResult(0, LINES, "done", 0.5))
    found, why = portfolio_after(memory, [TREES, LINES], ["light", "simple"])
    assert found == [LINES, TREES]
    assert why == ["trained before the follow-up", "light"]


def test_where_only_the_selection_changes_no_candidate_of_the_first_plan_is_caught_up_on(memory: Memory) -> None:
    memory.journal.add_trial(TrialResult(0, LINES, "done", 0.5))
    memory.journal.set_meta("reselect", "yes")
    memory.journal.set_meta(
        "known_candidates", json.dumps([{"family": "linear"}, {"family": "lightgbm", "params": {}}])
    )
    found, _ = portfolio_after(memory, [Candidate("lightgbm"), TREES], ["known", "called for by a new limit"])
    assert found == [LINES, TREES]


@pytest.mark.parametrize(("new_limits", "trials"), [(False, 5), (True, 8)])
def test_a_number_of_trials_counts_those_that_were_taken_over(memory: Memory, new_limits: bool, trials: int) -> None:
    assert request_of(memory, Reuse(True, True, True, True), 5, new_limits).trials == trials


def test_candidates_that_must_be_trained_again_get_the_number_that_was_asked_for(memory: Memory) -> None:
    assert request_of(memory, Reuse(True, True, False, False), 0, False).trials == 2
