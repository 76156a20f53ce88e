"""The Task agent: words to a task, a verdict, and the check of what comes back against what was asked."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar

from .. import registry
from ..domain.messages import (
    AnswerNeeded,
    Body,
    DataCollected,
    DataDoubted,
    DataPrepared,
    DataRequested,
    Declined,
    DeliveryAccepted,
    LighterDataRequested,
    Message,
    NothingMoreHelps,
    RefinementRequested,
    RequirementMissed,
    RunFinished,
    RunRequested,
    SearchRequested,
    ServiceDelivered,
    ServiceMeasured,
    TaskSpecified,
    WorkFailed,
)
from ..domain.run import AgentName, Operation, Status
from ..domain.task import Question, Request, TaskSpec
from ..errors import InputError, InvalidAnswer
from ..language.answering import column_meant
from ..language.corrections import SECOND_QUESTION
from ..language.task import declined_unseen, understand
from ..ports import OperationSpec
from ..store.files import write_json
from .dialogue import Dialogue
from .hub import Outgoing
from .memory import Memory
from .refining import request_of, revised, said, take_over, together, what_holds_here
from .reporting import write_report
from .returning import BASED_ON, returned, take_again
from .understanding import SecondReading

CATALOGUE: Mapping[str, OperationSpec] = {
    "request_data": OperationSpec({}, "has the Data agent read the sources and describe their columns"),
    "ask_for_data": OperationSpec({}, "asks the person to point at data"),
    "accept": OperationSpec({"minutes": "number"}, "agrees to the task with a time budget and hands it on"),
    "revise": OperationSpec(
        {"minutes": "number", "search": "string"},
        "changes the task after a delivery, takes over what still holds and hands the rest on; "
        'search is "longer" or "as needed"',
    ),
    "restore": OperationSpec({}, "takes an earlier delivery again as it was, with nothing made anew"),
    "ask": OperationSpec({}, "asks the open questions of the verdict"),
    "confirm": OperationSpec({}, "asks the person whether to go on in spite of what the rows say"),
    "go_on": OperationSpec({}, "goes on with the prepared data, the doubts noted"),
    "decline": OperationSpec({}, "declines with the reasons and the alternative of the verdict"),
    "search_on": OperationSpec({"why": "string"}, "has the Model agent use the time that is left"),
    "send_back": OperationSpec({"names": "array"}, "has the Model agent mend the limits named"),
    "accept_delivery": OperationSpec({}, "takes the measured service as the delivery"),
    "write_report": OperationSpec({}, "writes report.json and report.html and ends the run"),
    "lighten": OperationSpec({}, "has the Data agent prepare the data again, asking less of it"),
    "retry": OperationSpec({}, "has the agent that failed do the same again, in a fresh process"),
    "fail": OperationSpec({}, "ends the run with the reason, and a report of what was found until then"),
}

ANYWAY = "despite_doubts"
"""The constraint word of a request that wants to be trained whatever the rows say."""


class TaskAgent:
    name: ClassVar[AgentName] = "task"

    def __init__(self, memory: Memory, profile: str) -> None:
        self.memory, self.profile = memory, profile
        self._acts: Mapping[str, Callable[..., Outgoing]] = {
            "request_data": self._request_data,
            "ask_for_data": self._ask_for_data,
            "accept": self._accept,
            "revise": self._revise,
            "restore": self._restore,
            "ask": self._ask,
            "confirm": self._confirm,
            "go_on": self._go_on,
            "decline": self._decline,
            "search_on": self._search_on,
            "send_back": self._send_back,
            "accept_delivery": self._accept_delivery,
            "write_report": self._write_report,
            "lighten": self._lighten,
            "retry": self._retry,
            "fail": self._fail,
        }

    def handle(self, message: Message) -> Outgoing:
        kind, facts = self.perceive(message)
        asked = {"check": lambda chosen: _check_recovery(chosen, facts)} if kind == "recover" else {}
        operations = self.memory.plan(self.name, kind, facts, CATALOGUE, f"message-{message.id}", **asked)
        return self.act(message, operations)

    # ------------------------------------------------------------------ perception
    def perceive(self, message: Message) -> tuple[str, dict[str, Any]]:
        """The question this message raises, and the measured facts that bear on it."""
        match message.body:
            case RunRequested(request=request):
                return "begin", self._perceive_request(request)
            case RefinementRequested() as asked:
                return "refine", self._perceive_follow_up(asked)
            case DataCollected() as collected:
                return "judge", self._perceive_words(collected)
            case ServiceMeasured() as measured:
                return "check", self._perceive_service(measured)
            case DataDoubted() as doubted:
                return "doubt", self._perceive_doubts(doubted)
            case NothingMoreHelps():
                last = self.memory.journal.last(ServiceMeasured)
                return "check", self._perceive_service(replace(last, provisional=False)) | {"exhausted": True}
            case ServiceDelivered():
                return "finish", {"seconds_left": self.memory.left_s}
            case WorkFailed() as failed:
                return "recover", self._perceive_failure(message, failed)
            case other:
                raise AssertionError(f"the task agent is not meant to get {type(other).__name__}")

    def _perceive_request(self, request: Request) -> dict[str, Any]:
        """Words are judged before their data is looked at: what may not or cannot be done needs none to be declined."""
        forbidden = declined_unseen(request.words)
        task = self._unseen(request, forbidden) if forbidden or not request.data else None
        if task is not None:
            self.memory.cache["judged"] = self.memory.cache["understood"] = task
        decision = task.verdict.decision if task else None
        return {"sources": len(request.data), "words": len(request.words.split()), "decision": decision}

    def _unseen(self, request: Request, forbidden: bool) -> TaskSpec:
        """The task by the words alone. What is forbidden stays so, so no second reader is asked about it."""

        def read(request: Request) -> TaskSpec:
            return understand(request, (), 0, kind="none")

        task = read(request)
        if not forbidden:
            task = SecondReading(self.memory, (), 0)(task, request, read)
        return _within_reach(task)

    def _perceive_follow_up(self, asked: RefinementRequested) -> dict[str, Any]:
        """What a follow-up changes, and what of the work behind the delivery stays valid."""
        asked, number = returned(self.memory, asked)
        revision = revised(self.memory, asked, number)
        reuse = what_holds_here(self.memory, asked, revision.task)
        self.memory.cache["understood"] = self.memory.cache["judged"] = revision.task
        self.memory.cache["revision"], self.memory.cache["asked"] = revision, asked
        return {
            "decision": revision.task.verdict.decision,
            "changes": "; ".join(c.text for c in revision.changes) or "nothing is different",
            "minutes": asked.minutes or revision.minutes or revision.task.limit("train_minutes"),
            "before_minutes": asked.before.budget.minutes,
            "longer": revision.longer,
            "back": revision.only_back,
            "rows": revision.task.data_info.rows,
            "trials_hold": reuse.trials,
            "what_does_not_hold": f"{reuse.why}; " if reuse.why else "",
        }

    def _perceive_words(self, collected: DataCollected) -> dict[str, Any]:
        task = self._understand(collected)
        budget = self.memory.request.minutes or task.budget.minutes
        return {
            "decision": task.verdict.decision,
            "questions": len(task.verdict.questions),
            "rows": collected.rows,
            "columns": len(collected.columns),
            "minutes": budget,
            "trials_asked": self.memory.request.trials,
            "task_type": task.task_type,
            "target": task.data_info.target,
        }

    def _understand(self, collected: DataCollected) -> TaskSpec:
        """Understands the words, asking the person (where there is one) until nothing essential is open."""
        if "understood" in self.memory.cache:
            found: TaskSpec = self.memory.cache["understood"]
            return found
        request = self.memory.request
        _require_target(request.target, collected)
        task = _within_reach(self._converse(request, collected))
        self.memory.cache["understood"] = self.memory.cache["judged"] = task
        return task

    def _converse(self, request: Request, collected: DataCollected) -> TaskSpec:
        """The task after all questions that somebody answers; with none to ask, as the words and columns have it."""
        second = SecondReading(self.memory, collected.columns, collected.rows)

        def read(request: Request) -> TaskSpec:
            return _read_words(request, collected)

        task = second(read(request), request, read)
        dialogue = Dialogue(self.memory, "understand")
        question = dialogue.next_of(task.verdict.questions)
        while task.verdict.decision == "ask" and question is not None and dialogue.possible:
            answer = dialogue.ask(question)
            if answer is None:
                break
            try:
                tried = _answered(request, question, answer, collected)
                understood = second(read(tried), tried, read)
            except InputError as e:
                question = dialogue.reject(question, str(e))
                continue
            if any(q.about == question.about for q in understood.verdict.questions):
                question = dialogue.reject(question, f"“{answer}” does not settle it")
                continue
            request, task = tried, understood
            question = dialogue.next_of(task.verdict.questions)
        if {q.about for q in task.verdict.questions} == {SECOND_QUESTION} <= dialogue.closed:
            task = second(read(request), request, read, left_open=True)
        return task

    def _perceive_doubts(self, doubted: DataDoubted) -> dict[str, Any]:
        return {
            "doubts": [d["about"] for d in doubted.doubts],
            "grave": any(d["action"] == "decline" for d in doubted.doubts),
            "anyway": ANYWAY in self.memory.task.constraints,
            "person": self.memory.ask_person is not None,
        }

    def _perceive_service(self, measured: ServiceMeasured) -> dict[str, Any]:
        # a single model that is found late still has to be exported, so what counts is the time after this round
        searches = self.memory.journal.messages("SearchRequested")
        return {
            "provisional": measured.provisional,
            "round": measured.round,
            "missed": [m.name for m in measured.measured if not m.met],
            "limits": len(measured.measured),
            "seconds_left": round(self.memory.left_s, 1),
            "seconds_used": round(self.memory.journal.clock_s, 1),
            "exhausted": False,
            "last_search": self.memory.journal.meta("search_ended") == "yes" or len(searches) > 3,
        }

    def _perceive_failure(self, message: Message, failed: WorkFailed) -> dict[str, Any]:
        """What failed, and how often the same agent failed before."""
        earlier = [m.body for m in self.memory.journal.messages("WorkFailed") if m.id < message.id]
        specified = self.memory.journal.last(TaskSpecified) is not None
        return {
            "agent": failed.agent,
            "error": failed.error,
            "kind": failed.kind,
            "attempt": sum(isinstance(b, WorkFailed) and b.agent == failed.agent for b in earlier),
            "specified": specified,
            "seconds_left": self.memory.left_s if specified else 0.0,
        }

    # ------------------------------------------------------------------ action
    def act(self, message: Message, operations: Sequence[Operation]) -> Outgoing:
        out: list[tuple[str, Body]] = []
        for operation in operations:
            out += self._acts[operation.do](message, **operation.args)
        return out

    def _request_data(self, message: Message) -> Outgoing:
        return [("data", DataRequested(self.memory.request.data))]

    def _ask_for_data(self, message: Message) -> Outgoing:
        task: TaskSpec = self.memory.cache["judged"]
        question = Question("data", "Which data should be learned from? Point at it with --data FILE.")
        others = tuple(q for q in task.verdict.questions if q.about != "data")
        return self._ask_out(
            replace(task, verdict=replace(task.verdict, decision="ask", questions=(question, *others)))
        )

    def _accept(self, message: Message, minutes: float) -> Outgoing:
        task = self._understand(message.body)  # type: ignore[arg-type]
        budget = replace(task.budget, minutes=float(minutes), trials=self.memory.request.trials)
        task = replace(task, budget=budget)
        write_json(self.memory.folder / "task.json", task.to_json())
        self.memory.say(
            "understood", f"{task.task_type.replace('_', ' ')} of {task.data_info.target!r}", task=task.to_json()
        )
        return [("data", TaskSpecified(task))]

    def _revise(self, message: Message, minutes: float, search: str) -> Outgoing:
        """The changed task with its budget; everything that still holds lies ready before it is handed on."""
        asked: RefinementRequested = self.memory.cache["asked"]
        revision = self.memory.cache["revision"]
        reuse = what_holds_here(self.memory, asked, revision.task)
        new_limits = any(c.kind == "requirement" for c in revision.changes)
        taken = take_over(self.memory, asked, revision.task, reuse)
        request = request_of(self.memory, reuse, taken, new_limits)
        if revision.back is not None:
            request = replace(request, words=together(asked.earlier_words, asked.words))
            self.memory.journal.set_meta(BASED_ON, str(asked.after))
        task = replace(
            revision.task, budget=replace(asked.before.budget, minutes=float(minutes), trials=request.trials)
        )
        write_json(self.memory.folder / "task.json", task.to_json())
        self.memory.journal.set_meta("reselect", "yes" if reuse.trials and search == "as needed" else "no")
        changes = [asdict(c) for c in revision.changes]
        self.memory.say(
            "revised", "; ".join(c.text for c in revision.changes), changes=changes, reused=said(reuse, taken)
        )
        self.memory.forget_request()
        return [("person", RunRequested(request)), ("data", TaskSpecified(task))]

    def _restore(self, message: Message) -> Outgoing:
        """The earlier delivery lies ready as this revision's own; what is left is its report."""
        asked: RefinementRequested = self.memory.cache["asked"]
        changes = self.memory.cache["revision"].changes
        out = take_again(self.memory, asked)
        kept = ["the delivery itself, its measurements and its score"]
        write_json(self.memory.folder / "task.json", asked.before.to_json())
        self.memory.say(
            "revised", "; ".join(c.text for c in changes), changes=[asdict(c) for c in changes], reused=kept
        )
        self.memory.forget_request()
        return out

    def _ask_out(self, task: TaskSpec) -> Outgoing:
        self.memory.cache["judged"] = task
        write_json(self.memory.folder / "task.json", task.to_json())
        write_report(self.memory, status="needs_answer", task=task)
        questions = task.verdict.questions
        return [
            ("person", AnswerNeeded(questions)),
            ("person", RunFinished("needs_answer", " ".join(q.text for q in questions))),
        ]

    def _ask(self, message: Message) -> Outgoing:
        return self._ask_out(self._understand(message.body))  # type: ignore[arg-type]

    def _confirm(self, message: Message) -> Outgoing:
        doubted: DataDoubted = message.body  # type: ignore[assignment]
        why = " ".join(d["text"] for d in doubted.doubts)
        question = Question("doubt", f"{why} Go on all the same?", ("stop", "go on"), "stop")
        answer = Dialogue(self.memory, f"message-{message.id}/doubt").ask(question)
        return self._go_on(message) if answer == "go on" else self._decline(message)

    def _go_on(self, message: Message) -> Outgoing:
        doubted: DataDoubted = message.body  # type: ignore[assignment]
        for doubt in doubted.doubts:
            self.memory.say("doubt", doubt["text"], about=doubt["about"])
        return [("model", DataPrepared(doubted.facts, doubted.files))]

    def _doubtful(self, doubted: DataDoubted) -> TaskSpec:
        """The agreed task, now declined for what its rows say."""
        task = self.memory.task
        grave = [d for d in doubted.doubts if d["action"] == "decline"] or list(doubted.doubts)
        verdict = replace(
            task.verdict,
            decision="decline",
            policy_class=f"unattainable:{grave[0]['about']}",
            reasons=tuple(d["text"] for d in grave),
            alternative=grave[0]["alternative"],
        )
        return replace(task, verdict=verdict)

    def _decline(self, message: Message) -> Outgoing:
        body = message.body
        task = self._doubtful(body) if isinstance(body, DataDoubted) else self._understand(body)  # type: ignore[arg-type]
        write_json(self.memory.folder / "task.json", task.to_json())
        write_report(self.memory, status="declined", task=task)
        verdict = task.verdict
        return [
            ("person", Declined(verdict.reasons, verdict.alternative)),
            ("person", RunFinished("declined", " ".join(verdict.reasons))),
        ]

    def _search_on(self, message: Message, why: str) -> Outgoing:
        measured: ServiceMeasured = self.memory.journal.last(ServiceMeasured)
        return [("model", SearchRequested(measured.round + 1, why))]

    def _send_back(self, message: Message, names: list[str]) -> Outgoing:
        measured: ServiceMeasured = self.memory.journal.last(ServiceMeasured)
        self.memory.say("missed", f"not met yet: {', '.join(names)}; looking for a way", names=names)
        missed = RequirementMissed(tuple(names), measured.measured, self.memory.left_s, measured.round + 1)
        return [("model", missed)]

    def _accept_delivery(self, message: Message) -> Outgoing:
        measured: ServiceMeasured = self.memory.journal.last(ServiceMeasured)
        return [("server", DeliveryAccepted(measured.measured))]

    def _write_report(self, message: Message) -> Outgoing:
        delivered: ServiceDelivered = message.body  # type: ignore[assignment]
        status: Status = "delivered" if all(m.met for m in delivered.requirements) else "delivered_unmet"
        report = write_report(self.memory, status=status, task=self.memory.task, delivered=delivered)
        unmet = [f"{m.name} {m.measured} (limit {m.limit})" for m in delivered.requirements if not m.met]
        self.memory.say("finished", f"{status.replace('_', ' ')}", report=asdict(delivered))
        assert report["status"] == status
        return [("person", RunFinished(status, "; ".join(unmet)))]

    def _lighten(self, message: Message) -> Outgoing:
        failed: WorkFailed = message.body  # type: ignore[assignment]
        attempt = self._perceive_failure(message, failed)["attempt"] + 1
        self.memory.say("recovering", f"{failed.error}; the data is prepared more lightly")
        return [("data", LighterDataRequested(attempt, failed.error))]

    def _retry(self, message: Message) -> Outgoing:
        failed: WorkFailed = message.body  # type: ignore[assignment]
        again = next(m for m in self.memory.journal.messages() if m.id == message.in_reply_to)
        self.memory.say("recovering", f"{failed.error}; the {failed.agent} agent tries once more")
        return [(failed.agent, again.body)]

    def _fail(self, message: Message) -> Outgoing:
        failed: WorkFailed = message.body  # type: ignore[assignment]
        specified: TaskSpecified | None = self.memory.journal.last(TaskSpecified)
        task = specified.task if specified else TaskSpec("unknown")
        write_report(self.memory, status="failed", task=task, reason=failed.error)
        self.memory.say("failed", failed.error)
        return [("person", RunFinished("failed", failed.error))]


