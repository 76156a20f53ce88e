"""How many steps a horizon said in words is on a time axis, and how long a season is. Knows nothing of values."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..data.wordlists import fold_words
from ..knowledge.lexicons import lexicon
from ..serve.series.timeline import DAY, HOUR, WEEK, Timeline

_COUNTED_S = {"hour": HOUR, "week": WEEK, "month": 30.44 * DAY, "quarter": 91.31 * DAY, "year": 365.25 * DAY}
_SAID = re.compile(r"horizon:([\d.]+)(h|d|steps)$")


def horizon_steps(constraints: Sequence[str], timeline: Timeline, time: str = "") -> int | None:
    """The steps of a constraint "horizon:28d", "horizon:96h" or "horizon:12steps"; at least one; None where none is
    said. Steps that are only counted are as long as the name of their column `time` says, else a day."""
    for constraint in constraints:
        if match := _SAID.match(constraint):
            amount, unit = float(match[1]), match[2]
            if unit == "steps":
                return max(1, round(amount))
            seconds = amount * (HOUR if unit == "h" else DAY)
            if timeline.counted:
                return max(1, round(seconds / _counted_s(time)))
            if timeline.unit == "month":
                return max(1, round(_months(seconds / DAY) / timeline.step))
            return max(1, round(seconds / timeline.step_s))
    return None


def _counted_s(name: str) -> float:
    """Seconds in a step of a column that counts hours, weeks, months …, by its name."""
    said = fold_words(name)
    known = lexicon("series")["names_of_time"]
    return next((s for part, s in _COUNTED_S.items() if said in map(fold_words, known[part])), DAY)


def _months(days: float) -> float:
    """Months in a span whose years were written as 365 days, quarters as 91 and months as 30."""
    for span, months in ((365, 12), (91, 3), (30, 1)):
        if days % span == 0:
            return days / span * months
    return days / 30.44


def season_of(timeline: Timeline, steps: int) -> int:
    """The shortest season of the calendar of which the history holds one and a half; 1 where there is none."""
    return next((s for s in timeline.seasons if steps >= 1.5 * s), 1)


LONGEST, STRONG = 400, 0.3


def found_season(values: NDArray[np.float64]) -> int:
    """The season of series (series, steps) without a calendar: the lag at which changes from step to step are most
    alike, where that is more than chance; 1 where there is none."""
    steps = values.shape[1]
    lags = np.arange(2, min(steps // 3, LONGEST) + 1)
    alike = [found for row in values[:200] if (found := _likeness(row, lags)) is not None]
    if not len(lags) or not alike:
        return 1
    mean = np.mean(alike, axis=0)
    best = int(mean.argmax())
    peak = best in (0, len(mean) - 1) or mean[best] > max(mean[best - 1], mean[best + 1])
    return int(lags[best]) if peak and mean[best] > max(STRONG, 3 / steps**0.5) else 1


def _likeness(row: NDArray[np.float64], lags: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Autocorrelation of the differences of one series at each lag; None where there is too little of it."""
    inside = np.flatnonzero(np.isfinite(row))
    if len(inside) < 12:
        return None
    filled = np.interp(np.arange(inside[0], inside[-1] + 1), inside, row[inside])
    moves = np.diff(filled)
    moves = moves - moves.mean()
    power = float((moves**2).sum())
    if power <= 0:
        return None
    return np.array([float((moves[k:] * moves[:-k]).sum()) / power if k < len(moves) else 0.0 for k in lags])
