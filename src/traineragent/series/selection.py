"""Chooses the forecasters to deliver: the best ones together, and the more of them the less the history can tell.

Means of several forecasts are hard to beat, and the fewer independent starting points there are, the less it says that
one candidate was best on them (Bates & Granger 1969; Smith & Wallis 2009).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ..domain.run import Member, Selection, TrialResult
from ..engine.ensemble import Limits
from ..engine.selection import select_single
from .panel import Float64, Panel
from .scores import Yardstick, score, utility
from .train import FORECASTS, last_value, validation, yardstick
from .windows import Cases

MOST_OF_A_FAMILY = 2
WORST = 2.0  # times the error of the best: beyond, a candidate only harms
UNSURE = 0.25  # standard errors that a larger group may be behind


def select_series(
    folder: Path,
    history: Sequence[TrialResult],
    *,
    metric: str,
    limits: Limits,
    seed: int,
    interpretable: Callable[[str], bool],
) -> Selection:
    """Of groups of the best one, two, three … candidates, weighted by their inverse squared error: the largest that is
    not clearly behind the best group."""
    single = select_single(folder, history, metric=metric, limits=limits, seed=seed, interpretable=interpretable)
    judge = _Judge.open(folder, metric)
    groups = _groups(judge, folder, history, single.single_best, limits)
    if limits.interpretable or len(groups) < 2:
        return single
    said = {i: _said(folder, i) for group in groups for i in group}
    means = [_mean(group, said) for group in groups]
    values = [judge.utility(m) for m in means]
    best = int(np.argmax(values))
    chosen = max(k for k in range(best, len(groups)) if k == best or judge.close(means[k], means[best]))
    if len(groups[chosen]) < 2:
        return single
    members = tuple(Member(i, w) for i, w in sorted(groups[chosen].items(), key=lambda m: (-m[1], m[0])))
    why = f"the mean of {len(members)} forecasters, weighted by their errors in validation"
    if chosen > best:
        why += f"; fewer were no clearly better over {judge.independent:.0f} independent stretches of time"
    return Selection(members, values[chosen], single.single_best, why)


def _said(folder: Path, index: int) -> Float64:
    found: Float64 = np.load(folder / "trials" / f"{index:04d}" / FORECASTS, allow_pickle=False)
    return found


def _groups(
    judge: _Judge, folder: Path, history: Sequence[TrialResult], best: int, limits: Limits
) -> list[dict[int, float]]:
    """The best candidate alone, the best two, and so on, each with weights; all keep the limits."""
    usable = [r for r in history if r.status == "done" and r.score is not None and np.isfinite(r.score)]
    errors = {r.index: judge.error(_said(folder, r.index)) for r in usable}
    usable.sort(key=lambda r: (r.index != best, errors[r.index], r.index))
    picked: list[TrialResult] = []
    groups: list[dict[int, float]] = []
    for r in usable:
        alike = sum(p.candidate.family == r.candidate.family for p in picked)
        far = errors[r.index] > WORST * errors[best] or errors[r.index] >= judge.simple
        full = len(picked) >= limits.max_members or not _fits([*picked, r], limits)
        if picked and (alike >= MOST_OF_A_FAMILY or far or full):
            continue
        picked.append(r)
        weights = {p.index: 1.0 / max(errors[p.index], 1e-9) ** 2 for p in picked}
        whole = sum(weights.values())
        groups.append({i: w / whole for i, w in weights.items()})
    return groups


class _Judge:
    """Scores forecasts of the validation's cases. `simple`: the error of the best naive rule; what is no better adds
    nothing to a mean."""

    def __init__(self, metric: str, found: Cases, beside: Yardstick, last: Float64) -> None:
        self.metric, self.found, self.beside = metric, found, beside
        self.simple = min(self.error(beside.repeated), self.error(last))

    @staticmethod
    def open(folder: Path, metric: str) -> _Judge:
        panel = Panel.load(folder / "data" / "prepared")
        found = validation(panel)
        return _Judge(metric, found, yardstick(panel, found), last_value(panel, found))

    def utility(self, said: Float64) -> float:
        return utility(self.metric, score(self.metric, self.found.truth, said, self.beside))

    def error(self, said: Float64) -> float:
        """Mean absolute error, for weights."""
        return score("mae", self.found.truth, said, self.beside)

    @property
    def independent(self) -> float:
        """How many stretches of time the starting points really cover: those that overlap tell the same."""
        starts = self.found.starts
        covered = float(starts.max() - starts.min()) + self.found.truth.shape[1]
        return float(min(len(starts), covered / self.found.truth.shape[1]))

    def close(self, one: Float64, best: Float64) -> bool:
        """Whether `one` is behind `best` by no more than chance may do."""
        gaps = np.array(self._by_window(best)) - np.array(self._by_window(one))
        chance = float(gaps.std(ddof=1)) / self.independent**0.5 if len(gaps) > 1 else np.inf
        return float(gaps.mean()) <= UNSURE * chance

    def _by_window(self, said: Float64) -> list[float]:
        found = self.found
        return [
            utility(self.metric, score(self.metric, found.truth[rows], said[rows], self.beside[rows]))
            for rows in (np.flatnonzero(found.window == w) for w in np.unique(found.window))
        ]


def _fits(results: Sequence[TrialResult], limits: Limits) -> bool:
    size = sum(r.size_mb for r in results)
    time = sum(r.predict_us for r in results)
    return (limits.size_mb is None or size <= limits.size_mb) and (
        limits.latency_us is None or time <= limits.latency_us
    )


def _mean(weights: Mapping[int, float], said: Mapping[int, Float64]) -> Float64:
    return np.asarray(sum(w * said[i] for i, w in weights.items()))
