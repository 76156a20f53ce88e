"""Columns that are known for the steps ahead: how they are written, their numbers on the time axis, and what they do.

Effects are estimated over all series together on what trend and season leave of values and covariates alike (Frisch &
Waugh 1933), shrunk towards none where little speaks for them. Knows nothing of the models that forecast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.meaning import Reading
from ..serve.series.covariates import Covariate, Effects, sizes, taken_out
from .panel import Float64, Panel

MOST_LEVELS = 30
MOSTLY_BLANK = 0.5  # of the rows, for an empty cell to mean that nothing is on, as between holidays
BENT_FROM = 20  # distinct values of a number from which on its square is looked at too
FEWEST_OF_LEVEL = 3  # rows
MOST_SERIES = 300  # that effects are estimated from
USUAL_EFFECT = 0.5  # standard deviation of effects, on logarithms or in sizes of a series: what is thought before
FAR, ROUNDS = 4.0, 3  # mean absolute deviations beyond which a value counts as that far; how often that is settled


def covariate_of(reading: Reading) -> Covariate | None:
    """How the values of a column become numbers; None where nothing can be learned from them."""
    name, levels = reading.name, reading.levels
    if reading.dates is not None or levels.distinct < 1:
        return None
    common = [t for t, n in levels.by_count if n >= FEWEST_OF_LEVEL][: MOST_LEVELS + 1]
    if levels.missing_share >= MOSTLY_BLANK and (reading.values is None or levels.distinct == 1):
        able = bool(common) and levels.distinct <= 3 * MOST_LEVELS
        return Covariate(name, "level", levels=tuple(common[:MOST_LEVELS]), blank=True) if able else None
    if levels.distinct < 2:
        return None
    if reading.meaning == "boolean":
        return Covariate(name, "flag", true_words=reading.true_words, false_words=reading.false_words)
    if reading.values is not None and reading.meaning in ("number", "id"):
        rows = reading.by_row
        spread = float(np.nanstd(rows))
        bent = levels.distinct >= BENT_FROM
        return Covariate(name, "number", float(np.nanmean(rows)), spread or 1.0, bent, number=reading.number)
    if len(common) < 2 or levels.distinct > 3 * MOST_LEVELS:
        return None
    return Covariate(name, "level", levels=tuple(common[1:]), base=common[0])


def gathered(
    covariates: Sequence[Covariate],
    texts: Mapping[str, Sequence[Any]],
    series: NDArray[np.int64],
    step: NDArray[np.int64],
    shape: tuple[int, int],
) -> Float64:
    """Numbers (series, steps, numbers) of the rows at (`series`, `step`), the mean where several fall on one step; NaN
    where nothing is known, or what is written makes no sense."""
    fits = (step >= 0) & (step < shape[1]) & (series >= 0)
    place = series[fits] * shape[1] + step[fits]
    parts = []
    for covariate in covariates:
        found = _numbers(covariate, texts[covariate.name])[fits]
        for column in found.T:
            known = np.isfinite(column)
            total = np.bincount(place[known], weights=column[known], minlength=shape[0] * shape[1])
            count = np.bincount(place[known], minlength=shape[0] * shape[1])
            parts.append(np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(shape))
    return np.stack(parts, axis=2)


def _numbers(covariate: Covariate, texts: Sequence[Any]) -> Float64:
    """(rows, width), each distinct text read once."""
    unknown = np.full(covariate.width, np.nan)
    seen: dict[Any, Float64] = {}
    out = np.empty((len(texts), covariate.width))
    for row, text in enumerate(texts):
        key = text if isinstance(text, str) else None
        if key not in seen:
            try:
                found = covariate.read(key)
            except ValueError:
                found = None
            seen[key] = unknown if found is None else found
        out[row] = seen[key]
    return out


# ---------------------------------------------------------------------------------------------- what they do
def estimated(panel: Panel) -> Effects:
    """The effects of the panel's covariates, from its values and from what was known at their steps."""
    return _estimate(panel)[0]


def described(panel: Panel) -> list[dict[str, Any]]:
    """Each effect with its standard error, for people: the factor on logarithms, else in the unit of the values."""
    effects, error = _estimate(panel)
    unit = 1.0 if effects.log else float(np.median(sizes(_ended(panel.values), panel.season)))
    labels = [label for c in effects.covariates for label in c.labels]
    bases = [c.base for c in effects.covariates for _ in c.labels]
    spreads = [c.spread if c.kind == "number" else 0.0 for c in effects.covariates for _ in c.labels]
    return [
        {
            "name": label,
            "base": base,
            "spread": spread,
            "effect": float(np.expm1(b)) if effects.log else float(b * unit),
            "error": float(np.exp(b) * e) if effects.log else float(e * unit),
            "relative": effects.log,
        }
        for label, base, spread, b, e in zip(labels, bases, spreads, effects.beta, error, strict=True)
    ]


