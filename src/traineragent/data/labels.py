"""Several answers in one cell: "joy|surprise", "red, round" or a JSON list, found by content.

A delimiter counts only where the parts it gives come back in other company; a comma within a name does not.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..domain.data import Target
from ..serve.values import tokens
from .levels import Levels, levels_of
from .rawtable import RawTable
from .wordlists import answers

LABELS = "labels"
WALLS = ("|", ";")
SEPARATORS = ("|", ";", ",", "json")
MOST_LABELS = 500
FEWEST_SHARE = 0.02  # of the rows must hold more than one label
MOST_WORDS = 4  # of a label in the mean
COMPANY = 0.8  # of the parts must stand in different cells
ROWS_A_LABEL = 3


def gathered(table: RawTable, flags: Sequence[str]) -> RawTable:
    """The table with the columns of yes and no `flags` as one column of labels, which is the answer. A row without
    any of them has no label; one whose cells are all empty has no answer."""
    frame = table.frame
    wall = next(w for w in WALLS if not any(w in name for name in flags))
    told = np.array([[is_true(cell) for cell in frame[name].astype(object)] for name in flags]).T
    known = frame[list(flags)].notna().any(axis=1).tolist()
    cells = [
        wall + wall.join([n for n, yes in zip(flags, row, strict=True) if yes] or [""]) + wall if there else None
        for row, there in zip(told, known, strict=True)
    ]
    name = LABELS if LABELS not in frame.columns else f"{LABELS}_of_row"
    rest = frame.drop(columns=list(flags))
    rest[name] = pd.Series(cells, index=rest.index, dtype=object)
    shown = ", ".join(map(repr, flags[:8])) + (" …" if len(flags) > 8 else "")
    note = f"the {len(flags)} columns {shown} are labels of one question, of which a row may have any; read as {name!r}"
    return replace(table, frame=rest, notes=(*table.notes, note), target=name, alike=None)


def is_true(cell: object) -> bool:
    text = str(cell).strip().casefold()
    return text in answers("yes") or text == "1.0"


def label_separator(levels: Levels) -> str:
    """What parts the labels of a cell, "json" for lists; "" where each cell holds one answer. Cells that begin and end
    with what parts them ("|red|round|") say so themselves."""
    for wall in WALLS:
        if levels.texts and all(len(t) > 1 and t[0] == t[-1] == wall for t in levels.texts):
            return wall
    for separator in SEPARATORS:
        if _parts_labels(levels, separator):
            return separator
    return ""


def _parts_labels(levels: Levels, separator: str) -> bool:
    sign = "[" if separator == "json" else separator  # nothing is parted without it, and looking is quick
    if not any(sign in text for text in levels.texts):
        return False
    cells = [split_labels(text.casefold(), separator) for text in levels.texts]
    many = sum(n for cell, n in zip(cells, levels.counts.tolist(), strict=True) if len(cell) > 1)
    if many < max(FEWEST_SHARE * levels.present, 3):
        return False
    if separator == "json" and not all(t.startswith("[") for t in levels.texts):
        return False
    cells_of: Counter[str] = Counter()
    rows_of: Counter[str] = Counter()
    for cell, n in zip(cells, levels.counts.tolist(), strict=True):
        cells_of.update(set(cell))
        rows_of.update(dict.fromkeys(cell, n))
    if not 2 <= len(cells_of) <= MOST_LABELS or len(cells_of) >= levels.distinct:
        return False
    company = sum(n > 1 for n in cells_of.values()) / len(cells_of)
    words = float(np.mean([len(tokens(label)) for label in cells_of]))
    return company >= COMPANY and words <= MOST_WORDS and float(np.median(list(rows_of.values()))) >= ROWS_A_LABEL


def split_labels(text: str, separator: str) -> tuple[str, ...]:
    """The labels of a cell, each once, in order."""
    if separator == "json":
        try:
            found = json.loads(text)
        except ValueError:
            found = [text]
        parts = [str(v) for v in found] if isinstance(found, list) else [str(found)]
    else:
        parts = text.split(separator)
    return tuple(dict.fromkeys(p.strip() for p in parts if p.strip()))


def label_rows(series: pd.Series, separator: str) -> Counter[str]:
    """Label -> rows that hold it."""
    return count_labels(levels_of(series), separator)


def count_labels(levels: Levels, separator: str) -> Counter[str]:
    found = Counter[str]()
    for text, n in zip(levels.texts, levels.counts.tolist(), strict=True):
        for label in split_labels(text, separator):
            found[label] += n
    return found


def label_matrix(series: pd.Series, target: Target) -> NDArray[np.float64]:
    """1 where a row has the label, float64 (rows, labels); NaN all along a row without an answer."""
    levels = levels_of(series)
    place = {raw.casefold(): i for i, texts in enumerate(target.raw_labels) for raw in texts}
    table = np.zeros((levels.distinct + 1, len(target.labels)))
    for i, text in enumerate(levels.texts):
        known = [place[p.casefold()] for p in split_labels(text, target.separator) if p.casefold() in place]
        table[i, known] = 1.0
    table[-1] = np.nan
    return table[levels.codes]


def rarest_label(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """One label a row, the rarest that it has, so that parts can hold each label in proportion; 0 for rows with none,
    NaN for rows without an answer. Shape (rows,)."""
    order = np.argsort(np.nansum(matrix, axis=0), kind="stable")
    ranked = matrix[:, order]
    first = order[np.nan_to_num(ranked).argmax(axis=1)].astype(np.float64)
    first[np.nansum(matrix, axis=1) == 0] = 0.0
    first[np.isnan(matrix[:, 0])] = np.nan
    return np.asarray(first)
