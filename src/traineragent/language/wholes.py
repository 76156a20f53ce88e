"""Ratios whose whole stands before the part: "out of a hundred bad ones we may miss two", "100個に1個".

Joins quantities that were found one by one; knows nothing of what they limit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

from ..knowledge.lexicons import lexicon
from .numerals import Numerals
from .phrases import in_languages, matches
from .quantity import Quantity
from .words import WIDE


class Grammar(Protocol):
    """What has to be known of how some languages write numbers and units."""

    numerals: Numerals
    number: re.Pattern[str]
    points: re.Pattern[str]
    value: Any

    def unit_at(self, plain: str, end: int) -> bool: ...


_IF_SO_MANY = re.compile(
    r"(?:\b(?:if|when|whenever|once) (?:i|we|you|they|our \w+|the \w+) \w+|\b(?:for|from|among) (?:every|each))\s*$"
)
_SO_MANY_OF_THEM = re.compile(
    r"\s*(?:of (?:them|these|those)|\w+(?: \w+)?),?\s*(?:then\s*)?(?:at least|no fewer than|i want|we want)?\s*"
)
"""Around the numbers of "if I phone ten of them, seven ought to be right"."""


def reversed_ratios(plain: str, found: Sequence[Quantity]) -> list[Quantity]:
    """Joins "out of a thousand ... at most one" and "100個に1個" into one share."""
    out: list[Quantity] = []
    for q in found:
        last = out[-1] if out else None
        if last and last.kind == q.kind == "number" and 0 <= q.value < last.value and last.value >= 10:
            between = plain[last.end : q.start]
            wide = re.fullmatch(
                r"(?:个|個|件|人|次|枚|封|条|匹|本|台|名|回|点|社|頭|羽|冊|通|只|头|辆|张|笔|位|份|家|株|개|명|번|건|마리|대|장|통|회)?"
                r"(?:里面|里|中|に|につき|のうち|うち|当たり|あたり|당|중|에|至少|最多|に最大|最大|、|,|\s|判错|分错|错|漏)*",
                between,
            )
            worded = (
                _IF_SO_MANY.search(plain[: last.start])
                and _SO_MANY_OF_THEM.fullmatch(between)
                and len(between) < _REACH
                and "." not in between
            )
            if (wide and re.search(rf"[{WIDE}]", between)) or worded:
                out[-1] = Quantity("share", q.value / last.value, last.start, q.end, "ratio", between.strip())
                continue
        out.append(q)
    return out


_REACH = 70  # characters between a whole and the part of it that follows, at most
_BESIDE = 18  # characters beside the part in which its bound stands
_STOP = re.compile(r"[.!?;\n](?:\s|$)")
_VERB_ZH = re.compile(rf"[{WIDE}]{{1,5}}")
"""What may stand between a bound and its number where words are not parted: "至少抓到九笔"."""
_LIST = re.compile(r"\s*[,/&]?\s*(?:and|or|und|oder|et|ou|y|o|e)?\s*")


_BY_ITSELF = re.compile(r"\s*(?:[.,;:!?)]|$)|\s(?:seule?|so|unic[oa]|sol[oa]|einzige[rs]?|only)(?!\w)")
"""Behind an article that counts, as no noun follows: "em cada 20 só pode escapar um", "un seul peut passer"."""


def wholes_first(plain: str, found: Sequence[Quantity], grammar: Grammar, languages: tuple[str, ...]) -> list[Quantity]:
    """Ratios whose whole stands first, "out of a hundred bad ones we may miss two". The share is marked where its part
    stands, so that the words between stay readable."""
    out = list(found)
    for whole in found:
        part = _part_behind(plain, whole, out, grammar, languages) if whole.kind == "number" else None
        if part is not None:
            out = [q for q in out if q is not whole and not (part.start <= q.start < part.end)]
            out = sorted([*out, part], key=lambda q: q.start)
    return out


def _part_behind(
    plain: str, whole: Quantity, found: Sequence[Quantity], grammar: Grammar, languages: tuple[str, ...]
) -> Quantity | None:
    how = _opened(plain, whole, grammar.numerals)
    if how is None or whole.value < 2 or whole.value % 1 or (whole.value > 12 and whole.value % 5):
        return None
    at, stop = (
        whole.end,
        min([q.start for q in found if q.start > whole.end and q.kind != "number"], default=len(plain)),
    )
    while match := grammar.number.search(plain, at, min(stop, whole.end + _REACH)):
        value, end, worded = grammar.value(plain, match)
        at = max(end, match.end())
        if worded in ("part", "of_parts", "every") or _STOP.search(plain, whole.end, match.start()):
            return None
        if _LIST.fullmatch(plain, whole.end, match.start()):
            return None  # "of 10, 20 or 50 rows"
        said = _bound_at(plain, match.start(), end, languages)
        if (how == "firm" and (worded != "article" or _BY_ITSELF.match(plain, end))) or said:
            if not 0 <= value < whole.value or grammar.unit_at(plain, end) or grammar.points.match(plain, end):
                return None
            noun = plain[whole.end : match.start()].strip()
            return Quantity("share", value / whole.value, match.start(), end, "ratio", noun)
    return None


def _opened(plain: str, whole: Quantity, numerals: Numerals) -> str | None:
    """ "firm" where the words before or behind a number make it the whole of a ratio, "loose" where they may."""
    before = plain[: whole.start]
    if numerals.out_of and numerals.out_of.search(before):
        return "firm"
    if numerals.out_of_after and numerals.out_of_after.match(plain, whole.end):
        return "firm"
    counted = numerals.counted and numerals.counted.match(plain, whole.end)
    return "loose" if counted or (numerals.among and numerals.among.search(before)) else None


def _bound_at(plain: str, start: int, end: int, languages: tuple[str, ...]) -> bool:
    """Whether "at most" or "at least" stands right beside a number."""
    service = lexicon("service")
    for key in ("at_least", "at_most"):
        phrases = in_languages(service[key], languages)
        before = matches(phrases, plain, max(0, start - _BESIDE), start)
        behind = matches(phrases, plain, end, min(len(plain), end + _BESIDE))
        if any(
            not re.search(r"\w", plain[m.end() : start]) or _VERB_ZH.fullmatch(plain, m.end(), start) for m in before
        ):
            return True
        if any(not re.search(r"[^\W\d]{2}.*\s.*[^\W\d]{2}", plain[end : m.start()]) for m in behind):
            return True
    told = matches(in_languages(service["caught"], languages), plain, max(0, start - _BESIDE), start)
    if any(not plain[m.end() : start].strip() for m in told):
        return True  # "of 10 nasty ones get 9"
    must = in_languages(service["must_behind"], languages)
    demanded = matches(must, plain, end, min(len(plain), end + _BESIDE))
    ordered = matches(must, plain, max(0, start - _BESIDE), start) if languages[0] == "de" else []  # "sollen acht"
    return any(not plain[end : m.start()].strip() for m in demanded) or any(
        not plain[m.end() : start].strip() for m in ordered
    )
