"""Trains one forecaster: judged from twenty starting points by what it learned before them, then fitted to all.

Runs where trials run and writes into the trial's folder; it knows nothing of plans or agents.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import registry
from ..domain.run import Trial, TrialResult
from ..engine.seeding import seed_of
from ..ports import SeriesContext, SeriesFamily
from ..serve.manifest import file_sha256
from ..serve.series.covariates import Effects
from .covariates import cleaned, estimated
from .fitted import FittedSeries, forecaster
from .panel import Panel
from .scores import Yardstick, judged, utility
from .windows import Cases, cases, forecasts, refits, validation_origins

FORECASTS = "forecasts.npy"
EFFECTS = "effects"  # the parameter of any family that says whether covariates are taken into account
TIMED = 15  # calls that say how long one forecast takes


def train(
    data: Path,
    trial: Trial,
    *,
    metric: str,
    seed: int,
    threads: int,
    folder: Path,
    deadline: float | None = None,
    rivals: Mapping[str, float] | None = None,
    progress: Callable[[int, int, float | None], None] | None = None,
) -> TrialResult:
    """Saves the fitted member and what it said at every starting point of validation."""
    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    panel, found, beside = _validation(data, (data / "values.npy").stat().st_mtime_ns)
    family: SeriesFamily = registry.get("families", trial.candidate.family)
    context = SeriesContext(metric, seed_of(seed, trial.index), threads, deadline)
    said = np.full_like(found.truth, np.nan)
    groups = refits(panel, found.starts)
    for number, group in enumerate(groups):
        early, effects = fit(family, trial.candidate.params, panel.before(int(group[0])), context)
        part = found.of(np.isin(found.at, group))
        runner = forecaster(early, panel, panel.facts["nonnegative"], effects is not None and effects.log)
        said[part.rows] = forecasts(panel, part, runner.forecast, effects)
        if progress is not None:
            progress(number + 1, len(groups) + 1, None)
    result = judged(metric, found.truth, said, beside, found.window)
    final, _ = fit(family, trial.candidate.params, panel, context)
    np.save(folder / FORECASTS, said, allow_pickle=False)
    names = [*final.save(folder), FORECASTS]
    return TrialResult(
        index=trial.index,
        candidate=trial.candidate,
        status="done",
        score=utility(metric, result.value),
        fold_scores=tuple(utility(metric, v) for v in result.by_window),
        seconds=time.monotonic() - started,
        files={name: file_sha256(folder / name) for name in names},
        size_mb=final.size_mb,
        predict_us=_price(final, panel),
    )


def fit(
    family: SeriesFamily, params: Mapping[str, Any], panel: Panel, context: SeriesContext
) -> tuple[FittedSeries, Effects | None]:
    """A member fitted to the panel; to what covariates leave of it where the parameters say so, with their effects."""
    if not params.get(EFFECTS) or panel.numbers is None:
        return family.fit(params, panel, context), None
    effects = estimated(panel)
    fitted = family.fit(params, cleaned(panel, effects), context)
    return replace(fitted, member={**fitted.member, EFFECTS: True}), effects


@lru_cache(maxsize=1)
def _validation(data: Path, changed_ns: int) -> tuple[Panel, Cases, Yardstick]:
    """The panel, the forecasts that candidates are judged by, and what they are set beside."""
    panel = Panel.load(data)
    found = validation(panel)
    return panel, found, yardstick(panel, found)


def validation(panel: Panel) -> Cases:
    """The forecasts that candidates are judged by."""
    return cases(panel, validation_origins(panel))


def last_season(panel: Panel, found: Cases) -> NDArray[np.float64]:
    """What repeating the last season says of each case."""
    naive = FittedSeries({"kind": "seasonal_naive", "keep": panel.season})
    return forecasts(panel, found, forecaster(naive, panel, False).forecast)


def yardstick(panel: Panel, found: Cases) -> Yardstick:
    """What forecasts of these cases are set beside; the history is what lies before the first of them."""
    season, past = panel.season, panel.values[:, : int(found.at.min())]
    errors = np.abs(past[:, season:] - past[:, :-season]) if past.shape[1] > season else past[:, :0]
    known = np.isfinite(errors)
    total = np.where(known, errors, 0.0).sum(axis=1)
    usual = np.where(total > 0, total / np.maximum(known.sum(axis=1), 1), np.nan)
    return Yardstick(last_season(panel, found), usual[found.which])


def last_value(panel: Panel, found: Cases) -> NDArray[np.float64]:
    """What repeating the last value says of each case."""
    return forecasts(panel, found, forecaster(FittedSeries({"kind": "naive", "keep": 1}), panel, False).forecast)


def _price(fitted: FittedSeries, panel: Panel) -> float:
    """Median microseconds of one forecast of one series."""
    runner = forecaster(fitted, panel, False)
    number = int(np.isfinite(panel.values).sum(axis=1).argmax())
    history, at = panel.history(number, panel.steps), panel.steps
    times = []
    for _ in range(TIMED):
        start = time.perf_counter()
        runner.forecast([history], [at], [number], panel.horizon)
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e6


def offers(data: str, metric: str, families: Sequence[str]) -> dict[str, Any]:
    """{family: {"card", "space", "suits"}} for the prepared series; see `ports.Line`."""
    panel = Panel.load(Path(data))
    rows = int(panel.known.sum())
    found: dict[str, SeriesFamily] = {name: registry.get("families", name) for name in families}
    return {
        name: {
            "card": asdict(family.card),
            "space": _space(family, panel) if "forecasting" in family.card.tasks else {},
            "suits": "forecasting" in family.card.tasks and rows >= family.card.min_rows,
        }
        for name, family in found.items()
    }


def _space(family: SeriesFamily, panel: Panel) -> dict[str, Any]:
    """What is worth tuning, covariates among it where there are such."""
    space = dict(family.space(panel))
    return space | {EFFECTS: ("choice", False, True)} if space and panel.numbers is not None else space
