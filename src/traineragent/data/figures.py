"""Figures that describe one column: range and outliers, a histogram, frequent values.

Computed from distinct values with their counts; it knows nothing of the target.
"""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dates import EPOCH
from .levels import Levels

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

MOST_TOP = 10
MOST_BINS = 24


def top(meaning: str, levels: Levels) -> tuple[tuple[str, int], ...]:
    """Frequent values; none for ids and texts, which may be about persons, nor for numbers that hardly repeat."""
    many = meaning in ("number", "date") and levels.distinct > 50
    if many or meaning in ("id", "text", "empty"):
        return ()
    return tuple(levels.by_count[:MOST_TOP])


def stats(meaning: str, levels: Levels, values: Float64 | None) -> dict[str, Any]:
    if meaning == "text":
        lengths = np.array([len(t) for t in levels.texts], dtype=np.float64)
        return {"mean_characters": round(float((lengths * levels.counts).sum() / levels.present), 1)}
    if values is None or meaning in ("id", "empty"):
        return {}
    finite = np.isfinite(values)
    values, counts = values[finite], levels.counts[finite]
    if not values.size:
        return {}
    if meaning == "date":
        ends = [EPOCH + timedelta(seconds=round(float(v) * 86_400)) for v in (values.min(), values.max())]
        whole_days = all(e.time() == time.min for e in ends)
        written = (e.date().isoformat() if whole_days else e.isoformat(" ", "seconds") for e in ends)
        return dict(zip(("first", "last"), written, strict=True))
    return number_stats(values, counts)


def number_stats(values: Float64, counts: Int64) -> dict[str, Any]:
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


def histogram(meaning: str, levels: Levels, values: Float64 | None) -> dict[str, Any]:
    if values is None or meaning not in ("number", "date"):
        return {}
    finite = np.isfinite(values)
    values, counts = values[finite], levels.counts[finite]
    if len(values) < 2:
        return {}
    bins = min(MOST_BINS, max(len(values), 2))
    heights, edges = np.histogram(values, bins=bins, weights=counts)
    return {"edges": [float(e) for e in edges], "counts": [int(h) for h in heights]}
