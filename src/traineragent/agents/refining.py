"""A follow-up to a delivery: what it changes, which of the earlier work still holds, and how that is taken over.

The hold-out stays the one that was sealed, and every earlier look at it counts. Prepared data and trained candidates
are shared with the revision's folder, not made again, unless what they were made from is different now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import registry
from ..domain.data import Target
from ..domain.messages import (
    CandidatesRanked,
    DataCollected,
    RefinementRequested,
    RunRequested,
    TaskSpecified,
)
from ..domain.refinement import Reuse, Revision
from ..domain.run import Candidate, TrialResult
from ..domain.selection import HELD, ROWS
from ..domain.task import Request, TaskSpec
from ..language.models import WANTED
from ..language.revising import revise
from ..ports import Task
from ..store.files import read_json
from ..store.journal import Journal
from ..store.revisions import Revision as Delivery
from ..store.revisions import deliveries, latest_delivered, new_revision, revisions_of, share_files
from ..store.runfolder import JOURNAL, keep_overlay
from .askedmodels import families_of
from .dialogue import Dialogue
from .inforce import check_overlay
from .memory import Memory

RESCORE = "traineragent.engine.rescore:rescore"
RESCORE_S = 60.0
TAKEN_OVER = "taken_over"
"""Name in the journal of a revision: the trials that were trained before it."""
SPLIT_WORDS = ("split:", "horizon:", ROWS, HELD)
"""Wishes that decide which rows are held out, or what one row is."""
MORE_CANDIDATES = 3
"""Where a number of trials was asked for, so many more may be tried for a new limit."""


# ------------------------------------------------------------------------------------------------ beginning
def begin(run: Path, words: str, minutes: float | None = None, overlay: Path | None = None) -> Path:
    """Makes the folder of a new revision whose journal asks for `words`, and returns it. `overlay`: the user's
    procedures from now on; None keeps those of the run. Raises InputError where nothing was delivered."""
    before = latest_delivered(run)
    number, folder = new_revision(run)
    old, journal = Journal(before.folder / JOURNAL), Journal(folder / JOURNAL, create=True)
    try:
        asked: Request = old.last(RunRequested).request
        specified: TaskSpecified = old.last(TaskSpecified)
        if overlay is not None:
            keep_overlay(overlay, check_overlay(overlay), folder)
        journal.set_meta("created", datetime.now(UTC).isoformat(timespec="seconds"))
        journal.set_meta("history", json.dumps([_remembered(r) for r in deliveries(run)], ensure_ascii=False))
        for look in _looks(run):
            journal.event("holdout_opened", **look)
        measured = measured_on(before)
        body = RefinementRequested(words, number, before.number, specified.task, measured, asked.words, minutes)
        journal.post(
            [
                ("person", "person", RunRequested(replace(asked, words=together(asked.words, words)))),
                ("data", "person", old.last(DataCollected)),
                ("person", "task", body),
            ]
        )
    finally:
        old.close()
        journal.close()
    return folder


def together(earlier: str, words: str) -> str:
    """What was asked for in all."""
    return f"{earlier.rstrip('. ')}. Then: {words}"


def _remembered(report: Mapping[str, Any]) -> dict[str, Any]:
    """What the report of a later delivery says of an earlier one."""
    metric, model = report.get("metric") or {}, report.get("model") or {}
    return {
        "revision": report.get("revision", 1),
        "words": report.get("follow_up") or report.get("request"),
        "metric": metric.get("name"),
        "value": metric.get("value"),
        "size_mb": model.get("size_mb"),
        "model": model.get("family"),
        "seconds": (report.get("seconds") or {}).get("total"),
    }


def _looks(run: Path) -> list[dict[str, Any]]:
    """Every opening of a hold-out in this run so far, each named by its revision and delivery."""
    out: dict[str, dict[str, Any]] = {}
    for revision in revisions_of(run):
        journal = Journal(revision.folder / JOURNAL)
        try:
            seal = (journal.events("sealed") or [{}])[-1].get("sha256")
            for event in journal.events("holdout_opened"):
                name = event["delivery"] if "/" in str(event["delivery"]) else f"{revision.number}/{event['delivery']}"
                look = {"delivery": name, "rows": event["rows"], "metric": event["metric"]}
                out.setdefault(name, {**look, "sha256": event.get("sha256") or seal})
        finally:
            journal.close()
    return list(out.values())


def measured_on(before: Delivery) -> dict[str, float]:
    """Numbers of a delivery by requirement name: of the service, and of the sealed hold-out."""
    data = before.folder / "data"
    found: dict[str, Any] = read_json(data / "measured.json") if (data / "measured.json").exists() else {}
    if (data / "evaluation.json").exists():
        evaluation = read_json(data / "evaluation.json").get("evaluation", {})
        metrics = [evaluation.get("metric") or {}, *(evaluation.get("others") or [])]
        found |= {m["name"]: m["value"] for m in metrics if m.get("name")}
    return {k: float(v) for k, v in found.items() if isinstance(v, int | float) and not isinstance(v, bool)}


# ------------------------------------------------------------------------------------------------ what still holds
def what_holds(before: TaskSpec, after: TaskSpec) -> Reuse:
    """Which of the earlier work stays valid under the changed task."""
    old, new = before.data_info, after.data_info
    if (before.task_type, old.target) != (after.task_type, new.target):
        return Reuse(True, False, False, False, f"{new.target} is another answer, so everything is learned anew")
    if (old.positive_label, old.group, old.time) != (new.positive_label, new.group, new.time):
        return Reuse(True, False, False, False, "rows are told apart differently now")
    if _wishes(before, SPLIT_WORDS) != _wishes(after, SPLIT_WORDS):
        return Reuse(True, False, False, False, "other rows are to be held out")
    if {c.column for c in old.ignored} != {c.column for c in new.ignored}:
        return Reuse(True, True, False, False, "the inputs are others, so every candidate has to be trained again")
    return Reuse(True, True, True, True)


def what_holds_here(memory: Memory, asked: RefinementRequested, task: TaskSpec) -> Reuse:
    """The same, given the files at hand: candidates that kept no predictions cannot be compared by another metric."""
    reuse = what_holds(asked.before, task)
    before = _folder_of(memory, asked.after)
    if not reuse.trials or not (before / "data" / "target.json").exists():
        return reuse
    old = Journal(before / JOURNAL)
    try:
        kept = all("oof.npy" in t.files for t in old.trials() if t.status in ("done", "timeout"))
        if kept and (before / "data" / "prepared" / "table.json").exists():
            return reuse
        if _metric_for(task, read_json(before / "data" / "target.json")) == old.meta("metric"):
            return reuse
    finally:
        old.close()
    return replace(reuse, trials=False, why="candidates of this kind are compared while they are trained")


def _metric_for(task: TaskSpec, target: Mapping[str, Any]) -> str:
    kind: Task = registry.get("tasks", task.task_type)
    return kind.search_metric(task.metric.name, len(target.get("labels") or ()))


def _wishes(task: TaskSpec, kinds: tuple[str, ...]) -> set[str]:
    return {c for c in task.constraints if c.startswith(kinds)}


def said(reuse: Reuse, trials: int) -> list[str]:
    """What was taken over, in words."""
    candidates = f"{trials} trained candidates" if trials != 1 else "one trained candidate"
    parts = (
        (reuse.data, "the data as read"),
        (reuse.split, "the sealed hold-out"),
        (reuse.prepared, "the prepared data"),
    )
    return [text for holds, text in parts if holds] + ([candidates] if trials else [])


def revised(memory: Memory, asked: RefinementRequested, returned_to: int | None = None) -> Revision:
    """The task as the follow-up changes it; where something is unclear the person is asked, where there is one.
    `returned_to`: the earlier delivery that it wants again, which `asked` then speaks of."""
    collected: DataCollected = memory.journal.last(DataCollected)
    dialogue = Dialogue(memory, "refine")
    answers: dict[str, str] = {}

    def read(words: str) -> Revision:
        given = (asked.before, collected.columns, asked.measured, asked.earlier_words, answers)
        return revise(words, *given, returned_to=returned_to)

    words = asked.words
    revision = read(words)
    question = dialogue.next_of(revision.task.verdict.questions)
    while revision.task.verdict.decision == "ask" and question is not None and dialogue.possible:
        answer = dialogue.ask(question)
        if answer is None:
            break
        if question.about == "change":
            words = answer
        else:
            answers[question.about] = answer
        revision = read(words)
        if any(q.about == question.about for q in revision.task.verdict.questions):
            answers.pop(question.about, None)
            question = dialogue.reject(question, f"“{answer}” does not settle it")
            continue
        question = dialogue.next_of(revision.task.verdict.questions)
    return revision


# ------------------------------------------------------------------------------------------------ taking over
def take_over(memory: Memory, asked: RefinementRequested, task: TaskSpec, reuse: Reuse) -> int:
    """Shares files, steps and trials that still hold with this revision; returns how many trials were taken over. Done
    again after a kill, it comes to the same."""
    before = _folder_of(memory, asked.after)
    old = Journal(before / JOURNAL)
    try:
        for key, holds in (("split", reuse.split), ("prepare", reuse.prepared)):
            step = old.step(key)
            if holds and step is not None:
                share_files(before, memory.folder, _files_of(step))
                memory.journal.finish_step(key, "data", 0.0, step["result"], step["files"])
        if reuse.split:
            _agree_metric(memory, task)
        if not reuse.trials:
            return 0
        trials = old.trials()
        for trial in trials:
            share_files(before, memory.folder, _trial_files(before, trial))
        taken = _scored_anew(memory, old, trials)
        memory.journal.set_meta(TAKEN_OVER, json.dumps([t.index for t in taken]))
        for trial in taken:
            memory.journal.add_trial(trial)
        ranked: CandidatesRanked | None = old.last(CandidatesRanked)
        wanted = families_of(task, WANTED)  # asked for now, they are worth a try that the first plan did not come to
        known = [asdict(c) for c in (ranked.candidates if ranked else ()) if c.family not in wanted]
        memory.journal.set_meta("known_candidates", json.dumps(known))
        return len(taken)
    finally:
        old.close()


def _folder_of(memory: Memory, number: int) -> Path:
    return next(r.folder for r in revisions_of(memory.home) if r.number == number)


def _files_of(step: Mapping[str, Any]) -> list[str]:
    result = step["result"] if isinstance(step["result"], dict) else {}
    return list({**(result.get("files") or {}), **step["files"]})


def _trial_files(run: Path, trial: TrialResult) -> list[str]:
    folder = run / "trials" / f"{trial.index:04d}"
    return [str(p.relative_to(run)) for p in sorted(folder.rglob("*")) if p.is_file()]


def _agree_metric(memory: Memory, task: TaskSpec) -> None:
    """The metric that candidates are compared by from now on."""
    kind: Task = registry.get("tasks", task.task_type)
    target: Target = memory.load("data/target.json", Target)
    metric = kind.search_metric(task.metric.name, len(target.labels))
    memory.journal.set_meta("metric", metric)
    memory.journal.set_meta("direction", kind.direction(metric))


def _scored_anew(memory: Memory, old: Journal, trials: Sequence[TrialResult]) -> list[TrialResult]:
    """The trials with scores of the metric in force, from the predictions that they kept. One that kept none, because
    it was given up early, has no score under a new metric."""
    metric = memory.journal.meta("metric")
    if metric == old.meta("metric"):
        return list(trials)
    kept = [t.index for t in trials if "oof.npy" in t.files]
    arguments = {
        "data": str(memory.folder / "data" / "prepared"),
        "trials": str(memory.folder / "trials"),
        "indices": kept,
        "metric": metric,
    }
    scores = memory.compute.call(RESCORE, arguments, timeout_s=RESCORE_S + len(kept))
    out = []
    for trial in trials:
        found = scores.get(str(trial.index))
        note = trial.note if found else f"{trial.note}; compared by {old.meta('metric')}".strip("; ")
        score = found["score"] if found else None
        folds = tuple(found["fold_scores"]) if found else ()
        out.append(replace(trial, score=score, fold_scores=folds, note=note))
    return out


def request_of(memory: Memory, reuse: Reuse, taken: int, new_limits: bool) -> Request:
    """The request with the number of trials that this revision may have in all, where a number was asked for."""
    request = memory.request
    if request.trials is None or not reuse.trials:
        return request
    return replace(request, trials=taken + (MORE_CANDIDATES if new_limits else 0))


def portfolio_after(
    memory: Memory, chosen: Sequence[Candidate], why: Sequence[str]
) -> tuple[list[Candidate], list[str]]:
    """The candidates of a revision, those that were tried before first: what was trained counts as done. Where only
    limits or the metric changed, candidates that the earlier task called for as well are not tried now."""
    tried = [t.candidate for t in memory.journal.trials()]
    if not tried:
        return list(chosen), list(why)
    seen = {_key(c) for c in tried}
    if memory.journal.meta("reselect") == "yes":
        seen |= {_key(Candidate(**c)) for c in json.loads(memory.journal.meta("known_candidates") or "[]")}
    new = [(c, reason) for c, reason in zip(chosen, why, strict=True) if _key(c) not in seen]
    reasons = ["trained before the follow-up"] * len(tried) + [reason for _, reason in new]
    return [*tried, *(c for c, _ in new)], reasons


def _key(candidate: Candidate) -> str:
    return f"{candidate.family} {json.dumps(candidate.params, sort_keys=True, default=str)}"
