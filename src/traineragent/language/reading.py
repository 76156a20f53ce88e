"""One request, read once: folded text, its languages, quantities, and where lexicon phrases occur in it.

Everything else in this package asks a Reading. Knows nothing of tables or tasks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..knowledge.lexicons import lexicon
from .phrases import in_languages, matches
from .quantities import Quantity, find_quantities, masked
from .spelling import mended
from .tongue import languages_of
from .words import Text

Span = tuple[int, int]
_SLOTS = re.compile(
    r"(?P<names>[a-z0-9_ -]+(?:\s*/\s*[a-z0-9_ -]+)+)\s*[:=]\s*"
    r"(?P<numbers>[\d.,]+(?:\s*/\s*[\d.,]+)+)\s*(?:\((?P<units>[^()]+)\))?"
)


_ANSWERED = re.compile(
    r"\?(?=\s(?:(?:at most|at least|max\.?|min\.?|under|below|over|above|about|no more than|hochstens|mindestens|"
    r"au plus|au moins|maximum|minimum|como mucho|al menos|no maximo|pelo menos|on average|im schnitt|im mittel|"
    r"en moyenne|de media|em media|in media)\s)*\d[\d.,]*\s?(?!\w+\s(?:of|in|and)\b)"
    r"[a-z%]*\s*(?:[.,;!]|$|(?:at|or|max|please|tops)\b))"
)


def join_answers(text: Text) -> Text:
    """A short answer belongs to its question: "How far off on average? 0.3 mm at most" reads with a colon."""
    return text.replaced([(*m.span(), ":") for m in _ANSWERED.finditer(text.plain)]) if "?" in text.plain else text


def unfold_slots(text: Text) -> Text:
    """ "recall / latency: 95 / 20 (%, ms)" reads as "recall 95 %, latency 20 ms"."""
    changes = []
    for match in _SLOTS.finditer(text.plain):
        names = re.split(r"\s*/\s*", match["names"].strip())
        numbers = re.split(r"\s*/\s*", match["numbers"].strip())
        units = re.split(r"\s*[,/;]\s*", match["units"]) if match["units"] else [""] * len(numbers)
        if len(names) == len(numbers) == len(units):
            pairs = ", ".join(f"{n} {v} {u}".strip() for n, v, u in zip(names, numbers, units, strict=True))
            changes.append((*match.span(), " " + pairs))
    return text.replaced(changes) if changes else text


@dataclass(frozen=True)
class Reading:
    """`languages` begins with the main one; English is always among them, as technical words are English."""

    text: Text
    languages: tuple[str, ...]
    quantities: tuple[Quantity, ...]

    @staticmethod
    def of(words: str) -> Reading:
        text = unfold_slots(join_answers(Text.of(words)))
        languages = languages_of(text)
        text = mended(text) if languages[0] == "en" else text
        return Reading(text, languages, find_quantities(text.plain, languages))

    @cached_property
    def masked(self) -> str:
        """The folded text with a mark in place of each quantity."""
        return masked(self.text.plain, self.quantities)

    @cached_property
    def ideas(self) -> dict[str, list[Span]]:
        """Where ideas of the policy occur, filled as they are looked up: a request is judged for several task types."""
        return {}

    def find(self, table: Mapping[str, Iterable[str]], within: Span | None = None) -> list[re.Match[str]]:
        """All matches of a {language: phrases} table, inside plain[within] where given."""
        return matches(in_languages(table, self.languages), self.masked, *(within or (0, None)))

    def has(self, table: Mapping[str, Iterable[str]], within: Span | None = None) -> bool:
        return bool(self.find(table, within))

    def said(self, book: str, key: str, within: Span | None = None) -> bool:
        """Whether phrases of `key` in the lexicon file `book` occur."""
        return self.has(lexicon(book)[key], within)

    def where(self, book: str, key: str, within: Span | None = None) -> list[Span]:
        return [m.span() for m in self.find(lexicon(book)[key], within)]

    def quote(self, span: Span) -> str:
        return self.text.quote(*span)

    def facts(self) -> dict[str, Any]:
        """For the journal: what was read."""
        return {"languages": self.languages, "quantities": [self.quote((q.start, q.end)) for q in self.quantities]}
