"""Where forecasts are judged from: starting points spread over a stretch of time, and what came after each.

Rolling origins as in Tashman 2000. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..serve.series.covariates import Effects
from .covariates import table_of
from .panel import Panel

Float64 = NDArray[np.float64]

WINDOWS = 20
JUDGED_STEPS = 60  # that all windows hold together at least: twenty forecasts of a single step say little
MOST_CELLS = 400_000  # series x windows x steps that one look compares
LONG = 60  # horizons in a history from which windows need not overlap
JUDGED_SHARE = 0.55  # of a shorter history
REFITS, REFIT_VALUES = 5, 20_000
FEWEST_BEFORE = 4  # known values of a series before a start


@dataclass(frozen=True)
class Cases:
    """Forecasts to make: series `which` from step `at` on, and what came: `truth` (cases, horizon), NaN where unknown.
    `window` numbers the starting point of each case, `rows` the cases among those they were taken from."""

    which: NDArray[np.int64]
    at: NDArray[np.int64]
    window: NDArray[np.int64]
    truth: Float64
    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def of(self, chosen: NDArray[np.bool_]) -> Cases:
        """Some of the cases; `rows` says which."""
        rows = np.flatnonzero(chosen)
        return Cases(self.which[rows], self.at[rows], self.window[rows], self.truth[rows], rows)

    @property
    def starts(self) -> NDArray[np.int64]:
        return np.unique(self.at)


def windows_of(horizon: int) -> int:
    """How many starting points judge forecasts of this length: twenty, more where they are short."""
    return max(WINDOWS, -(-JUDGED_STEPS // horizon))


def origins(first: int, end: int, horizon: int) -> NDArray[np.int64]:
    """Starting points in [first, end - horizon], at most `windows_of` the horizon, evenly spread, the last as late as
    possible; a single shorter one where a whole horizon does not fit."""
    last = end - horizon
    if last <= first:
        return np.array([max(first, 0)], dtype=np.int64)
    count = min(windows_of(horizon), last - first + 1)
    return np.unique(np.linspace(first, last, count).round().astype(np.int64))


def cases(panel: Panel, starts: NDArray[np.int64]) -> Cases:
    """Every series at every start where it has a past and something known came after. Of very many series a part is
    looked at, evenly chosen."""
    horizon = panel.horizon
    most = max(1, MOST_CELLS // (horizon * len(starts)))
    chosen = np.unique(np.linspace(0, panel.series - 1, min(panel.series, most)).round().astype(np.int64))
    which, at, window, truth = [], [], [], []
    for number, start in enumerate(starts):
        came = panel.values[chosen, start : start + horizon]
        came = np.where(panel.known[chosen, start : start + horizon], came, np.nan)
        short = horizon - came.shape[1]
        if short > 0:
            came = np.concatenate([came, np.full((len(chosen), short), np.nan)], axis=1)
        past = panel.known[chosen, :start].sum(axis=1) >= FEWEST_BEFORE
        alive = np.isfinite(panel.values[chosen, start - 1])  # a series that ended is not forecast
        use = past & alive & np.isfinite(came).any(axis=1)
        which.append(chosen[use])
        at.append(np.full(int(use.sum()), start))
        window.append(np.full(int(use.sum()), number))
        truth.append(came[use])
    return Cases(np.concatenate(which), np.concatenate(at), np.concatenate(window), np.concatenate(truth))


def forecasts(panel: Panel, found: Cases, forecast: Callable[..., Float64], effects: Effects | None = None) -> Float64:
    """What `forecast` (as `Forecaster.forecast`) says of each case, (cases, horizon), knowing the covariates ahead
    where there are `effects`."""
    pairs = [(int(s), int(a)) for s, a in zip(found.which, found.at, strict=True)]
    histories = [panel.history(s, a) for s, a in pairs]
    asked = (histories, found.at.tolist(), found.which.tolist(), panel.horizon)
    if effects is None or not pairs:
        return forecast(*asked)
    table = table_of(panel, effects, int(found.at.max()) + panel.horizon)
    past = [table[s, a - len(h) : a] for (s, a), h in zip(pairs, histories, strict=True)]
    return forecast(*asked, past, np.stack([table[s, a : a + panel.horizon] for s, a in pairs]))


def validation_origins(panel: Panel) -> NDArray[np.int64]:
    """Starting points that judge candidates: one after the other where the history is long, else spread over
    its newer part, so that more than one kind of time is seen."""
    steps, horizon = panel.steps, panel.horizon
    begin = int(np.isfinite(panel.values).any(axis=0).argmax())  # older steps may have been left out
    history = steps - begin
    if history >= LONG * horizon:
        return origins(steps - windows_of(horizon) * horizon, steps, horizon)
    first = max(round((1 - JUDGED_SHARE) * history), min(2 * horizon, history - horizon - 1), FEWEST_BEFORE)
    return origins(begin + first, steps, horizon)


def refits(panel: Panel, starts: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Starting points in groups; a candidate learns anew before each group, once only where series are long."""
    groups = REFITS if panel.known.sum() <= REFIT_VALUES else 1
    return [g for g in np.array_split(starts, min(groups, len(starts))) if len(g)]
