"""Forecasts by fixed formulas over a series' own past, many series at once: naive ones, smoothing, Theta.

Each function takes y (series, time) without gaps and returns (series, horizon). Parameters are numbers in bundle.json;
there is nothing to load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


def naive(y: Float64, horizon: int) -> Float64:
    """The last value goes on."""
    return np.repeat(y[:, -1:], horizon, axis=1)


def seasonal_naive(y: Float64, horizon: int, season: int) -> Float64:
    """The last season repeats; the last value where there is less than a season."""
    period = season if y.shape[1] >= season else 1
    return np.asarray(y[:, y.shape[1] - period + np.arange(horizon) % period])


def drift(y: Float64, horizon: int) -> Float64:
    """The line through the first and the last value goes on."""
    slope = (y[:, -1] - y[:, 0]) / max(y.shape[1] - 1, 1)
    return np.asarray(y[:, -1:] + slope[:, None] * np.arange(1, horizon + 1))


# ---------------------------------------------------------------------------------------------- smoothing
@dataclass(frozen=True)
class Smoothing:
    """Parameters of additive exponential smoothing, each (series,): of the level, the trend, the season, and the
    damping of the trend. `season` 1: no season (Hyndman & Athanasopoulos 2021, chapter 8)."""

    alpha: Float64
    beta: Float64
    gamma: Float64
    phi: Float64
    season: int

    @staticmethod
    def from_json(raw: Mapping[str, Any], which: NDArray[np.intp]) -> Smoothing:
        """The parameters of the series numbered `which`; those of a series that is not known are the middle ones."""

        def of(name: str) -> Float64:
            known = np.asarray(raw[name], dtype=np.float64)
            if len(known) == 1:
                return np.repeat(known, len(which))
            return np.where(which >= 0, known[which], np.median(known))

        return Smoothing(of("alpha"), of("beta"), of("gamma"), of("phi"), int(raw["season"]))


@dataclass(frozen=True)
class Smoothed:
    """Where smoothing stands after the last value: level, trend (series,), season (series, period), and the mean
    squared one-step error on the way (series,)."""

    level: Float64
    trend: Float64
    season: Float64
    error: Float64


def smooth(y: Float64, p: Smoothing) -> Smoothed:
    """Runs the recursion over y (series, time); at least two seasons of it, or four values without a season."""
    rows, steps = y.shape
    period = p.season
    level, trend, season = _beginning(y, period)
    trend = np.where(p.beta > 0, trend, 0.0)
    squares, burn_in = np.zeros(rows), min(max(period, 2), steps - 1)
    keep, turn = p.alpha * p.beta, p.gamma * (1 - p.alpha)
    for i in range(steps):
        place = i % period
        forward = level + p.phi * trend
        wrong = y[:, i] - forward - season[:, place]
        if i >= burn_in:
            squares += wrong * wrong
        level = forward + p.alpha * wrong
        trend = p.phi * trend + keep * wrong
        if period > 1:
            season[:, place] += turn * wrong
    return Smoothed(level, trend, season, squares / max(steps - burn_in, 1))


def _beginning(y: Float64, period: int) -> tuple[Float64, Float64, Float64]:
    """Level before the first value, trend, and season from the first seasons."""
    span = period if period > 1 else max(1, min(5, y.shape[1] // 2))
    first = y[:, :span].mean(axis=1)
    second = y[:, span : 2 * span].mean(axis=1) if y.shape[1] >= 2 * span else first
    trend = (second - first) / span
    if period == 1:
        return first - trend * (span + 1) / 2, trend, np.zeros((len(y), 1))
    cycles = min(y.shape[1] // period, 3)
    if cycles == 0:
        return y[:, 0].copy(), np.zeros(len(y)), np.zeros((len(y), period))
    shaped = y[:, : cycles * period].reshape(len(y), cycles, period)
    season = (shaped - shaped.mean(axis=2, keepdims=True)).mean(axis=1)
    return first - trend * (span + 1) / 2, trend, season - season.mean(axis=1, keepdims=True)


def smoothing(y: Float64, horizon: int, p: Smoothing) -> Float64:
    """Level and damped trend go on, the season repeats."""
    state = smooth(y, p)
    ahead = np.arange(1, horizon + 1)
    grown = np.cumsum(p.phi[:, None] ** ahead, axis=1)
    season = state.season[:, (y.shape[1] + ahead - 1) % p.season]
    return np.asarray(state.level[:, None] + grown * state.trend[:, None] + season)


# ---------------------------------------------------------------------------------------------- Theta
def theta(y: Float64, horizon: int, season: int, alpha: Float64) -> Float64:
    """Half the trend line, half simple smoothing of what is bent twice as much, after taking the season out
    (Assimakopoulos & Nikolopoulos 2000). `alpha` (series,): weight of the newest value."""
    period = season if y.shape[1] >= 2 * season else 1
    pattern = _pattern(y, period)
    plain = y - pattern[:, np.arange(y.shape[1]) % period]
    steps = np.arange(y.shape[1])
    middle = plain.mean(axis=1, keepdims=True)
    slope = ((plain - middle) @ (steps - steps.mean())) / max(((steps - steps.mean()) ** 2).sum(), 1.0)
    level = plain[:, 0].copy()
    for i in range(1, y.shape[1]):
        level += alpha * (plain[:, i] - level)
    ahead = np.arange(1, horizon + 1)
    weight = (1 - (1 - alpha) ** y.shape[1]) / alpha
    grown = 0.5 * slope[:, None] * (ahead[None] - 1 + weight[:, None])
    return np.asarray(level[:, None] + grown + pattern[:, (y.shape[1] + ahead - 1) % period])


def _pattern(y: Float64, period: int) -> Float64:
    """The mean deviation of each place in the season from the moving average around it, (series, period)."""
    if period == 1:
        return np.zeros((len(y), 1))
    kernel = np.ones(period) / period
    if period % 2 == 0:
        kernel = np.concatenate([[0.5], np.ones(period - 1), [0.5]]) / period
    half = len(kernel) // 2
    out = np.zeros((len(y), period))
    for row, one in enumerate(y):
        around = np.convolve(one, kernel, mode="valid")
        off = one[half : half + len(around)] - around
        places = (half + np.arange(len(around))) % period
        counts = np.bincount(places, minlength=period)
        out[row] = np.bincount(places, weights=off, minlength=period) / np.maximum(counts, 1)
    return np.asarray(out - out.mean(axis=1, keepdims=True))
