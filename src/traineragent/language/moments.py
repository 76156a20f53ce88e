"""When the rows of a table are, as far as profiles of its columns tell, and what follows for a forecast.

Knows nothing of the words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ..domain.data import ColumnProfile, are_years
from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .phrases import matches
from .words import fold, name_tokens

MONTHLY = 27  # days between moments from which on months are counted and not days
PARTS = 6
USUAL = ((0.9, 96, "steps, about a day"), (4, 14, "days"), (20, 8, "weeks"), (60, 12, "months"), (200, 4, "quarters"))
"""Days between moments at most -> steps that are forecast where nothing is said."""


def holds_years(column: ColumnProfile) -> bool:
    """Whole numbers that are years, in a column that is called so."""
    named = "year" in name_tokens(column.name) or bool(matches(lexicon("tasks")["year_names"], column.name.casefold()))
    return named and are_years(column.stats.get("min"), column.stats.get("max")) and column.distinct >= 5


@once_per_overlay
def steps_of_time() -> frozenset[str]:
    """Units that time is counted in, in all languages, folded."""
    return frozenset(fold(w) for w in lexicon("series")["steps_of_time"])


def placed_in_time(columns: Sequence[ColumnProfile]) -> bool:
    """Whether a column says when each row was."""
    return any(c.meaning == "date" or holds_years(c) for c in columns)


def counts_units(columns: Sequence[ColumnProfile]) -> bool:
    """Whether a column is called after the unit of time that it counts: "week", "quarter"."""
    listed = lexicon("series")["names_of_time"]
    units = {fold(w) for part in ("hour", "day", "week", "month", "quarter", "year") for w in listed[part]}
    return any(" ".join(name_tokens(c.name)) in units for c in columns)


_ENDS = {"minute": (59,), "hour": (23, 24), "day": (28, 29, 30, 31), "month": (11, 12), "week": (51, 52, 53)}
"""Parts of a moment -> the last that columns of them go up to."""
_BEGUN = 1  # parts are counted from nought or one


def part_of_moment(column: ColumnProfile) -> bool:
    """Whether a column of numbers says at what minute, hour, day, week or month something was: "Mo_Sold" from 1 to 12.
    Amounts of time are called in the plural, and hardly end with the hour."""
    low, high = column.stats.get("min"), column.stats.get("max")
    if column.meaning != "number" or low is None or high is None or not 0 <= float(low) <= _BEGUN:
        return False
    said = set(name_tokens(column.name))
    listed = lexicon("series")["names_of_time"]
    return any(
        float(high) in ends and float(high) - float(low) + 1 >= column.distinct and said & _singular(part, listed)
        for part, ends in _ENDS.items()
    )


def _singular(part: str, listed: Mapping[str, Sequence[str]]) -> set[str]:
    return {fold(w) for w in (part, *listed.get(part, ())) if fold(w) != f"{part}s"}


def only_time(columns: Sequence[ColumnProfile]) -> ColumnProfile | None:
    """The one column that says when each row was, of dates before one of years; None where there is not just one."""
    found = [c for c in columns if c.meaning == "date"] or [c for c in columns if holds_years(c)]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class Moments:
    """When the rows of a table are: `last` of them, and the days between one and the next."""

    last: date
    step_days: float
    count: int

    @staticmethod
    def of(first: str, last: str, count: int) -> Moments | None:
        """None where the texts are no dates in ISO 8601, or all the same."""
        try:
            start, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
        except ValueError:
            return None
        days = (end - start).total_seconds() / 86_400
        return Moments(end.date(), days / (count - 1), count) if count > 1 and days > 0 else None

    @staticmethod
    def among(columns: Sequence[ColumnProfile]) -> Moments | None:
        """Of the column of dates with the most of them, else of one of years."""
        dates = [c for c in columns if c.meaning == "date"]
        if dates:
            best = max(dates, key=lambda c: c.distinct)
            return Moments.of(str(best.stats.get("first", "")), str(best.stats.get("last", "")), best.distinct)
        years = next((c for c in columns if holds_years(c)), None)
        if years is None:
            return None
        first, last = (f"{int(years.stats[k]):04d}-01-01" for k in ("min", "max"))
        return Moments.of(first, last, years.distinct)


def steps_until(moments: Moments, unit: str) -> int:
    """Steps from the last moment to the end of its year, quarter or month; of the next one where it ends there."""
    last = moments.last
    months = {"year": 12, "quarter": 3, "month": 1}[unit]
    if moments.step_days >= MONTHLY:
        step = max(1, round(moments.step_days / 30.44))
        left = months - 1 - (last.month - 1) % months
        return max(1, (left or months) // step)
    ends = [_end_of(last, months, later) for later in (0, 1)]
    left = next((e - last).days for e in ends if (e - last).days >= moments.step_days)
    return max(1, int(left / moments.step_days + 0.01))


def _end_of(day: date, months: int, later: int) -> date:
    """The last day of the year, quarter or month of `day`, or of one that is `later`."""
    place = (12 * day.year + day.month - 1) // months * months + (later + 1) * months
    return date(place // 12, place % 12 + 1, 1) - timedelta(days=1)


def usual_reach(moments: Moments | None, rows: int) -> tuple[int, str]:
    """(steps, what they are) of a forecast of which nobody said how far: what people mostly plan for with values so
    far apart, and no more than a sixth of the history."""
    if moments is None:
        return max(1, min(10, rows // PARTS)), "values"
    days = moments.step_days
    for longest, steps, words in USUAL:
        if days <= longest:
            steps = min(steps, max(1, round(1 / days))) if longest < 1 else steps
            return max(1, min(steps, moments.count // PARTS)), words
    return max(1, min(5, moments.count // PARTS)), "years"
