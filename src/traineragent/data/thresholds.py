"""A column of numbers as an answer of yes and no, by the line that a question draws. Knows nothing of words."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from ..domain.data import Cut
from .meaning import Reading
from .rawtable import RawTable

SIDES = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
FEWEST = 10  # rows on either side
LEAST_SHARE = 0.005  # of the rows


def cut_in_two(table: RawTable, cut: Cut, readings: Mapping[str, Reading]) -> RawTable:
    """The table with a column of yes and no in place of the numbers that are asked about, which would give it away.
    The same table where nearly all rows lie on one side of the line."""
    numbers = readings[cut.column].by_row
    known = np.isfinite(numbers)
    yes = SIDES[cut.side](numbers, cut.value)
    sides = int((yes & known).sum()), int((~yes & known).sum())
    if min(sides) < max(FEWEST, LEAST_SHARE * known.sum()):
        return table
    cells = [("yes" if y else "no") if k else None for y, k in zip(yes.tolist(), known.tolist(), strict=True)]
    frame = table.frame.drop(columns=[cut.column])
    frame[cut.name] = pd.Series(cells, index=frame.index, dtype=object)
    note = (
        f"{cut.said!r} is a question of yes or no about {cut.column!r}: {sides[0]:,} rows say yes, {sides[1]:,} no; "
        f"the number itself is no input. Ask how much it is to have it estimated"
    )
    return replace(table, frame=frame, notes=(*table.notes, note), target=cut.name, alike=None)
