"""The brain that a run's request names, with the embedded planner to fall back on."""

from __future__ import annotations

from pathlib import Path

from ..domain.messages import RunFinished, RunRequested, TaskSpecified
from ..domain.task import Request, TaskSpec
from ..knowledge import prompts
from ..ports import Brain
from ..store.calls import CallLog
from ..store.journal import Journal
from .checked import Checked
from .planner import Planner
from .spending import Patience, limits_of, price_usd


def chosen(journal: Journal, folder: Path, overlay: Path | None, planner: Planner) -> Brain:
    """The planner, or the language model that the journaled request names, made ready in the background. Raises
    InputError where a run that is not finished needs a key that is not there."""
    request: Request = journal.last(RunRequested).request
    if request.brain == "planner":
        return Checked(planner, planner)
    from .llm import LanguageModel
    from .providers import Connection, require

    if journal.last(RunFinished) is not None:  # nobody will be asked anything
        return Checked(planner, planner)
    require(request.brain)
    talk, settings = Connection(request.brain), prompts.settings(overlay)
    priced = price_usd(talk.provider.name, talk.model, 1, 1, settings["prices"]) is not None
    journal.set_meta("llm_priced", "yes" if priced else "no")
    model = LanguageModel(
        talk,
        planner,
        CallLog(journal.path),
        limits=limits_of(settings, calls=request.llm_calls, usd=request.llm_usd, priced=priced),
        patience=Patience(
            settings, lambda: _minutes(journal, request), lambda: _timed(journal, request), lambda: journal.clock_s
        ),
        settings=settings,
        run=f"{folder.name}-{journal.meta('created') or ''}",
        overlay=overlay,
        share_examples=request.share_examples,
    )
    model.warm()
    return Checked(model, planner, attempts=int(settings["attempts"]))


def _minutes(journal: Journal, request: Request) -> float | None:
    """The run's budget as far as it is agreed."""
    task = _task(journal)
    return task.budget.minutes if task is not None else request.minutes


def _timed(journal: Journal, request: Request) -> bool:
    """Whether time decides: not where only a number of trials was asked for."""
    task = _task(journal)
    deadline = task.limit("train_minutes") if task is not None else None
    return request.trials is None or bool(request.minutes) or deadline is not None


def _task(journal: Journal) -> TaskSpec | None:
    said: TaskSpecified | None = journal.last(TaskSpecified)
    return said.task if said is not None else None
