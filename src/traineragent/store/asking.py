"""A question that a run puts to a person in another process: it lies in the journal until its answer lies beside it.

Knows nothing of what is asked, nor of how the person is shown it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from .journal import Journal
from .revisions import unfinished
from .runfolder import JOURNAL

LOOK_S = 0.3
ANSWERED = "answer/{}"


@dataclass(frozen=True)
class OpenQuestion:
    """`number` counts the questions of a journal from 1; a question that is put again has a number of its own."""

    number: int
    about: str
    text: str
    choices: tuple[str, ...]
    default: str | None


def open_question(events: Sequence[dict[str, Any]]) -> OpenQuestion | None:
    """The question that waits for an answer, of a journal's events in order; None where none does."""
    put = [e for e in events if e["kind"] in ("question", "dialogue")]
    if not put or put[-1]["kind"] != "question":
        return None
    last, number = put[-1], sum(e["kind"] == "question" for e in put)
    choices = tuple(str(c) for c in last.get("choices") or ())
    return OpenQuestion(number, str(last.get("about", "")), str(last["text"]), choices, last.get("default"))


def give_answer(journal: Journal, number: int, answer: str | None) -> None:
    """Answers the open question; None leaves it open for good. Raises InputError where it is no longer asked."""
    waiting = open_question(journal.events())
    if waiting is None or waiting.number != number or journal.worker is None:
        raise InputError("this question is no longer open; look again at what the run is doing")
    journal.set_meta(ANSWERED.format(number), json.dumps(answer))


def await_answer(run: Path) -> str | None:
    """Waits, as long as it takes, for the answer to the question that the run or its follow-up has just put."""
    revision = unfinished(run)
    journal = Journal((run if revision is None else revision.folder) / JOURNAL)
    try:
        number = len(journal.events("question"))
        while (said := journal.meta(ANSWERED.format(number))) is None:
            time.sleep(LOOK_S)
        answer = json.loads(said)
        return None if answer is None else str(answer)
    finally:
        journal.close()
