"""How far ahead a forecast is to reach, as the constraint "horizon:N(h|d)". Knows nothing of models."""

from __future__ import annotations

from .reading import Reading
from ..knowledge.lexicons import lexicon

_HOUR, _DAY = 3_600_000.0, 86_400_000.0


def horizon_of(reading: Reading, hourly: bool) -> str | None:
    """E.g. "28d" or "48h"; in hours when the series is finer than a day or the words speak of hours."""
    for match in reading.find(lexicon("horizon")["ahead"]):
        for q in reading.quantities:
            if q.kind == "time" and match.start() <= q.start < match.end():
                return _written(q.value, hourly)
    for row in lexicon("horizon")["named"]:
        if reading.has(row["phrases"]):
            return _written(float(row["days"]) * _DAY, hourly and float(row["days"]) < 7)
    return None


def _written(milliseconds: float, hourly: bool) -> str:
    if hourly and milliseconds < 7 * _DAY or milliseconds % _DAY:
        return f"{milliseconds / _HOUR:g}h"
    return f"{milliseconds / _DAY:g}d"
