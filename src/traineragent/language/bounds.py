"""Which side a number bounds: "at least 9", "9 or more", "no more than 9". Knows nothing of what is bounded."""

from __future__ import annotations

import re
from typing import Literal

from .quantities import Quantity
from .reading import Reading, Span

_BEFORE, _BEHIND = 48, 18  # characters beside a number in which its bound stands

Side = Literal["low", "high"]


def side_of(reading: Reading, q: Quantity) -> Side | None:
    """Whether the words right beside a number make it the least ("low") or the most ("high") that is allowed."""
    sentence = reading.text.sentence_of(q.start)
    before = (max(sentence[0], q.start - _BEFORE), q.start)
    behind = (q.end, min(sentence[1], q.end + _BEHIND))
    nearest: tuple[int, Side] | None = None
    sides: tuple[tuple[Side, str], ...] = (("low", "lower_bound"), ("high", "upper_bound"))
    for side, key in sides:
        for _, end in reading.where("service", key, before):
            if _joined(reading, (end, q.start)):
                nearest = min(nearest or (99, side), (q.start - end, side))
        for start, _ in reading.where("service", f"{key}_behind", behind):
            if not re.search(r"\w", reading.masked[q.end : start]):
                nearest = min(nearest or (99, side), (start - q.end, side))
    return nearest[1] if nearest else None


def _joined(reading: Reading, between: Span) -> bool:
    return not re.search(r"[,;:()]|\w+\W+\w+\W+\w+", reading.masked[slice(*between)])
