"""What a column is, judged by its content: an id, a constant, a category, a number, a yes/no, a date or free text.

A name only breaks ties that content leaves open. It knows nothing of the target.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..domain.data import ColumnProfile, Kind, NumberFormat, are_years
from ..serve.values import tokens
from .clocks import is_time_of_day
from .dates import Dates, read_dates
from .figures import MOST_TOP, histogram, stats, top
from .labels import count_labels, label_separator
from .layout import PICTURE_SUFFIXES
from .levels import Levels, levels_of
from .numerals import Numerals, is_code, numbers, read_numerals
from .wordlists import answer_pairs, answers, name_words, plain_answers, words_of

Meaning = Literal["id", "constant", "category", "number", "boolean", "date", "text", "image", "empty"]

_NUMERIC_SHARE = 0.8  # of the rows; below it a column of numbers and words is a column of words
_PATHS_TRIED = 20
MOST_COMPARED = 5000  # distinct texts that are looked at one by one
_DURATIONS = {
    "h:m": "durations in hours and minutes, read as seconds",
    "m:s": "durations down to the second, read as seconds",
    "units": "durations with their units, read as seconds",
}
_STRAYS = 20  # distinct words that may stand among numbers and are then taken for "no value"


@dataclass(frozen=True)
class Reading:
    """One column, understood. `values` (distinct,) is the number behind each text of `levels` (days since 1970 for a
    date, 1/0 for a yes/no), None where texts are only names. `strays` are texts among numbers that mean "no value"."""

    name: str
    meaning: Meaning
    kind: Kind
    levels: Levels
    values: NDArray[np.float64] | None = None
    number: NumberFormat = field(default_factory=NumberFormat)
    integer: bool = False
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()
    dates: Dates | None = None
    strays: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def by_row(self) -> NDArray[np.float64]:
        """The number of each row, NaN where missing; a name is its code. Shape (rows,)."""
        if self.values is not None:
            return self.levels.spread(self.values)
        codes = self.levels.codes.astype(np.float64)
        return np.where(codes < 0, np.nan, codes)

    @property
    def numeric(self) -> bool:
        return self.values is not None


def profile_columns(
    frame: pd.DataFrame, *, seed: int = 0, readings: Mapping[str, Reading] | None = None
) -> tuple[ColumnProfile, ...]:
    """Each column by itself, over all rows: meaning, missing, distinct, range and frequent values.

    All distinct values are looked at, so nothing is drawn and `seed` changes nothing; it is there for callers that
    pass it to every look at data. `readings` of the same table save reading it again."""
    readings = readings or read_columns(frame)
    return tuple(column_profile(r) for r in readings.values())


def _labelled(levels: Levels, separator: str) -> dict[str, Any]:
    """What parts the labels of a cell, how many there are, and the rows of the most frequent."""
    rows = count_labels(levels, separator)
    return {"separator": separator, "label_count": len(rows), "labels": dict(rows.most_common(MOST_TOP))}


def column_profile(reading: Reading) -> ColumnProfile:
    """Facts about one column that need no target."""
    levels = reading.levels
    separator = label_separator(levels) if reading.meaning in ("category", "text") else ""
    return ColumnProfile(
        reading.name,
        reading.meaning,
        round(levels.missing_share, 6),
        levels.distinct,
        stats=stats(reading.meaning, levels, reading.values)
        | (_labelled(levels, separator) if separator else {})
        | ({"unit": unit} if reading.meaning == "number" and (unit := reading.number.unit) else {}),
        top=top(reading.meaning, levels),
        histogram=histogram(reading.meaning, levels, reading.values),
        notes=reading.notes,
    )


def read_columns(frame: pd.DataFrame) -> dict[str, Reading]:
    """Every column of a table of texts, understood. Column names must be distinct."""
    return {str(name): read_column(str(name), frame[name]) for name in frame.columns}


def read_column(name: str, series: pd.Series) -> Reading:
    """One column of texts, understood."""
    levels = levels_of(series)
    if levels.distinct == 0:
        return Reading(name, "empty", "category", levels)
    kinds = (_image, _boolean, _number, _date, _words)
    found = next(reading for kind in kinds if (reading := kind(name, levels)) is not None)
    if levels.distinct == 1 and levels.present == levels.rows:
        return _as(found, "constant")
    return found


def _image(name: str, levels: Levels) -> Reading | None:
    """Paths of pictures that are there, as the reader of a collection of pictures writes them."""
    some = levels.texts[:_PATHS_TRIED]
    if not all(t.lower().endswith(PICTURE_SUFFIXES) and Path(t).is_absolute() for t in some):
        return None
    return Reading(name, "image", "text", levels) if any(Path(t).is_file() for t in some) else None


def _as(reading: Reading, meaning: Meaning, *notes: str) -> Reading:
    return replace(reading, meaning=meaning, notes=(*reading.notes, *notes))


# ---------------------------------------------------------------------------------------------- yes or no
def _boolean(name: str, levels: Levels) -> Reading | None:
    if levels.distinct > 6:
        return None
    folded = {_plain(t) for t in levels.texts}
    yes, no = answers("yes"), answers("no")
    plain_yes, plain_no = plain_answers("yes"), plain_answers("no")
    pair = next((p for p in answer_pairs() if folded == set(p)), None)
    if pair is None and len(folded) == 2 and folded <= {*yes, *no}:
        trues = [f for f in folded if f in yes]
        pair = (trues[0], next(f for f in folded if f != trues[0])) if len(trues) == 1 else None
    if pair is None and folded == {"yes"} and levels.present < levels.rows:
        pair = ("yes", "no")
    if pair is None and len(folded) > 2 and folded <= {*plain_yes, *plain_no}:
        pair = ("yes", "no")  # Y, yes and TRUE in one column
    if pair is None:
        return None
    digits = set(pair) == {"1", "0"}
    values = np.array([1.0 if _plain(t) in yes else 0.0 for t in levels.texts])
    spellings = {s.casefold() for s in levels.texts}
    true = tuple(dict.fromkeys([*(s for s in sorted(spellings) if _plain(s) in yes), pair[0], *plain_yes]))
    false = tuple(dict.fromkeys([*(s for s in sorted(spellings) if _plain(s) in no), pair[1], *plain_no]))
    # Zeros and ones are read as numbers, so that a 2 in a later row is a value and not an error.
    kind: Kind = "number" if digits else "boolean"
    return Reading(name, "boolean", kind, levels, values, integer=digits, true_words=true, false_words=false)


def _plain(text: str) -> str:
    """Case-folded, "1.0" as "1"."""
    folded = text.casefold()
    return folded[:-2] if folded in ("1.0", "0.0") else folded


# ---------------------------------------------------------------------------------------------- numbers
def _number(name: str, levels: Levels) -> Reading | None:
    found = read_numerals(levels.texts, levels.counts, name=name)
    if (clock := found.format.clock) and is_time_of_day(levels.texts, clock, name):
        return None
    finite = np.isfinite(found.values)
    share = float(levels.counts[finite].sum()) / levels.present
    if share < _NUMERIC_SHARE:
        return None
    strays = tuple(levels.texts[i] for i in np.flatnonzero(~finite))
    if len(strays) > _STRAYS and share < 0.98:
        return None
    strays = strays[:200]
    if is_code(levels.texts):
        return _digits(name, levels)
    if found.format == NumberFormat() and found.integer and not strays:
        dates = read_dates(levels.texts, levels.counts, hint=_speaks_of_time(name)) if _eight_or_epoch(levels) else None
        if dates is not None:
            return Reading(name, "date", "date", levels, dates.values, dates=dates)
    note: tuple[str, ...] = (_DURATIONS[clock],) if clock else ()
    note += (f"{len(strays)} texts among the numbers are taken for no value: {_quoted(strays)}",) if strays else ()
    cleaned = levels.without(strays) if strays else levels
    values = found.values[finite] if strays else found.values
    if len(values) != cleaned.distinct:  # a stray that differs from a number by case only
        values = numbers(cleaned.texts, found.format)
    reading = Reading(name, "number", "number", cleaned, values, found.format, found.integer, strays=strays, notes=note)
    return _numbering(reading, found) or reading


def _numbering(reading: Reading, found: Numerals) -> Reading | None:
    """Integers that only number the rows or the things in them."""
    levels, values = reading.levels, reading.values
    if values is None or not found.integer or levels.distinct < 3 or found.format != NumberFormat():
        return None
    low, high = float(values.min()), float(values.max())
    span = high - low + 1
    unique = levels.distinct >= 0.999 * levels.present and levels.missing_share < 0.01
    named = bool(name_words(reading.name) & words_of("ids"))
    timely = bool(name_words(reading.name) & (words_of("years") | words_of("times")))
    years = (low >= 1800 and high <= 2100) or (timely and are_years(low, high))
    if unique and not years:
        if span <= 1.05 * levels.distinct + 1 and (levels.rows >= 50 or (levels.rows >= 20 and low in (0.0, 1.0))):
            return _as(reading, "id", "numbers the rows")
        if levels.rows >= 20 and span <= 3 * levels.distinct and _rising(values):
            return _as(reading, "id", "numbers the rows, with gaps")
        if named and levels.rows >= 5:
            return _as(reading, "id", "a different number in every row")
    dense = levels.distinct >= max(50, 0.1 * levels.rows) and span <= 1.05 * levels.distinct + 1
    if dense and not years and _rising(reading.by_row[levels.codes >= 0]):
        return _as(reading, "id", "numbers groups of neighbouring rows")
    return None


def _rising(values: NDArray[np.float64]) -> bool:
    return len(values) > 2 and bool(np.all(np.diff(values) >= 0))


def _eight_or_epoch(levels: Levels) -> bool:
    lengths = {len(t) for t in levels.texts[:200]}
    return lengths <= {8, 9, 10, 12, 13}


def _speaks_of_time(name: str) -> bool:
    return bool(name_words(name) & words_of("times"))


# ---------------------------------------------------------------------------------------------- dates
def _date(name: str, levels: Levels) -> Reading | None:
    dates = read_dates(levels.texts, levels.counts, hint=_speaks_of_time(name))
    if dates is None:
        return None
    notes = (dates.note,) if dates.note else ()
    bad = [levels.texts[i] for i in np.flatnonzero(~np.isfinite(dates.values))]
    if bad:
        notes = (*notes, f"{len(bad)} values are no dates and are taken for no value: {_quoted(bad)}")
    return Reading(name, "date", "date", levels, dates.values, dates=dates, strays=tuple(bad[:200]), notes=notes)


# ---------------------------------------------------------------------------------------------- words
_PERSONAL = re.compile(
    r"[^@\s]+@[^@\s]+\.[a-z]{2,}|\+?\d[\d\s()./-]{6,}\d|[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE
)


def _words(name: str, levels: Levels) -> Reading:
    counts, distinct, present = levels.counts, levels.distinct, levels.present
    some = levels.texts[:MOST_COMPARED]
    weights = counts[: len(some)]
    lengths = np.array([len(tokens(t)) for t in some], dtype=np.float64)
    mean_words = float((lengths * weights).sum() / weights.sum())
    text = Reading(name, "text", "text", levels)
    category = Reading(name, "category", "category", levels, notes=_spellings(levels))
    if distinct >= 0.9 * present and present >= 20 and _codelike(some):
        return _as(text, "id", "a different code in nearly every row")
    if distinct <= 50 and present / distinct >= 2 and mean_words < 12:
        return category
    repeats = present / distinct
    if repeats >= 5 and mean_words < 12:
        return category
    if repeats >= 2 and mean_words < 2.5:
        return category
    return text if mean_words >= 1.2 or repeats < 2 else category


def _spellings(levels: Levels) -> tuple[str, ...]:
    """A note where values differ only in case."""
    groups: dict[str, list[str]] = {}
    for text in levels.texts[:MOST_COMPARED]:
        groups.setdefault(text.casefold(), []).append(text)
    twice = [g for g in groups.values() if len(g) > 1]
    if not twice or all(len(t) == 1 for g in twice for t in g):
        return ()
    return (f"some values differ only in case and are taken as different: {_quoted(twice[0])}",)


def _digits(name: str, levels: Levels) -> Reading:
    """Digits that are names: postcodes, account numbers."""
    if levels.distinct >= 0.9 * levels.present and levels.present >= 20:
        return Reading(name, "id", "category", levels, notes=("digits that name things, not amounts",))
    return Reading(name, "category", "category", levels, notes=("digits that name things, not amounts",))


def _codelike(texts: tuple[str, ...]) -> bool:
    """Single tokens, mostly with digits, or addresses, phone numbers, hashes: nothing to learn from."""
    odd = sum(1 for t in texts if _PERSONAL.fullmatch(t))
    if odd >= 0.9 * len(texts):
        return True
    single = [t for t in texts if t.isascii() and " " not in t and len(t) <= 80]
    if len(single) < 0.98 * len(texts):
        return False
    return sum(any(c.isdigit() for c in t) for t in single) >= 0.5 * len(texts) or max(map(len, single)) <= 32


def _quoted(texts: tuple[str, ...] | list[str], most: int = 3) -> str:
    shown = ", ".join(repr(t[:40]) for t in texts[:most])
    return shown + (", …" if len(texts) > most else "")


def joint(readings: Mapping[str, Reading], names: tuple[str, ...]) -> NDArray[np.int64]:
    """A number for each row that is the same for rows alike in all these columns. Shape (rows,).

    Rows are compared by a 64-bit hash: two different rows among a million meet by chance once in 10^7 tables."""
    rng = np.random.default_rng(len(names))
    key = np.zeros(next(iter(readings.values())).levels.rows, dtype=np.uint64)
    for name in names:
        levels = readings[name].levels
        table = rng.integers(0, 2**64, size=levels.distinct + 1, dtype=np.uint64)
        key = key * np.uint64(0x9E3779B97F4A7C15) + table[levels.codes]
    return np.asarray(pd.factorize(key)[0], dtype=np.int64)
