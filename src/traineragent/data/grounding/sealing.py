"""Which pictures are sealed: all phrases of a picture and of its copies stay on one side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec

from traineragent.data.meaning import Reading
from traineragent.data.rawtable import RawTable
from traineragent.data.split import Holdout, split_holdout
from traineragent.domain.data import Target
from traineragent.domain.task import TaskSpec
from traineragent.errors import InputError, MissingExtra

STRATUM = "phrase"
BOX = "box"


def split_phrases(
    table: RawTable,
    task: TaskSpec,
    *,
    parts: Sequence[str | None] | None,
    group: str | None,
    time: str | None,
    seed: int,
    readings: Mapping[str, Reading],
) -> tuple[Holdout, Target]:
    """The hold-out by picture, and the box as target. Raises InputError where there are no boxes, and
    MissingExtra where nothing could be learned."""
    if table.kind != "grounding" or table.alike is None:
        raise InputError(
            "pointing at things is learned from pictures with phrases and boxes: give a folder with the pictures and "
            'JSON lines such as {"image": "a.jpg", "phrase": "the red cup", "box": [10, 20, 60, 80]}, or COCO or '
            "Pascal VOC annotations"
        )
    if find_spec("torch") is None:  # said before anything is learned, as nothing here can be learned without
        raise MissingExtra("torch", "vision", "finding things in pictures")
    frame = table.frame.assign(**{STRATUM: STRATUM})
    known = Target(STRATUM, "class", (STRATUM, ""), ((STRATUM,), ("",)))
    holdout = split_holdout(frame, known, parts=parts, seed=seed, alike=table.alike)
    if holdout.how != "given":
        phrases, pictures = len(holdout.holdout), len(set(table.alike[holdout.holdout].tolist()))
        why = f"{phrases:,} of {len(frame):,} phrases, those of {pictures:,} pictures and of their copies"
        holdout = replace(holdout, why=why)
    return holdout, Target(BOX, "class")
