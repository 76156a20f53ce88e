"""Which annotated texts are sealed: at random with each kind of entity in proportion, copies together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from traineragent.data.entities.cleaning import copies
from traineragent.data.entities.marked import Marked, Span
from traineragent.data.meaning import Reading
from traineragent.data.rawtable import RawTable
from traineragent.data.split import Holdout, split_holdout
from traineragent.domain.data import Target
from traineragent.domain.task import TaskSpec
from traineragent.errors import InputError

NONE = "(nothing)"  # the stratum of texts without entities


def split_texts(
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
    """The hold-out, and the target with the kinds of entities as labels. A text counts for its rarest kind. Raises
    InputError where there is no column of entities."""
    name = task.data_info.target or ""
    if table.kind != "entities" or name not in table.frame.columns:
        raise InputError(
            "marking parts of texts is learned from texts in which they are marked: give CoNLL files (a token and its "
            'tag a line) or JSON lines such as {"text": "…", "entities": [{"label": "…", "start": 0, "end": 5}]}'
        )
    found = entities_of(table.frame[name])
    counts = Counter(s.label for spans in found for s in spans)
    labels = tuple(sorted(counts))
    rarest = [min((s.label for s in spans), key=lambda x: counts[x], default=NONE) for spans in found]
    kinds = (*labels, NONE)
    strata = Target(name, "class", kinds, tuple((k,) for k in kinds))
    frame = table.frame.assign(**{name: pd.Series(rarest, dtype=object, index=table.frame.index)})
    alike = table.alike if table.alike is not None else copies([Marked(t, (), 0) for t in frame.iloc[:, 0].astype(str)])
    holdout = split_holdout(
        frame, strata, parts=parts, group=group, time=time, last=last, seed=seed, readings=readings, alike=alike
    )
    if holdout.how in ("stratified", "last"):
        why = holdout.why.replace("rows drawn", "texts drawn").replace("each class", "each kind of entity")
        holdout = replace(holdout, why=why.replace("rows are", "texts are"))
    return holdout, Target(name, "class", labels, tuple((label,) for label in labels))


def entities_of(column: pd.Series[Any]) -> list[tuple[Span, ...]]:
    """The spans of each text, from their JSON."""
    return [tuple(Span(e["label"], e["start"], e["end"]) for e in json.loads(cell)) for cell in column]
