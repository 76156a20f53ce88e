"""Shares that only tell how often something comes about, and so bound nothing: "remakes are 1 in 30".

Knows the case looked for by its words, and no limits.
"""

from __future__ import annotations

import re

from .bounds import side_of
from .looked_for import Sought
from .quantities import Quantity
from .reading import Reading, Span

_IS = re.compile(
    r"(?:\b(?:is|are|was|were|makes? up|made up|accounts? for|amounts? to|comes? to|happens? in|occurs? in|"
    r"(?:ist|sind|war|waren|machen|macht|betragt|betragen|est|sont|etait|representent?|es|son|era|eran|suponen?|"
    r"representan?|sao|foram|representam?|sono)|hain|hai|tha|thi|the)|(?:是|占|约占|है|हैं|थे|थी))\s*"
    r"(?:\b(?:about|around|roughly|some|only|just|nearly|almost|maybe|perhaps|barely|hardly|circa|ca|etwa|rund|nur|"
    r"knapp|ungefahr|environ|seulement|a peu pres|solo|unos|alrededor de|cerca de|"
    r"apenas|so|uns|karib|lagbhag|sirf)\b\.?\s*)*$"
)
"""Right before a share: what it is of comes about so often."""
_OF_ANSWERS = {"any": ("{missed}", "{found}", "{alarms}", "{right}", "{wrong}")}
_OF = re.compile(r"\s*(?:of|der|des|von|de|du|del|dos|das|di)\b")
_AND = re.compile(r"\W*(?:and|but|und|aber|et|mais|y|pero|e|mas)?\W*")
_FEW = 3  # words
_WANTED = ("must", "may", "denied")


def tells_how_often(reading: Reading, q: Quantity, case: Sought) -> bool:
    """Whether a share is said of the case itself, or of its opposite, by no more than "is" or "makes up"."""
    start, stop = reading.text.clause_of(q.start)
    if q.kind == "share" and _says_who_does(reading, q, (start, stop), case):
        return True
    said = _IS.search(reading.text.plain, start, q.start)
    if q.kind != "share" or said is None or side_of(reading, q) is not None:
        return False
    subject = (start, said.start())
    if reading.has(_OF_ANSWERS, subject) or any(reading.said("populations", key, subject) for key in _WANTED):
        return False
    return case.sign(reading, reading.text.plain[slice(*subject)]) != 0


def _says_who_does(reading: Reading, q: Quantity, clause: Span, case: Sought) -> bool:
    """Whether a clause is no more than a share and what those do: "and 71 % renew"."""
    behind = reading.text.plain[q.end : clause[1]]
    alone = _AND.fullmatch(reading.masked, clause[0], q.start) is not None and len(behind.split()) <= _FEW
    if not alone or q.noun or _OF.match(behind) or side_of(reading, q) is not None:
        return False
    return not reading.has(_OF_ANSWERS, clause) and case.sign(reading, behind) != 0
