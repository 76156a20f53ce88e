"""Forecasts: a row says how far ahead, of which series, and what came since training; the answer is what comes next.

The bundle carries the newest values of every series, so that a row with a horizon alone is enough.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...domain.data import NumberFormat
from ...errors import InputError, RowError
from ..graph import Graph
from ..manifest import Manifest
from ..series.ahead import Ahead
from ..series.covariates import Effects, example_of
from ..series.forecaster import Forecaster, scale_of, widened
from ..series.timeline import Timeline
from ..served import Field, PlainServed
from ..values import is_missing, parse_number, within32

HISTORY = "history.json"
KNOWN = ("horizon", "series", "history", "future")
MOST_HORIZONS = 20  # times the horizon that was asked for in training
LEAST_MOST = 500  # steps that may be asked for in any case
MOST_HISTORY = 100_000  # values in a row
FEWEST = 4  # values of a series that is not known
MOST_GAP = 24  # steps between stored and given history that are bridged, or two seasons, or the horizon
DIGITS = 7
SHOWN = 5

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Stored:
    """The newest values of one series, which has this number in training; `end` is the step after the last of them.
    `effects` are what covariates did at their steps, `planned` what those that are known after the end will do."""

    number: int
    values: Float64
    end: int
    effects: Float64
    planned: Float64


@dataclass(frozen=True)
class Asked:
    """One row, read: forecast `horizon` steps from `at` on after `values`. `past`, `ahead`: what covariates do at the
    steps of the values and at those ahead."""

    key: tuple[str, ...]
    number: int
    values: Float64
    at: int
    horizon: int
    past: Float64
    ahead: Float64


def open_bundle(folder: Path, manifest: Manifest, threads: int = 1) -> SeriesPredictor:
    """The predictor of a bundle whose manifest was read."""
    return SeriesPredictor(folder, manifest, threads)


class SeriesPredictor(PlainServed):
    """A loaded forecasting bundle."""

    page = "try-series"

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 1) -> None:
        super().__init__(folder, manifest)
        settings = manifest.settings
        try:
            self.timeline = Timeline.from_json(settings["timeline"])
            self.season, self.horizon = int(settings["season"]), int(settings["horizon"])
            self.key_names: tuple[str, ...] = tuple(settings["key_names"])
            self._summed, self._lenient = settings["gather"] == "sum", bool(settings["irregular"])
            members = settings["members"]
            files = [m["file"] for m in members if "file" in m]
            interval = settings.get("interval") or {}
            history = json.loads((folder / HISTORY).read_text(encoding="utf-8"))
            self._stored = _stored(history)
            effects = settings.get("effects")
            time, target = settings["time"], manifest.target.name
            self._ahead = Ahead(Effects.from_json(effects), self.timeline, time, target) if effects else None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"the bundle's forecasting settings cannot be read ({error}); export it again") from None
        self._low, self._high = interval.get("low"), interval.get("high")
        self.coverage = interval.get("coverage")
        graphs = {name: _running(Graph(folder / name, threads)) for name in files}
        log = self._ahead is not None and self._ahead.effects.log
        self._forecaster = Forecaster(members, graphs, self.timeline, self.season, manifest.target.nonnegative, log)
        self._most = max(MOST_HORIZONS * self.horizon, LEAST_MOST)
        self._bridged = max(MOST_GAP, 2 * self.season, self.horizon)
        self._last = max(s.end for s in self._stored.values())

    # ------------------------------------------------------------------ what a client sees
    @property
    def fields(self) -> Sequence[Field]:
        """Horizon, and the key where there are many series; history and what is known ahead as JSON lists in texts."""
        key = (Field("series", "BYTES"),) if self.key_names else ()
        ahead = (Field("future", "BYTES"),) if self._ahead is not None else ()
        return (Field("horizon", "INT64"), *key, Field("history", "BYTES"), *ahead)

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """The series that are known."""
        return tuple(self._stored)

    def form(self) -> dict[str, Any]:
        """What /try needs: the horizon, the series, and the newest values to draw."""
        shown = list(self._stored.items())[:2000]
        most = max(3 * self.season, 2 * self.horizon, 30)
        return {
            "target": self.manifest.target.name,
            "unit": self.manifest.target.unit,
            "coverage": self.coverage,
            "horizon": self.horizon,
            "most": self._most,
            "step": self.timeline.word,
            "key_names": self.key_names,
            "known_ahead": [
                {"name": c.name, "expected": c.expected, "typical": example_of(c)}
                for c in (self._ahead.effects.covariates if self._ahead is not None else ())
            ],
            "series": [{"key": " / ".join(k), "value": self._shown_key(k)} for k, _ in shown],
            "histories": [self._recent(s, most) for _, s in shown[:50]],
        }

    def requests(self, table: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Rows in the shape of the training data are newer values: each series goes on from them, as far as it was made
        for. Rows with a horizon are asked for as they are."""
        time, target = self.manifest.settings["time"], self.manifest.target.name
        if not table or any("horizon" in row for row in table) or target not in table[0]:
            return table
        if time not in table[0] and not self.timeline.counted:
            return table
        histories: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        names = self._ahead.effects.names if self._ahead is not None else ()
        for row in table:
            key = self._key({name: row.get(name) for name in self.key_names}) if self.key_names else ()
            known = {name: row[name] for name in names if name in row}
            moment = {"time": row[time]} if time in row else {}  # rows without follow the last value in their order
            histories.setdefault(key or (), []).append({**moment, "value": row.get(target), **known})
        named = ({"series": list(key)} if key else {} for key in histories)
        return [{"horizon": self.horizon, **n, "history": h} for n, h in zip(named, histories.values(), strict=True)]

    def _recent(self, stored: Stored, most: int) -> dict[str, Any]:
        values = stored.values[-most:]
        first = stored.end - len(values)
        return {
            "values": [_short(v) for v in values.tolist()],
            "first": self.timeline.write(first),
            "last": self.timeline.write(stored.end - 1),
        }

    def _shown_key(self, key: tuple[str, ...]) -> Any:
        return key[0] if len(key) == 1 else dict(zip(self.key_names, key, strict=True))

    # ------------------------------------------------------------------ answering
    def respond(self, rows: Sequence[Any]) -> tuple[list[dict[str, Any]], list[str]]:
        """Values, intervals and times for each row, with warnings."""
        notes: dict[str, None] = {}
        asked = [self._read(i, row, notes) for i, row in enumerate(rows)]
        values = self._values(asked)
        return [self._answer(a, v) for a, v in zip(asked, values, strict=True)], list(notes)

    def _values(self, asked: Sequence[Asked]) -> list[Float64]:
        """Rows that ask equally far are forecast together."""
        out: list[Float64] = [np.zeros(0)] * len(asked)
        for horizon in {a.horizon for a in asked}:
            places = [i for i, a in enumerate(asked) if a.horizon == horizon]
            rows = [asked[i] for i in places]
            past = [a.past for a in rows] if self._ahead is not None else None
            ahead = np.stack([a.ahead for a in rows]) if self._ahead is not None else None
            said = self._forecaster.forecast(
                [a.values for a in rows], [a.at for a in rows], [a.number for a in rows], horizon, past, ahead
            )
            for place, values in zip(places, said, strict=True):
                out[place] = values
        return out

    def _answer(self, asked: Asked, values: Float64) -> dict[str, Any]:
        out: dict[str, Any] = {"series": self._shown_key(asked.key)} if self.key_names else {}
        out["values"] = [_short(v) for v in values.tolist()]
        if self._low is not None and self._high is not None:
            scale = scale_of(asked.values[-(3 * self.season + 1) :], self.season)
            low = values + scale * widened(self._low, asked.horizon)
            high = values + scale * widened(self._high, asked.horizon)
            floor = 0.0 if self.manifest.target.nonnegative else -math.inf
            pairs = zip(np.maximum(low, floor).tolist(), np.maximum(high, floor).tolist(), strict=True)
            out["interval"] = [[_short(a), _short(b)] for a, b in pairs]
        out["times"] = [self.timeline.write(asked.at + h) for h in range(asked.horizon)]
        return out

    # ------------------------------------------------------------------ reading a row
    def _read(self, number: int, row: Any, notes: dict[str, None]) -> Asked:
        if not isinstance(row, Mapping):
            raise RowError(row=number, column=None, expected="an object", got=_told(row), fix='send {"horizon": 12}')
        for name in row:
            if name not in KNOWN:
                notes[f"{str(name)[:60]!r} is not known and was ignored"] = None
        if row.get("future") is not None and self._ahead is None:
            notes["this model uses no known future values; 'future' was ignored"] = None
        horizon = self._horizon(number, row)
        key, stored = self._series(number, row)
        given = row.get("history")
        if given is None or given == [] or given == "":
            if stored is None:
                raise RowError(
                    row=number,
                    column="series",
                    expected=f"one of {self._listed()}",
                    got=_told(row.get("series")),
                    fix='ask for a known series, or send the values of this one as "history"',
                )
            ahead = self._known(number, row, stored.end, horizon, stored, notes)
            return Asked(key, stored.number, stored.values, stored.end, horizon, stored.effects, ahead)
        values, past, at = self._history(number, given, stored, notes)
        if stored is None:
            notes[f"series {' / '.join(key)[:60]!r} was not there in training"] = None
        ahead = self._known(number, row, at, horizon, stored, notes)
        return Asked(key, -1 if stored is None else stored.number, values, at, horizon, past, ahead)

    def _known(
        self, number: int, row: Mapping[str, Any], at: int, horizon: int, stored: Stored | None, notes: dict[str, None]
    ) -> Float64:
        """What covariates will do: as the row says, else as the data told, else as is typical."""
        if self._ahead is None:
            return np.zeros(horizon)
        planned = stored.planned[at - stored.end :] if stored is not None and at >= stored.end else np.zeros(0)
        return self._ahead.future(number, row.get("future"), at, horizon, planned, notes)

    def _horizon(self, number: int, row: Mapping[str, Any]) -> int:
        given = row.get("horizon")
        expected = f"a whole number from 1 to {self._most:,}"
        whole = None
        if isinstance(given, str):
            whole = within32(parse_number(given, NumberFormat()))
        elif isinstance(given, (int, float)) and not isinstance(given, bool):
            whole = within32(given)
        if whole is None or whole != int(whole) or not 1 <= whole <= self._most:
            fix = f"say how many {self.timeline.word}s ahead, for example {self.horizon}"
            raise RowError(row=number, column="horizon", expected=expected, got=_told(given), fix=fix)
        return int(whole)

    def _series(self, number: int, row: Mapping[str, Any]) -> tuple[tuple[str, ...], Stored | None]:
        """The key of the row's series and what is stored of it."""
        given = row.get("series")
        if not self.key_names:
            return (), self._stored[()]
        if given is None and len(self._stored) == 1:
            only = next(iter(self._stored))
            return only, self._stored[only]
        key = self._key(given)
        if key is None:
            names = ", ".join(self.key_names)
            fix = f"name the series by its {names}"
            expected = f"one of {self._listed()}"
            raise RowError(row=number, column="series", expected=expected, got=_told(given), fix=fix)
        return key, self._stored.get(key)

    def _key(self, given: Any) -> tuple[str, ...] | None:
        if isinstance(given, Mapping):
            parts = [given.get(name) for name in self.key_names]
        elif isinstance(given, (list, tuple)):
            parts = list(given)
        else:
            parts = [given]
            if len(self.key_names) > 1 and isinstance(given, str):
                parts = [p.strip() for p in given.split(" / ")]
        if len(parts) != len(self.key_names) or any(not isinstance(p, (str, int, float)) for p in parts):
            return None
        return tuple(f"{p:g}" if isinstance(p, float) else str(p).strip() for p in parts)

    def _listed(self) -> str:
        names = [" / ".join(k) for k in self._stored]
        more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
        return ", ".join(repr(n) for n in names[:SHOWN]) + more

    # ------------------------------------------------------------------ newer values
    def _history(
        self, number: int, given: Any, stored: Stored | None, notes: dict[str, None]
    ) -> tuple[Float64, Float64, int]:
        """(values, what covariates did, step after them): what is stored, continued by what is given."""
        items = self._items(number, given)
        before, end = (stored.values, stored.end) if stored is not None else (np.zeros(0), self._last)
        placed = [self._placed(number, i, item) for i, item in enumerate(items)]
        timed = [p for p in placed if p[0] is not None]
        if timed and len(timed) < len(placed):
            raise self._refused(number, "a time for every value or for none", f"{len(timed)} of {len(placed)} with one")
        if not timed:
            joined = np.concatenate([before, [v for _, v in placed]])
            steps = list(range(end, end + len(placed)))
            end += len(placed)
        else:
            steps = [s for s, _ in placed if s is not None]
            joined, end = self._joined(number, before, end if stored is not None else None, placed)
        values = self._whole(number, joined, notes)
        return values, self._effects(number, items, steps, stored, end - len(values), len(values), notes), end

    def _effects(
        self,
        number: int,
        items: Sequence[Any],
        steps: Sequence[int],
        stored: Stored | None,
        first: int,
        count: int,
        notes: dict[str, None],
    ) -> Float64:
        """What covariates did at `count` steps from `first` on: as given, else as stored, else as is typical."""
        if self._ahead is None:
            return np.zeros(count)
        out = self._ahead.effects.usual(first, count)
        known = {} if stored is None else dict(enumerate(stored.effects, stored.end - len(stored.effects)))
        known |= dict(zip(steps, self._ahead.past(number, items, steps, notes), strict=True))
        for step, effect in known.items():
            if 0 <= step - first < count:
                out[step - first] = effect
        return out

    def _items(self, number: int, given: Any) -> list[Any]:
        if isinstance(given, str):
            try:
                given = json.loads(given)
            except (ValueError, RecursionError):
                given = None
        if not isinstance(given, list) or len(given) > MOST_HISTORY:
            got = f"{len(given):,} values" if isinstance(given, list) else _told(given)
            raise self._refused(number, f"a list of at most {MOST_HISTORY:,} values", got)
        return given

    def _placed(self, number: int, place: int, item: Any) -> tuple[int | None, float]:
        """(step or None, value) of an item: a number, {"time", "value"} with these names or the table's, or a pair."""
        when: Any = None
        if isinstance(item, Mapping):
            when = item.get("time", item.get(self.manifest.settings["time"]))
            value = item.get("value", item.get(self.manifest.target.name))
            if not {"value", self.manifest.target.name} & set(item):
                told = ", ".join(map(repr, list(item)[:SHOWN])) or "nothing"
                raise self._refused(number, f"a value under 'value' or {self.manifest.target.name!r}", f"only {told}")
        elif isinstance(item, (list, tuple)) and len(item) == 2:
            when, value = item
        else:
            value = item
        number_of = self._number(number, place, value)
        if when is None:
            return None, number_of
        moment = self.timeline.read(str(when)) if isinstance(when, (str, int)) else None
        step = self._step(moment) if isinstance(moment, datetime) else None
        if step is None:
            expected = f"times like {self.timeline.write(self._last)!r}, a {self.timeline.word} apart"
            raise self._refused(number, expected, _told(when))
        return step, number_of

    def _step(self, moment: datetime) -> int | None:
        """The step at a moment; where moments lay beside the steps in training, the one that it falls into."""
        return self.timeline.into(moment) if self._lenient else self.timeline.step_of(moment)

    def _number(self, number: int, place: int, value: Any) -> float:
        if value is None or (isinstance(value, str) and is_missing(value)):
            return math.nan
        parsed: float | None = None
        if isinstance(value, str):
            parsed = parse_number(value, self.manifest.target.number)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            parsed = value
        found = within32(parsed)
        if found is None:
            raise self._refused(number, f"numbers (value {place})", _told(value))
        return found

    def _refused(self, number: int, expected: str, got: str) -> RowError:
        first = self.timeline.write(self._last)
        fix = f'send the values since training in order, or {{"time": "{first}", "value": 1.5}} for each'
        return RowError(row=number, column="history", expected=expected, got=got, fix=fix)

    def _joined(
        self, number: int, before: Float64, end: int | None, placed: Sequence[tuple[int | None, float]]
    ) -> tuple[Float64, int]:
        """Stored values and timed ones on one axis; given ones win where both are. Several at one step are summed, or
        averaged, as in training."""
        steps = np.array([s for s, _ in placed], dtype=np.int64)
        first = int(steps.min()) if end is None else min(int(steps.min()), end - len(before))
        last = max(int(steps.max()) + 1, end or 0)
        known = len(before) if end is not None else 0
        if last - first > MOST_HISTORY or (end is not None and int(steps.min()) - end > self._bridged):
            away = self.timeline.write(int(steps.min()))
            raise self._refused(number, f"values that follow {self.timeline.write(self._last - 1)}", away)
        out = np.full(last - first, np.nan)
        if end is not None:
            out[end - known - first : end - first] = before
        values = np.array([v for _, v in placed])
        known_at, at = np.isfinite(values), steps - first
        total = np.bincount(at[known_at], values[known_at], len(out))
        count = np.bincount(at[known_at], minlength=len(out))
        given = count > 0
        out[given] = total[given] if self._summed else total[given] / count[given]
        inside = np.flatnonzero(np.isfinite(out))
        until = int(inside[-1]) + 1 if len(inside) else 0
        return out[:until], first + until

    def _whole(self, number: int, values: Float64, notes: dict[str, None]) -> Float64:
        """Gaps closed by a line. Raises RowError where there is too little."""
        known = np.flatnonzero(np.isfinite(values))
        if len(known) < FEWEST:
            raise self._refused(number, f"at least {FEWEST} values", f"{len(known)}")
        if len(known) == len(values):
            return values
        notes["values that are missing in the history were filled in between their neighbours"] = None
        return np.interp(np.arange(known[0], len(values)), known, values[known])


def _stored(history: Mapping[str, Any]) -> dict[tuple[str, ...], Stored]:
    """Each series of history.json by its key."""
    count = len(history["keys"])
    effects, planned = (history.get(name) or [[]] * count for name in ("effects", "planned"))
    listed = zip(history["keys"], history["ends"], history["values"], effects, planned, strict=True)
    return {
        tuple(key): Stored(i, _array(values), int(end), _array(done), _array(later))
        for i, (key, end, values, done, later) in enumerate(listed)
    }


def _array(values: Sequence[float]) -> Float64:
    return np.asarray(values, dtype=np.float64)


def _running(graph: Graph) -> Callable[[NDArray[np.float32]], NDArray[Any]]:
    return lambda x: graph.run({"x": x})


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _told(value: Any) -> str:
    """A client's value, shortened."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text[:60] + ("…" if len(text) > 60 else "")
