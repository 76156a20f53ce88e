"""How far ahead a forecast is to reach, as the constraint "horizon:N(h|d|steps)". Knows nothing of models."""

from __future__ import annotations

import re

from ..knowledge.lexicons import lexicon
from .quantities import Quantity
from .reading import Reading, Span

NARROW = 3  # columns of a table that holds values and hardly anything beside them
_HOUR, _DAY = 3_600_000.0, 86_400_000.0
_UNTIL = re.compile(
    r"\b(?:until|till|up to|through|out to|bis|jusqu'en|jusqu'a|hasta|ate|fino al)\s+"
    r"(?:(?:the|the end of|end of|ende|fin|finales de|el|o final de|l'annee)\s+)?(?P<year>20\d\d|21\d\d)(?!\d)"
)


_STEPS_ON = re.compile(r"(?<!\w)t ?\+ ?(\d{1,4})(?!\w)")
"""How far ahead in the manner of formulas: "t+1 to t+12"."""


def horizon_of(reading: Reading, hourly: bool) -> str | None:
    """E.g. "28d" or "48h": in hours where the words say hours, or where the rows lie closer than a day; 12 months are
    365 days."""
    hourly = hourly or reading.has(lexicon("horizon")["hourly"])
    quantity = horizon_quantity(reading)
    if quantity is not None:
        return _written(quantity.value, hourly or quantity.unit in ("h", "min", "s"))
    if quarters := _counted(reading, "quarters"):
        return f"{quarters * 91:.0f}d"
    for row in lexicon("horizon")["named"]:
        if reading.has(row["phrases"]):
            return _written(float(row["days"]) * _DAY, hourly and float(row["days"]) < 7)
    steps = max(map(int, _STEPS_ON.findall(reading.text.plain)), default=0) or _counted(reading, "steps")
    return (f"{steps:.0f}h" if hourly else f"{steps:.0f}steps") if steps else None


def steps_named(reading: Reading) -> tuple[int, str] | None:
    """How many of which unit of the calendar the words go ahead, e.g. (8, "quarter"); None where they tell it in no
    whole number of one."""
    quantity = horizon_quantity(reading)
    if quantity is None:
        quarters = _counted(reading, "quarters")
        return (round(quarters), "quarter") if quarters else None
    word = _CALENDAR.get(quantity.unit)
    many = quantity.value / float(lexicon("units")["time"][quantity.unit][0]) if word else 0.0
    return (round(many), word) if word and many >= 1 and abs(many - round(many)) < 1e-6 else None


_CALENDAR = {"h": "hour", "d": "day", "w": "week", "mo": "month", "q": "quarter", "y": "year"}


def _counted(reading: Reading, key: str) -> float | None:
    """The number within the first phrase of `key` that has one of at least 1."""
    for match in reading.find(lexicon("horizon")[key]):
        for q in reading.quantities:
            if q.kind == "number" and match.start() <= q.start < match.end() and q.value >= 1:
                return q.value
    return None


def until_end(reading: Reading) -> str | None:
    """ "year", "quarter" or "month" where the forecast is to reach to the end of the one that the data ends in."""
    return next((unit for unit, said in lexicon("horizon")["until_end"].items() if reading.has(said)), None)


def forecast_said(reading: Reading) -> bool:
    """Whether the words ask for what comes after the end of the data."""
    return (
        bool(_words_of_forecasts(reading))
        or last_year(reading) is not None
        or until_end(reading) is not None
        or any(q.noun == "ahead" or _from_now(reading, q) for q in reading.quantities)
    )


def _words_of_forecasts(reading: Reading) -> list[Span]:
    missed = [q.start for q in reading.quantities if q.kind == "time" and _missed(reading, q)]
    return [(a, b) for a, b in reading.where("tasks", "forecast") if not any(a <= at < b for at in missed)]


def in_order_said(reading: Reading, columns: int) -> bool:
    """Whether rows of a table without dates are values in their order: the words speak of a time series or of how far
    ahead to go, or hardly anything stands beside the values. "Forecast the price of a car" alone says no such thing."""
    told = reading.where("tasks", "series")
    if not told:
        return False
    verbs = reading.where("tasks", "forecast")
    spoken = any(not any(a <= start and end <= b for a, b in verbs) for start, end in told)
    ahead = horizon_of(reading, hourly=False) is not None or until_end(reading) is not None
    return spoken or ahead or last_year(reading) is not None or columns <= NARROW


def horizon_quantity(reading: Reading) -> Quantity | None:
    """The span of time that the words give as the reach of the forecast."""
    for match in reading.find(lexicon("horizon")["ahead"]):
        for q in reading.quantities:
            if q.kind == "time" and match.start() <= q.start < match.end() and not _missed(reading, q):
                return q
    ahead = next((q for q in reading.quantities if q.kind == "time" and q.noun == "ahead"), None)
    return ahead or next((q for q in reading.quantities if _from_now(reading, q)), None)


def _missed(reading: Reading, q: Quantity) -> bool:
    """Whether a span of time is one that answers may miss by: "no more than a week out", "two days out on average"."""
    out = _OUT.match(reading.text.plain, q.end)
    return out is not None and (bool(out["mean"]) or _IS_SO.search(reading.text.plain, 0, q.start) is not None)


_OUT = re.compile(
    r"\s(?:out|off|wrong|adrift|either way)(?P<mean>\s(?:on average|typically|as a rule|usually|at (?:the )?most|"
    r"at worst|in the mean|or so|or less))?(?!\w)"
)
_IS_SO = re.compile(
    r"\b(?:be|been|being|is|are|was|were|it's|we're|guess(?:es)?|estimates?)\s(?:(?:no|not|more|less|than|at|most|under|about|only|"
    r"just|never|ever|up|to|over|within)\s)*$"
)
"""Before how far answers are "out", where a reach would follow what is to be forecast: "demand eight weeks out"."""


def _from_now(reading: Reading, q: Quantity) -> bool:
    """Whether a span of an hour or more is how far from now: "dans 6 heures"; training may take as long."""
    if q.kind != "time" or q.value < _HOUR:
        return False
    clause = reading.text.clause_of(q.start)
    ends = [end for _, end in reading.where("horizon", "hence", (clause[0], q.start))]
    told = any(reading.said("service", key, clause) for key in ("training", "deadline", "allowance"))
    return not told and any(not reading.masked[end : q.start].strip() for end in ends)


def last_year(reading: Reading) -> int | None:
    """The year up to which a forecast is to reach: "until 2055", "bis 2030"; not "learn from the years up to 2021"."""
    found = _UNTIL.search(reading.text.plain)
    learned = found and reading.said("service", "training", reading.text.clause_of(found.start()))
    return int(found["year"]) if found and not learned else None


def _written(milliseconds: float, hours: bool) -> str:
    if (hours and milliseconds < 7 * _DAY) or milliseconds < _DAY:
        return f"{milliseconds / _HOUR:g}h"
    days = round(milliseconds / _DAY) if milliseconds >= 27 * _DAY else milliseconds / _DAY  # months differ in length
    return f"{days:g}d" if days == int(days) else f"{milliseconds / _HOUR:g}h"
