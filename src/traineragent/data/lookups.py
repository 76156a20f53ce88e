"""Tables that say more about the rows of another: joined by the columns that they share, as customers beside orders.

Knows nothing of formats, nor of what is predicted: each row of the table with most rows stays one row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from traineragent.data.header import fold_name
from traineragent.data.part import Part
from traineragent.data.sources import shown

ALIKE = 0.5  # more of the narrower table's columns than this are shared by parts of one table
FOUND = 0.8  # of the rows must be found in the table that is looked up
MOST_TABLES = 12

Places = npt.NDArray[np.int64]


def with_lookups(parts: Sequence[Part]) -> tuple[list[Part], list[str]]:
    """The parts of one table, joined with the other tables among `parts`, and a sentence for each of these. All parts
    as they are where every one is part of one table, or where some cannot be joined."""
    tables = _tables(parts)
    if not 1 < len(tables) <= MOST_TABLES or any(p.rows_total != len(p.frame) for p in parts):
        return list(parts), []
    for main in sorted(range(len(tables)), key=lambda i: -sum(len(p.frame) for p in tables[i])):
        joined = _all_joined(tables[main], [t for i, t in enumerate(tables) if i != main])
        if joined is not None:
            return joined
    return list(parts), []


def _tables(parts: Sequence[Part]) -> list[list[Part]]:
    """The parts by the table that they belong to, told by their columns."""
    tables: list[list[Part]] = []
    for part in parts:
        names = _folded(part)
        home = next(
            (t for t in tables if len(names & _folded(t[0])) > ALIKE * min(len(names), len(_folded(t[0])))), None
        )
        if home is None or not part.facts.header:
            tables.append([part])
        else:
            home.append(part)
    return tables


def _folded(part: Part) -> set[str]:
    return {fold_name(str(name)) for name in part.frame.columns}


def _all_joined(main: list[Part], others: list[list[Part]]) -> tuple[list[Part], list[str]] | None:
    """The main table with all others, one after the other, since a table may be found by the columns of another; None
    where one is left over."""
    left, notes = list(others), list[str]()
    while left:
        for table in left:
            joined = _joined(main, table)
            if joined is not None:
                main, note = joined
                notes.append(note)
                left.remove(table)
                break
        else:
            return None
    return main, notes


def _joined(main: list[Part], table: list[Part]) -> tuple[list[Part], str] | None:
    """The main table with the columns of another; None where no shared column finds most rows, each only once."""
    if len(table) > 1:
        return None
    lookup = table[0]
    names = {fold_name(str(name)): str(name) for name in lookup.frame.columns}
    shared = [str(n) for n in main[0].frame.columns if fold_name(str(n)) in names]
    for keys in [shared, *([name] for name in shared)] if len(shared) > 1 else [shared] if shared else []:
        places = _places(main, lookup, keys, [names[fold_name(name)] for name in keys])
        if places is None:
            continue
        found = sum(int((p >= 0).sum()) for p in places)
        total = sum(map(len, places))
        if found < FOUND * total:
            continue
        parts = [_widened(part, lookup, place, keys, names) for part, place in zip(main, places, strict=True)]
        by = " and ".join(repr(shown(name)) for name in keys)
        note = f"{lookup.facts.name} was joined to {main[0].facts.name} by {by} ({found:,} of {total:,} rows found)"
        used = len({i for place in places for i in place.tolist() if i >= 0})
        if used < found:
            note += f"; a row is one of {main[0].facts.name}, so each row of {lookup.facts.name} may stand in several"
        return parts, note
    return None


def _places(main: Sequence[Part], lookup: Part, keys: Sequence[str], theirs: Sequence[str]) -> list[Places] | None:
    """For each part of the main table the row of `lookup` that each row means, -1 for none; None where keys repeat."""
    own = [_cells(part.frame, keys) for part in main]
    other = _cells(lookup.frame, theirs)
    if all(_numeric(cells) for cells in (*own, other)):
        own, other = [_as_numbers(cells) for cells in own], _as_numbers(other)
    place = {key: i for i, key in enumerate(other) if key is not None}
    if len(place) < sum(key is not None for key in other) or len(place) < 2:
        return None
    return [np.array([place.get(key, -1) if key is not None else -1 for key in cells], dtype=np.int64) for cells in own]


def _cells(frame: pd.DataFrame, names: Sequence[str]) -> list[tuple[Any, ...] | None]:
    """The key of each row; None where a cell of it is empty."""
    columns = [frame[name].astype(object).to_numpy() for name in names]
    rows = zip(*columns, strict=True)
    return [
        tuple(cell.strip() for cell in row) if all(isinstance(c, str) and c.strip() for c in row) else None
        for row in rows
    ]


def _numeric(cells: Sequence[tuple[Any, ...] | None]) -> bool:
    try:
        for row in cells:
            if row is not None:
                for cell in row:
                    float(cell)
    except ValueError:
        return False
    return True


def _as_numbers(cells: Sequence[tuple[Any, ...] | None]) -> list[tuple[Any, ...] | None]:
    """Keys as numbers, so that 7, 7.0 and 007 are one."""
    return [None if row is None else tuple(map(float, row)) for row in cells]


def _widened(part: Part, lookup: Part, places: Places, keys: Sequence[str], names: dict[str, str]) -> Part:
    frame = part.frame.copy()
    used = {fold_name(name) for name in keys}
    stem = lookup.facts.name.partition(".")[0]
    for folded, name in names.items():
        if folded in used:
            continue
        called = name if name not in frame.columns else f"{stem}.{name}"
        frame[called] = pd.Series(_taken(lookup.frame[name], places), index=frame.index)
    both = hashlib.sha256(f"{part.facts.sha256}{lookup.facts.sha256}".encode()).hexdigest()
    notes = (*part.notes, *(f"{lookup.facts.name}: {note}" for note in lookup.notes))
    return replace(part, frame=frame, facts=replace(part.facts, columns=frame.shape[1], sha256=both), notes=notes)


def _taken(column: pd.Series[Any], places: Places) -> Any:
    """The cells at `places`, missing where that is -1."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy()
        return pd.Categorical.from_codes(np.where(places < 0, -1, codes[places]), dtype=column.dtype)
    cells = column.astype(object).to_numpy()[places]
    cells[places < 0] = None
    return cells
