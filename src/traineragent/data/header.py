"""Where a table begins and what its columns are called: lines above it, header or none, names made unique.

Knows nothing of files. A header is recognised by content: how its cells differ from the cells below them.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from traineragent.data.sources import shown
from traineragent.data.wordlists import words_of

Cells = Sequence[str | None]
LOOKED_AT = 300
NUMBER = re.compile(
    r"[-+(]?\s*[$€£¥₹]?\s*(?:\d[\d.,'\u00a0\u202f ]*|\.\d+)(?:[eE][-+]?\d+)?\s*[%$€£¥₹)]?|[-+]?(?:inf|nan)",
    re.IGNORECASE,
)
STAMP = re.compile(
    r"\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?(?:[T ]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(?::\d{2})?|"
    r"\d{1,2}[- ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[- ]\d{2,4}", re.IGNORECASE,
)  # fmt: skip
MOMENT = re.compile(
    r"\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?:[T ]\d{1,2}:\d{2}.*)?|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{2}|\d{4})|"
    r"\d{1,2}[-/.]\d{4}|\d{4}[- ]?[QWqw]\d{1,2}|[QWqw]\d[- /]?\d{4}", re.IGNORECASE,
)  # fmt: skip
"""A date, month, week or quarter with its year; unlike STAMP never a decimal number below 1000."""
FEWEST_MOMENTS = 4
BLANK = frozenset(("", "na", "n/a", "nan", "null", "none", "?", "-", "--", "#n/a", "nil", ".", "\\n"))
NAME = re.compile(r"[^\W\d]\w{0,40}")
YEARS = range(1000, 2200)


@dataclass(frozen=True)
class Layout:
    """The table within its rows: `start` is the index of the first data row, `names` one for each of `width` columns,
    `header` whether they were read from the file, `above` the indices of rows left out before the table."""

    start: int
    width: int
    names: tuple[str, ...]
    header: bool
    above: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def find_layout(rows: Sequence[Cells], width: int, expected: Sequence[str] = ()) -> Layout:
    """Locate the header and the data in the first rows of a file; `expected` are names other files of the set have."""
    first = _first_row(rows, width)
    above = tuple(range(first))
    rows = rows[first:]
    if rows and len(rows[0]) == width - 1 and len(rows) > 1 and len(rows[1]) == width:
        if all(not row[-1] for row in rows[1:LOOKED_AT] if len(row) == width):
            pass  # every row, but not the header, ends in a delimiter
        elif all(cell and not _is_value(cell) for cell in rows[0]):  # R leaves out the name of the row names
            rows = [["", *rows[0]], *rows[1:]]
        else:
            above, rows, first = (*above, first), rows[1:], first + 1
    padded = [_fitted(row, width) for row in rows[: LOOKED_AT + 2]]
    if not padded or not is_header(padded[0], padded[1:], expected):
        named = "the column is named column_1" if width == 1 else f"columns are named column_1 … column_{width}"
        note = f"no header was found; {named}"
        names, _ = unique_names([""] * width)
        return Layout(first, width, names, False, above, (note,))
    head, taken = padded[0], 1
    if len(padded) > 3 and _second_header(padded[0], padded[1], padded[2:]):
        head, taken = _joined_names(padded[0], padded[1]), 2
    names, notes = unique_names(head)
    if taken == 2:
        notes = ("two header rows were joined into one name for each column", *notes)
    return Layout(first + taken, width, names, True, above, notes)


def _fitted(row: Cells, width: int) -> list[str]:
    return [cell or "" for cell in [*row, *[""] * (width - len(row))][:width]]


def _first_row(rows: Sequence[Cells], width: int) -> int:
    """Index of the first row that belongs to the table: everything before it is narrower or mostly blank."""
    for index, row in enumerate(rows):
        filled = sum(bool(cell and cell.strip()) for cell in row)
        if len(row) < width - 1 or (len(row) == width - 1 and not _is_short_header(rows, index, width)):
            continue
        later = rows[index + 1 : index + 6]
        usual = sorted(sum(bool(cell and cell.strip()) for cell in r) for r in later) or [filled]
        if width > 2 and filled <= 1 and usual[len(usual) // 2] > 2:
            continue  # a title in a row of blank cells
        return index
    return 0


def _is_short_header(rows: Sequence[Cells], index: int, width: int) -> bool:
    following = rows[index + 1 : index + 8]
    return width > 2 and bool(following) and all(len(row) == width for row in following)


def is_header(first: Sequence[str], below: Sequence[Sequence[str]], expected: Sequence[str] = ()) -> bool:
    """Whether `first` names the columns of the rows `below`, by adding up evidence for and against."""
    known = {fold_name(name) for name in expected}
    if known:
        hits = sum(fold_name(cell) in known for cell in first if cell.strip())
        if hits >= max(1, 0.6 * min(len(known), len(first))):
            return True
    if not any(cell.strip() for cell in first):
        return False
    if not below:
        return not any(_is_value(cell) for cell in first)
    if _is_number_header(first, below[0]) or _is_moment_header(first, below):
        return True
    below = [row for row in below if row != first] or below  # files glued together repeat their header
    evidence = 0.5 + _evidence_of_row(first)
    for index, cell in enumerate(first):
        evidence += _evidence_of_column(cell.strip(), [row[index].strip() for row in below])
    return evidence > 0


def _evidence_of_row(first: Sequence[str]) -> float:
    filled = [cell.strip() for cell in first if cell.strip()]
    blank = len(first) - len(filled)
    repeated = len(filled) - len(set(filled))
    long = sum(len(cell) > 60 or cell.endswith((".", "!", "?")) for cell in filled)
    common = words_of("headers")
    usual = sum(
        cell.casefold() in common or bool({*re.split(r"[\W_]+", cell.casefold())} & common and NAME.fullmatch(cell))
        for cell in filled
    )
    evidence = min(3.0, 1.2 * usual) - min(1.5, 0.5 * max(0, blank - 1)) - min(2.0, 0.8 * repeated) - 1.5 * long
    return evidence + (0.5 if all(NAME.fullmatch(cell) for cell in filled) else 0.0)


def _evidence_of_column(cell: str, below: list[str]) -> float:
    """Positive when `cell` differs in kind from the values under it, negative when it is one of them."""
    values = [value for value in below if value.casefold() not in BLANK]
    if not cell or not values or cell.casefold() in BLANK:
        return 0.0
    numbers = sum(bool(NUMBER.fullmatch(value[:80])) for value in values) / len(values)
    stamps = sum(bool(STAMP.fullmatch(value[:80])) for value in values) / len(values)
    if max(numbers, stamps) >= 0.8:
        if _is_value(cell):
            return -3.0
        return 3.0 if cell not in values else 0.0
    if _is_value(cell):
        return -1.5
    return _evidence_of_text(cell, values)


def _evidence_of_text(cell: str, values: list[str]) -> float:
    counts = Counter(values)
    recurs = counts[cell]
    if recurs:
        return -2.5 if len(counts) < 0.5 * len(values) else -1.0
    evidence = 0.0
    if len(values) >= 12 and len(counts) <= len(values) / 4:
        evidence += 1.0
    lengths = sorted(map(len, values))
    low, high = lengths[len(lengths) // 20], lengths[-1 - len(lengths) // 20]
    if len(values) >= 8 and not 0.5 * low <= len(cell) <= 1.5 * high:
        evidence += 1.0
    digits = sum(any(c.isdigit() for c in value) for value in values) / len(values)
    if len(values) >= 4 and digits > 0.9 and not any(c.isdigit() for c in cell):
        evidence += 1.0
    wordy = sum(_words(value) > 1 for value in values) / len(values)
    if len(values) >= 4 and wordy > 0.9 and _words(cell) == 1:
        evidence += 0.7
    if wordy > 0.8 and _words(cell) >= 4:
        evidence -= 1.5  # a sentence among sentences
    return evidence


def _words(text: str) -> int:
    """Words of a text, roughly; scripts without spaces count three characters as a word."""
    return 1 + text.count(" ") + sum(c > "\u2e80" for c in text[:200]) // 3


def _is_value(cell: str) -> bool:
    cell = cell.strip()
    return len(cell) < 80 and bool(NUMBER.fullmatch(cell) or STAMP.fullmatch(cell))


def _is_number_header(first: Sequence[str], second: Sequence[str]) -> bool:
    """Years or counting numbers as names: evenly spaced integers over a row that is not so spaced."""
    if not _counts(_even_run(first)) or _counts(_even_run(second)):
        return False
    return all(cell.isdigit() or not _is_value(cell) for cell in map(str.strip, first))


def _is_moment_header(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Different dates as names, over columns that hold none."""
    places = [i for i, cell in enumerate(first) if MOMENT.fullmatch(cell.strip())]
    filled = sum(bool(cell.strip()) for cell in first)
    if len(places) < max(FEWEST_MOMENTS, 0.5 * filled) or len({first[i].strip() for i in places}) < len(places):
        return False
    under = [value for row in below for i in places if (value := row[i].strip()).casefold() not in BLANK]
    return sum(bool(MOMENT.fullmatch(value)) for value in under) <= 0.05 * len(under)


