"""A regular time axis: which moment a step is, which step a moment is, and what the calendar says of it.

Steps are counted from an anchor. Knows nothing of values.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..values import date_text, parse_date

Float64 = NDArray[np.float64]
Unit = Literal["second", "business_day", "month"]

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86_400, 604_800
_YEAR_S = 365.2425 * DAY
_WORDS = {MINUTE: "minute", HOUR: "hour", DAY: "day", WEEK: "week"}
_MONTHS = {1: "month", 3: "quarter", 12: "year"}
WEEKDAYS = "1111100"  # Monday to Friday
COUNT = "count"  # the format of steps without dates
NEAR = 0.02  # of a step: a moment so near to a step is that step


@dataclass(frozen=True)
class Timeline:
    """Every `step` seconds, business days or months from `anchor` on (ISO). `formats`: how times are read, the first
    also how they are written. A month's step keeps the anchor's day, or stays at the end of the month. `open_days`: 1
    for each day from Monday to Sunday that is a business day."""

    unit: Unit
    step: int
    anchor: str
    formats: tuple[str, ...] = ("iso",)
    open_days: str = WEEKDAYS

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> Timeline:
        days = raw.get("open_days", WEEKDAYS)
        return Timeline(raw["unit"], int(raw["step"]), raw["anchor"], tuple(raw["formats"]), days)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def start(self) -> datetime:
        return datetime.fromisoformat(self.anchor)

    # ------------------------------------------------------------------ steps and moments
    def place(self, moment: datetime) -> float:
        """The step of a moment; a fraction where it lies between two."""
        start = self.start
        if self.unit == "second":
            return (moment - start).total_seconds() / self.step
        if self.unit == "business_day":
            days = float(np.busday_count(start.date(), moment.date(), weekmask=self.open_days))
            return days / self.step + (0.0 if self.open_days[moment.weekday()] == "1" else 0.5)
        months = 12 * (moment.year - start.year) + moment.month - start.month
        off = (moment - _in_month(start, moment.year, moment.month)).total_seconds() / (30.44 * DAY)
        return (months + off) / self.step

    def step_of(self, moment: datetime) -> int | None:
        """The step at a moment, None where there is none."""
        place = self.place(moment)
        near = round(place)
        return near if abs(place - near) <= NEAR else None

    def into(self, moment: datetime) -> int:
        """The step that a moment falls into; of business days and months the nearest."""
        place = self.place(moment)
        return math.floor(place + NEAR) if self.unit == "second" else round(place)

    def moment(self, step: int) -> datetime:
        """When a step is. Raises OverflowError beyond the years that a calendar has."""
        start = self.start
        if self.unit == "second":
            return start + timedelta(seconds=self.step * step)
        if self.unit == "business_day":
            days = np.busday_offset(start.date(), self.step * step, roll="forward", weekmask=self.open_days)
            day = days.astype(object)
            return datetime.combine(day, start.time())
        months = start.year * 12 + start.month - 1 + self.step * step
        if not 12 <= months < 12 * 9999:
            raise OverflowError(f"step {step} lies outside the calendar")
        return _in_month(start, months // 12, months % 12 + 1)

    def read(self, text: str) -> datetime | None:
        """A moment as the data writes it, or in ISO 8601."""
        return parse_date(text, (*self.formats, "iso"))

    def write(self, step: int) -> str:
        """The moment of a step as the data writes moments."""
        moment, form = self.moment(step), self.formats[0]
        daily = self.unit != "second" or self.step % DAY == 0
        if form == "iso" and daily and moment.time() == datetime.min.time():
            form = "%Y-%m-%d"
        return date_text(moment, form)

    @property
    def counted(self) -> bool:
        """Whether steps are just numbered, without a calendar."""
        return self.formats[0] == COUNT

    # ------------------------------------------------------------------ words and seasons
    @property
    def word(self) -> str:
        """A step in words: "hour", "15 minutes", "month"."""
        if self.counted:
            return "step"
        if self.unit == "business_day":
            return "business day"
        names = _MONTHS if self.unit == "month" else _WORDS
        for size in sorted(names, reverse=True):
            if self.step % size == 0:
                count = self.step // size
                return names[size] if count == 1 else f"{count} {names[size]}s"
        return f"{self.step} seconds" if self.unit == "second" else f"{self.step} months"

    @property
    def step_s(self) -> float:
        """Mean length of a step in seconds."""
        per_unit = {"second": 1.0, "business_day": 7 / self.open_days.count("1") * DAY, "month": _YEAR_S / 12}[
            self.unit
        ]
        return per_unit * self.step

    @property
    def seasons(self) -> tuple[int, ...]:
        """Steps in a day, a week and a year as far as they are whole and more than one, the shortest first."""
        if self.counted:
            return ()
        if self.unit == "business_day":
            return (self.open_days.count("1"),) if self.step == 1 else ()
        if self.unit == "month":
            return (12 // self.step,) if 12 % self.step == 0 and self.step < 12 else ()
        found = [span // self.step for span in (DAY, WEEK) if span % self.step == 0 and span > self.step]
        if self.step in (DAY, WEEK):
            found.append(round(_YEAR_S / self.step))
        return tuple(found)

    # ------------------------------------------------------------------ calendar
    def calendar(self, steps: NDArray[np.int64]) -> Float64:
        """What the calendar says of each step, (steps, `calendar_width`): the time of day, the day of the week and the
        time of the year as points on circles, as far as steps tell them apart."""
        if self.counted:
            return np.zeros((len(steps), 0))
        moments = [self.moment(int(s)) for s in steps]
        parts: list[Float64] = []
        if self.unit == "second" and self.step < DAY:
            day = np.array([(m.hour * HOUR + m.minute * MINUTE + m.second) / DAY for m in moments])
            parts += _circle(day, 3)
        if self.unit != "month" and self.step_s < WEEK:
            weekday = np.array([m.weekday() for m in moments])
            parts += [(weekday == d).astype(np.float64) for d in range(7)]
        year = np.array([(m.timetuple().tm_yday - 1) / (366 if calendar.isleap(m.year) else 365) for m in moments])
        parts += _circle(year, 2)
        return np.stack(parts, axis=1)

    @property
    def calendar_width(self) -> int:
        return int(self.calendar(np.zeros(1, dtype=np.int64)).shape[1])


def _circle(share: Float64, waves: int) -> list[Float64]:
    angles = [2 * math.pi * k * share for k in range(1, waves + 1)]
    return [f(a) for a in angles for f in (np.sin, np.cos)]


def _in_month(start: datetime, year: int, month: int) -> datetime:
    """`start` in another month; the last day of a month stays the last."""
    days = calendar.monthrange(year, month)[1]
    last = start.day == calendar.monthrange(start.year, start.month)[1] and start.day >= 28
    return start.replace(year=year, month=month, day=days if last else min(start.day, days))
