"""Every brain's answer passes here before anything runs: known operations, right arguments, sense; else the planner's.

An invalid answer goes back with the reason up to `attempts` times; then the fallback answers, and says so. A brain that
gives the same invalid answer again is asked no more: that is no progress.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..domain.run import Operation
from ..errors import InvalidAnswer, TrainerError
from ..ports import Answer, Brain, BrainQuestion, OperationSpec, Refused

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list, tuple),
}
_SHOWN_CHOICES = 12
_SHOWN = 300  # characters of a refused answer that are kept for people


class NotAsked(TrainerError):
    """The brain has nothing to say to this kind of question, so the fallback answers; nobody needs to be told."""


class Unavailable(TrainerError):
    """The brain was asked, or would have been, and cannot answer: no reply, no budget, no time. Says why."""


class Unreadable(InvalidAnswer):
    """A reply that is no answer at all. `said` is what came."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


def check(
    operation: Operation, catalogue: Mapping[str, OperationSpec], choices: Mapping[str, Sequence[Any]] | None = None
) -> None:
    """Raises InvalidAnswer that says what was expected. `choices`: argument -> the values it may take."""
    spec = catalogue.get(operation.do)
    if spec is None:
        raise InvalidAnswer(f"there is no operation {operation.do!r}; allowed are {', '.join(sorted(catalogue))}")
    for name, kind in spec.arguments.items():
        if name not in operation.args:
            if not kind.endswith("?"):
                raise InvalidAnswer(f"{operation.do} needs the argument {name!r} ({kind})")
            continue
        _check_type(operation.do, name, kind.rstrip("?"), operation.args[name])
        _check_choice(operation.do, name, operation.args[name], (choices or {}).get(name))
    unknown = set(operation.args) - set(spec.arguments)
    if unknown:
        raise InvalidAnswer(f"{operation.do} takes {sorted(spec.arguments)}, not {sorted(unknown)}")


def _check_type(do: str, name: str, kind: str, value: Any) -> None:
    wrong_boolean = isinstance(value, bool) and kind in ("number", "integer")
    no_number = isinstance(value, float) and value - value != 0  # NaN or infinite
    if value is not None and (wrong_boolean or no_number or not isinstance(value, _TYPES[kind])):
        raise InvalidAnswer(f"{do}: the argument {name!r} should be a {kind}, got {value!r}"[:_SHOWN])


def _check_choice(do: str, name: str, value: Any, allowed: Sequence[Any] | None) -> None:
    if allowed is None or value is None or value in allowed:
        return
    shown = ", ".join(repr(a) for a in allowed[:_SHOWN_CHOICES]) + (" …" if len(allowed) > _SHOWN_CHOICES else "")
    raise InvalidAnswer(f"{do}: the argument {name!r} should be one of {shown}; got {str(value)[:80]!r}")


def check_answer(question: BrainQuestion, operations: Sequence[Operation]) -> None:
    """Raises InvalidAnswer when an operation is not allowed, or all of them together make no sense."""
    for operation in operations:
        check(operation, question.catalogue, question.choices)
    if question.check is not None:
        question.check(operations)


class Checked:
    """A brain whose answers are always valid, because invalid ones are sent back or replaced by `fallback`'s."""

    def __init__(self, brain: Brain, fallback: Brain, attempts: int = 3) -> None:
        self._brain, self._fallback, self._attempts = brain, fallback, attempts
        self.name, self.slow = brain.name, brain.slow

    def answer(self, question: BrainQuestion) -> Answer:
        """The brain's answer, else the fallback's with the reason in `instead_of`."""
        if self._brain is self._fallback:
            return self._fall_back(question)
        asked = question
        try:
            for _ in range(self._attempts):
                given, reason, said = self._ask(asked)
                if given is not None and not reason:
                    return replace(given, refused=asked.refused)
                refused = Refused(said[:_SHOWN], reason, self.name)
                repeated = any(r.said == refused.said for r in asked.refused)
                asked = replace(asked, refused=(*asked.refused, refused))
                if repeated:
                    return self._fall_back(asked, f"{self.name} gave the same invalid answer again")
        except NotAsked:
            return self._fall_back(question)
        except Unavailable as e:
            return self._fall_back(asked, f"{self.name}: {e}")
        return self._fall_back(asked, f"{self._attempts} invalid answers of {self.name}")

    def _ask(self, asked: BrainQuestion) -> tuple[Answer | None, str, str]:
        """(answer, "", "") where it is valid, else (answer or None, why not, what was said)."""
        answer = None
        try:
            answer = self._brain.answer(asked)
            check_answer(asked, answer.operations)
        except InvalidAnswer as e:
            said = e.said if isinstance(e, Unreadable) else _said(answer)
            return answer, str(e) or "invalid", said
        return answer, "", ""

    def _fall_back(self, question: BrainQuestion, why: str = "") -> Answer:
        """A procedure may do what nobody else may, for its author is the user: only its operations are checked."""
        answer = self._fallback.answer(question)
        for operation in answer.operations:
            check(operation, question.catalogue)
        return replace(answer, refused=question.refused, instead_of=why)


def _said(answer: Answer | None) -> str:
    if answer is None:
        return ""
    return answer.said or "; ".join(map(_brief, answer.operations))


def _brief(operation: Operation) -> str:
    args = ", ".join(f"{k}={v}" for k, v in operation.args.items())
    return f"{operation.do} {args}".strip()
