"""The hold-out of series: the newest steps of the axis, enough for up to twenty forecasts of the length asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..data.coarsening import COARSER
from ..data.meaning import Reading
from ..data.rawtable import RawTable
from ..data.split import SHARE, Holdout
from ..data.target import target_of, target_values
from ..domain.data import Removal, Target
from ..domain.task import TaskSpec
from ..errors import InputError
from .axis import DOUBLED, Axis, find_axis
from .horizon import horizon_steps
from .windows import windows_of

LEAST_TRAINING = 1.05  # horizons that must lie before the hold-out


def split_series(
    table: RawTable,
    task: TaskSpec,
    *,
    parts: Sequence[str | None] | None,
    group: str | None,
    time: str | None,
    seed: int,
    readings: Mapping[str, Reading],
) -> tuple[Holdout, Target]:
    """Seals the rows of the newest steps, of all series alike. Rows without an answer stay where they are in time:
    those after the last answer say what is known of the future. `group` and `seed` change nothing."""
    target = target_of(table.frame, task.data_info.target or "", "number")
    said = [c.removeprefix("series:") for c in task.constraints if c.startswith("series:")]
    axis = find_axis(readings, target.name, time, () if "*" in said else tuple(said) or None)
    y = target_values(table.frame[target.name], target)
    horizon = horizon_steps(task.constraints, axis.timeline, axis.time) or 1
    placed, answered = axis.step >= 0, np.isfinite(y) & (axis.step >= 0)
    steps = int(axis.step[answered].max()) + 1
    cut = _given(parts, axis, answered) or steps - _held_steps(steps, horizon)
    if cut < LEAST_TRAINING * horizon:
        raise InputError(
            f"{steps:,} {axis.timeline.word}s of history are too few to forecast {horizon:,} ahead and to measure it; "
            f"ask for at most {max(1, steps // 3):,}, or give a longer history",
            column=axis.time,
        )
    held = placed & (axis.step >= cut) & (axis.step < steps)
    rest = placed & ~held
    shown = axis.timeline.write(cut)
    why = (
        f"the newest {steps - cut:,} {axis.timeline.word}s, from {shown} on, are held out: "
        f"forecasts of {horizon:,} steps are measured there from several starting points"
    )
    lost = int((~placed).sum())
    removed = (Removal("rows without a time", lost, f"column {axis.time!r} is empty there"),) if lost else ()
    facts = {
        "time": axis.time,
        "key_names": axis.key_names,
        "keys": axis.keys,
        "timeline": axis.timeline.to_json(),
        "irregular": axis.irregular,
        "future": [c.removeprefix("future:") for c in task.constraints if c.startswith("future:")],
        "doubled": axis.doubled,
        "coarser": (bool(said) or COARSER in table.findings) and axis.doubled > DOUBLED,
        "notes": axis.notes,
        "horizon": horizon,
        "cut": cut,
        "shaped": table.shaped,
        "steps": steps,
    }
    return Holdout(np.flatnonzero(rest), np.flatnonzero(held), "by_time", why, removed, facts=facts), target


def _held_steps(steps: int, horizon: int) -> int:
    """The smaller of a fifth and of twenty forecasts or more one after the other, however many series there are: one
    starting point would say nothing of other times. At least one forecast."""
    return max(min(int(SHARE * steps), windows_of(horizon) * horizon), horizon)


def _given(parts: Sequence[str | None] | None, axis: Axis, answered: np.ndarray) -> int | None:
    """The first step of the rows given as test, where all of them lie after the rest."""
    if parts is None:
        return None
    test = np.array([p == "test" for p in parts]) & answered
    rest = answered & ~test
    if not test.any() or not rest.any() or axis.step[test].min() <= axis.step[rest].max():
        return None
    return int(axis.step[test].min())
