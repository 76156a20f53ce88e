"""Sentences of the model card that a brain which reads words for this very use: whom it serves, what to heed.

They hold no number and no link: what was measured is said by code alone. Asked for while the model is exported, so
that nobody waits; what has not come when the documents are written is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..domain.run import Operation
from ..errors import InvalidAnswer
from ..ports import OperationSpec
from .memory import Memory

CATALOGUE: Mapping[str, OperationSpec] = {
    "say": OperationSpec({"part": "string", "text": "string"}, "words one part of the model card"),
}
PARTS = ("use", "misuse", "inputs", "upkeep")
"""What it is good for and for whom; what it must not be used for; what the inputs must be like; when to train again."""
LEAST, MOST = 30, 500  # characters of a part
MOST_COLUMNS = 40
KEY = "card"
WAIT_S = 3.0
_NO_PROSE = re.compile(r"\d|https?:|www\.|[<>`|\[\]{}]")


def think_of_words(memory: Memory) -> None:
    """Begins to ask, once."""
    memory.think_ahead("server", "words", {}, CATALOGUE, KEY, **_asked(memory))


def words_for_card(memory: Memory) -> dict[str, Any]:
    """{"by", "parts": {part: text}}; empty where nothing was asked for or nothing has come."""
    if not memory.brain.slow or not memory.wait_for("server", "words", KEY, WAIT_S):
        return {}
    operations = memory.plan("server", "words", {}, CATALOGUE, KEY, **_asked(memory))
    parts = {o.args["part"]: " ".join(o.args["text"].split()) for o in operations}
    return {"by": memory.brain.name, "parts": {p: parts[p] for p in PARTS if p in parts}} if parts else {}


def _asked(memory: Memory) -> dict[str, Any]:
    task = memory.task
    details = {
        "words": memory.request.words,
        "task_type": task.task_type,
        "target": task.data_info.target,
        "inputs": list(task.data_info.inputs[:MOST_COLUMNS]),
        "notices": list(task.verdict.notices),
    }
    return {"choices": {"part": PARTS}, "check": check, "details": lambda: details}


def check(operations: Sequence[Operation]) -> None:
    """Raises InvalidAnswer for what is no plain sentence."""
    if len({o.args["part"] for o in operations}) < len(operations):
        raise InvalidAnswer("each part is worded once")
    for operation in operations:
        text = operation.args["text"].strip()
        if not LEAST <= len(text) <= MOST:
            raise InvalidAnswer(f"say: a part has {LEAST} to {MOST} characters, this one {len(text)}")
        if found := _NO_PROSE.search(text):
            raise InvalidAnswer(f"say: plain sentences without numbers, links or markup; found {found[0]!r}")
