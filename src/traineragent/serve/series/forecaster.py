"""Puts the members of a forecasting model together: each forecasts from a series' newest values, the mean is answered.

The one code path of validation, of the hold-out and of the service. Knows nothing of requests or files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import recursions
from .covariates import effect_window, put_back, sizes, taken_out
from .lags import inputs, windows
from .timeline import Timeline

Float64 = NDArray[np.float64]
Graph = Callable[[NDArray[np.float32]], NDArray[Any]]
"""float32 (rows, features) -> (rows, outputs)."""

LARGEST_GROWTH = 1e6  # times the largest known value; what a formula says beyond is a runaway, not a forecast


class Forecaster:
    """`members`: each with its "kind", "weight", "keep" (newest values that it reads) and numbers; `graphs` by the
    "file" of those that were learned. `season`: steps after which a series repeats, 1 if it does not. `log`: whether
    the effects of covariates are on logarithms; they are taken into account by members with "effects"."""

    def __init__(
        self,
        members: Sequence[Mapping[str, Any]],
        graphs: Mapping[str, Graph],
        timeline: Timeline,
        season: int,
        nonnegative: bool = False,
        log: bool = False,
    ) -> None:
        self.members, self.graphs = tuple(members), dict(graphs)
        self.timeline, self.season, self.nonnegative = timeline, season, nonnegative
        self.log = log
        self.keep = max(int(m["keep"]) for m in members)
        if any(m.get("effects") for m in members):
            self.keep = max(self.keep, effect_window(season))

    def forecast(
        self,
        histories: Sequence[Float64],
        at: Sequence[int],
        which: Sequence[int],
        horizon: int,
        past: Sequence[Float64] | None = None,
        ahead: Float64 | None = None,
    ) -> Float64:
        """The next `horizon` values after each history, (series, horizon). `at`: the step of the first of them;
        `which`: the number of each series in training, -1 for one that was not there. `past` and `ahead` (series,
        horizon): what covariates do at each step of the histories and after them; nothing where they are not given."""
        out = np.zeros((len(histories), horizon))
        lengths = np.array([min(len(h), self.keep) for h in histories])
        for length in np.unique(lengths).tolist():
            rows = np.flatnonzero(lengths == length).tolist()
            y = np.stack([np.asarray(histories[i], dtype=np.float64)[-length:] for i in rows])
            steps, numbers = np.asarray(at)[rows], np.asarray(which, dtype=np.intp)[rows]
            before = None if past is None else np.stack([np.asarray(past[i])[len(past[i]) - length :] for i in rows])
            after = None if ahead is None else ahead[rows]
            out[rows] = self._together(y, steps, numbers, horizon, before, after)
        return out

    def _together(
        self,
        y: Float64,
        at: NDArray[np.int64],
        which: NDArray[np.intp],
        horizon: int,
        past: Float64 | None,
        ahead: Float64 | None,
    ) -> Float64:
        total = sum(float(m["weight"]) for m in self.members)
        out = np.zeros((len(y), horizon))
        for member in self.members:
            if past is None or ahead is None or not member.get("effects"):
                said = self._bounded(self.alone(member, y, at, which, horizon), y)
            else:
                size = sizes(y, self.season)
                plain = taken_out(y, past, self.log, size)
                said = self._bounded(self.alone(member, plain, at, which, horizon), plain)
                said = put_back(said, ahead, self.log, size)
            out += float(member["weight"]) / total * said
        return np.maximum(out, 0.0) if self.nonnegative else out

    def _bounded(self, said: Float64, y: Float64) -> Float64:
        most = LARGEST_GROWTH * (np.abs(y).max(axis=1, keepdims=True) + 1.0)
        return np.clip(np.where(np.isfinite(said), said, y[:, -1:]), -most, most)

    def alone(
        self, member: Mapping[str, Any], y: Float64, at: NDArray[np.int64], which: NDArray[np.intp], horizon: int
    ) -> Float64:
        """What one member says of y (series, time), (series, horizon)."""
        y = y[:, -int(member["keep"]) :]
        if not member.get("log"):
            return self._plain(member, y, at, which, horizon)
        floor = float(member["floor"])
        return np.exp(np.minimum(self._plain(member, np.log(np.maximum(y, floor)), at, which, horizon), 300.0))

    def _plain(
        self, member: Mapping[str, Any], y: Float64, at: NDArray[np.int64], which: NDArray[np.intp], horizon: int
    ) -> Float64:
        match member["kind"]:
            case "naive":
                return recursions.naive(y, horizon)
            case "seasonal_naive":
                return recursions.seasonal_naive(y, horizon, self.season)
            case "drift":
                return recursions.drift(y, horizon)
            case "smoothing":
                p = recursions.Smoothing.from_json(member, which)
                return recursions.smoothing(y, horizon, p)
            case "theta":
                alpha = np.repeat(float(member["alpha"]), len(y))
                return recursions.theta(y, horizon, self.season, alpha)
            case _:
                return self._learned(member, y, at, horizon)

    def _learned(self, member: Mapping[str, Any], y: Float64, at: NDArray[np.int64], horizon: int) -> Float64:
        """Block after block: what was said is the past of the next block."""
        graph, steps, lags = self.graphs[member["file"]], int(member["steps"]), int(member["lags"])
        said: list[Float64] = []
        while sum(s.shape[1] for s in said) < horizon:
            w = windows(y, lags, self.season, member["level"])
            x = inputs(member, w, at, self.timeline)
            block = w.back(np.asarray(graph(x), dtype=np.float64).reshape(len(y), steps))
            said.append(block)
            y, at = np.concatenate([y, block], axis=1)[:, -lags:], at + steps
        return np.concatenate(said, axis=1)[:, :horizon]


def scale_of(y: Float64, season: int) -> float:
    """How much a series moves in a season: the mean absolute difference to the season before. Never 0."""
    for lag in (season, 1):
        if len(y) > lag:
            moved = float(np.abs(y[lag:] - y[:-lag]).mean())
            if moved > 0:
                return moved
    return float(np.abs(y).mean()) * 0.01 or 1.0


def widened(bounds: Sequence[float], horizon: int) -> Float64:
    """The bounds of an interval for each step ahead; beyond those measured they grow with the root of the distance."""
    known = np.asarray(bounds, dtype=np.float64)
    if horizon <= len(known):
        return known[:horizon]
    further = np.arange(len(known) + 1, horizon + 1)
    return np.concatenate([known, known[-1] * np.sqrt(further / len(known))])
