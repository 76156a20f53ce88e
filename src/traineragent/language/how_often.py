"""Shares that only tell how often something comes about, and so bound nothing: "remakes are 1 in 30".

Knows the case looked for by its words, and no limits.
"""

from __future__ import annotations

import re

from .bounds import side_of
from .looked_for import Sought
from .quantities import Quantity
from .reading import Reading

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
_WANTED = ("must", "may", "denied")


def tells_how_often(reading: Reading, q: Quantity, case: Sought) -> bool:
    """Whether a share is said of the case itself, or of its opposite, by no more than "is" or "makes up"."""
    start = reading.text.clause_of(q.start)[0]
    said = _IS.search(reading.text.plain, start, q.start)
    if q.kind != "share" or said is None or side_of(reading, q) is not None:
        return False
    subject = (start, said.start())
    if reading.has(_OF_ANSWERS, subject) or any(reading.said("populations", key, subject) for key in _WANTED):
        return False
    return case.sign(reading, reading.text.plain[slice(*subject)]) != 0
