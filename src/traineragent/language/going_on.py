"""Numbers that go on about one that has a limit: "catch 80 percent of those, 60 is the minimum".

Knows the numbers that are free and the limits read so far; reads none by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .bounds import side_of
from .limits import Limit
from .metrics import Naming, direction_of, is_metric, scale_of
from .quantities import Quantity, below_zero, unit_value
from .reading import Reading, Span
from .settling import marked, was_so

_FURTHER = 90  # characters between a limit and the number that goes on about it
_BRIDGE = 46  # characters behind a number in which it may be said to be the least
_TINY = 1e-9
_HALF = 0.5
FEW = 9  # a whole number up to which nobody means hundredths of a score
OF_NEARNESS = ("accuracy", "precision")
"""Names of scores that are said of values too, in their unit: "an accuracy of 1.5"."""


class Numbers:
    """The numbers of a request that no limit has used, and what those mean that go on about a limit."""

    def __init__(self, reading: Reading, namings: Sequence[Naming], free: Sequence[Quantity]) -> None:
        self.reading, self.namings, self.free = reading, list(namings), list(free)

    def _use(self, quantity: Quantity) -> None:
        self.free = [q for q in self.free if q is not quantity]

    def continued(self, limits: Sequence[Limit]) -> list[Limit]:
        """A number that goes on about the share before it: "catch 80 percent of those, 60 is the minimum"."""
        out: list[Limit] = []
        told = [x for x in limits if x.quantity.kind in ("share", "number") and scale_of(x.name) in ("score", "share")]
        for q in [q for q in self.free if q.kind in ("share", "number")]:
            before = [x for x in told if 0 < q.start - x.quantity.end <= _FURTHER]
            last = max(before, key=lambda x: x.quantity.end, default=None)
            if last is None or not self._goes_on(last.quantity, q):
                continue
            value = q.value / 100 if q.kind == "number" and q.value > 1 else q.value
            if 0 < value <= 1:
                self._use(q)
                mistakes = last.described and abs(last.value + last.quantity.value - 1) < _TINY
                value = 1 - value if mistakes and value <= _HALF else value
                out.append(replace(last, value=value, quantity=q, at=q.start, settled=False))
        return out + self._instead_of_too_much(limits)

    def _instead_of_too_much(self, limits: Sequence[Limit]) -> list[Limit]:
        """An error that is put up with behind one that is not, or behind today's: "a month off would be too much, ten
        days are fine", "our planner is 14 minutes out; 9 or better would do"."""
        out: list[Limit] = []
        for q in self.free:
            alike = [x for x in limits if q.kind in (x.quantity.kind, "number") and x.quantity.end <= q.start]
            last = max((x for x in alike if scale_of(x.name) == "error"), key=lambda x: x.quantity.end, default=None)
            if last is None:
                continue
            between, behind = (last.quantity.end, q.start), (q.end, self.reading.text.clause_of(q.start)[1])
            too_much = self.reading.said("service", "too_much", between)
            allowed = self.reading.said("populations", "may", behind) or side_of(self.reading, q) == "high"
            put_up_with = too_much and allowed
            unit = 1.0 if q.kind == last.quantity.kind else unit_value(last.quantity)
            if unit and (put_up_with or self._wanted(between, q)):
                held = replace(last.quantity, value=q.value * unit, start=q.start, end=q.end)
                out.append(replace(last, value=held.value, quantity=held, at=q.start, settled=True))
                self._use(q)
        return out

    def in_todays_unit(self, limit: Limit, limits: Sequence[Limit]) -> Limit:
        """A bare number behind today's error in percent is one in percent: "I am usually 20 % off. Get within 15"."""
        if limit.name != "mae" or limit.quantity.kind != "number" or not limit.described:
            return limit
        before = [x for x in limits if x.name == "mape" and 0 < limit.quantity.start - x.quantity.end <= _FURTHER]
        if not any(marked(self.reading, x).baseline for x in before):
            return limit
        return replace(limit, name="mape", value=limit.value / 100)

    def corrected(self, limits: Sequence[Limit]) -> list[Limit]:
        """A number that is said to stand for the one before it of its kind: "an error of 2 km … no, make it 1 km"."""
        out: list[Limit] = []
        for q in self.free:
            sentence = self.reading.text.sentence_of(q.start)
            said = self.reading.where("service", "replaced_by", (sentence[0], q.start))
            before = [x for x in limits if x.quantity.end <= q.start and q.kind in (x.quantity.kind, "number")]
            if said and before and not self.reading.masked[said[-1][1] : q.start].strip():
                last = max(before, key=lambda x: x.quantity.end)
                out += self._instead_of(last, q)
        return out

    def _instead_of(self, last: Limit, q: Quantity) -> list[Limit]:
        """The limit with another number in the unit of its first: "90 euro at most - no, make that 60"."""
        if q.kind == last.quantity.kind:
            value = self._scaled(last.name, q) if is_metric(last.name) else q.value
            return [replace(last, value=value, quantity=q, at=q.start)] if value is not None else []
        unit = unit_value(last.quantity)
        if not unit or not last.quantity.value:
            return []
        held = replace(last.quantity, value=q.value * unit, start=q.start, end=q.end)
        return [replace(last, value=last.value * held.value / last.quantity.value, quantity=held, at=q.start)]

    def since(self, limits: Sequence[Limit]) -> list[Limit]:
        """The number that is asked for after the one that was: "last year it was 70 %. Now at least 85 %."."""
        out: list[Limit] = []
        for last in [x for x in limits if was_so(self.reading, x)]:
            kinds = (last.quantity.kind, "number")
            behind = [q for q in self.free if q.kind in kinds and 0 < q.start - last.quantity.end <= _FURTHER]
            q = min(behind, key=lambda q: q.start, default=None)
            side = "high" if last.direction == "<=" else "low"
            if q is None or self._parted(last.quantity, q) or side_of(self.reading, q) != side:
                continue
            value = self._scaled(last.name, q) if q.kind == "number" and is_metric(last.name) else q.value
            if value is not None:
                self._use(q)
                out.append(replace(last, value=value, quantity=q, at=q.start, settled=True))
        return out

    def _parted(self, last: Quantity, q: Quantity) -> bool:
        """Whether another name or number stands between two numbers."""
        named = any(last.end <= n.start < q.start for n in self.namings)
        return named or any(last.end <= x.start < q.start for x in self.reading.quantities)

    def _goes_on(self, last: Quantity, q: Quantity) -> bool:
        """Whether nothing but words that take back or bound stand between two numbers, or bound the second."""
        between, stop = (last.end, q.start), self.reading.text.clause_of(max(0, q.end - 1))[1]
        if self._parted(last, q):
            return False
        taken_back = self.reading.said("service", "correction", between) or self._wanted(between, q)
        return taken_back or self.reading.said("service", "floor_behind", (q.end, min(stop, q.end + _BRIDGE)))

    def _wanted(self, between: Span, q: Quantity) -> bool:
        """Whether a bounded number is asked for in place of the one before: "18 percent off; I want 12 or better"."""
        sentence = self.reading.text.sentence_of(between[0])
        if not self.reading.said("service", "baseline", (sentence[0], between[0])):
            return False
        return side_of(self.reading, q) is not None

    def _scaled(self, name: str, q: Quantity) -> float | None:
        scale = scale_of(name)
        if scale in ("score", "share"):
            if q.kind not in ("share", "number") or (q.value < 0 and not below_zero(self.reading.text.plain, q)):
                return None
            if q.kind == "number" and 1 < q.value <= FEW and direction_of(name) == "maximize":
                beyond = scale == "score" and q.value % 1 != 0 and name not in OF_NEARNESS
                return q.value if beyond else None  # "R² of 1.4"; not "the F1 of each, average the three"
            value = q.value if q.kind == "share" else (q.value / 100 if q.value > 1 else q.value)
            return value if value <= 1 or scale == "share" or q.kind == "share" else None
        if scale == "points":
            return q.value / 100 if q.kind == "number" and (q.value > 1 or "point" in q.unit) else q.value
        if q.kind == "share" and name in ("mae", "rmse"):
            return None
        return q.value if q.kind in ("number", "money", "measure", "time", "share") else None
