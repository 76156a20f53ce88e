"""Collections that are no plain tables: pictures, texts and marked texts, and which of their columns hold the answer.

The reader of a collection gives a row an item: the picture's path or the text beside what is known of it. Knows
nothing of the words.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .phrases import matches
from .words import name_tokens

IMAGE_KINDS = frozenset({"images", "image_folder", "image_set", "image_table"})
TEXT_KINDS = frozenset({"texts", "text_folder"})
ENTITY_KINDS = frozenset({"entities", "tokens", "conll"})
COLLECTIONS = IMAGE_KINDS | TEXT_KINDS | ENTITY_KINDS | {"grounding"}
_NO_ANSWER = ("id", "date", "text", "constant", "empty")


def answers_of(kind: str, columns: Sequence[ColumnProfile]) -> tuple[str, ...]:
    """Names of the columns that may hold the answer, in their order; several where the words must decide."""
    if kind in ENTITY_KINDS or kind not in COLLECTIONS:
        return _called(columns, "marks")[:1]
    if kind == "grounding":
        return _called(columns, "boxes")[:1]
    item = set(_called(columns, "pictures" if kind in IMAGE_KINDS else "texts"))
    able = [c for c in columns if c.name not in item and c.meaning not in (*_NO_ANSWER, "number")]
    labels = [c.name for c in able if matches(_names("labels"), " ".join(name_tokens(c.name)))]
    single = [c.name for c in columns if c.name not in item and c.meaning not in ("id", "date", "text", "empty")]
    return tuple(labels[:1]) or tuple(c.name for c in able) or tuple(single[:1])


def _called(columns: Sequence[ColumnProfile], key: str) -> tuple[str, ...]:
    return tuple(c.name for c in columns if matches(_names(key), " ".join(name_tokens(c.name))))


def _names(key: str) -> tuple[str, ...]:
    return tuple(str(n) for n in lexicon("collections")[key])
