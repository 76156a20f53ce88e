"""Makes a selection smaller or faster without training: fewer fold models of its members, or fewer members.

Every fold model alone is what the out-of-fold score was measured on, so that score still holds for a bag of one; what
is given up is the bonus of averaging, which no cross-validated number has counted. It knows nothing of graphs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..domain.run import REFITTED, Member, Selection, TrialResult


@dataclass(frozen=True)
class Shrunk:
    """A smaller selection with what its graph is predicted to cost. `size_mb` and `latency_us` (one row) come from the
    trials' own measurements, scaled by `scale` where an earlier graph showed how far they are off."""

    selection: Selection
    size_mb: float
    latency_us: float


def shrink(
    selection: Selection,
    results: Mapping[int, TrialResult],
    *,
    size_mb: float | None = None,
    latency_us: float | None = None,
    size_scale: float = 1.0,
    latency_scale: float = 1.0,
) -> Shrunk | None:
    """The selection with as many models as the limits allow, or None where one model of its best member is too much.

    `*_scale`: measured by predicted of the last built graph (joint graphs share work, so they cost less than the sum).
    The model given up next is the one that costs most for its weight in the mean."""
    members = list(selection.members)
    while True:
        size = size_scale * sum(_cost(m, results[m.trial], "size_mb") for m in members)
        latency = latency_scale * sum(_cost(m, results[m.trial], "predict_us") for m in members)
        too_big = size_mb is not None and size > size_mb
        too_slow = latency_us is not None and latency > latency_us
        if not too_big and not too_slow:
            return Shrunk(_described(selection, tuple(members), results), size, latency)
        smaller = _without_one(members, results, "size_mb" if too_big else "predict_us")
        if smaller is None:
            return None
        members = smaller


def models_of(member: Member, result: TrialResult) -> int:
    """How many models of a trial the selection uses: those of the folds, or the one of all rows."""
    trained = 1 if REFITTED in result.files else sum(name.startswith("model_") for name in result.files)
    return trained if member.models is None else min(member.models, trained)


def _cost(member: Member, result: TrialResult, what: str) -> float:
    trained = max(models_of(replace(member, models=None), result), 1)
    return float(getattr(result, what)) * models_of(member, result) / trained


def _without_one(members: list[Member], results: Mapping[int, TrialResult], what: str) -> list[Member] | None:
    """One fold model less where that saves most for the weight it carries; a last model goes with its member."""
    counts = [models_of(m, results[m.trial]) for m in members]
    if sum(counts) <= 1:
        return None
    each = [_cost(m, results[m.trial], what) / max(n, 1) for m, n in zip(members, counts, strict=True)]
    carried = [m.weight / max(n, 1) for m, n in zip(members, counts, strict=True)]
    order = sorted(range(len(members)), key=lambda i: (-each[i] / max(carried[i], 1e-9), i))
    worst = order[0]
    if counts[worst] > 1:
        return [*members[:worst], replace(members[worst], models=counts[worst] - 1), *members[worst + 1 :]]
    return _renormalised([m for i, m in enumerate(members) if i != worst])


def _renormalised(members: list[Member]) -> list[Member]:
    total = sum(m.weight for m in members)
    return [replace(m, weight=m.weight / total) for m in members]


def _described(selection: Selection, members: tuple[Member, ...], results: Mapping[int, TrialResult]) -> Selection:
    if members == selection.members:
        return selection
    before = sum(models_of(m, results[m.trial]) for m in selection.members)
    after = sum(models_of(m, results[m.trial]) for m in members)
    single = selection.single_best
    if single not in {m.trial for m in members}:
        single = max(members, key=lambda m: m.weight).trial
    why = f"{after} of {before} models are kept to meet the limits; {selection.why}"
    return Selection(members, selection.score, single, why)
