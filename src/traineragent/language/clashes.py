"""Bounds in the words that cannot both hold: "above 95 %, and it may not exceed 90 %". Knows no columns and no data."""

from __future__ import annotations

from collections.abc import Sequence

from .bounds import side_of
from .limits import Limit
from .quantities import Quantity
from .reading import Reading

_COMPARED = ("share", "size", "time", "money", "number", "measure")


def clash(reading: Reading, limits: Sequence[Limit]) -> str | None:
    """A sentence about the first two bounds on the same thing of which the lower lies above the upper; None where all
    can hold. `limits` are all that were read, before any is taken to replace another."""
    plain = [x for x in limits if not (x.described or x.soft or x.baseline or x.settled)]
    told = [(x.name, x.quantity) for x in plain]  # of what an idiom tells the words turn the side round
    told += [(name, q) for q in reading.quantities if (name := _continued(reading, q, told))]
    bounds = [(name, q, side) for name, q in told if (side := side_of(reading, q))]
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


def _same_breath(reading: Reading, first: Quantity, second: Quantity) -> bool:
    """Whether the second number follows the first in its sentence without a new thing being named: by "it" or "and"."""
    joined = first.end <= second.start < reading.text.sentence_of(first.start)[1]
    return joined and reading.said("service", "of_the_same", (first.end, second.start))


def _taken_back(reading: Reading, one: Quantity, other: Quantity) -> bool:
    first, last = sorted((one, other), key=lambda q: q.start)
    return any(reading.said("service", key, (first.end, last.start)) for key in ("correction", "soft", "firm"))
