"""What a person's answer to a question means: a choice by number or words, a question back, consent, or no answer.

Knows the question and its choices only; an answer in words that is no choice is given back as it was said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..domain.data import ColumnProfile
from ..domain.task import Question
from ..knowledge.lexicons import lexicon
from .columns import Columns
from .phrases import matches
from .reading import Reading
from .words import Text, fold, name_tokens

_FEWEST_LETTERS = 3  # of the beginning of a choice that stands for the whole
_REST = 12  # letters that may follow: "yes, please"
_GLUE = re.compile(r"[\s.,;:!?'\"()-]+")


@dataclass(frozen=True)
class Reply:
    """`kind`: "choice" (one of the question's), "words" (anything else said), "why" (asked back), "skip" (left open),
    "unclear" (more than one choice fits; `said` names them)."""

    kind: Literal["choice", "words", "why", "skip", "unclear"]
    said: str = ""


def reply_to(question: Question, answer: str | None) -> Reply:
    """Enter takes the default where there is one, else leaves the question open."""
    text = (answer or "").strip()
    if answer is None:
        return Reply("skip")
    if not text:
        return Reply("choice", question.default) if question.default else Reply("skip")
    chosen = _chosen(question, text)
    if chosen is not None:
        return chosen
    if _is_whole(text, "why") or text == "?":
        return Reply("why")
    if _is_whole(text, "skip"):
        return Reply("skip")
    if question.default and _is_whole(text, "agree"):
        return Reply("choice", question.default)
    return Reply("words", text)


def column_meant(answer: str, columns: Sequence[ColumnProfile]) -> str:
    """The column that an answer names: as it is written, or alone among other words; else the answer itself."""
    names = [c.name for c in columns]
    if answer in names:
        return answer
    said = {m.column for m in Columns(Reading.of(answer), columns).mentions}
    return said.pop() if len(said) == 1 else answer


def reason_for(question: Question) -> str:
    """Why it is asked, in a sentence; "" where nothing more can be said than the question says."""
    return str(lexicon("dialogue")["reasons"].get(question.about, ""))


def _chosen(question: Question, text: str) -> Reply | None:
    """The choice that is meant: by its place, its name, its beginning, or by standing alone among other words."""
    number = re.fullmatch(r"[#(]?(\d{1,3})[.)]?", text)
    if number and text not in question.choices and 1 <= int(number[1]) <= len(question.choices):
        return Reply("choice", question.choices[int(number[1]) - 1])
    said = _plain(text)
    for exact in (lambda c: c == text, lambda c: _plain(c) == said):
        if found := [c for c in question.choices if exact(c)]:
            return Reply("choice", found[0])
    if len(said) >= _FEWEST_LETTERS:
        begun = [c for c in question.choices if _plain(c).startswith(said)]
        if len(begun) == 1:
            return Reply("choice", begun[0])
        if len(begun) > 1:
            return Reply("unclear", " or ".join(begun[:4]))
    named = _named(question.choices, text)
    if len(named) == 1:
        return Reply("choice", named[0])
    return Reply("unclear", " or ".join(named[:4])) if named else None


def _named(choices: tuple[str, ...], text: str) -> list[str]:
    """Choices whose words occur in the answer; one inside a longer one that occurs too does not count."""
    words = f" {_spaced(text)} "
    found = [c for c in choices if (tokens := " ".join(name_tokens(c))) and f" {tokens} " in words]
    return [c for c in found if not any(c != o and f" {_spaced(c)} " in f" {_spaced(o)} " for o in found)]


def _spaced(text: str) -> str:
    return " ".join(name_tokens(text))


def _plain(text: str) -> str:
    return _GLUE.sub(" ", fold(text)).strip()


def _is_whole(text: str, key: str) -> bool:
    """Whether the answer is such a phrase in any language and hardly anything else."""
    folded = Text.of(text).plain.strip(" .!?")
    phrases = [p for found in lexicon("dialogue")[key].values() for p in found]
    found = (m for p in phrases for m in matches([p], folded))
    return any(m.start() <= 1 and len(folded) - m.end() <= _REST for m in found)
