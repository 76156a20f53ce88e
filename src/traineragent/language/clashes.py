"""Bounds in the words that cannot both hold: "above 95 %, and it may not exceed 90 %". Knows no columns and no data."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .quantities import Quantity
from .reading import Reading, Span
from .requirements import Limit

_BEFORE, _BEHIND = 48, 18  # characters beside a number in which its bound stands
_COMPARED = ("share", "size", "time", "money", "number", "measure")


def clash(reading: Reading, limits: Sequence[Limit]) -> str | None:
    """A sentence about the first two bounds on the same thing of which the lower lies above the upper; None where all
    can hold. `limits` are all that were read, before any is taken to replace another."""
    plain = [x for x in limits if not (x.described or x.soft or x.baseline or x.settled)]
    told = [(x.name, x.quantity) for x in plain]  # of what an idiom tells the words turn the side round
    told += [(name, q) for q in reading.quantities if (name := _continued(reading, q, told))]
    bounds = [(name, q, side) for name, q in told if (side := _side(reading, q))]
    lows = [(name, q) for name, q, side in bounds if side == "low"]
    highs = [(name, q) for name, q, side in bounds if side == "high"]
    for name, low in lows:
        for other, high in highs:
            clashing = name == other and low.kind == high.kind and low.value > high.value
            if clashing and not _taken_back(reading, low, high):
                return _said(reading, low, high)
    return None


def _continued(reading: Reading, q: Quantity, told: Sequence[tuple[str, Quantity]]) -> str:
    """What a number that no limit holds goes on to bound: "…, and under no circumstances may it exceed 90 %"."""
    if any(held is q for _, held in told) or q.kind not in _COMPARED:
        return ""
    about = [name for name, other in told if other.kind == q.kind and _same_breath(reading, other, q)]
    return about[-1] if about else ""


def _said(reading: Reading, low: Quantity, high: Quantity) -> str:
    first, second = reading.quote((low.start, low.end)), reading.quote((high.start, high.end))
    return f"It is to be {first} or more, and {second} or less: both cannot hold. Which of the two is meant?"


def _side(reading: Reading, q: Quantity) -> str | None:
    """Whether the words right beside a number make it the least ("low") or the most ("high") that is allowed."""
    sentence = reading.text.sentence_of(q.start)
    before = (max(sentence[0], q.start - _BEFORE), q.start)
    behind = (q.end, min(sentence[1], q.end + _BEHIND))
    nearest: tuple[int, str] | None = None
    for side, key in (("low", "lower_bound"), ("high", "upper_bound")):
        for _, end in reading.where("service", key, before):
            if _joined(reading, (end, q.start)):
                nearest = min(nearest or (99, ""), (q.start - end, side))
        for start, _ in reading.where("service", f"{key}_behind", behind):
            if not re.search(r"\w", reading.masked[q.end : start]):
                nearest = min(nearest or (99, ""), (start - q.end, side))
    return nearest[1] if nearest else None


def _joined(reading: Reading, between: Span) -> bool:
    return not re.search(r"[,;:()]|\w+\W+\w+\W+\w+", reading.masked[slice(*between)])


def _same_breath(reading: Reading, first: Quantity, second: Quantity) -> bool:
    """Whether the second number follows the first in its sentence without a new thing being named: by "it" or "and"."""
    joined = first.end <= second.start < reading.text.sentence_of(first.start)[1]
    return joined and reading.said("service", "of_the_same", (first.end, second.start))


def _taken_back(reading: Reading, one: Quantity, other: Quantity) -> bool:
    first, last = sorted((one, other), key=lambda q: q.start)
    return any(reading.said("service", key, (first.end, last.start)) for key in ("correction", "soft", "firm"))
