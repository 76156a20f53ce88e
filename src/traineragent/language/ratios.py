"""Numbers that look like counts and are shares or misses: "eight swarms of ten noticed", "a week off on average".

Sees folded text around a number; knows no units and no limits.
"""

from __future__ import annotations

import re

_MOST = 0.5
_PACKED = re.compile(
    r"\b(?:boxes|packs?|packets|teams|groups|rows|sets|batches|bags|bundles|series|classes|crates|trays|rounds|blocks|"
    r"gruppen|kisten|packungen|reihen|lots|groupes|caisses|grupos|cajas|caixas|lotes|gruppi)\b"
)
"""What holds things, so that the number behind "of" counts what is inside: "8 boxes of 10"."""
_SAID_OF_THEM = re.compile(
    r"\s*(?:$|[.,;:!?)]|(?:and|or|but|must|should|shall|have|has|may|can|are|is|were|ought|need|in time|[a-z]+ed|found|"
    r"caught|seen|foreseen|known|right|[a-z]{4,}en)(?!\w))"
)
"""What follows the whole of a ratio, where something counted would follow a number of things."""


def of_so_many(plain: str, share: float, noun: str, stop: int) -> bool:
    """Whether most of so many are spoken of: "eight swarms of ten noticed"; "8 boxes of 10" only counts."""
    return share > _MOST and not _PACKED.search(noun) and _SAID_OF_THEM.match(plain, stop) is not None


def missed_by(plain: str, start: int) -> bool:
    """Whether an article that begins here stands for one unit that answers may miss by."""
    return _MISSED_BY.match(plain, start) is not None and _TAKEN_OFF.search(plain, 0, start) is None


def misses_by(plain: str, start: int) -> bool:
    """Whether an article that begins here stands for one unit of an error: "off by a pound", "a pound out"."""
    return missed_by(plain, start) or _BY.search(plain, 0, start) is not None


_BY = re.compile(
    r"\b(?:(?:off|out|wrong|miss|misses|missed|errs?|erring|adrift) by|(?:error|miss) of|um|daneben um|erreur d[e']|"
    r"ecart d[e']|error de|erro de|errore di)\s?(?:(?:at most|no more than|not more than|more than|up to|less than|"
    r"hochstens|maximal|mehr als|au plus|como mucho|no maximo)\s)?$"
)
_MISSED_BY = re.compile(
    r"\w+\s+\w+\s+(?:(?:on average\s+)?(?:off|out|wrong|adrift|astray|either way|too (?:late|early|long|short))|"
    r"daneben|zu (?:fruh|spat|lang|kurz)|"
    r"d'erreur|d'ecart|a cote|de error|de desvi\w+|de erro|di errore|di scarto)(?!\w)"
)
""" "A week off on average": one unit that answers may miss by."""
_TAKEN_OFF = re.compile(r"\b(?:take|takes|took|taken|taking|had|get|gets|got|need|needs|have|has) $")
"""Before it, a week off is one without work."""


def part_of_any(plain: str, end: int) -> re.Match[str] | None:
    """Where a thing ends of which a part is told that answers may miss by: "a quarter of a dioptre on average"."""
    return _OF_ANY.match(plain, end)


_OF_ANY = re.compile(
    r"[\s-]*(?:of\s+)?(?:a|an)\s+(?P<noun>[a-z]+)"
    r"(?=\s+(?:on average|off|out\b(?! of)|wrong|adrift|either way|at most|or so|or less))"
)
