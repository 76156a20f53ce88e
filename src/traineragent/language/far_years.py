"""The year of a moment far ahead for which an answer is asked: "will it rain on 14 June 2071?".

Knows nothing of data."""

from __future__ import annotations

import re

from .reading import Reading

_YEAR = r"(?:20[3-9]\d|2[1-9]\d\d)(?![\d%]|\s?(?:rows|items|pieces|eur|euro|kg|km|\w{1,2}\b\.))"
_DATED = re.compile(
    rf"\d{{1,2}}(?:st|nd|rd|th|er|\.)?\s+(?:of\s+|de\s+|d')?[^\W\d]{{3,10}}\.?,?\s+(?:de\s+|del\s+|of\s+)?{_YEAR}|"
    rf"\b[^\W\d]{{3,10}}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+{_YEAR}|"
    rf"\d{{1,2}}[./-]\s?\d{{1,2}}[./-]\s?{_YEAR}|{_YEAR}-\d\d-\d\d"
)
"""A single day: "14 June 2071", "June 14th, 2071", "14.06.2071", "14 de junio de 2071"."""
_NAMED = re.compile(
    rf"\b(?:in|for|during|of|(?:christmas|easter|new year)(?: (?:eve|day))?|spring|summer|autumn|winter|im jahr|anno|"
    rf"heiligabend|weihnachten|silvester|ostern|sommer|en|noel|paques|navidad|em|natal)\s+{_YEAR}|{_YEAR}\s?年"
)
_NUMBER = re.compile(r"(?<!\d)(?:20[3-9]\d|2[1-9]\d\d)(?!\d)")


def year_asked_for(reading: Reading) -> int | None:
    """The year that stands in a sentence that asks something, as part of a date or behind a word of time."""
    plain = reading.text.plain
    for pattern in (_DATED, _NAMED):
        for match in pattern.finditer(plain):
            start, end = reading.text.sentence_of(match.start())
            asks = plain[start:end].rstrip()[-1:] in ("?", "？") or reading.said("wishes", "goal", (start, end))
            if asks and (year := _NUMBER.search(match.group())):
                return int(year.group())
    return None
