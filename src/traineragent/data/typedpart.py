"""Typed columns of any source as a part of a table. Knows nothing of formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from traineragent.data.columns import SEED
from traineragent.data.header import unique_names
from traineragent.data.part import FileFacts, Part, ReadOptions
from traineragent.data.sources import Source
from traineragent.data.typed import are_numbers, text_frame


def typed_part(
    source: Source,
    kind: str,
    names: Sequence[str],
    columns: Sequence[Sequence[Any]],
    lines: Sequence[int],
    options: ReadOptions,
    notes: Sequence[str] = (),
    encoding: str | None = None,
    sha256: str | None = None,
) -> Part:
    """A part from Python values, one sequence a column; `lines` (rows,) number the rows for messages."""
    data: dict[int, pd.Series[Any]] = {}
    for position, column in enumerate(columns):
        cells = np.empty(len(lines), object)
        cells[:] = list(column)
        data[position] = pd.Series(cells, dtype=object)
    frame = pd.DataFrame(data, index=pd.RangeIndex(len(lines)))
    return frame_part(source, kind, names, frame, np.asarray(lines, np.int64), options, notes, encoding, sha256)


def frame_part(
    source: Source,
    kind: str,
    names: Sequence[str],
    frame: pd.DataFrame,
    lines: Any,
    options: ReadOptions,
    notes: Sequence[str] = (),
    encoding: str | None = None,
    sha256: str | None = None,
) -> Part:
    """A part from a typed frame, sampled before it is written as text."""
    total = len(frame)
    keys = np.random.default_rng(SEED).random(total)
    if options.max_rows is not None and total > options.max_rows:
        chosen = np.sort(np.argsort(keys, kind="stable")[: options.max_rows])
        frame, lines, keys = frame.iloc[chosen], lines[chosen], keys[chosen]
    unique, renamed = unique_names(names)
    text = text_frame(frame)
    text.columns = pd.Index(unique, dtype=object)
    facts = FileFacts(
        source.name, kind, encoding, None, True, len(text), text.shape[1], source.packed, None, sha256
    )  # fmt: skip
    numeric = frozenset(name for j, name in enumerate(unique) if _is_numeric(frame.iloc[:, j]))
    return Part(text, np.asarray(lines, np.int64), keys, facts, total, (*notes, *renamed), numeric)


def _is_numeric(column: pd.Series[Any]) -> bool:
    if column.dtype == object:
        return are_numbers(column.tolist())
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
