"""The Data agent's heavy work, done in the process that may be killed: looks at training rows, makes typed arrays.

Called by name with JSON arguments (`ports.Compute.call`), so whoever plans imports none of the libraries that work.
It knows nothing of procedures, journals or the hold-out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..data.durations import date_pairs, difference_name, differences_of, duration_leaks
from ..data.folds import blocks_in_order, cv_folds
from ..data.frames import cells, read_frame
from ..data.leaks import find_leaks
from ..data.levels import levels_of
from ..data.meaning import Reading, read_columns
from ..data.operations import Prepared, apply, column_facts
from ..data.profile import profile_table
from ..data.signal import signal
from ..data.split import duplicate_keys, ties, time_values
from ..data.target import answers_of, target_values
from ..domain.data import Column, FeatureKind, PreparedFacts, TableProfile, Target
from ..domain.run import Operation
from ..engine.dataset import TrainingData
from ..export.derived import extend
from ..serve.codecs.rows import RowCodec
from ..store.files import read_json, write_json
from ..store.typed import read_value, write_value
from .doubts import doubts

NUMBER: FeatureKind = "number"
PLAIN = frozenset({"number", "boolean", "category", "date"})
"""Kinds of columns of which the matrix holds all that models see."""
SMALLER = frozenset({"int8", "depth"})
"""Options of views that are made smaller of a whole network."""
FOLDS = ((4000, 10), (6000, 8), (np.inf, 5))
"""Rows below -> folds: small tables need every row they have, large ones the time."""
MANY_CLASSES = 10  # beyond, trees grown for each class take the time that more than the fewest folds would
WRITTEN = ("columns.json", "profile.json", "prepared.json", *(f"prepared/{n}.npy" for n in ("x", "y", "folds")))


@dataclass(frozen=True)
class _Rows:
    """The training rows as sealed off, with what is known of them. `y` float64 (rows,). `alike` int64 (rows,) numbers
    copies alike, where a collection says which are."""

    frame: pd.DataFrame
    y: np.ndarray
    target: Target
    split: Mapping[str, Any]
    readings: Mapping[str, Reading]
    alike: np.ndarray | None


def examine(folder: str, excluded: Sequence[str], seed: int) -> dict[str, Any]:
    """What a procedure may ask about the training rows in the run's `folder`/data; all of it goes to profile.json.

    "columns" as `column_facts` gives them, "date_pairs" as `date_pairs` does, "dropped" and "leaks": names and number
    of the columns that give the answer away."""
    data = Path(folder) / "data"
    rows = _opened(data, (data / "train.parquet").stat().st_mtime_ns)
    profile = profile_table(rows.frame, rows.target, seed=seed, readings=rows.readings)
    pairs = date_pairs(rows.frame, [c.name for c in profile.columns if c.meaning == "date"], rows.y)
    found = find_leaks(rows.frame, rows.target, profile, words_exclude=tuple(excluded), readings=rows.readings)
    leaks = (*found, *duration_leaks(pairs))
    profile = replace(profile, leaks=leaks, warnings=(*profile.warnings, *rows.split["notes"]))
    write_value(data / "profile.json", profile, TableProfile)
    return {
        "rows": profile.rows,
        "duplicate_rows": profile.duplicate_rows,
        "classes": len(profile.class_counts),
        "columns": column_facts(profile),
        "date_pairs": pairs,
        "dropped": [leak.column for leak in leaks if leak.action == "dropped"],
        "leaks": len(leaks),
    }


def make(
    folder: str, operations: Sequence[Mapping[str, Any]], seed: int, task: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Carries out the operations on what was examined, and writes declarations, folds and the matrix that models learn
    from. Returns the facts about it (`PreparedFacts`), the names of the files below `folder`, and the doubts that the
    rows raise about `task` (see `doubts`)."""
    data = Path(folder) / "data"
    rows = _opened(data, (data / "train.parquet").stat().st_mtime_ns)
    profile = read_value(data / "profile.json", TableProfile)
    prepared = apply([Operation(**o) for o in operations], rows.frame, rows.y, rows.target, seed=seed)
    order = list(rows.frame.columns)
    prepared = replace(prepared, columns=tuple(sorted(prepared.columns, key=lambda c: order.index(c.name))))
    table = _table(prepared, rows, data / "prepared", seed)
    written = table.save(data / "prepared")
    if not table.more:  # what texts and pictures say is not in the matrix
        found = signal(table.x, prepared.y, table.kinds, classes=table.classes, seed=seed)
        profile = replace(profile, warnings=(*profile.warnings, *found.warnings))
    write_value(data / "columns.json", prepared.columns, tuple[Column, ...])
    write_value(data / "profile.json", profile, TableProfile)
    facts = asdict(_facts(table, rows.split))
    write_json(data / "prepared.json", {"removed": [asdict(r) for r in prepared.removed], "facts": facts})
    _opened.cache_clear()
    more = [f"prepared/{name}" for name in (*written, *prepared.side_files)]
    plain = not prepared.inputs and {c.kind for c in prepared.columns} <= PLAIN
    doubted = doubts(task, table, found if plain else None, complete=plain) if task is not None else []
    return {"facts": facts, "files": [f"data/{name}" for name in dict.fromkeys((*WRITTEN, *more))], "doubts": doubted}


