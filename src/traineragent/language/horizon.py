"""How far ahead a forecast is to reach, as the constraint "horizon:N(h|d|steps)". Knows nothing of models."""

from __future__ import annotations

import re

from ..knowledge.lexicons import lexicon
from .quantities import Quantity
from .reading import Reading

_HOUR, _DAY = 3_600_000.0, 86_400_000.0
_UNTIL = re.compile(
    r"\b(?:until|till|up to|through|out to|bis|jusqu'en|jusqu'a|hasta|ate|fino al)\s+"
    r"(?:(?:the|the end of|end of|ende|fin|finales de|el|o final de|l'annee)\s+)?(?P<year>20\d\d|21\d\d)(?!\d)"
)


def horizon_of(reading: Reading, hourly: bool) -> str | None:
    """E.g. "28d" or "48h": in hours where the words say hours, or where the rows lie closer than a day; 12 months are
    365 days."""
    hourly = hourly or reading.has(lexicon("horizon")["hourly"])
    quantity = horizon_quantity(reading)
    if quantity is not None:
        return _written(quantity.value, hourly or quantity.unit in ("h", "min", "s"))
    for row in lexicon("horizon")["named"]:
        if reading.has(row["phrases"]):
            return _written(float(row["days"]) * _DAY, hourly and float(row["days"]) < 7)
    return _steps(reading)


def _steps(reading: Reading) -> str | None:
    """E.g. "12steps" where values are counted and not time."""
    for match in reading.find(lexicon("horizon")["steps"]):
        for q in reading.quantities:
            if q.kind == "number" and match.start() <= q.start < match.end() and q.value >= 1:
                return f"{q.value:.0f}steps"
    return None


def horizon_quantity(reading: Reading) -> Quantity | None:
    """The span of time that the words give as the reach of the forecast."""
    for match in reading.find(lexicon("horizon")["ahead"]):
        for q in reading.quantities:
            if q.kind == "time" and match.start() <= q.start < match.end():
                return q
    return next((q for q in reading.quantities if q.kind == "time" and q.noun == "ahead"), None)


def last_year(reading: Reading) -> int | None:
    """The year up to which a forecast is to reach: "until 2055", "bis 2030"."""
    found = _UNTIL.search(reading.text.plain)
    return int(found["year"]) if found else None


def _written(milliseconds: float, hours: bool) -> str:
    if (hours and milliseconds < 7 * _DAY) or milliseconds < _DAY:
        return f"{milliseconds / _HOUR:g}h"
    days = round(milliseconds / _DAY) if milliseconds >= 27 * _DAY else milliseconds / _DAY  # months differ in length
    return f"{days:g}d" if days == int(days) else f"{milliseconds / _HOUR:g}h"
