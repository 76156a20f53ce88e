"""Series side by side on one time axis: values, which of them are known, and what is filled in between.

Saved without pickle. Knows nothing of models.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainerError
from ..serve.series.covariates import Covariate
from ..serve.series.timeline import Timeline

Float64 = NDArray[np.float64]

NUMBERS = "covariates.npy"
SHORT_GAP = 3  # steps: bridged by a line; longer gaps take the season before where there is one


@dataclass(frozen=True)
class Panel:
    """`values` (series, steps): filled within each series, NaN before its first and after its last known value.
    `known` (series, steps): what was in the data. `keys`: the texts that name each series. `horizon`: steps asked for;
    `season`: steps after which values repeat, 1 for none. `covariates` are what is known ahead; `numbers` (series,
    steps and more, numbers) says what of it is known, also beyond the last value; None without covariates."""

    values: Float64
    known: NDArray[np.bool_]
    keys: tuple[tuple[str, ...], ...]
    timeline: Timeline
    horizon: int
    season: int
    facts: Mapping[str, Any]
    covariates: tuple[Covariate, ...] = ()
    numbers: Float64 | None = None

    @property
    def steps(self) -> int:
        return int(self.values.shape[1])

    @property
    def series(self) -> int:
        return int(self.values.shape[0])

    @property
    def positive(self) -> bool:
        """Whether every known value is above 0, so that logarithms may be taken."""
        return bool((self.values[self.known] > 0).all())

    @property
    def floor(self) -> float:
        """Half the smallest known value, for logarithms of what may come."""
        return float(self.values[self.known].min()) / 2

    def history(self, series: int, end: int) -> Float64:
        """The values of a series before step `end`, from its first known one on."""
        row = self.values[series, :end]
        inside = np.flatnonzero(np.isfinite(row))
        return row[inside[0] : inside[-1] + 1] if len(inside) else row[:0]

    def before(self, end: int) -> Panel:
        """The panel as it was before step `end`."""
        return replace(self, values=self.values[:, :end], known=self.known[:, :end])

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "values.npy", self.values, allow_pickle=False)
        np.save(folder / "known.npy", self.known, allow_pickle=False)
        if self.numbers is not None:
            np.save(folder / NUMBERS, self.numbers.astype(np.float32), allow_pickle=False)
        facts = {
            "keys": self.keys,
            "covariates": [c.to_json() for c in self.covariates],
            "timeline": self.timeline.to_json(),
            "horizon": self.horizon,
            "season": self.season,
            "facts": dict(self.facts),
        }
        (folder / "panel.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> Panel:
        """Reads what `save` wrote. Raises TrainerError if one is lost."""
        try:
            raw = json.loads((folder / "panel.json").read_text(encoding="utf-8"))
            values = np.load(folder / "values.npy", allow_pickle=False)
            known = np.load(folder / "known.npy", allow_pickle=False)
            covariates = tuple(Covariate.from_json(c) for c in raw["covariates"])
            numbers = np.load(folder / NUMBERS, allow_pickle=False).astype(np.float64) if covariates else None
        except (OSError, ValueError) as error:
            raise TrainerError(f"the prepared series cannot be read again: {error}") from error
        keys = tuple(tuple(k) for k in raw["keys"])
        timeline = Timeline.from_json(raw["timeline"])
        return Panel(values, known, keys, timeline, raw["horizon"], raw["season"], raw["facts"], covariates, numbers)


def gather(
    series: NDArray[np.int64], step: NDArray[np.int64], y: Float64, shape: tuple[int, int], how: str
) -> tuple[Float64, NDArray[np.bool_]]:
    """(values, known), both `shape` = (series, steps): the mean or sum of what falls on one step; NaN where nothing."""
    fits = (step >= 0) & (step < shape[1]) & np.isfinite(y)
    place = series[fits] * shape[1] + step[fits]
    size = shape[0] * shape[1]
    total = np.bincount(place, weights=y[fits], minlength=size)
    count = np.bincount(place, minlength=size)
    value = total if how == "sum" else total / np.maximum(count, 1)
    return np.where(count > 0, value, np.nan).reshape(shape), (count > 0).reshape(shape)


def filled(values: Float64, season: int) -> Float64:
    """Gaps within each series closed: short ones by a line, longer ones by the season before."""
    out = values.copy()
    for row in out:
        inside = np.flatnonzero(np.isfinite(row))
        if not len(inside):
            continue
        for left, right in pairwise(inside):
            if right - left > 1:
                _bridge(row, int(left), int(right), season)
    return out


def _bridge(row: Float64, left: int, right: int, season: int) -> None:
    """Fills row[left + 1 : right]."""
    gap = np.arange(left + 1, right)
    line = row[left] + (row[right] - row[left]) * (gap - left) / (right - left)
    if len(gap) <= SHORT_GAP or season == 1 or left + 1 < season:
        row[gap] = line
        return
    before = row[left + 1 - season + (gap - left - 1) % season]
    row[gap] = before if np.isfinite(before).all() else line


REMEMBERED_SEASONS, REMEMBERED_STEPS = 10, 400


def remembered(panel: Panel) -> int:
    """How many of the newest values a recursion runs over: its weights on older ones have faded by then."""
    return max(REMEMBERED_SEASONS * panel.season, REMEMBERED_STEPS)


def tails(panel: Panel, keep: int) -> Float64:
    """The newest `keep` values of each series up to the last step at which any is known, (series, at most keep). A
    series that is shorter begins with its first value, one that has ended goes on with its last."""
    y = panel.values[:, -keep:].copy()
    for row in y:
        inside = np.flatnonzero(np.isfinite(row))
        if len(inside):
            row[: inside[0]] = row[inside[0]]
            row[inside[-1] + 1 :] = row[inside[-1]]
        else:
            row[:] = 0.0
    return y
