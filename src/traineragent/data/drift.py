"""How much two parts of a table differ column by column, and whether the rule itself changes over time.

Inputs are compared by the population stability index (PSI: below 0.1 alike, above 0.25 different; Siddiqi 2006). It
knows nothing of how the parts came about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .levels import Levels, levels_of
from .meaning import Reading, read_column

MUCH = 0.25
_BINS = 10


def drift_between(
    first: Mapping[str, Reading], second: pd.DataFrame, name: str, target: str
) -> tuple[dict[str, Any], ...]:
    """Columns whose values differ much between the training rows and those of the file `name`, strongest first.

    Each is {"column", "file", "psi", "missing_here", "missing_there", "sentence"}; ids and texts are not compared."""
    found = []
    for column, reading in first.items():
        if column == target or column not in second.columns or reading.meaning in ("id", "text", "empty"):
            continue
        here = reading.levels
        there = _alike(reading, second[column])
        psi = population_stability(*_shares(reading, here, there))
        if psi < MUCH:
            continue
        sentence = f"column {column!r} differs between training and {name} (PSI {psi:.2f}, above {MUCH})"
        if abs(here.missing_share - there.missing_share) > 0.1:
            sentence += f": missing {here.missing_share:.0%} here, {there.missing_share:.0%} there"
        found.append(
            {
                "column": column,
                "file": name,
                "psi": round(psi, 3),
                "missing_here": round(here.missing_share, 4),
                "missing_there": round(there.missing_share, 4),
                "sentence": sentence,
            }
        )
    return tuple(sorted(found, key=lambda d: -d["psi"]))


def population_stability(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """PSI of two distributions over the same bins, with half a row in empty bins."""
    p = (a + 0.5) / (a + 0.5).sum()
    q = (b + 0.5) / (b + 0.5).sum()
    return float(((p - q) * np.log(p / q)).sum())


def _alike(reading: Reading, series: pd.Series) -> Levels:
    return read_column(reading.name, series).levels if reading.strays else levels_of(series)


def _shares(reading: Reading, here: Levels, there: Levels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows of both in common bins; the last bin holds missing values."""
    if reading.values is not None and reading.levels.distinct > _BINS:
        other = read_column(reading.name, pd.Series(list(there.texts), dtype=object))
        if other.values is not None and other.levels.distinct == there.distinct:
            return _binned(here.spread(reading.values), there.spread(other.values))
    order = [t for t, _ in here.by_count[:20]]
    return _counted(here, order), _counted(there, order)


def _binned(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    edges = np.unique(np.nanquantile(a, np.linspace(0, 1, _BINS + 1)[1:-1]))
    out = []
    for values in (a, b):
        place = np.where(np.isfinite(values), np.searchsorted(edges, values, side="right"), len(edges) + 1)
        out.append(np.bincount(place, minlength=len(edges) + 2).astype(np.float64))
    return out[0], out[1]


def _counted(levels: Levels, order: list[str]) -> NDArray[np.float64]:
    rows = dict(zip(levels.texts, levels.counts.tolist(), strict=True))
    known = [float(rows.get(t, 0)) for t in order]
    return np.array([*known, levels.present - sum(known), levels.rows - levels.present])
