"""The structure of a block of delimited bytes: where records begin, how many cells each has, whether quotes are sound.

Found with array operations over the bytes, so that a fast parser may be trusted afterwards. Knows no cells or files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LF, CR = 10, 13
LONG_RECORD = 5_000
"""A record over more lines than this means a quote that never closed."""


@dataclass(frozen=True)
class Structure:
    """Records of a block. `starts`, `ends`, `widths`, `lines`: (records,); `end` excludes the line end; `lines` counts
    from 0 at the block's first line; `cut` is where the unfinished last record begins; `newlines` before `cut`."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    widths: npt.NDArray[np.int64]
    lines: npt.NDArray[np.int64]
    cut: int
    newlines: int


def find_structure(block: bytes, delimiter: int, quote: int | None, width: int, last: bool) -> Structure | None:
    """The records of `block`, which begins at the start of one; None where its quoting is not beyond doubt.

    `last` says that the file ends with this block, so that its last record needs no line end."""
    data = np.frombuffer(block, np.uint8)
    newlines = np.flatnonzero(data == LF)
    marks = np.flatnonzero(data == delimiter)
    ends = newlines
    if quote is not None and quote in block:
        quotes = np.flatnonzero(data == quote)
        if not _sound_quotes(data, quotes, delimiter, last):
            return None
        ends = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
        if last and len(quotes) % 2:
            return None
    if last and (not len(ends) or ends[-1] != len(data) - 1):
        ends = np.append(ends, len(data))
    cut = int(min(ends[-1] + 1, len(data))) if len(ends) else 0
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1))[: len(ends)]
    before = np.searchsorted(marks, ends)
    widths = np.diff(before, prepend=0) + 1
    lines = np.searchsorted(newlines, starts)
    spans = np.searchsorted(newlines, ends) - lines + 1
    if _doubtful(spans, widths, width):
        return None
    bare = ends - ((ends > starts) & (data[np.maximum(ends - 1, 0)] == CR))
    return Structure(starts, bare, widths, lines, cut, int(np.searchsorted(newlines, cut)))


def _sound_quotes(data: npt.NDArray[np.uint8], quotes: npt.NDArray[np.int64], delimiter: int, last: bool) -> bool:
    """Each opening quote stands at the start of a cell, each closing one at its end; inside they are doubled."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = data[np.maximum(opening - 1, 0)]
    quote = data[quotes[0]]
    opens = (opening == 0) | (before == delimiter) | (before == LF) | (before == quote)
    inside = closing[closing < len(data) - 1]
    after = data[inside + 1]
    closes = (after == delimiter) | (after == LF) | (after == CR) | (after == quote)
    return bool(opens.all() and closes.all())


def _doubtful(spans: npt.NDArray[np.int64], widths: npt.NDArray[np.int64], width: int) -> bool:
    """Records over many lines are trusted only at the usual width."""
    return bool(len(spans)) and bool((spans.max() > LONG_RECORD) or ((spans > 1) & (widths != width)).any())
