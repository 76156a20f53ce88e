"""How a column writes durations: "1:23:45", "59:12.4", "2h 50m"; and whether it holds times of day instead.

It only recognises; `serve.durations` reads them. It knows nothing of what the durations mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..serve.durations import Clock, duration_reader
from .wordlists import name_words, words_of

CLOCKS_TRIED = 300  # texts of a column that show how its durations are written
_SHARE = 0.9  # of them that are durations
_HOURS_OF_DAY = 24
_COLONS = re.compile(
    r"[-+\u2212]?(?P<days>\d+ ?d(?:ays?)?,? ?\+?)?(?P<first>\d+):(?P<second>\d\d)(?P<third>:\d\d)?(?P<rest>[.,]\d+)?",
    re.ASCII,
)


def clock_of(texts: Sequence[str], name: str) -> Clock:
    """How most of these texts write durations, "" where they hold none. The column's `name` decides between hours and
    minutes or minutes and seconds where the texts could be either."""
    written = [match for text in texts if (match := _COLONS.fullmatch(text.strip()))]
    if written and _most(duration_reader("m:s"), texts):
        return "h:m" if _by_hours(written, name) else "m:s"
    return "units" if _most(duration_reader("units"), texts) else ""


def _most(read: Callable[[str], float | None], texts: Sequence[str]) -> bool:
    return sum(read(text) is not None for text in texts) >= _SHARE * len(texts)


def _by_hours(written: Sequence[re.Match[str]], name: str) -> bool:
    """Whether two numbers are hours and minutes."""
    said = name_words(name)
    two = [m for m in written if not m["third"]]
    if said & words_of("hours"):
        return True
    small = len(two) == len(written) and not any(m["rest"] or int(m["first"]) >= _HOURS_OF_DAY for m in two)
    return small and not said & words_of("durations")


def is_time_of_day(texts: Sequence[str], clock: Clock, name: str) -> bool:
    """Whether texts are rather moments of a day than durations: none beyond 24 hours, and either no seconds or a name
    that says so."""
    said = name_words(name)
    written = [match for text in texts if (match := _COLONS.fullmatch(text.strip()))]
    if clock == "units" or len(written) < _SHARE * len(texts) or said & (words_of("durations") | words_of("hours")):
        return False
    if any(m["days"] or m["rest"] or int(m["first"]) >= _HOURS_OF_DAY for m in written):
        return False
    exact = any(m["third"] and m["third"] != ":00" for m in written)
    return not exact or bool(said & words_of("moments"))
