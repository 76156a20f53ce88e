"""Reads what a client knows of steps ahead, and of steps past, beside the values; and what it does.

Knows covariates and the time axis, and nothing of the models.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import RowError
from .covariates import Effects
from .timeline import Timeline

Float64 = NDArray[np.float64]
TIMES = ("time",)  # what the moment of an item may be called, beside its name in the data
LONGEST = 100_000  # items


class Ahead:
    """The covariates of a model. `time`: what moments are called in the data."""

    def __init__(self, effects: Effects, timeline: Timeline, time: str, target: str) -> None:
        self.effects, self.timeline = effects, timeline
        self._times = (*TIMES, time)
        self._known = {*effects.names, *self._times, "value", target}

    @property
    def named(self) -> str:
        return ", ".join(self.effects.names)

    def past(self, row: int, items: Sequence[Any], steps: Sequence[int], notes: dict[str, None]) -> Float64:
        """What covariates did at the steps of a history, one number an item; typical where an item tells nothing."""
        told = [item if isinstance(item, Mapping) else {} for item in items]
        silent = [n for n in self.effects.names if not all(n in item for item in told)]
        if items and silent:
            notes[f"the history came without {', '.join(silent)}; what is typical was assumed"] = None
        return self._done(row, "history", told, steps)

    def future(self, row: int, given: Any, at: int, horizon: int, planned: Float64, notes: dict[str, None]) -> Float64:
        """What covariates will do at the `horizon` steps from `at` on. `planned`: what the data already told of the
        first of them, for where nothing is given. Raises RowError with what is missing or makes no sense."""
        if given is None or given in ("", []):
            out = self.effects.usual(at, horizon)
            known = min(len(planned), horizon)
            out[:known] = planned[:known]
            if known < horizon:
                which = f"{horizon - known:,} of {horizon:,} steps" if known else "all steps"
                notes[f"'future' was not sent: for {which} what is typical of {self.named} was assumed"] = None
            return out
        placed = self._placed(row, self._items(row, given), at, horizon)
        for item in placed:
            for name in item:
                if name not in self._known:
                    notes[f"{str(name)[:60]!r} in 'future' is not known and was ignored"] = None
            for covariate in self.effects.covariates:
                name = covariate.name
                if name not in item:
                    raise self._refused(row, name, f"{name!r} for every step", f"an item without it: {_told(item)}")
                if item[name] is None and not covariate.blank:
                    notes[f"{name!r} is null in 'future'; what is typical was assumed"] = None
        return self._done(row, "future", placed, range(at, at + horizon))

    def _items(self, row: int, given: Any) -> list[Any]:
        if isinstance(given, str):
            try:
                given = json.loads(given)
            except (ValueError, RecursionError):
                given = None
        if not isinstance(given, list) or len(given) > LONGEST:
            raise self._refused(row, "future", "a list of objects, one for each step ahead", _told(given))
        only = self.effects.names[0] if len(self.effects.names) == 1 else None
        items = [{only: i} if only and not isinstance(i, Mapping) else i for i in given]
        wrong = next((i for i in items if not isinstance(i, Mapping)), None)
        if wrong is not None:
            raise self._refused(row, "future", f"objects with {self.named}", _told(wrong))
        return items

    def _placed(self, row: int, items: Sequence[Mapping[str, Any]], at: int, horizon: int) -> list[Mapping[str, Any]]:
        """One item for each step, by their times where they have them, else by their order."""
        when = [next((item[t] for t in self._times if t in item), None) for item in items]
        if all(w is None for w in when):
            if len(items) != horizon:
                expected = f"{horizon:,} objects, one for each {self.timeline.word} ahead"
                raise self._refused(row, "future", expected, f"{len(items):,} objects")
            return list(items)
        steps = {self._step(row, w): item for w, item in zip(when, items, strict=True)}
        lost = next((s for s in range(at, at + horizon) if s not in steps), None)
        if lost is not None:
            expected = (
                f"an object for each {self.timeline.word} from {self._written(at)} to {self._written(at + horizon - 1)}"
            )
            raise self._refused(row, "future", expected, f"none for {self._written(lost)}")
        return [steps[s] for s in range(at, at + horizon)]

    def _step(self, row: int, when: Any) -> int:
        moment = self.timeline.read(str(when)) if isinstance(when, (str, int)) else None
        step = self.timeline.step_of(moment) if isinstance(moment, datetime) else None
        if step is None:
            expected = f"a time for every object or for none, a {self.timeline.word} apart"
            raise self._refused(row, "future", expected, _told(when))
        return step

    def _written(self, step: int) -> str:
        return repr(self.timeline.write(step))

    def _done(self, row: int, place: str, items: Sequence[Mapping[str, Any]], steps: Sequence[int]) -> Float64:
        numbers = np.empty((len(items), len(self.effects.beta)))
        for i, (item, step) in enumerate(zip(items, steps, strict=True)):
            try:
                numbers[i] = self.effects.numbers(item, step)
            except ValueError as error:
                covariate, text = error.args
                got = f"{_told(text)} in item {i} of {place!r}"
                raise self._refused(row, covariate.name, covariate.expected, got) from None
        return self.effects.of(numbers)

    def _refused(self, row: int, column: str, expected: str, got: str) -> RowError:
        fix = f"send for each {self.timeline.word} ahead an object with {self.named}, or leave 'future' out"
        return RowError(row=row, column=column, expected=expected, got=got, fix=fix)


def _told(value: Any) -> str:
    """A client's value, shortened."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return "nothing" if value is None else text[:60] + ("…" if len(text) > 60 else "")