@lru_cache(maxsize=1)
def _opened(data: Path, changed_ns: int) -> _Rows:
    """The rows in train.parquet, read once for both steps."""
    frame = read_frame(data / "train.parquet")
    target = read_value(data / "target.json", Target)
    y = target_values(frame[target.name], target)
    alike = np.load(data / "alike.npy", allow_pickle=False) if (data / "alike.npy").exists() else None
    return _Rows(frame, y, target, read_json(data / "split.json"), read_columns(frame), alike)


def _table(prepared: Prepared, rows: _Rows, folder: Path, seed: int) -> TrainingData:
    for name, content in prepared.side_files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    codec = RowCodec(prepared.columns, prepared.inputs, folder)
    encoded = codec.encode_frame(cells(prepared.frame, prepared.columns))
    folds, bound = _folds(prepared, rows, seed)
    differences = differences_of(prepared.columns, prepared.differences)
    names = tuple(map(difference_name, prepared.differences))
    return TrainingData(
        x=extend(encoded.x, differences),
        y=answers_of(prepared.frame[rows.target.name], rows.target),
        folds=folds,
        names=(*codec.table.features, *names),
        kinds=(*(k for c in prepared.columns for k in c.feature_kinds), *(NUMBER for _ in names)),
        levels=(*(n for c in prepared.columns for n in _levels(c)), *[0] * len(names)),
        classes=len(rows.target.labels),
        bound=bound,
        positive=1 if rows.target.positive is None else rows.target.positive,
        derived=differences,
        inputs=prepared.inputs,
        views=prepared.views,
        more=encoded.more,
    )


def _folds(prepared: Prepared, rows: _Rows, seed: int) -> tuple[np.ndarray, bool]:
    """The validation fold of each row, and whether rows are bound together, so that folds may not be drawn again."""
    frame, split = prepared.frame, rows.split
    readings = rows.readings if len(frame) == len(rows.frame) else None
    if rows.alike is not None:
        tied = rows.alike[prepared.place]
    else:
        tied = ties(duplicate_keys(frame, rows.target.name, readings))
    classes = len(rows.target.labels)
    most = FOLDS[-1][1] if classes > MANY_CLASSES else next(k for below, k in FOLDS if len(frame) < below)
    if split.get("how") == "last":
        return blocks_in_order(tied, most), True
    folds = cv_folds(
        prepared.y,
        classes=classes,
        k=most,
        groups=levels_of(frame[split["group"]]).codes.astype(np.int64) if split["group"] else None,
        time=time_values(frame, split["time"]) if split["time"] else None,
        duplicates=tied,
        seed=seed,
    )
    return folds, bool(split["group"] or split["time"]) or len(np.unique(tied)) < len(tied)


def _levels(column: Column) -> tuple[int, ...]:
    """Number of categories of each feature of a column, 0 for those that are no category."""
    return (len(column.categories),) if column.kind == "category" else (0,) * len(column.features)


def _facts(data: TrainingData, split: Mapping[str, Any]) -> PreparedFacts:
    counts = data.class_rows if data.classes else np.zeros(1, int)
    kinds = data.kinds
    deviation = data.y.std() or 1.0
    return PreparedFacts(
        rows=data.rows,
        features=data.x.shape[1],
        numbers=kinds.count("number"),
        categories=kinds.count("category"),
        counts=kinds.count("count"),
        classes=data.classes,
        max_categories=max(data.levels, default=0),
        smallest_class=int(counts.min()) if data.classes else 0,
        missing_share=float(np.isnan(data.x).mean()) if data.x.size else 0.0,
        target_skew=0.0 if data.classes else float((((data.y - data.y.mean()) / deviation) ** 3).mean()),
        target_positive=not data.classes and bool((data.y > 0).all()),
        time_ordered=split["time"] is not None,
        grouped=split["group"] is not None,
        several=data.several,
        inputs=tuple(i.kind for i in data.inputs),
        views=tuple(v.name for v in data.views),
        networks=tuple(v.name for v in data.views if v.kind == "backbone" and not SMALLER & set(v.options)),
        strange_share=max((float(i.options.get("strange", 0.0)) for i in data.inputs), default=0.0),
    )
