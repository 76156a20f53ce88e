"""Wishes about how a model is made that are not carried out as they are said. What they are is data
(knowledge/lexicon/unheeded.yaml); each becomes an assumption, so that nothing is passed over in silence.
"""

from __future__ import annotations

import re
from itertools import pairwise

from ..domain.task import Assumption
from ..knowledge.lexicons import lexicon
from .columns import Columns, only_glue
from .reading import Reading

CONFIDENCE = 0.5
_BEFORE = 25  # characters before two names in which they are pointed at
_JOINED = re.compile(r"\s+(?:and|und|et|y|e|as well as)\s+(?:the\s+|die\s+|den\s+|la\s+|le\s+|el\s+|o\s+|a\s+)?")
_ENDS = re.compile(r"\s*(?:[.,;!?]|$|for\b|of\b|per\b|from\b|with\b|in\b|voraus\b|vorhersagen\b|please|bitte)")


def unheeded(reading: Reading, task_type: str) -> list[Assumption]:
    """What is done in place of each such wish, and why."""
    out = []
    for name, entry in lexicon("unheeded").items():
        found = reading.find(entry["said"]) if task_type in entry.get("tasks", (task_type,)) else []
        if found:
            why = f"{reading.quote(found[0].span())!r} was read: {entry['why']}"
            out.append(Assumption(name, str(entry["value"]), why, CONFIDENCE))
    return out


def asked_besides(columns: Columns, target: str) -> str | None:
    """The column that is named in one breath with the answer, "predict both price and churn": of which one is learned.
    None where there is none, or where more is said of it: "predict the price, size and age are known"."""
    reading, plain = columns.reading, columns.reading.text.plain
    for one, other in pairwise(columns.mentions):
        if {one.column, other.column} == {target} or target not in (one.column, other.column):
            continue
        near = reading.where("wishes", "pointer_before", (max(0, one.start - _BEFORE), one.start))
        pointed = near or reading.said("wishes", "goal", reading.text.sentence_of(one.start))
        joined = only_glue(reading, (one.end, other.start)) and _JOINED.fullmatch(plain[one.end : other.start])
        if pointed and joined and _ENDS.match(plain, other.end):
            return other.column if one.column == target else one.column
    return None
