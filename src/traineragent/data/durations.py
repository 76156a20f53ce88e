"""Pairs of date columns whose difference may say more than the dates: how long something took.

Measured on training rows. It knows nothing of models; `export.derived` computes what is chosen here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..domain.data import Column, Leak
from ..export.derived import Difference
from .dates import Dates, read_dates
from .levels import Levels, levels_of
from .relation import ranks

SAMPLE = 5000  # rows that decide about a pair
FEWEST = 20  # rows with both dates

Float64 = NDArray[np.float64]


def date_pairs(frame: pd.DataFrame, names: Sequence[str], y: Float64, *, most: int = 6) -> list[dict[str, Any]]:
    """Facts of the pairs of date columns that differ by something that varies, at most `most`, best first.

    {"first", "second": the difference is mostly positive, "median_days", "known_share", "narrowness": spread of the
    difference over that of the less spread date, "same_as_target": the target is this difference in some unit}.
    Narrow differences come first: the less a difference spreads beside its dates, the less trees can see of it."""
    if len(names) < 2:
        return []
    rows = np.linspace(0, len(frame) - 1, min(len(frame), SAMPLE)).astype(np.int64)
    values = {name: _days(frame[name].iloc[rows]) for name in names}
    facts = []
    for one, two in combinations(names, 2):
        (a, a_time), (b, b_time) = values[one], values[two]
        if a_time == b_time:
            facts.append(_pair(one, two, a, b, y[rows]))
    found = [f for f in facts if f is not None]
    return sorted(found, key=lambda f: float(f["narrowness"]))[:most]


def _days(column: pd.Series) -> tuple[Float64, bool]:
    """(days of each row, NaN where there is no date; whether these are times of day without a date)."""
    levels: Levels = levels_of(column)
    dates: Dates | None = read_dates(levels.texts, levels.counts, hint=True)
    if dates is None:
        return np.full(len(column), np.nan), False
    return np.append(dates.values, np.nan)[levels.codes], dates.time_only


def _pair(one: str, two: str, a: Float64, b: Float64, y: Float64) -> dict[str, Any] | None:
    """Facts of a pair, None where its difference says nothing."""
    apart = a - b
    known = np.isfinite(apart)
    if known.sum() < FEWEST:
        return None
    apart, a, b = apart[known], a[known], b[known]
    spread, least = float(apart.std()), float(min(a.std(), b.std()))
    if spread < 1e-5 or least == 0:  # a second is 1.2e-5 days
        return None
    backwards = float(np.median(apart)) < 0 or (np.median(apart) == 0 and apart.mean() < 0)
    return {
        "first": two if backwards else one,
        "second": one if backwards else two,
        "median_days": abs(float(np.median(apart))),
        "known_share": float(known.mean()),
        "narrowness": spread / least,
        "same_as_target": _same(apart, y[known]),
    }


def _same(apart: Float64, y: Float64) -> bool:
    """The target puts rows in the very order of the difference, in units that may have been rounded."""
    usable = np.isfinite(y)
    apart, y = apart[usable], y[usable]
    if len(y) < FEWEST or len(np.unique(y)) <= 10 or np.ptp(apart) == 0:
        return False
    return bool(abs(np.corrcoef(ranks(apart), ranks(y))[0, 1]) > 0.995)


def duration_leaks(pairs: Sequence[Mapping[str, Any]]) -> tuple[Leak, ...]:
    """The later date of each pair whose difference is the target: it is not known before the answer is."""
    return tuple(
        Leak(
            p["first"],
            "holds_target",
            f"the time from {p['second']!r} to {p['first']!r} puts the rows in the order of the target itself",
            "dropped",
        )
        for p in pairs
        if p["same_as_target"]
    )


def differences_of(columns: Sequence[Column], pairs: Sequence[tuple[str, str]]) -> tuple[Difference, ...]:
    """The chosen pairs as features of the matrix that these columns make, in true days whatever their origins."""
    places = {feature: i for i, feature in enumerate(f for c in columns for f in c.features)}
    origins = {c.name: date.fromisoformat(c.date_origin).toordinal() for c in columns if c.kind == "date"}
    return tuple(Difference(places[f"{a}:days"], places[f"{b}:days"], float(origins[a] - origins[b])) for a, b in pairs)


def difference_name(pair: tuple[str, str]) -> str:
    """What the feature is called: "dropoff − pickup"."""
    return f"{pair[0]} \N{MINUS SIGN} {pair[1]}"