def _estimate(panel: Panel) -> tuple[Effects, Float64]:
    assert panel.numbers is not None
    log, steps = panel.positive, panel.steps
    typical = _typical(panel.numbers[:, :steps], panel.season)
    chosen = np.unique(np.linspace(0, panel.series - 1, min(panel.series, MOST_SERIES)).round().astype(int))
    found = [one for number in chosen if (one := _of_one(panel, int(number), log, typical)) is not None]
    width = typical.shape[1]
    x = np.concatenate([np.zeros((0, width)), *(one[0] for one in found)])
    left = np.concatenate([np.zeros(0), *(one[1] for one in found)])
    beta, error = _ridge(x, left)
    for _ in range(ROUNDS):  # what is far from the effects themselves counts as that far, so that no outlier leads
        off = left - x @ beta
        far = FAR * float(np.abs(off).mean()) if len(off) else 0.0
        beta, error = _ridge(x, x @ beta + np.clip(off, -far, far))
    return Effects(panel.covariates, beta, typical, log), error


def _ridge(x: Float64, left: Float64) -> tuple[Float64, Float64]:
    """(effects, standard errors), shrunk as a normal prior of their usual size would."""
    width, rows = x.shape[1], max(len(left), 1)
    square, product = x.T @ x, x.T @ left
    total = float((left**2).sum())
    penalty = max(total / rows / USUAL_EFFECT**2, 1e-9)
    inverse = np.linalg.inv(square + penalty * np.eye(width))
    beta = inverse @ product
    noise = max(total - float(beta @ product), 0.0) / max(rows - width, 1)
    return beta, np.sqrt(np.maximum(np.diag(inverse) * noise, 0.0))


def _of_one(panel: Panel, number: int, log: bool, typical: Float64) -> tuple[Float64, Float64] | None:
    """(covariates, values) of one series at its known steps, without trend and season; None where too few are known."""
    assert panel.numbers is not None
    row = panel.values[number]
    inside = np.flatnonzero(np.isfinite(row))
    if len(inside) < max(panel.season + 4, 10):
        return None
    span = np.arange(inside[0], inside[-1] + 1)
    values = row[span]
    x = panel.numbers[number, span]
    x = np.where(np.isfinite(x), x, typical[span % len(typical)])
    z = np.log(np.maximum(values, panel.floor)) if log else values / sizes(values[None], panel.season)[0]
    both = _without_season(_without_trend(np.column_stack([z, x]), panel.season), panel.season)
    known = panel.known[number, span]
    return both[known, 1:], both[known, 0]


def _without_trend(z: Float64, season: int) -> Float64:
    """Columns (steps, columns) minus their mean over two seasons around each step, shorter at the ends."""
    half = max(season, 4)
    total = np.concatenate([np.zeros((1, z.shape[1])), np.cumsum(z, axis=0)])
    first = np.maximum(np.arange(len(z)) - half, 0)
    last = np.minimum(np.arange(len(z)) + half + 1, len(z))
    return np.asarray(z - (total[last] - total[first]) / (last - first)[:, None])


def _without_season(z: Float64, season: int) -> Float64:
    """Columns minus the mean of each place in the season; whole where there are not three seasons."""
    if season == 1 or len(z) < 3 * season:
        return np.asarray(z - z.mean(axis=0))
    place = np.arange(len(z)) % season
    means = np.stack([z[place == p].mean(axis=0) for p in range(season)])
    return np.asarray(z - means[place])


def _typical(numbers: Float64, season: int) -> Float64:
    """The mean of each number at each place of the season (season, numbers); over all steps where a place is empty."""
    flat = numbers.reshape(-1, numbers.shape[2])
    place = np.tile(np.arange(numbers.shape[1]) % season, numbers.shape[0])
    known = np.isfinite(flat)
    overall = np.where(known, flat, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    out = np.tile(overall, (season, 1))
    for column in range(flat.shape[1]):
        rows = known[:, column]
        count = np.bincount(place[rows], minlength=season)
        total = np.bincount(place[rows], weights=flat[rows, column], minlength=season)
        out[:, column] = np.where(count > 0, total / np.maximum(count, 1), overall[column])
    return out


# ---------------------------------------------------------------------------------------------- used
def table_of(panel: Panel, effects: Effects, until: int) -> Float64:
    """What is known does to each series at each step before `until`, (series, until)."""
    assert panel.numbers is not None
    typical = effects.typical[np.arange(until) % len(effects.typical)]
    x = np.tile(typical, (panel.series, 1, 1))
    given = panel.numbers[:, :until]
    x[:, : given.shape[1]] = np.where(np.isfinite(given), given, x[:, : given.shape[1]])
    return effects.of(x)


def cleaned(panel: Panel, effects: Effects) -> Panel:
    """The panel without the effects, for families to learn from."""
    size = sizes(_ended(panel.values), panel.season)
    values = taken_out(panel.values, table_of(panel, effects, panel.steps), effects.log, size)
    return replace(panel, values=values)


def _ended(values: Float64) -> Float64:
    """Values with those that are missing at either end at the series' mean."""
    means = np.nanmean(values, axis=1, keepdims=True)
    return np.where(np.isfinite(values), values, means)
