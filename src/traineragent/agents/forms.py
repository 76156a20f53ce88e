"""In which form a selection is delivered: as it was selected, or lighter, as one of the models that were tried alone.

Every form is made of trials whose score, size and time were measured; one that could break what was asked for, or gives
up more of the score than the procedure allows, is not offered. It knows nothing of graphs and bundles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..domain.run import Member, Operation, Selection, TrialResult
from ..domain.task import MEASURED_ON_SERVICE, Requirement, TaskSpec
from ..engine.metrics import known, scorer
from ..engine.shrink import models_of, shrink
from ..errors import InvalidAnswer
from ..ports import OperationSpec
from ..store.files import read_json
from .memory import Memory

CATALOGUE: Mapping[str, OperationSpec] = {
    "take": OperationSpec({"option": "string"}, "delivers this option"),
}
AS_SELECTED = "as selected"
LIGHTER = 0.7  # of the time or the size of what was selected, below which a form is worth a thought
MOST_FORMS = 8
BRIEF_PARAMS = 4


@dataclass(frozen=True)
class Form:
    """One way to deliver. `given_up`: share of the error by which its cross-validated score is worse than that of what
    was selected (below 0: better); `answer_ms`: one row through its graphs, measured when they were trained."""

    option: str
    selection: Selection
    models: int
    what: str
    given_up: float
    size_mb: float
    answer_ms: float

    def told(self, metric: str) -> dict[str, Any]:
        """For a procedure or a brain that reads."""
        score = self.selection.score
        return {
            "option": self.option,
            "what": self.what,
            "models": self.models,
            metric or "score": score if known(metric) and scorer(metric).direction == "maximize" else abs(score),
            "given_up": round(self.given_up, 4),
            "size_mb": round(self.size_mb, 4),
            "answer_ms": round(self.answer_ms, 4),
        }


def forms_of(
    selection: Selection, trials: Mapping[int, TrialResult], task: TaskSpec, metric: str, most_given_up: float
) -> tuple[Form, ...]:
    """What may be delivered: the selection first, then what is lighter, the best score first."""
    as_selected = _form(AS_SELECTED, selection, trials, selection.score, metric)
    alone = [
        _form(option, replace(one, single_best=selection.single_best), trials, selection.score, metric)
        for t in _comparable(selection, trials, "interpretable" in task.constraints)
        for option, one in _alone(t)
    ]
    lighter = [f for f in alone if _worth_a_thought(f, as_selected) and f.given_up <= most_given_up]
    allowed = [f for f in lighter if _keeps(f, as_selected, task.requirements, metric)]
    found: list[Form] = []
    for form in sorted(allowed, key=lambda f: (f.given_up, -f.models, f.answer_ms)):
        if not any(_beats(f, form) for f in found):
            found.append(form)
    return (as_selected, *found[: MOST_FORMS - 1])


def _form(option: str, selection: Selection, trials: Mapping[int, TrialResult], against: float, metric: str) -> Form:
    cost = shrink(selection, trials)
    assert cost is not None  # without limits nothing has to go
    members = selection.members
    what = " + ".join(_brief(trials[m.trial]) for m in members[:MOST_FORMS])
    what += ", one fold model of it" if members[0].models == 1 else ""
    models = sum(models_of(m, trials[m.trial]) for m in members)
    return Form(
        option,
        selection,
        models,
        what,
        _given_up(against, selection.score, metric),
        cost.size_mb,
        cost.latency_us / 1e3,
    )


def _comparable(selection: Selection, trials: Mapping[int, TrialResult], interpretable: bool) -> list[TrialResult]:
    """Trials whose scores come from as many folds as those of the members. Where it must be possible to see why, only
    the families that were selected for it."""
    members = [trials[m.trial] for m in selection.members]
    folds, families = min(len(t.fold_scores) for t in members), {t.candidate.family for t in members}
    return [
        t
        for t in trials.values()
        if t.status in ("done", "timeout")
        and t.score is not None
        and len(t.fold_scores) >= folds
        and (not interpretable or t.candidate.family in families)
    ]


def _alone(trial: TrialResult) -> list[tuple[str, Selection]]:
    """A trial as a delivery, with all its fold models or with one, on which its score was measured as well."""
    score, name = float(trial.score or 0.0), f"trial {trial.index}"
    found = [(name, Selection((Member(trial.index, 1.0),), score, trial.index, ""))]
    if models_of(Member(trial.index, 1.0), trial) > 1:
        found.append((f"{name}, one fold", Selection((Member(trial.index, 1.0, 1),), score, trial.index, "")))
    return found


def _brief(trial: TrialResult) -> str:
    params = {k: v for k, v in trial.candidate.params.items() if isinstance(v, int | float | str)}
    shown = ", ".join(
        f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in list(params.items())[:BRIEF_PARAMS]
    )
    return f"{trial.candidate.family} ({shown})" if shown else trial.candidate.family


def _given_up(ours: float, theirs: float, metric: str) -> float:
    """Scores are higher the better, errors negated. Where the error is not known, the score stands for it."""
    error = abs(ours)
    if known(metric):
        measure = scorer(metric)
        error = measure.error(measure.utility(ours))
    return (ours - theirs) / max(error, 1e-9)


def _beats(better: Form, form: Form) -> bool:
    """Whether one whose score is no worse costs no more either. A single fold model gives up the mean of several,
    which no score shows."""
    return better.models >= form.models and better.size_mb <= form.size_mb and better.answer_ms <= form.answer_ms


def _worth_a_thought(form: Form, selected: Form) -> bool:
    return form.answer_ms <= LIGHTER * selected.answer_ms or form.size_mb <= LIGHTER * selected.size_mb


def _keeps(form: Form, selected: Form, requirements: Sequence[Requirement], metric: str) -> bool:
    """Whether no stated limit can be broken by it that what was selected keeps: nothing that a limit is about may be
    worse, but for a score that is known to stay within its limit."""
    for r in (r for r in requirements if r.stated_as):
        if r.name in MEASURED_ON_SERVICE or r.name == "parameters_m":
            if form.size_mb > selected.size_mb or form.answer_ms > selected.answer_ms:
                return False
        elif r.name != "train_minutes" and form.given_up > 0:
            value = abs(form.selection.score) if r.direction == "<=" else form.selection.score
            if r.name != metric or not r.met_by(value):
                return False
    return True


# ------------------------------------------------------------------------------------------------ asking
def taken(memory: Memory, selection: Selection) -> Selection:
    """The selection, or the form of it that the brain takes; a selection that comes again is asked about once."""
    metric, task = memory.journal.meta("metric") or "", memory.task
    most = float(memory.settings_of("server")["most_given_up"])
    trials = {t.index: t for t in memory.journal.trials()}
    forms = forms_of(selection, trials, task, metric, most)
    if len(forms) == 1:
        return selection
    facts = {
        "forms": [f.told(metric) for f in forms],
        "members": len(selection.members),
        "device": task.deployment_info.device,
        "interface": task.deployment_info.interface,
        "limits": [f"{r.words} ({r.stated_as})" for r in task.requirements if r.stated_as],
        "seconds_left": round(memory.left_s, 1),
        **_measured(memory),
    }
    (operation,) = memory.plan(
        "server",
        "form",
        facts,
        CATALOGUE,
        "-".join(["form", *(f"{m.trial}.{m.models or 'all'}.{m.weight:.3f}" for m in selection.members)]),
        details=lambda: {"words": memory.request.words, "metric": metric, "most_given_up": most},
        choices={"option": tuple(f.option for f in forms)},
        check=_check,
    )
    return _chosen(memory, forms, operation)


def _chosen(memory: Memory, forms: Sequence[Form], operation: Operation) -> Selection:
    form = next((f for f in forms if f.option == operation.args["option"]), forms[0])
    if form is forms[0]:
        return form.selection
    words = f"{form.what} alone is delivered in place of {forms[0].models} models: {operation.why}"
    memory.say("extra", words)
    return replace(form.selection, why=words)


def _measured(memory: Memory) -> dict[str, Any]:
    """What the service of the first model was measured at, where it was: most of a small model's time is HTTP."""
    path = memory.folder / "data" / "measured.json"
    found = read_json(path) if path.exists() else {}
    return {f"first_{name}": found.get(name) for name in ("latency_ms_p95", "memory_mb", "throughput_rows_s")}


def _check(operations: Sequence[Operation]) -> None:
    """Raises InvalidAnswer unless one option is taken."""
    if len(operations) != 1:
        raise InvalidAnswer("take exactly one option")
