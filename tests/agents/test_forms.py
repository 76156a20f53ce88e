"""What may be delivered in place of a selection: lighter models that break no limit and give up little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chat import MODEL, Asked, Said, chatting
from traineragent.agents.forms import AS_SELECTED, forms_of, taken
from traineragent.agents.memory import Memory
from traineragent.agents.server import KEPT, ServerAgent
from traineragent.brains.checked import Checked
from traineragent.brains.llm import LanguageModel
from traineragent.brains.planner import Planner
from traineragent.brains.providers import Connection
from traineragent.brains.spending import Patience
from traineragent.domain.messages import ModelSelected, RequirementMissed, RunRequested, TaskSpecified
from traineragent.domain.run import Candidate, Member, Selection, TrialResult
from traineragent.domain.task import Metric, Request, Requirement, TaskSpec
from traineragent.knowledge import prompts
from traineragent.ports import Brain
from traineragent.store.calls import CallLog, Limits
from traineragent.store.journal import Journal

PLANNER = Planner()
FOLDS = {f"model_{i}.onnx": "" for i in range(5)}


def trial(index: int, family: str, score: float, us: float, mb: float) -> TrialResult:
    return TrialResult(index, Candidate(family), "done", score, files=FOLDS, size_mb=mb, predict_us=us)


TRIALS = {
    t.index: t
    for t in (
        trial(0, "lightgbm", 0.900, 200.0, 1.0),
        trial(1, "linear", 0.893, 5.0, 0.01),
        trial(2, "random_forest", 0.895, 300.0, 9.0),
        trial(3, "dummy", 0.5, 1.0, 0.001),
        trial(4, "mlp", 0.892, 20.0, 0.1),
    )
}
TOGETHER = Selection((Member(0, 0.6), Member(2, 0.4)), 0.902, 0, "2 models together beat the best one")
TASK = TaskSpec("tabular_classification", (Metric("roc_auc", "maximize"),))


def limited(*limits: Requirement) -> TaskSpec:
    return replace(TASK, requirements=limits)


def options(task: TaskSpec = TASK, selection: Selection = TOGETHER, most: float = 0.1) -> list[str]:
    return [f.option for f in forms_of(selection, TRIALS, task, "roc_auc", most)]


def test_lighter_models_that_give_up_little_are_offered_and_those_that_others_beat_are_not() -> None:
    first, second = ["trial 0", "trial 0, one fold"], ["trial 1", "trial 1, one fold"]
    assert options() == [AS_SELECTED, *first, *second]  # trial 4 is worse and dearer than trial 1
    assert options(most=0.02) == [AS_SELECTED]
    assert options(most=0.03) == [AS_SELECTED, *first]


def test_what_an_option_costs_and_gives_up_is_measured() -> None:
    selected, best, one, *_, linear = forms_of(TOGETHER, TRIALS, TASK, "roc_auc", 0.1)
    assert (selected.answer_ms, selected.size_mb, selected.models) == (pytest.approx(0.5), pytest.approx(10.0), 10)
    assert (one.answer_ms, one.size_mb, one.models) == (pytest.approx(0.04), pytest.approx(0.2), 1)
    assert best.given_up == one.given_up == pytest.approx(0.002 / 0.098)
    assert linear.told("roc_auc")["roc_auc"] == 0.893
    assert linear.selection.members == (Member(1, 1.0, 1),)
    assert linear.selection.single_best == TOGETHER.single_best  # where it cannot be exported


def test_scores_of_fewer_folds_and_models_that_explain_nothing_are_not_compared() -> None:
    folds = {i: replace(t, fold_scores=(0.9,) if i == 1 else (0.9,) * 5) for i, t in TRIALS.items()}
    found = forms_of(TOGETHER, folds, TASK, "roc_auc", 0.2)
    assert "trial 1" not in [f.option for f in found]
    assert "trial 4" in [f.option for f in found]
    plain = replace(TASK, constraints=("interpretable",))
    assert {f.option.partition(",")[0] for f in forms_of(TOGETHER, TRIALS, plain, "roc_auc", 0.1)} == {
        AS_SELECTED,
        "trial 0",
    }


def test_no_option_may_break_a_limit_that_was_stated() -> None:
    speed = Requirement("latency_ms_p95", "<=", 5.0, "within 5 ms")
    assert options(limited(speed)) == options()
    score = Requirement("roc_auc", ">=", 0.895, "AUC of .895")
    assert options(limited(score)) == [AS_SELECTED, "trial 0", "trial 0, one fold"]
    other = Requirement(
        "recall", ">=", 0.8, "find 80 %"
    )  # not known of each trial, so nothing that is worse may go out
    assert options(limited(other)) == [AS_SELECTED]
    single = Selection((Member(1, 1.0),), 0.893, 1, "within the limits")
    assert options(limited(speed), single) == [AS_SELECTED, "trial 1, one fold"]


def test_errors_are_compared_as_errors() -> None:
    found = {
        t.index: replace(t, score=-s, files={"model_00.npz": ""})
        for t, s in zip(TRIALS.values(), (10.0, 10.9, 12.0, 50.0, 11.5), strict=True)
    }
    selected = replace(TOGETHER, score=-9.9)
    task = replace(TASK, metrics=(Metric("mae", "minimize"),))
    forms = forms_of(selected, found, task, "mae", 0.15)
    assert [f.option for f in forms] == [AS_SELECTED, "trial 0", "trial 1"]
    assert forms[2].told("mae")["mae"] == 10.9
    limit = replace(task, requirements=(Requirement("mae", "<=", 10.5, "off by 10.5 at most"),))
    assert [f.option for f in forms_of(selected, found, limit, "mae", 0.15)] == [AS_SELECTED, "trial 0"]


# ------------------------------------------------------------------------------------------------ who takes which
def memory_of(folder: Path, brain: Brain | None = None) -> Memory:
    journal = Journal(folder / "run.sqlite", create=True)
    words = "Who leaves? It runs on a small board, so keep it simple."
    journal.post([("person", "task", RunRequested(Request(words))), ("task", "data", TaskSpecified(TASK))])
    journal.set_meta("metric", "roc_auc")
    for result in TRIALS.values():
        journal.add_trial(result)
    settings: Any = {a: p.settings for a, p in PLANNER.procedures.items()}
    return Memory(journal, folder, Checked(brain or PLANNER, PLANNER), settings, None, lambda e: None)  # type: ignore[arg-type]


def language_model(folder: Path) -> LanguageModel:
    settings = prompts.settings()
    untimed = Patience(settings, lambda: None, lambda: False)
    limits = Limits(calls=9, tokens=100_000, usd=None)
    path = folder / "run.sqlite"
    return LanguageModel(
        Connection(MODEL), PLANNER, CallLog(path), limits=limits, patience=untimed, settings=settings, run="run"
    )


def asked_of_a_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str
) -> tuple[Memory, list[Asked], Selection]:
    """A chat server takes these options, one a request; the last is repeated."""

    def behave(asked: Asked) -> Said:
        option = options[min(asked.number, len(options) - 1)]
        return Said(operations=[{"do": "take", "args": {"option": option}, "why": "a small board wants little"}])

    with chatting(behave) as chat:
        for name, value in chat.environment.items():
            monkeypatch.setenv(name, value)
        memory = memory_of(folder)
        memory.brain = Checked(language_model(folder), PLANNER)
        return memory, chat.asked, taken(memory, TOGETHER)


def test_the_planner_delivers_what_was_selected(tmp_path: Path) -> None:
    memory = memory_of(tmp_path)
    assert taken(memory, TOGETHER) == TOGETHER
    assert [d.what for d in memory.journal.decisions()] == ["form: take option=as selected"]


@pytest.mark.slow
def test_a_language_model_takes_a_lighter_one_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, asked, found = asked_of_a_model(tmp_path, monkeypatch, "trial 1")
    assert found.members == (Member(1, 1.0),)
    assert "a small board wants little" in found.why
    assert memory.journal.decisions()[-1].brain == MODEL
    assert [w for w in ("keep it simple", "given_up", '"trial 1"', "linear") if w not in asked[0].text] == []
    assert taken(memory, TOGETHER) == found  # a resumed run, which asks nobody
    assert len(asked) == 1


@pytest.mark.slow
def test_what_was_not_offered_goes_back_and_is_never_delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, asked, found = asked_of_a_model(tmp_path, monkeypatch, "trial 3", "trial 0")
    assert found.members == (Member(0, 1.0),)
    assert "trial 3" in memory.journal.decisions()[0].what
    (tmp_path / "again").mkdir()
    _, asked, found = asked_of_a_model(tmp_path / "again", monkeypatch, "trial 3")
    assert found == TOGETHER
    assert 2 <= len(asked) <= 3


def test_nobody_is_asked_about_a_first_model_or_once_a_limit_was_missed(tmp_path: Path) -> None:
    memory = memory_of(tmp_path)
    server = ServerAgent(memory, "")
    first = ModelSelected(TOGETHER, 1, 0, provisional=True)
    assert server._formed(first) == first
    memory.journal.post([("task", "model", RequirementMissed(("size_mb",), (), 30.0, 2))])
    assert server._formed(ModelSelected(TOGETHER, 5, 2)).selection == TOGETHER
    assert not memory.journal.decisions()
    assert KEPT not in memory.cache
