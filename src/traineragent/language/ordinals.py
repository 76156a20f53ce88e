"""Columns pointed at by their place: "the third column", "column 11", "the last but one column".

Knows only how many columns there are, nothing of what they are called or hold.
"""

from __future__ import annotations

import re

from ..knowledge.lexicons import lexicon
from .reading import Reading, Span

ENDS = {"last_column": -1, "last_but_one_column": -2, "first_column": 0}
"""Phrases of a place counted from an end of the table."""


def columns_by_place(reading: Reading, count: int) -> list[tuple[int, Span]]:
    """(index, where it is said) of each column of `count` that the words point at by its place."""
    out: list[tuple[int, Span]] = []
    ends = {key: reading.where("wishes", key) for key in ENDS}
    beyond = ends["last_but_one_column"]
    for key, index in ENDS.items():
        if -count <= index < count:
            inside = (s for s in ends[key] if key != "last_column" or not any(a <= s[0] < b for a, b in beyond))
            out += [(index % count, span) for span in inside]
    for number, span in _numbered(reading):
        if 1 <= number <= count and not any(a <= span[0] < b for a, b in beyond):
            out.append((number - 1, span))
    return out


def _numbered(reading: Reading) -> list[tuple[int, Span]]:
    """Numbers of columns, from 1, said in digits or words."""
    plain = reading.text.plain
    out: list[tuple[int, Span]] = []
    for language, named in lexicon("wishes")["column_words"].items():  # too short to tell a language by
        columns = "|".join(named)
        words = list(lexicon("wishes")["ordinals"].get(language, ()))
        ordinal = "|".join(words)
        patterns = (
            rf"(?<!\w)(?P<n>\d{{1,3}})\s?(?:st|nd|rd|th|eme|[.ea])\s(?:{columns})(?!\w)",
            rf"(?<!\w)(?:{columns})\s(?:number\s|no\.?\s|nr\.?\s|numero\s|#\s?)?(?P<n>\d{{1,3}})(?![\w.,]*\w)",
            rf"(?<!\w)(?P<w>{ordinal})[nrs]?\s(?:{columns})(?!\w)",
        )
        for pattern in patterns:
            for match in re.finditer(pattern, plain):
                groups = match.groupdict()
                number = int(groups["n"]) if groups.get("n") else words.index(groups["w"]) + 2
                if not any(start == match.start() for _, (start, _) in out):
                    out.append((number, match.span()))
    return out
