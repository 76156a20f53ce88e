"""What a table holds, in numbers and plain sentences: columns, the answer, relations, drift, and what looks odd.

`profile_columns` looks at a whole table before the target is known and keeps to what understanding a request needs;
`profile_table` looks at training rows only. It knows nothing of leaks or models.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..domain.data import ColumnProfile
from .dates import EPOCH
from .meaning import Reading, read_columns

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

MOST_TOP = 10
MOST_BINS = 24


def profile_columns(frame: pd.DataFrame, *, readings: Mapping[str, Reading] | None = None) -> tuple[ColumnProfile, ...]:
    """Each column by itself, over all rows: meaning, missing, distinct, range and frequent values."""
    readings = readings or read_columns(frame)
    return tuple(column_profile(r) for r in readings.values())


def column_profile(reading: Reading) -> ColumnProfile:
    """Facts about one column that need no target."""
    levels = reading.levels
    return ColumnProfile(
        reading.name,
        reading.meaning,
        round(levels.missing_share, 6),
        levels.distinct,
        stats=_stats(reading),
        top=_top(reading),
        histogram=_histogram(reading),
        notes=reading.notes,
    )


def _top(reading: Reading) -> tuple[tuple[str, int], ...]:
    """Frequent values; none for ids and texts, which may be about persons, nor for numbers that hardly repeat."""
    many = reading.meaning in ("number", "date") and reading.levels.distinct > 50
    if many or reading.meaning in ("id", "text", "empty"):
        return ()
    return tuple(reading.levels.by_count[:MOST_TOP])


def _stats(reading: Reading) -> dict[str, Any]:
    levels = reading.levels
    if reading.meaning == "text":
        lengths = np.array([len(t) for t in levels.texts], dtype=np.float64)
        return {"mean_characters": round(float((lengths * levels.counts).sum() / levels.present), 1)}
    if reading.values is None or reading.meaning in ("id", "empty"):
        return {}
    finite = np.isfinite(reading.values)
    values, counts = reading.values[finite], levels.counts[finite]
    if not values.size:
        return {}
    if reading.meaning == "date":
        ends = (EPOCH + timedelta(days=round(float(v), 6)) for v in (values.min(), values.max()))
        return dict(zip(("first", "last"), (e.isoformat(" ", "seconds") for e in ends), strict=True))
    return _number_stats(values, counts)


def _number_stats(values: Float64, counts: Int64) -> dict[str, Any]:
    order = np.argsort(values, kind="stable")
    values, counts = values[order], counts[order]
    rows = float(counts.sum())
    mean = float((values * counts).sum() / rows)
    std = float(np.sqrt(((values - mean) ** 2 * counts).sum() / rows))
    q1, median, q3 = (float(q) for q in _quantiles(values, counts, (0.25, 0.5, 0.75)))
    fence = 3 * (q3 - q1)  # Tukey's outer fences
    far = (values < q1 - fence) | (values > q3 + fence) if fence > 0 else np.zeros(len(values), dtype=bool)
    return {
        "min": float(values[0]),
        "q1": q1,
        "median": median,
        "q3": q3,
        "max": float(values[-1]),
        "mean": mean,
        "std": std,
        "outliers": int(counts[far].sum()),
    }


def _quantiles(values: Float64, counts: Int64, shares: tuple[float, ...]) -> Float64:
    """Quantiles of sorted distinct values with their counts."""
    places = np.searchsorted(np.cumsum(counts), np.array(shares) * counts.sum())
    return np.asarray(values[np.minimum(places, len(values) - 1)])


def _histogram(reading: Reading) -> dict[str, Any]:
    if reading.values is None or reading.meaning not in ("number", "date"):
        return {}
    finite = np.isfinite(reading.values)
    values, counts = reading.values[finite], reading.levels.counts[finite]
    if len(values) < 2:
        return {}
    bins = min(MOST_BINS, max(len(values), 2))
    heights, edges = np.histogram(values, bins=bins, weights=counts)
    return {"edges": [float(e) for e in edges], "counts": [int(h) for h in heights]}
