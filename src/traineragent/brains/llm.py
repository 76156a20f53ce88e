"""The language model as a brain: turns a typed question into a prompt, and the reply into typed operations.

It is asked only what a prompt file exists for, within a budget and a patience; every reply is journaled before it is
read, so that a resumed run repeats none. What it says is checked by `checked.py` like everything the planner says.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from ..domain.run import Operation
from ..errors import InputError
from ..knowledge import prompts
from ..knowledge.prompts import Prompt
from ..knowledge.sop import Procedure, Step
from ..ports import Answer, BrainQuestion
from ..store.calls import BudgetSpent, Call, CallLog, Limits
from . import wire
from .checked import NotAsked, Unavailable
from .planner import Planner
from .providers import CallFailed, Reply
from .spending import Patience, price_usd

LEAST_WAIT_S = 1.0  # a shorter wait is none
BACKOFF_S = 1.0
TRANSIENT = ("busy", "server", "connection")


class Talk(Protocol):
    """What is needed of a connection; `providers.Connection` is one."""

    brain: str
    model: str

    @property
    def provider(self) -> Any: ...

    def warm(self) -> None: ...

    def ready(self) -> None: ...

    def ask(
        self,
        messages: Sequence[tuple[str, str]],
        schema: Mapping[str, Any],
        *,
        timeout_s: float,
        most_tokens: int,
        key: str,
    ) -> Reply: ...


class LanguageModel:
    """`run` names the run in requests; `overlay` is the folder whose prompts come first; `share_examples`: prompts may
    hold values from the data."""

    slow = True

    def __init__(
        self,
        talk: Talk,
        planner: Planner,
        calls: CallLog,
        *,
        limits: Limits,
        patience: Patience,
        settings: Mapping[str, Any],
        run: str,
        overlay: Path | None = None,
        share_examples: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = talk.brain
        self.share_examples = share_examples
        self._talk, self._planner, self._calls = talk, planner, calls
        self._limits, self._patience, self._settings = limits, patience, settings
        self._run, self._overlay, self._sleep = run, overlay, sleep

    def warm(self) -> None:
        """Gets what the first request needs ready, in the background."""
        self._talk.warm()

    # ------------------------------------------------------------------ the brain
    def answer(self, question: BrainQuestion) -> Answer:
        """Raises NotAsked, Unavailable, or InvalidAnswer for a reply that is none."""
        prompt = prompts.load(f"{question.agent}.{question.worded or question.kind}", self._overlay)
        if prompt is None or not prompt.wanted(question.facts):
            raise NotAsked(question.kind)
        self._stop_where_nothing_moves(question)
        planned = self._planner.answer(question).operations
        offered = _offered(question, prompt)
        try:
            messages = self._messages(offered, prompt, planned)
        except InputError as e:  # a prompt that a user wrote ends no run that has begun
            raise Unavailable(f"the prompt cannot be written: {e}") from e
        reply = self._reply(question, messages, wire.schema_of(offered, prompt.form, planned))
        known = "\n".join(text for role, text in messages if role != "assistant")
        operations = wire.read(reply, offered, prompt.form, planned, known)
        return Answer(tuple(operations), by=self._by(operations, planned), said=reply)

    def _by(self, operations: Sequence[Operation], planned: Sequence[Operation]) -> str:
        """Who decided; an answer that is the plan itself says that both did."""
        return f"{self.name}, as planned" if list(operations) == list(planned) else self.name

    def _stop_where_nothing_moves(self, question: BrainQuestion) -> None:
        """An answer that was given again and again to new questions of one kind leads nowhere."""
        most = int(self._settings["same_again"]) + 1
        given = self._calls.replies(f"/{question.agent}.{question.kind}", question.key, most)
        if len(given) == most and len({wire.fingerprint(reply) for reply in given}) == 1:
            raise Unavailable(f"no progress: {most} times the same answer to {question.kind!r}")

    # ------------------------------------------------------------------ the prompt
    def _messages(self, question: BrainQuestion, prompt: Prompt, planned: Sequence[Operation]) -> list[tuple[str, str]]:
        """System, question, and each refused answer with the reason."""
        procedure = self._planner.procedures[question.agent]
        variables = {
            "agent": question.agent,
            "kind": question.kind,
            "profile": " ".join(procedure.profile.split()),
            "procedure": procedure_text(procedure, question.kind, planned),
            "planned": planned_text(planned),
            "operations": wire.operations_text(question, prompt.form, planned),
            "facts": {k: v for k, v in question.facts.items() if k not in procedure.settings},
            "details": question.details(),
            "memory": list(question.memory),
            "share_examples": self.share_examples,
        }
        system, refused = (self._shared(name) for name in ("system", "refused"))
        messages = [("system", system.render(variables)), ("user", prompt.render(variables))]
        for earlier in question.refused:
            why = refused.render({**variables, "said": earlier.said, "why": earlier.why})
            messages += [("assistant", earlier.said or "(nothing)"), ("user", why)]
        return messages

    def _shared(self, name: str) -> Prompt:
        found = prompts.load(name, self._overlay)
        if found is None:
            raise InputError(f"the prompt {name}.md is missing")
        return found

    # ------------------------------------------------------------------ the call
    def _reply(self, question: BrainQuestion, messages: list[tuple[str, str]], schema: Mapping[str, Any]) -> str:
        """The reply to this attempt: the journaled one, or that of a new call."""
        attempt = len(question.refused)
        tries = int(self._settings["tries"])
        for number in range(tries):
            place = attempt * tries + number
            found = self._calls.found(question.key, place)
            if found is None:
                self._require_not_away()
                found = self._call(question, place, messages, schema)
            if found.state == "done":
                return found.reply
            if not found.note.startswith("again: ") or number == tries - 1:
                raise Unavailable(found.note.removeprefix("again: "))
        raise Unavailable("no reply")

    def _require_not_away(self) -> None:
        """After so many calls without a reply the model counts as away, also for a resumed run."""
        most = int(self._settings["away_after"])
        notes = self._calls.last_failures(most)
        if len(notes) >= most:
            raise Unavailable(f"not asked any more after {len(notes)} calls without a reply")
        if any("did not accept the key" in note for note in notes):
            raise Unavailable("not asked any more: the provider did not accept the key")

    def _call(
        self, question: BrainQuestion, place: int, messages: list[tuple[str, str]], schema: Mapping[str, Any]
    ) -> Call:
        wait = self._wait_s(question)
        try:
            self._talk.ready()
        except CallFailed as e:
            raise Unavailable(str(e)) from e
        most_out = int(self._settings["reply_tokens"])
        characters = sum(len(text) for _, text in messages) + len(json.dumps(schema))
        tokens_in = int(characters / float(self._settings["characters_a_token"])) + 1
        try:
            number = self._calls.reserve(
                question.key,
                place,
                self._limits,
                tokens=tokens_in + most_out,
                usd=self._price(tokens_in, most_out),
                foreground=not question.ahead,
            )
        except BudgetSpent as e:
            raise Unavailable(str(e)) from e
        began = time.monotonic()
        try:
            reply = self._talk.ask(
                messages, schema, timeout_s=wait, most_tokens=most_out, key=f"{self._run}/{question.key}/{place}"
            )
        except CallFailed as e:
            return self._failed(number, e, began, wait)
        used_in = reply.tokens_in if reply.tokens_in is not None else tokens_in
        used_out = reply.tokens_out if reply.tokens_out is not None else len(reply.text) // 3 + 1
        kept = reply.text[: wire.LONGEST_REPLY + 1]
        self._calls.finish(
            number,
            kept,
            tokens=used_in + used_out,
            usd=self._price(used_in, used_out),
            seconds=time.monotonic() - began,
        )
        return Call("done", kept)

    def _failed(self, number: int, error: CallFailed, began: float, wait: float) -> Call:
        """Notes the failure and, where another try may help, waits as long as the provider asks and patience allows."""
        pause = error.retry_after_s if error.retry_after_s is not None else BACKOFF_S
        again = error.kind in TRANSIENT and pause < wait - (time.monotonic() - began)
        if again:
            self._sleep(pause)
        note = f"again: {error}" if again else str(error)
        self._calls.fail(number, note, charged=error.charged, seconds=time.monotonic() - began)
        return Call("failed", note=note)

    def _wait_s(self, question: BrainQuestion) -> float:
        longest = self._patience.call_s()
        if question.ahead:
            return longest
        left = self._patience.left_s(self._calls.spent().waited_s)
        if left < LEAST_WAIT_S:
            raise Unavailable("the time that may be spent waiting for replies is used up")
        return min(longest, left)

    def _price(self, tokens_in: int, tokens_out: int) -> float | None:
        return price_usd(self._talk.provider.name, self._talk.model, tokens_in, tokens_out, self._settings["prices"])


def _offered(question: BrainQuestion, prompt: Prompt) -> BrainQuestion:
    """The question with only those operations that make sense as an answer to it."""
    if not prompt.operations:
        return question
    return replace(question, catalogue={n: s for n, s in question.catalogue.items() if n in prompt.operations})


def procedure_text(procedure: Procedure, kind: str, planned: Sequence[Operation]) -> str:
    """The steps of a procedure for one question, a line each; those that do not apply to the facts in short."""
    applies = {o.step for o in planned}
    steps = procedure.questions.get(kind, ())
    lines = [_step_text(step) for step in steps if step.id in applies]
    others = [f"{step.id} ({step.do}, when {step.when})" for step in steps if step.id not in applies]
    return "\n".join([*lines, *([f"do not apply here: {'; '.join(others)}"] if others else [])]) or "(none)"


def _step_text(step: Step) -> str:
    args = f" {prompts.quoted(dict(step.args))}" if step.args else ""
    when = "" if step.when == "True" else f" when {step.when}"
    loop = f" for each {step.loop}" if step.loop else ""
    return f"* {step.id}: {step.do}{args}{loop}{when} ({step.why})"


def planned_text(planned: Sequence[Operation]) -> str:
    """The plan, a line each; the same operation of a step on many columns is one line."""
    lines = []
    for (step, do, on_column), group in groupby(planned, key=lambda o: (o.step, o.do, set(o.args) == {"column"})):
        same = list(group)
        if on_column:
            lines.append(f"{step}: {do} {prompts.quoted([o.args['column'] for o in same])}")
        else:
            lines += [f"{step}: {do} {prompts.quoted(o.args)}" for o in same]
    return "\n".join(lines) or "nothing"
