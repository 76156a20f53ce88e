"""How many steps a horizon said in words is on a time axis, and how long a season is. Knows nothing of values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..serve.series.timeline import DAY, HOUR, Timeline

_SAID = re.compile(r"horizon:([\d.]+)(h|d|steps)$")


def horizon_steps(constraints: Sequence[str], timeline: Timeline) -> int | None:
    """The steps of a constraint "horizon:28d", "horizon:96h" or "horizon:12steps"; at least one; None where none is
    said."""
    for constraint in constraints:
        if match := _SAID.match(constraint):
            amount, unit = float(match[1]), match[2]
            if unit == "steps":
                return max(1, round(amount))
            seconds = amount * (HOUR if unit == "h" else DAY)
            if timeline.unit == "month":
                return max(1, round(_months(seconds / DAY) / timeline.step))
            return max(1, round(seconds / timeline.step_s))
    return None


def _months(days: float) -> float:
    """Months in a span whose years were written as 365 days, quarters as 91 and months as 30."""
    for span, months in ((365, 12), (91, 3), (30, 1)):
        if days % span == 0:
            return days / span * months
    return days / 30.44


def season_of(timeline: Timeline, steps: int) -> int:
    """The shortest season of the calendar of which the history holds one and a half; 1 where there is none."""
    return next((s for s in timeline.seasons if steps >= 1.5 * s), 1)