def _check_recovery(operations: Sequence[Operation], facts: Mapping[str, Any]) -> None:
    """Raises InvalidAnswer unless it is one way to go on that there is; giving up is one where there is no other."""
    more = facts["attempt"] == 0 and facts["specified"]
    allowed = {"lighten" if facts["agent"] == "data" else "retry"} if more else {"fail"}
    if facts["agent"] == "data" and facts["attempt"] == 1:
        allowed = {"lighten", "fail"}
    if len(operations) != 1 or operations[0].do not in allowed:
        raise InvalidAnswer(f"choose one of {', '.join(sorted(allowed))}")


def _read_words(request: Request, collected: DataCollected) -> TaskSpec:
    return understand(
        request, collected.columns, collected.rows, kind=collected.kind, notes=collected.notes, answer=collected.target
    )


def _require_target(target: str | None, collected: DataCollected) -> None:
    """Raises InputError when the column that is to be predicted was named and is not there."""
    names = [c.name for c in collected.columns]
    if target is None or not names or target in names:
        return
    by_fold = {n.casefold(): n for n in names}
    near = [by_fold[n] for n in difflib.get_close_matches(target.casefold(), by_fold, n=3, cutoff=0.5)]
    did = f"did you mean {' or '.join(map(repr, near))}?" if near else f"the columns are {', '.join(names[:20])}"
    files = ", ".join(str(f["name"]) for f in collected.files[:3]) or "the data"
    raise InputError(f"{files}: there is no column {target!r} to predict; {did}", file=files, column=target)


def _within_reach(task: TaskSpec) -> TaskSpec:
    """The task, declined when no plug-in can do its type: better now than after the data was read."""
    known = registry.names("tasks")
    if task.task_type in known or task.verdict.decision == "decline":
        return task
    reason = f"this asks for {task.task_type.replace('_', ' ')}, which this version does not do."
    able = ", ".join(registry.get("tasks", name).title for name in known)
    verdict = replace(
        task.verdict,
        decision="decline",
        policy_class="unattainable:task_type",
        reasons=(*task.verdict.reasons, reason),
        questions=(),
        alternative=f"It does {able}.",
    )
    return replace(task, verdict=verdict)


def _answered(request: Request, question: Question, answer: str, collected: DataCollected) -> Request:
    """The request with a person's answer put in: the target as an option, the rest as words. Raises InputError when
    a column is named that is not there."""
    if question.about != "target":
        return replace(request, words=f"{request.words.rstrip('.')}. {answer}")
    named = column_meant(answer, collected.columns)
    _require_target(named, collected)
    return replace(request, target=named)