def _counts(run: tuple[int, int, int] | None) -> bool:
    if run is None:
        return False
    start, step, length = run
    return (start in (0, 1) and step == 1 and length >= 3) or (start in YEARS and length >= 2 and 0 < step <= 10)


def _even_run(cells: Sequence[str]) -> tuple[int, int, int] | None:
    numbers = [int(cell) for cell in map(str.strip, cells) if cell.isdigit() and len(cell) <= 6]
    if len(numbers) < 2:
        return None
    step = numbers[1] - numbers[0]
    even = all(b - a == step for a, b in itertools.pairwise(numbers))
    return (numbers[0], step, len(numbers)) if even and step else None


def _second_header(first: Sequence[str], second: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """A second row of names or units: text without repeats over at least two columns that are numbers from there on."""
    numeric = 0
    if not any(c.isalnum() for cell in second for c in cell):  # a ruled line
        return False
    for index, cell in enumerate(second):
        values = [v for row in below if (v := row[index].strip()).casefold() not in BLANK]
        if not values:
            continue
        if sum(map(_is_value, values)) >= 0.95 * len(values):
            if not cell.strip() or _is_value(cell) or cell.casefold().strip() in BLANK or cell.strip() in values:
                return False
            numeric += not _is_value(first[index])
        elif cell.strip() in values:
            return False
    return numeric >= 2


def _joined_names(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """Group names reach over the blank cells right of them."""
    names, group = [], ""
    for upper, lower in zip(first, second, strict=True):
        group = upper.strip() or group
        names.append(" ".join(part for part in (group, lower.strip()) if part))
    return names


def unique_names(cells: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names from header cells: white space tidied, blanks named by position, repeats numbered; with notes."""
    tidy = [re.sub(r"\s+", " ", cell.replace("\ufeff", "")).strip() for cell in cells]
    taken = {name for name in tidy if name}
    names: list[str] = []
    used: set[str] = set()
    notes: list[str] = []
    blank = 0
    for position, name in enumerate(tidy, 1):
        base, number = name or f"column_{position}", 2
        blank += not name
        unique = base
        while unique in used or (unique != name and unique in taken):
            unique, number = f"{base}_{number}", number + 1
        if name and unique != name:
            notes.append(f"a repeated column {shown(name)!r} was renamed {shown(unique)!r}")
        names.append(unique)
        used.add(unique)
    if blank and any(tidy):
        notes.append(f"{blank} column{'s' if blank > 1 else ''} without a name got a name by position")
    if len(notes) > 8:
        notes = [*notes[:7], f"and {len(notes) - 7} more columns were renamed"]
    return tuple(names), tuple(notes)


def fold_name(name: str) -> str:
    """A column name for comparing: case, spaces, dashes and underscores do not matter."""
    return re.sub(r"[\W_]+", " ", name).strip().casefold() or name.strip().casefold()
