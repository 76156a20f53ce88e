"""What happened in a run, in the agents' own words: messages, decisions and trials as one list of notes in order.

Takes what the journal holds; computes nothing else, and knows nothing of layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ..domain import messages as m
from ..domain.messages import Message
from ..domain.run import Measured
from ..report.story import decided
from ..report.trials import family_title
from ..report.wording import (
    clean,
    limit_title,
    limit_value,
    metric_title,
    plural,
    score,
    sentence,
    task_title,
)
from ..store.watching import Work

TELLING = {
    "missed": "task",
    "doubt": "data",
    "extra": "data",
    "recovering": "task",
    "failed": "task",
    "memory": "model",
    "features_failed": "model",
    "no_progress": "model",
    "revised": "task",
    "documented": "server",
    "question": "task",
}
"""Events that tell more than the messages do, and whose they are."""
DULL = ("train_next", "try ")
"""Decisions that a message or the trial itself tells better."""
SHOWN_COLUMNS, SHOWN_REASONS = 8, 2


@dataclass(frozen=True)
class Note:
    """`who` said or did it, `to` somebody ("" for nobody). `kind`: "message", "decision", "trial" or "event"."""

    at: str
    who: str
    to: str
    kind: str
    text: str
    why: str = ""


def notes(work: Work) -> list[Note]:
    """Everything in order of time."""
    found = [*_messages(work), *_decisions(work), *_trials(work), *_events(work)]
    return sorted(found, key=lambda n: n.at)


# -------------------------------------------------------------------------------------------------------- messages
def _messages(work: Work) -> Iterator[Note]:
    for message in work.messages:
        text = told(message)
        text = text if text.endswith("”") else sentence(text)
        if text and message.sender != message.to:
            yield Note(message.at, message.sender, message.to, "message", text)


def told(message: Message) -> str:
    """A message in words; "" for one that says nothing to a person."""
    words = WORDS.get(type(message.body))
    return clean(words(message.body)) if words else ""


def _specified(body: m.TaskSpecified) -> str:
    task = body.task
    of = f" of {task.data_info.target}" if task.data_info.target else ""
    limits = f", {plural(len(task.requirements), 'limit')} to keep" if task.requirements else ""
    return f"{task_title(task.task_type)}{of}, judged by {metric_title(task.metric.name)}{limits}"


def _prepared(facts: Mapping[str, Any]) -> str:
    rows, features = facts.get("rows"), facts.get("features")
    inputs = f" with {plural(features, 'feature')}" if isinstance(features, int) and features else ""
    return f"{plural(rows, 'training row')}{inputs} ready" if isinstance(rows, int) else "The training data is ready"


def _ranked(body: m.CandidatesRanked) -> str:
    families = list(dict.fromkeys(family_title(c.family) for c in body.candidates))
    more = f" and {len(families) - 5} more" if len(families) > 5 else ""
    return f"{plural(len(body.candidates), 'candidate')} to try: {', '.join(families[:5])}{more}"


def _measures(measured: tuple[Measured, ...]) -> str:
    told = [
        f"{limit_title(r.name).lower() if r.name.islower() else limit_title(r.name)} {limit_value(r.measured, r.name)}"
        f" ({'met' if r.met else 'not met'})"
        for r in measured
    ]
    return ", ".join(told)


def _measured(body: m.ServiceMeasured) -> str:
    limits = _measures(body.measured)
    return f"Exported and proved equal to the trained model{f'; measured as it is served: {limits}' if limits else ''}"


def _delivered(body: m.ServiceDelivered) -> str:
    s = body.score
    low, high = (score(v, s.name) for v in s.interval)
    return f"{metric_title(s.name)} {score(s.value, s.name)} ({low} to {high}) on {s.rows:,} sealed rows"


def _finished(body: m.RunFinished) -> str:
    """The numbers of a delivery stand in its result."""
    if body.status.startswith("delivered"):
        return "delivered" if body.status == "delivered" else "delivered, and a limit is not met"
    return f"{body.status.replace('_', ' ')}{f': {body.reason}' if body.reason else ''}"


WORDS: dict[type[Any], Callable[[Any], str]] = {
    m.RunRequested: lambda b: f"“{b.request.words}”",
    m.RefinementRequested: lambda b: f"“{b.words}”",
    m.DataRequested: lambda b: "look at the data, so that the words can be read against it",
    m.DataCollected: lambda b: f"{plural(b.rows, 'row')} with {plural(len(b.columns), 'column')} read",
    m.TaskSpecified: _specified,
    m.DataPrepared: lambda b: _prepared(b.facts),
    m.DataDoubted: lambda b: "; ".join(str(d.get("text", "")) for d in b.doubts),
    m.CandidatesRanked: _ranked,
    m.ModelSelected: lambda b: f"{'a first model to serve' if b.provisional else 'export this'}: {b.selection.why}",
    m.SearchRequested: lambda b: b.why,
    m.ServiceMeasured: _measured,
    m.RequirementMissed: lambda b: f"not met yet: {_measures(tuple(r for r in b.measured if r.name in b.names))}",
    m.NothingMoreHelps: lambda b: b.why,
    m.DeliveryAccepted: lambda b: "this is the delivery; document it and open the hold-out once",
    m.ServiceDelivered: _delivered,
    m.Declined: lambda b: " ".join(b.reasons),
    m.AnswerNeeded: lambda b: " ".join(q.text for q in b.questions),
    m.WorkFailed: lambda b: f"it failed: {b.error}",
    m.LighterDataRequested: lambda b: f"prepare less of it: {b.why}",
    m.RunFinished: _finished,
}


# -------------------------------------------------------------------------------------------------- all other notes
def _decisions(work: Work) -> Iterator[Note]:
    """What was decided, the same act on many columns as one note."""
    telling = [d for d in work.decisions if not d.what.partition(": ")[2].startswith(DULL)]
    for (agent, _), group in groupby(telling, key=lambda d: (d.agent, d.what.partition(":")[0])):
        same = list(group)
        given = [{"at": d.at, "who": d.agent, "what": d.what, "why": d.why} for d in same]
        story = decided({"decisions": given})
        for line in story["shown"][0]["lines"] if story else ():
            columns = [c for c in line["columns"].split(", ") if c and "=" not in c]  # without the other arguments
            about = _some(columns, SHOWN_COLUMNS)
            why = line["why"] or _some([r["why"].rstrip(".") for r in line["reasons"]], SHOWN_REASONS, "; ")
            yield Note(same[-1].at, agent, "", "decision", f"{line['act']}{f': {about}' if about else ''}", why)


def _some(parts: Sequence[str], most: int, between: str = ", ") -> str:
    """The first few, and how many there are besides."""
    known = list(dict.fromkeys(parts))
    more = f"{between}and {len(known) - most} more" if len(known) > most else ""
    return f"{between.join(known[:most])}{more}"


def _trials(work: Work) -> Iterator[Note]:
    best: float | None = None
    results = {t.index: t for t in work.trials}
    for event in work.events:
        trial = results.get(event.get("trial", -1)) if event["kind"] in ("tick", "trial_failed") else None
        if trial is None:
            continue
        name = family_title(trial.candidate.family)
        if trial.score is None:
            yield Note(event["at"], "model", "", "trial", f"{name} came to nothing", sentence(trial.note))
            continue
        better = best is None or trial.score > best
        best = trial.score if better else best
        shown = score(abs(trial.score) if work.minimize else trial.score, work.metric)
        text = f"{name}: {metric_title(work.metric)} {shown}{', the best so far' if better else ''}"
        yield Note(event["at"], "model", "", "trial", text)


def _events(work: Work) -> Iterator[Note]:
    for event in work.events:
        who = TELLING.get(event["kind"])
        if who and event.get("text"):
            yield Note(event["at"], who, "", "event", sentence(event["text"]))
        if event["kind"] == "dialogue":
            yield Note(event["at"], "person", "task", "event", clean(event.get("answer") or "left open"))
