"""Which columns the words leave out: "leave gender out", "tip and tolls are not known then", "hands off duration".

Knows column names only; nothing in the data can exclude a column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..knowledge.lexicons import lexicon
from .columns import Columns, only_glue
from .reading import Reading, Span


@dataclass(frozen=True)
class Exclusion:
    """A column left out, and the words that say so."""

    column: str
    stated_as: str
    span: Span
    why: str


def find_exclusions(columns: Columns) -> tuple[Exclusion, ...]:
    """In the order in which they are said; a column at most once."""
    reading = columns.reading
    out: dict[str, Exclusion] = {}
    for kind, why in (
        ("before", "the request leaves it out"),
        ("after", "the request leaves it out"),
        ("later", "known only after the fact, says the request"),
    ):
        for match in reading.find(lexicon("exclusions")[kind]):
            sentence = reading.text.sentence_of(match.start())
            names = _listed(columns, match.span(), sentence, before=kind != "before")
            for name, span in names:
                out.setdefault(
                    name,
                    Exclusion(name, reading.quote((min(span[0], match.start()), max(span[1], match.end()))), span, why),
                )
    for name, span in _between(columns):
        out.setdefault(name, Exclusion(name, reading.quote(span), span, "the request leaves it out"))
    return tuple(out.values())


def find_only(columns: Columns) -> tuple[Exclusion, ...]:
    """The columns that alone may be used, "judging by its title alone", each with the words; empty where all may be."""
    reading, why = columns.reading, "the request names what alone may be used"
    for key, listed in (("only_before", _list_after), ("only_after", _list_before)):
        for match in reading.find(lexicon("exclusions")[key]):
            at, sentence = match.span(), reading.text.sentence_of(match.start())
            if reading.said("exclusions", "before", (sentence[0], at[0])) and key == "only_after":
                continue  # "leave the title alone"
            if not (names := listed(columns, at, sentence)):
                continue
            if key == "only_after" and not _given(columns, min(span[0] for _, span in names)):
                continue
            return tuple(
                Exclusion(name, reading.quote((min(span[0], at[0]), max(span[1], at[1]))), span, why)
                for name, span in names
            )
    return ()


def _given(columns: Columns, position: int) -> bool:
    """Whether what stands here is said to be looked at: "from the title", "by its title"."""
    reading = columns.reading
    start = reading.text.clause_of(position)[0]
    return any(end <= position for _, end in reading.where("exclusions", "given", (start, position)))


def _listed(columns: Columns, at: Span, sentence: Span, *, before: bool) -> list[tuple[str, Span]]:
    """Names beside the phrase, or columns that a few words there are part of the names of."""
    if before:
        return _list_before(columns, at, sentence) or _partial(columns, (max(sentence[0], at[0] - 30), at[0]))
    return _list_after(columns, at, sentence) or _partial(columns, (at[1], min(sentence[1], at[1] + 30)))


def _list_after(columns: Columns, at: Span, sentence: Span) -> list[tuple[str, Span]]:
    """Names joined by commas and "and" right behind the phrase."""
    out, end = [], at[1]
    for mention in columns.mentions:
        if mention.start < end or mention.end > sentence[1]:
            continue
        if not only_glue(columns.reading, (end, mention.start)):
            break
        out.append((mention.column, (mention.start, mention.end)))
        end = mention.end
    return out


def _list_before(columns: Columns, at: Span, sentence: Span) -> list[tuple[str, Span]]:
    """Names joined by commas and "and" right before the phrase."""
    out, start = [], at[0]
    for mention in reversed(columns.mentions):
        if mention.end > start or mention.start < sentence[0]:
            continue
        if not only_glue(columns.reading, (mention.end, start)) or _pointed(columns.reading, mention.start):
            break
        out.append((mention.column, (mention.start, mention.end)))
        start = mention.start
    return out[::-1]


def _pointed(reading: Reading, position: int) -> bool:
    """Whether "predict the" or the like stands right before: a name there is the goal, not one of a list."""
    before = reading.where("wishes", "pointer_before", (max(0, position - 40), position))
    return any(not reading.masked[end:position].strip(" '\"`:=") for _, end in before)


def _partial(columns: Columns, span: Span) -> list[tuple[str, Span]]:
    return [(name, span) for name, _ in columns.partial(span)]


def _between(columns: Columns) -> list[tuple[str, Span]]:
    """ "leave gender and postcode out": names between an opening and a closing word of one sentence."""
    reading = columns.reading
    out: list[tuple[str, Span]] = []
    for language, words in lexicon("exclusions")["around"].items():
        if language not in reading.languages:
            continue
        for opening, closing in zip(words[::2], words[1::2], strict=True):
            pattern = re.compile(rf"\b{opening}\w*\b(?P<inner>[^.!?;]{{1,90}}?)\b{closing}\b")
            for match in pattern.finditer(reading.text.plain):
                span = match.span("inner")
                inside = [m for m in columns.mentions if span[0] <= m.start and m.end <= span[1]]
                out += [(m.column, (m.start, m.end)) for m in inside] or [(n, span) for n, _ in columns.partial(span)]
    return out
