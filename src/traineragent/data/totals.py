"""A row of totals below a table, recognised by its word and by arithmetic. Knows nothing of files."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pandas as pd

from traineragent.data.part import Part, line_list

WORD = re.compile(
    r"\W*(?:grand |sub-?)?(?:totals?|sum|summe|gesamt|gesamtsumme|average|mean|mittelwert)\b\W*", re.IGNORECASE
)
TOLERANCE = 0.002
"""Totals are rounded, so they may differ from the sum by this share."""


def without_totals(part: Part) -> Part:
    """The part without a last row that says it is a total and is one: some number in it is the sum or the mean of
    its column. Left alone where rows were sampled, and where the word stands among the other rows too."""
    frame = part.frame
    if len(frame) < 4 or part.rows_total != len(frame):
        return part
    last = [cell if isinstance(cell, str) else "" for cell in frame.iloc[-1]]
    position = next((i for i, cell in enumerate(last) if cell.strip()), None)
    if position is None or not WORD.fullmatch(last[position]) or (frame.iloc[:-1, position] == last[position]).any():
        return part
    if not any(_is_total(frame.iloc[:-1, i], cell) for i, cell in enumerate(last) if i != position and cell.strip()):
        return part
    note = f"a row of totals below the table was left out ({line_list([int(part.lines[-1])])})"
    kept = frame.iloc[:-1].reset_index(drop=True)
    facts = replace(part.facts, rows=len(kept))
    return replace(
        part, frame=kept, lines=part.lines[:-1], keys=part.keys[:-1], facts=facts, rows_total=len(kept),
        notes=(*part.notes, note),
    )  # fmt: skip


def _is_total(above: pd.Series[Any], cell: str) -> bool:
    total = _number(cell)
    numbers = [number for text in above if isinstance(text, str) and (number := _number(text)) is not None]
    if total is None or len(numbers) < max(2, 0.8 * len(above)):
        return False
    added = math.fsum(numbers)
    near = TOLERANCE * max(abs(total), 1e-9)
    return abs(added - total) <= near or abs(added / len(numbers) - total) <= near


def _number(text: str) -> float | None:
    bare = re.sub(r"[^\d.,eE+-]", "", text)
    if "," in bare:  # the last mark is the decimal one, unless three digits follow it alone
        whole, _, part = bare.rpartition(",")
        decimal = len(part) != 3 and "." not in part
        bare = f"{whole.replace('.', '')}.{part}" if decimal else bare.replace(",", "")
    try:
        number = float(bare)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
