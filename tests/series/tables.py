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


def promotions(days: int = 240, count: int = 2, seed: int = 0) -> pd.DataFrame:
    """Daily sales of shops with promotions that raise them by half and holidays that halve them; some are planned for
    days after the last sale."""
    rng = np.random.default_rng(seed)
    parts = []
    for k in range(count):
        when = pd.date_range("2023-01-01", periods=days + 14)
        promo = rng.random(len(when)) < 0.15
        holiday = rng.random(len(when)) < 0.05
        base = (100 + 60 * k) * (1 + 0.25 * (when.day_of_week >= 5))
        y = base * np.where(promo, 1.5, 1.0) * np.where(holiday, 0.5, 1.0) * rng.normal(1, 0.03, len(when))
        part = pd.DataFrame({"day": when.astype(str), "shop": f"S{k}", "promo": promo.astype(int)})
        part["holiday"] = np.where(holiday, "yes", "no")
        part["sold"] = [f"{v:.1f}" for v in y[:days]] + [""] * 14
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
