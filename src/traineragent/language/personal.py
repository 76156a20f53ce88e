"""Columns that hold personal data, by name or content, for requests that say not to use any.

Knows profiles and the words only; a profile shows frequent values but none of ids and free text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .columns import Columns
from .exclusions import Exclusion
from .phrases import matches
from .reading import Reading, Span
from .words import fold, name_tokens

_CONTENT = (
    ("an e-mail address", re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}")),
    ("a telephone number", re.compile(r"(?:\+|00)\d[\d ()/.-]{6,}\d|\(?0\d{2,5}\)?[ /-][\d /-]{4,}\d")),
    ("an address of a device", re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")),
    (
        "a number that stands for a person",
        re.compile(r"\d{3}-\d{2}-\d{4}|[a-z]{2}\d{2}(?: ?[\da-z]{4}){3,7}[ \da-z]{0,3}"),
    ),
)
_TRAITS = ("birth", "gender", "origin", "belief", "family")
"""Kinds of personal data that few values can hold; a name or an address takes many."""
_FEW = 10
_BIRTH = re.compile(r"age$|birth|born|alter$|edad|idade|zip|plz|post|phone (?:no|number)|id$|no$")
_SHARE = 0.5  # of the frequent values that must look like it


def personal_wish(reading: Reading) -> Span | None:
    """Where the words say that no personal data is to be used; None where they do not, or speak of where it goes."""
    for match in reading.find(lexicon("personal")["wish"]):
        clause = reading.text.clause_of(match.start())
        around = (clause[0], max(clause[1], match.end()))
        if not reading.said("personal", "stays", around):
            return match.span()
    return None


def personal_columns(columns: Columns, target: str | None) -> tuple[Exclusion, ...]:
    """The columns to leave out because of that wish, each with what it holds; never the target."""
    span = personal_wish(columns.reading)
    if span is None:
        return ()
    said = columns.reading.quote(span)
    out = []
    for column in columns.columns:
        held = None if column.name == target else what_it_holds(column)
        if held:
            out.append(Exclusion(column.name, said, span, f"it holds {held}, and no personal data is to be used"))
    return tuple(out)


def what_it_holds(column: ColumnProfile) -> str | None:
    """The personal data in a column, in words; None where neither its name nor its values speak of any."""
    return _by_content(column) or _by_name(column)


def _by_name(column: ColumnProfile) -> str | None:
    words = " ".join(name_tokens(column.name))
    if column.meaning in ("constant", "empty") or not words:
        return None
    for kind, (what, *names) in lexicon("personal")["columns"].items():
        able = kind in _TRAITS or column.meaning in ("id", "text", "date") or column.distinct > _FEW
        found = matches(map(str, names), words) if able else []
        if any(_covers(m.group(), words, column) for m in found) and not _of_a_thing(words):
            return str(what)
    return "a number that stands for one row, and so maybe for a person" if column.meaning == "id" else None


def _covers(part: str, words: str, column: ColumnProfile) -> bool:
    """Whether a match is most of a name: "age" in "customer age", but not in "age of account in days"; an amount must
    be called just so, as "phone minutes" is no telephone number."""
    spare = len(words.split()) - len(part.split())
    return spare == 0 or (len(part.split()) > 1 and spare <= 2) or (spare == 1 and not _amount(column))


def _amount(column: ColumnProfile) -> bool:
    return column.meaning == "number" and column.distinct > _FEW and not _BIRTH.search(column.name.casefold())


def _of_a_thing(words: str) -> bool:
    return any(thing in words.split() for thing in lexicon("personal")["things"])


def _by_content(column: ColumnProfile) -> str | None:
    values = [fold(v).strip() for v, _ in column.top]
    if not values:
        return None
    if 2 <= len(values) <= 4 and len(_of_the_sexes(values)) == 2:
        return "the sex or gender"
    for what, pattern in _CONTENT:
        if sum(bool(pattern.fullmatch(v)) for v in values) >= _SHARE * len(values):
            return what
    return None


def _of_the_sexes(values: Sequence[str]) -> set[str]:
    """The sexes that values name in words, or "m" and "f" together."""
    groups = lexicon("values")
    return {name for name in ("female", "male") for v in values if v in {fold(str(w)) for w in groups[name]}}
