"""Which rows are sealed for the rows line: by group, by time, or at random with each class in proportion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .. import registry
from ..domain.data import Target
from ..domain.task import TaskSpec
from .meaning import Reading
from .rawtable import RawTable
from .split import Holdout, split_holdout
from .target import target_of


def split_rows(
    table: RawTable,
    task: TaskSpec,
    *,
    parts: Sequence[str | None] | None,
    group: str | None,
    time: str | None,
    seed: int,
    readings: Mapping[str, Reading],
    last: bool = False,
    share: float | None = None,
) -> tuple[Holdout, Target]:
    """The hold-out of a table with one answer a row, and how that answer is read."""
    kind = registry.get("tasks", task.task_type)
    said, several = task.data_info.positive_label, getattr(kind, "several", False)
    target = target_of(table.frame, task.data_info.target or "", kind.target_kind, said, several)
    holdout = split_holdout(
        table.frame,
        target,
        parts=parts,
        group=group,
        time=time,
        last=last,
        share=share,
        seed=seed,
        readings=readings,
        alike=table.alike,
    )
    return holdout, target


UNNAMED = "picture"  # what pictures without labels are called


def split_pictures(
    table: RawTable,
    task: TaskSpec,
    *,
    parts: Sequence[str | None] | None,
    group: str | None,
    time: str | None,
    seed: int,
    readings: Mapping[str, Reading],
    last: bool = False,
) -> tuple[Holdout, Target]:
    """The hold-out of pictures to learn to draw: of each label in proportion, copies on one side. Where there is no
    label, all count as one."""
    frame, label = table.frame, table.target
    if label is None or label not in frame.columns:
        frame = frame.assign(**{UNNAMED: UNNAMED})
        known = Target(UNNAMED, "class", (UNNAMED, ""), ((UNNAMED,), ("",)))
        holdout = split_holdout(frame, known, parts=parts, seed=seed, alike=table.alike)
        return holdout, Target(UNNAMED, "class")
    target = target_of(frame, label, "class", None)
    holdout = split_holdout(frame, target, parts=parts, seed=seed, alike=table.alike)
    return holdout, target
