"""Units that an answer is asked for in: "how many kilos", "ripening time in days". Knows no columns and no limits."""

from __future__ import annotations

import re

from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .numerals import alternatives
from .quantities import physical_kinds
from .reading import Reading

_LEAST = 3  # letters of a unit that is no other word
_SHORT = re.compile(r"(?!ms)[b-df-hj-np-tv-z]{2}")  # km, kg, mm: no other word either


def _kinds() -> tuple[str, ...]:
    return ("time", "money", *physical_kinds())


Unit = tuple[str, str]
"""A kind of unit and the name of one: ("mass", "kg")."""


@once_per_overlay
def unit_of(word: str) -> Unit | None:
    """The unit that a word, or the code at the end of a name, stands for."""
    for kind in _kinds():
        for name, (_, *spellings) in lexicon("units")[kind].items():
            if word == name or word in spellings:
                return kind, str(name)
    return None


def units_asked(reading: Reading) -> tuple[Unit, ...]:
    """Units behind "in" or "how many" and before "of", where no number stands before them."""
    found = [m for pattern in _patterns(reading.languages) for m in pattern.finditer(reading.masked)]
    units = (unit_of(re.sub(r"\s+", " ", m["u"])) for m in sorted(found, key=lambda m: m.start()))
    return tuple(dict.fromkeys(u for u in units if u))


@once_per_overlay
def _patterns(languages: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    spelled = {str(s) for kind in _kinds() for row in lexicon("units")[kind].values() for s in row[1:]}
    words = [s for s in spelled if (len(s) >= _LEAST and re.fullmatch(r"[a-z ]+", s)) or _SHORT.fullmatch(s)]
    asked = lexicon("wishes")["in_unit"]
    before, behind = (
        [str(w) for language in languages for w in asked[key].get(language, ())] for key in ("before", "behind")
    )
    unit = rf"(?P<u>{alternatives(words)})(?!\w)"
    return (
        re.compile(rf"(?<!\w)(?:{alternatives(before)})\s+{unit}"),
        re.compile(rf"(?<![\w\x0e] )(?<![\w\x0e]){unit}(?=\s+(?:{alternatives(behind)})(?!\w))"),
    )
