"""What is done when work fails: lighter data, once more, a simpler model, the bundle that stands; then giving up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from traineragent.agents.memory import Memory
from traineragent.agents.server import ServerAgent
from traineragent.agents.task import TaskAgent
from traineragent.brains.checked import Checked
from traineragent.brains.planner import Planner
from traineragent.brains.scripted import Scripted
from traineragent.data.operations import CATALOGUE
from traineragent.domain.data import Target
from traineragent.domain.messages import (
    LighterDataRequested,
    Message,
    ModelSelected,
    RunRequested,
    SearchRequested,
    ServiceMeasured,
    TaskSpecified,
    WorkFailed,
)
from traineragent.domain.run import Candidate, Member, Operation, Selection, TrialResult
from traineragent.domain.task import Budget, DataInfo, Metric, Request, TaskSpec
from traineragent.engine.compute.local import WorkFailed as NoAnswer
from traineragent.ports import Brain, BrainQuestion
from traineragent.series.operations import CATALOGUE as SERIES
from traineragent.store.files import write_json
from traineragent.store.journal import Journal

TASK = TaskSpec(
    "tabular_classification",
    (Metric("roc_auc", "maximize"),),
    DataInfo("table", ("a",), "y", 100),
    budget=Budget(minutes=5),
)
PLANNER = Planner()


class Failing:
    """A place where all work fails."""

    def __init__(self, kind: str) -> None:
        self.kind, self.asked = kind, list[Mapping[str, Any]]()

    def call(self, function: str, args: Mapping[str, Any], timeout_s: float) -> Any:
        self.asked.append({"function": function, "timeout_s": timeout_s, **args})
        raise NoAnswer("it broke", self.kind)

    def close(self) -> None:
        """Nothing is open."""


def memory(folder: Path, kind: str = "crash", brain: Brain = PLANNER) -> Memory:
    journal = Journal(folder / "run.sqlite", create=True)
    journal.post([("person", "person", RunRequested(Request("predict y")))])
    journal.post([("task", "person", TaskSpecified(TASK))])
    settings = {a: p.settings for a, p in PLANNER.procedures.items()}
    return Memory(journal, folder, brain, settings, lambda _: Failing(kind), lambda _: None)  # type: ignore[arg-type,return-value]


def after(held: Memory, *failures: WorkFailed, of: Any = None) -> Any:
    """What the Task agent sends when the last of these failures reaches it."""
    journal = held.journal
    journal.post([("task", "model", of or SearchRequested(1, "time is left"))])
    failed = journal.messages()[-1].id
    for failure in failures:
        journal.post([(failure.agent, "task", failure)], handled=failed)
    ((to, body),) = TaskAgent(held, "").handle(journal.messages()[-1])
    return to, body


@pytest.mark.parametrize("kind", ["memory", "crash", "timeout", "error"])
def test_data_that_could_not_be_prepared_is_prepared_more_lightly(tmp_path: Path, kind: str) -> None:
    held = memory(tmp_path)
    assert after(held, WorkFailed("data", "it broke", kind)) == ("data", LighterDataRequested(1, "it broke"))
    assert "fewer rows" in held.journal.decisions()[-1].why


def test_it_gets_lighter_twice_and_then_the_run_ends_with_the_reason(tmp_path: Path) -> None:
    failed = WorkFailed("data", "no room", "memory")
    assert after(memory(tmp_path), failed, failed) == ("data", LighterDataRequested(2, "no room"))
    (tmp_path / "other").mkdir()
    held = memory(tmp_path / "other")
    to, finished = after(held, failed, failed, failed)
    assert (to, finished.status, finished.reason) == ("person", "failed", "no room")


def test_another_agent_gets_a_second_chance_where_the_machine_failed_it(tmp_path: Path) -> None:
    request = SearchRequested(3, "more")
    held = memory(tmp_path)
    assert after(held, WorkFailed("model", "killed", "crash"), of=request) == ("model", request)
    (tmp_path / "other").mkdir()
    assert after(memory(tmp_path / "other"), WorkFailed("model", "no family suits"))[1].status == "failed"


def test_less_is_asked_of_data_each_time() -> None:
    def planned(attempt: int) -> dict[str, Any]:
        column = {"name": "t", "meaning": "text", "excluded": False, "leak_action": None, "digits": False}
        facts = {
            **PLANNER.procedures["data"].settings, "rows": 90_000, "columns": [column], "date_pairs": [],
            "checkpoints": [], "encoder": {"path": "p", "name": "n", "architecture": "a", "size_mb": 1.0}, "classes": 2,
            "task_type": "text_classification", "size_limit_mb": None, "duplicate_share": 0.0, "duplicate_rows": 0,
            "picture_side": 0, "minutes": 5, "attempt": attempt,
        }  # fmt: skip
        found = PLANNER.answer(BrainQuestion("data", "prepare", facts, CATALOGUE)).operations
        return {o.do: o.args for o in found}

    first, second, third = planned(0), planned(1), planned(2)
    assert "cut_tokens" in first
    assert "cap_rows" not in first
    assert "cut_tokens" not in second
    assert (second["cap_rows"], third["cap_rows"]) == ({"most": 22500}, {"most": 5625})


def test_less_is_asked_of_series_each_time() -> None:
    def planned(attempt: int, steps: int = 20_000) -> dict[str, Any]:
        facts = {
            **PLANNER.procedures["data"].settings, "rows": steps, "series": 1, "steps": steps, "horizon": 24,
            "season": 24, "doubled": 0, "coarser": False, "irregular": 0.0, "additive": False, "gaps": 0,
            "gap_share": 0.0, "short_series": 0, "fewest": 8, "step_word": "hour", "attempt": attempt,
        }  # fmt: skip
        found = PLANNER.answer(BrainQuestion("data", "series_prepare", facts, SERIES)).operations
        return {o.do: o.args for o in found}

    assert planned(0) == {"set_season": {"steps": 24}}
    assert planned(1) == {"set_season": {"steps": 24}, "keep_newest": {"steps": 5000}}
    assert planned(2)["keep_newest"] == {"steps": 1250}
    assert "leave_known_ahead" in planned(2)
    assert planned(2, 150)["keep_newest"] == {"steps": 150}, "eight horizons are more than there is"


# ------------------------------------------------------------------------------------------------ a failed export
MEMBERS = (Member(0, 0.6), Member(1, 0.4))


def select(held: Memory, members: tuple[Member, ...] = MEMBERS) -> Message:
    held.save("data/target.json", Target("y", "class", ("no", "yes")), Target)
    for member in members:
        held.journal.add_trial(TrialResult(member.trial, Candidate("linear"), "done", 0.8))
    held.journal.post([("model", "server", ModelSelected(Selection(members, 0.8, 1, "best"), 2, 1))])
    return held.journal.messages()[-1]


def stand(held: Memory) -> None:
    """A first bundle, exported and measured."""
    first = ModelSelected(Selection((Member(0, 1.0),), 0.7, 0, "first"), 1, 0, provisional=True)
    held.journal.post([("model", "server", first), ("server", "task", ServiceMeasured((), 1e-7, 0, provisional=True))])
    (held.folder / "data").mkdir()
    (held.folder / "bundle").mkdir()
    write_json(held.folder / "data" / "graph.json", {"parity_max": 1e-7})
    write_json(held.folder / "bundle" / "bundle.json", {})


def deployed(held: Memory, message: Message, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(ServerAgent, "_measure", lambda *_, **__: None)  # no service is started
    agent = ServerAgent(held, "")
    agent._acts = {**agent._acts, "measure": lambda *_, **__: None}
    return agent.handle(message)


def test_a_bundle_that_stands_is_delivered_where_a_better_one_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = memory(tmp_path)
    stand(held)
    (_, kept), (to, measured) = deployed(held, select(held), monkeypatch)
    assert kept.selection.members == (Member(0, 1.0),)
    assert (kept.provisional, kept.round, to, measured.round, measured.parity) == (False, 1, "task", 1, 1e-7)
    built = [a["members"] for a in held.compute.asked]  # type: ignore[attr-defined]
    assert [len(m) for m in built] == [2, 1], "the best single model is tried before"
    assert any("so the one before is delivered" in e["text"] for e in held.journal.events("extra"))


def test_no_second_export_is_waited_for_where_time_was_the_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = memory(tmp_path, "timeout")
    stand(held)
    held.journal.post([("task", "person", TaskSpecified(replace(TASK, budget=Budget(minutes=0.01))))])
    deployed(held, select(held), monkeypatch)
    (asked,) = held.compute.asked  # type: ignore[attr-defined]
    assert asked["timeout_s"] == 45.0


def test_where_nothing_stands_the_single_model_is_tried_with_patience_and_then_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = memory(tmp_path)
    with pytest.raises(NoAnswer, match="could not be exported: it broke") as caught:
        deployed(held, select(held), monkeypatch)
    assert caught.value.kind == "crash"
    assert all(a["timeout_s"] >= 120 for a in held.compute.asked)  # type: ignore[attr-defined]


def test_a_brain_may_choose_among_the_ways_that_there_are_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [Operation("x", "fail", {}, "enough"), Operation("x", "keep", {}, "the first is fine")]
    scripted = Scripted({"recover": [[c] for c in chosen]}, PLANNER)
    held = memory(tmp_path, brain=Checked(scripted, PLANNER))
    stand(held)
    (_, kept), _ = deployed(held, select(held), monkeypatch)
    assert kept.selection.members == (Member(0, 1.0),)
    assert [d.why for d in held.journal.decisions() if "refused" in d.what] == ["choose one of fall_back, keep"]
