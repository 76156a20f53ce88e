"""Questions put to a person, with what was answered, in the journal: asked again with the reason where an answer does
not fit, explained where a person asks why, and never asked twice after a kill. It knows nothing of what is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..domain.task import Question
from ..language.answering import Reply, reason_for, reply_to
from .memory import Memory

MOST_QUESTIONS = 12
"""Put to a person in one conversation, those that are asked again included."""
MOST_WRONG_ANSWERS = 3
"""To the same question; then it stays open."""


@dataclass
class Dialogue:
    """One conversation. `key` names it, so that a resumed run takes the answers that were given."""

    memory: Memory
    key: str
    put: int = 0
    closed: set[str] = field(default_factory=set)  # what is settled or was left open by the person
    wrong: dict[str, int] = field(default_factory=dict)
    worded: dict[str, str] = field(default_factory=dict)  # the questions that are asked again, as first put

    @property
    def possible(self) -> bool:
        """Whether there is somebody to ask, and patience left."""
        return self.put < MOST_QUESTIONS and (self.memory.ask_person is not None or self._given() is not None)

    def next_of(self, questions: Sequence[Question]) -> Question | None:
        """The first of them that is still to be asked."""
        open_ones = (q for q in questions if q.about not in self.closed)
        return next((q for q in open_ones if self.wrong.get(q.about, 0) < MOST_WRONG_ANSWERS), None)

    def ask(self, question: Question) -> str | None:
        """The answer, a choice or free words; None where the person leaves it open."""
        prefix = ""
        while self.possible:
            reply = self._put(replace(question, text=f"{prefix}{question.text}"))
            if reply.kind in ("choice", "words"):
                return reply.said
            if reply.kind == "skip":
                break
            prefix = self._reason(question, reply)
        self.closed.add(question.about)
        return None

    def reject(self, question: Question, reason: str) -> Question | None:
        """The question to be put again, opened by what was wrong with the answer; None when that was done enough."""
        self.wrong[question.about] = self.wrong.get(question.about, 0) + 1
        if self.wrong[question.about] >= MOST_WRONG_ANSWERS:
            return None
        plain = self.worded.setdefault(question.about, question.text)
        return replace(question, text=f"{reason.rstrip('. ')}. {plain}")

    def _reason(self, question: Question, reply: Reply) -> str:
        if reply.kind == "unclear":
            return f"That could be {reply.said}. "
        return f"It is asked because {reason_for(question) or 'it cannot be told from the words and the data.'} "

    def _given(self) -> str | None:
        """What was answered at this place before the run was interrupted; None where nothing was."""
        for event in self.memory.journal.events("dialogue"):
            if event.get("key") == f"{self.key}/{self.put}":
                return str(event["answer"]) if event["answer"] is not None else "skip"
        return None

    def _put(self, question: Question) -> Reply:
        given = self._given()
        if given is None:
            assert self.memory.ask_person is not None
            choices = {"choices": list(question.choices), "default": question.default}
            self.memory.say("question", question.text, about=question.about, **choices)
            with self.memory.journal.waiting():
                answer = self.memory.ask_person(question)
            more = {"about": question.about, "key": f"{self.key}/{self.put}", "answer": answer}
            self.memory.say("dialogue", question.text, **more)
        else:
            answer = given
        self.put += 1
        return reply_to(question, answer)


def told(memory: Memory) -> list[dict[str, str]]:
    """The conversation so far, for the report."""
    return [
        {"question": e["text"], "answer": e["answer"] or "(left open)", "about": e.get("about", "")}
        for e in memory.journal.events("dialogue")
    ]
