"""One file of a table as it was read, before files are put together. Knows nothing of formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Role = Literal["train", "validation", "test"]
Progress = Callable[[str], None]


@dataclass(frozen=True)
class FileFacts:
    """What was found out about one file; `name` has no folder and is safe to print. `rows` and `columns` were read;
    `sha256` is of the unpacked content."""

    name: str
    format: str  # csv, excel, parquet, json, sql, frame
    encoding: str | None = None
    delimiter: str | None = None
    header: bool = True
    rows: int = 0
    columns: int = 0
    compressed: str | None = None
    role: Role | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class ReadOptions:
    """`max_rows` and `memory` (bytes) bound what is kept; `expected` are the column names of files read before;
    `progress` hears a sentence now and then."""

    max_rows: int | None = None
    memory: int = 2**31
    expected: tuple[str, ...] = ()
    progress: Progress | None = None

    def say(self, sentence: str) -> None:
        if self.progress is not None:
            self.progress(sentence)


@dataclass(frozen=True)
class Part:
    """The rows of one file: text `frame` (rows, columns), `lines` (rows,) as an editor counts them, sampling `keys`
    (rows,) in [0, 1), and how many rows the file had. `numeric` are the columns whose cells were numbers in the file,
    not texts that look like some."""

    frame: pd.DataFrame
    lines: npt.NDArray[np.int64]
    keys: npt.NDArray[np.float64]
    facts: FileFacts
    rows_total: int
    notes: tuple[str, ...] = field(default=())
    numeric: frozenset[str] = frozenset()


def line_list(lines: Sequence[int], limit: int = 5) -> str:
    """ "line 3", "lines 3, 7 and 9", "lines 3, 7, 9, 12, 15 and 40 more"."""
    if len(lines) == 1:
        return f"line {lines[0]:,}"
    named = [f"{line:,}" for line in lines[:limit]]
    rest = len(lines) - len(named)
    if rest:
        return f"lines {', '.join(named)} and {rest:,} more"
    return f"lines {', '.join(named[:-1])} and {named[-1]}"
