"""Small series with trend, season and noise, as people write them down."""

from __future__ import annotations

import numpy as np
import pandas as pd


def monthly(months: int = 96, seed: int = 0) -> pd.DataFrame:
    """One series of monthly sales."""
    t = np.arange(months)
    y = (200 + 2 * t) * (1 + 0.3 * np.sin(2 * np.pi * t / 12)) + np.random.default_rng(seed).normal(0, 5, months)
    return pd.DataFrame(
        {"month": pd.period_range("2010-01", periods=months, freq="M").astype(str), "sales": y.round(1)}
    )


def shops(days: int = 120, count: int = 3, seed: int = 0) -> pd.DataFrame:
    """Daily sales of several shops, in German dates, with a gap and a row that stands twice."""
    rng = np.random.default_rng(seed)
    parts = []
    for k in range(count):
        when = pd.date_range("2022-01-01", periods=days)
        y = (100 + 50 * k) * (1 + 0.3 * (when.day_of_week >= 5)) + rng.normal(0, 4, days)
        part = pd.DataFrame({"Datum": when.strftime("%d.%m.%Y"), "shop": f"S{k}", "sold": y.round(0).astype(int)})
        parts.append(part.drop(part.index[40:43]) if k == 1 else part)
    out = pd.concat(parts)
    return pd.concat([out, out.iloc[[5]]], ignore_index=True)
