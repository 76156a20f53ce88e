"""Chooses what is delivered from the trials in a run's folder: an ensemble for rows, or simply the best one.

It knows nothing of plans; limits and metric are given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..domain.data import Target
from ..domain.run import Member, Selection, TrialResult
from ..errors import TrainerError
from ..store.typed import read_value
from .dataset import TrainingData
from .ensemble import Limits, select


def select_rows(
    folder: Path,
    history: Sequence[TrialResult],
    *,
    metric: str,
    limits: Limits,
    seed: int,
    interpretable: Callable[[str], bool],
) -> Selection:
    """The members and weights that do best on the rows each of them was not trained on."""
    data = TrainingData.load(folder / "data" / "prepared")
    target = read_value(folder / "data" / "target.json", Target)

    def oof(index: int) -> np.ndarray:
        return np.load(folder / "trials" / f"{index:04d}" / "oof.npy", allow_pickle=False)  # type: ignore[no-any-return]

    positive = 1 if target.positive is None else target.positive
    return select(
        history, oof, data.y, data.folds, metric, limits, seed=seed, positive=positive, interpretable=interpretable
    )


def select_single(
    folder: Path,
    history: Sequence[TrialResult],
    *,
    metric: str,
    limits: Limits,
    seed: int,
    interpretable: Callable[[str], bool],
) -> Selection:
    """The best validated candidate within the limits, for tasks whose answers cannot be averaged; where none keeps
    them, the one that comes nearest. Raises TrainerError when there is no candidate to choose from."""
    usable = [r for r in history if r.status in ("done", "timeout") and r.score is not None and np.isfinite(r.score)]
    if limits.interpretable:
        usable = [r for r in usable if interpretable(r.candidate.family)]
    if not usable:
        raise TrainerError("no candidate that keeps the conditions could be trained")
    fitting = [r for r in usable if _excess(r, limits) <= 1]
    if fitting:
        best = max(fitting, key=lambda r: (r.score or -np.inf, -r.size_mb, -r.index))
        why = (
            "best validated candidate" if len(fitting) == len(usable) else "best validated candidate within the limits"
        )
    else:
        best = min(usable, key=lambda r: (_excess(r, limits), r.index))
        why = "no candidate keeps the limits; this one comes nearest"
    return Selection((Member(best.index, 1.0),), float(best.score or 0.0), best.index, why)


def _excess(result: TrialResult, limits: Limits) -> float:
    """How many times its largest limit a candidate takes; at most 1 where it keeps all."""
    size = 0.0 if limits.size_mb is None else result.size_mb / max(limits.size_mb, 1e-9)
    time = 0.0 if limits.latency_us is None else result.predict_us / max(limits.latency_us, 1e-9)
    return max(size, time)
