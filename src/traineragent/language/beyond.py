"""Wishes for kinds of models that are not made here, such as translation: told at once, with what comes nearest.

The wishes and their words are data (`knowledge/lexicon/beyond.yaml`). Knows nothing of plug-ins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .alternatives import listed
from .phrases import in_languages, matches
from .reading import Reading
from .words import name_tokens

_TOLD = re.compile(
    r"(?:^|[.!?;,]\s*)(?:(?:i|we|they|my \w+|our \w+)(?:['’](?:m|re)|\s(?:am|are|is))?|"
    r"ich|wir|je|j'|nous|estoy|estamos|estou)"
    r"\s?(?:(?:also|often|usually|currently|busy|here|gerade|suis en train de|sommes en train de)\s)?$"
)
"""Whoever asks tells what they do themselves: "I transcribe registers as a hobby", "we're transcribing logbooks"."""


@dataclass(frozen=True)
class Beyond:
    """A wish that cannot be fulfilled: what it is, the words that say so, and what could be done in its place."""

    name: str
    what: str
    stated_as: str
    alternative: str


def holds_answer(reading: Reading, column: ColumnProfile | None) -> bool:
    """Whether a column is called after such a wish and so holds what it asks for: anomaly, 0 or 1."""
    name = " ".join(name_tokens(column.name)) if column else ""
    settled = [wish["phrases"] for wish in lexicon("beyond").values() if wish["settled"] == "yes"]
    return any(matches(in_languages(p, reading.languages), name) for p in settled)


def _told(reading: Reading, match: re.Match[str]) -> bool:
    """Whether whoever asks tells what they do, and not what they need: "we transcribe", but "we need a chatbot"."""
    return bool(_TOLD.search(reading.text.plain[: match.start()])) and not _NEEDS.match(
        reading.text.plain, match.start()
    )


_NEEDS = re.compile(r"(?:need|want|like|wish)\b")


def beyond(reading: Reading, settled: bool, task_type: str = "") -> Beyond | None:
    """The first such wish; None where there is none. `settled`: a column of the data clearly holds the answer, so that
    some of these wishes are a task after all. `task_type`: what the data would be learned for; some wishes are beyond
    one type only."""
    for name, wish in lexicon("beyond").items():
        if wish["settled"] == "listed" and listed(reading):
            continue  # "a chat bot for customers, what do they want: a swap, a bill, other?"
        if (settled and wish["settled"] == "yes") or task_type not in wish.get("tasks", (task_type,)):
            continue
        if found := [m for m in reading.find(wish["phrases"]) if not _told(reading, m)]:
            return Beyond(name, wish["what"], reading.quote(found[0].span()), wish["alternative"])
    return None
