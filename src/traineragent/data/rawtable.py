"""What reading gives, whatever it read: rows of text cells with where each came from. Knows nothing of formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from traineragent.data.part import FileFacts
from traineragent.domain.data import Removal


@dataclass(frozen=True)
class RawTable:
    """A table as text. `frame` (rows, columns): categorical or object columns of text, missing where a cell is absent.
    `part` (rows,) is the index in `files` a row came from, `row` (rows,) its line there counted from 1 as an editor or
    Excel does. `notes` are sentences for the report. `rows_total` counts the rows of all files; it exceeds the rows
    of `frame` only where a uniform sample was taken. `numeric` are columns of numbers in files that tell numbers from
    texts, such as Excel and Parquet: their cells are written plainly, with a decimal point.

    Collections that are no tables say more: `kind` names what they are ("images", …), `target` the column that holds
    the answer where the collection itself settles it, `alike` (rows,) gives copies and near-copies the same number so
    that a split cannot part them, `removed` is what was set aside while reading, `findings` is JSON for the report.

    `shaped` says step by step, as JSON, how a table came into the shape that a forecast is made from, so that newer
    rows can be brought into it (`data.newer`)."""

    frame: pd.DataFrame
    files: tuple[FileFacts, ...]
    part: npt.NDArray[np.int16]
    row: npt.NDArray[np.int64]
    notes: tuple[str, ...]
    rows_total: int
    kind: str = "table"
    target: str | None = None
    alike: npt.NDArray[np.int64] | None = None
    removed: tuple[Removal, ...] = ()
    findings: Mapping[str, Any] = field(default_factory=dict)
    shaped: tuple[Mapping[str, Any], ...] = ()
    numeric: frozenset[str] = frozenset()

    @property
    def sampled(self) -> bool:
        return self.rows_total > len(self.frame)

    def taking(self, rows: npt.NDArray[np.int64], note: str) -> RawTable:
        """The table with these rows alone, in this order, each with its line in the file, and a sentence on why."""
        return replace(
            self,
            frame=self.frame.iloc[rows].reset_index(drop=True),
            part=self.part[rows],
            row=self.row[rows],
            alike=None if self.alike is None else self.alike[rows],
            notes=(*self.notes, note),
        )
