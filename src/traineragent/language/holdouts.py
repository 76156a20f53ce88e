"""Which rows the words want to be held out for measuring: "keep 30 % for testing", "an 80/20 split", "learn from 2012
to 2020 and be judged on the years after". Sees profiles only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..domain.selection import HELD, RowCondition
from ..knowledge.lexicons import lexicon
from .columns import Columns
from .moments import only_time
from .reading import Reading, Span

LEAST, MOST = 0.02, 0.6
"""Shares that can be held out: of less nothing is measured, of more too little is left to learn from."""
_PARTS = re.compile(r"(?<![\w/.-])(\d{2})(?:\s?%)?\s?[/:-]\s?(\d{2})(?:\s?%)?(?![\w/.-])")
_YEAR = re.compile(r"(?<![a-z0-9_.,])((?:19|20)\d\d)(?![a-z0-9_%]|[.,]\d)")


@dataclass(frozen=True)
class HoldoutAsked:
    """The constraint word for what is to be held out, how people say it, and the words that ask for it."""

    word: str
    said: str
    stated_as: str
    span: Span


def holdout_asked(columns: Columns) -> HoldoutAsked | None:
    """What the words want held out; None where they do not say."""
    return _share(columns.reading) or _later_years(columns)


def _share(reading: Reading) -> HoldoutAsked | None:
    for start, end in reading.where("rows", "held"):
        share = next((q.value for q in reading.quantities if start <= q.start and q.end <= end), None)
        if share is not None and LEAST <= share <= MOST:
            return _of_share(reading, share, (start, end))
    for match in _PARTS.finditer(reading.text.plain):
        kept, held = int(match[1]), int(match[2])
        sentence = reading.text.sentence_of(match.start())
        if kept + held == 100 and LEAST <= held / 100 <= MOST and reading.said("rows", "split", sentence):
            return _of_share(reading, held / 100, match.span())
    return None


def _of_share(reading: Reading, share: float, span: Span) -> HoldoutAsked:
    return HoldoutAsked(f"{HELD}{share:g}", f"{share:.0%} of the rows", reading.quote(span), span)


def _later_years(columns: Columns) -> HoldoutAsked | None:
    """Years to be measured on after those to learn from, where one column says when each row was."""
    when = only_time(columns.columns)
    if when is None:
        return None
    reading = columns.reading
    for sentence in reading.text.sentences:
        measured = reading.where("rows", "measured", sentence)
        learned = [s for s in reading.where("rows", "learning", sentence) if measured and s[0] < measured[0][0]]
        if not learned:
            continue
        first = _first_measured(reading, learned[0][1], measured[0][0], sentence[1])
        first = first or _first_before_verbs(reading, sentence, learned[0], measured[0])
        if first is None:
            continue
        condition = RowCondition(when.name, ">=", f"{first}-01-01" if when.meaning == "date" else str(first))
        span = learned[0][0], sentence[1]
        return HoldoutAsked(condition.word(HELD), condition.words, reading.quote(span), span)
    return None


def _first_before_verbs(reading: Reading, sentence: Span, learned: Span, measured: Span) -> int | None:
    """The first year to be measured on, where each verb stands behind its years: "mit 2012 bis 2020 lernen und mit 2021
    prüfen", "用2020年以前的数据训练,用2021年测试"."""
    plain = reading.text.plain
    old = [int(m[1]) for m in _YEAR.finditer(plain, sentence[0], learned[0])]
    new = [int(m[1]) for m in _YEAR.finditer(plain, learned[1], measured[0])]
    after = _YEAR.search(plain, measured[1], sentence[1])
    return min(new) if old and new and not after and min(new) >= max(old) else None


def _first_measured(reading: Reading, start: int, turn: int, stop: int) -> int | None:
    """The first year to be measured on: named behind the turn of the sentence, or the one after the last before it."""
    plain = reading.text.plain
    before = [int(m[1]) for m in _YEAR.finditer(plain, start, turn)]
    behind = [int(m[1]) for m in _YEAR.finditer(plain, turn, stop)]
    if not before:
        return None
    if behind:
        return min(behind) if min(behind) > max(before) else None
    return max(before) + 1 if reading.has(lexicon("rows")["later"], (turn, stop)) else None
