"""Whether a forecast is asked for by a step of time: "weekly sales for the next 8 weeks". Sees words only."""

from __future__ import annotations

from ..knowledge.lexicons import lexicon
from .horizon import horizon_quantity
from .phrases import matches
from .reading import Reading

STEPS = ("day", "week", "month")
"""Those that values may be taken together by, finest first."""


def step_asked(reading: Reading) -> str | None:
    """The step that words name and reckon the reach in; None where only one of these is so ("retrain every week",
    "the next two weeks"), where several steps are named, or where the step is one of doing something."""
    book = lexicon("series")
    said = [s for s in book["step_of_counts"] if reading.has(book["step_of_counts"][s])]
    if len(said) != 1 or said[0] not in STEPS:
        return None
    reach = horizon_quantity(reading)
    if reach is None:
        return None
    reckoned = matches(book["names_of_step"][said[0]], reading.text.plain, reach.start, reach.end)
    return str(said[0]) if reckoned and not reading.said("series", "done_by_step") else None
