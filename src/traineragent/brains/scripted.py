"""A brain that plays back given answers, for tests and for replaying a run: kind of question -> operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..domain.run import Operation
from ..ports import Answer, Brain, BrainQuestion


class Scripted:
    """Answers from `script` (one list of operations a call, the last repeated), else from `otherwise`."""

    name, slow = "scripted", False

    def __init__(self, script: Mapping[str, Sequence[Sequence[Operation]]], otherwise: Brain) -> None:
        self._script = {kind: list(answers) for kind, answers in script.items()}
        self._otherwise = otherwise
        self.asked: list[BrainQuestion] = []

    def answer(self, question: BrainQuestion) -> Answer:
        self.asked.append(question)
        answers = self._script.get(question.kind)
        if not answers:
            return self._otherwise.answer(question)
        operations = answers.pop(0) if len(answers) > 1 else answers[0]
        return Answer(tuple(operations), by=self.name)
