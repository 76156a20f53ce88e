"""Every brain's answer passes here before anything runs: known operations, right arguments, else the planner's answer.

An invalid answer goes back with the reason up to `attempts` times; then the fallback answers, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..domain.run import Operation
from ..errors import TrainerError
from ..ports import Answer, Brain, BrainQuestion, OperationSpec

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list, tuple),
}


class InvalidAnswer(TrainerError):
    """A brain chose an operation that does not exist or gave it the wrong arguments."""


def check(operation: Operation, catalogue: Mapping[str, OperationSpec]) -> None:
    """Raises InvalidAnswer that says what was expected."""
    spec = catalogue.get(operation.do)
    if spec is None:
        raise InvalidAnswer(f"there is no operation {operation.do!r}; allowed are {', '.join(sorted(catalogue))}")
    for name, kind in spec.arguments.items():
        if name not in operation.args:
            if not kind.endswith("?"):
                raise InvalidAnswer(f"{operation.do} needs the argument {name!r} ({kind})")
            continue
        _check_type(operation.do, name, kind.rstrip("?"), operation.args[name])
    unknown = set(operation.args) - set(spec.arguments)
    if unknown:
        raise InvalidAnswer(f"{operation.do} takes {sorted(spec.arguments)}, not {sorted(unknown)}")


def _check_type(do: str, name: str, kind: str, value: Any) -> None:
    wrong_boolean = isinstance(value, bool) and kind in ("number", "integer")
    if value is not None and (wrong_boolean or not isinstance(value, _TYPES[kind])):
        raise InvalidAnswer(f"{do}: the argument {name!r} should be a {kind}, got {value!r}")


class Checked:
    """A brain whose answers are always valid, because invalid ones are sent back or replaced by `fallback`'s."""

    def __init__(self, brain: Brain, fallback: Brain, attempts: int = 3) -> None:
        self._brain, self._fallback, self._attempts = brain, fallback, attempts
        self.name = brain.name

    def answer(self, question: BrainQuestion) -> Answer:
        asked = question
        for _ in range(self._attempts if self._brain is not self._fallback else 1):
            answer = self._brain.answer(asked)
            try:
                for operation in answer.operations:
                    check(operation, question.catalogue)
            except InvalidAnswer as e:
                if self._brain is self._fallback:
                    raise
                asked = replace(question, facts={**question.facts, "last_answer_was_wrong": str(e)})
                continue
            return answer
        answer = self._fallback.answer(question)
        for operation in answer.operations:
            check(operation, question.catalogue)
        return Answer(answer.operations, by=f"{answer.by} (after {self._attempts} invalid answers of {self.name})")
