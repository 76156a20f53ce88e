"""From columns of text to declarations: how each raw value of a served row becomes features.

Fitted on training rows only. `serve.codecs.table` obeys the declarations; it knows nothing of how they were found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import numpy as np
import pandas as pd

from ..domain.data import Column
from ..errors import InputError
from ..serve.values import number_key, terms
from .dates import EPOCH, Dates, moments, read_dates, varying_parts
from .levels import Levels, levels_of
from .meaning import Reading, read_column
from .numerals import read_numerals
from .wordlists import answers

Parse = Literal["number", "boolean", "category", "date", "text", "image"]

MOST_CATEGORIES = 2000
MOST_WORDS = 200
FEWEST_WORDS = 20
ROWS_A_WORD = 10  # a small table gets fewer words, or they would be mostly chance
FEWEST_ROWS_A_CATEGORY = 2
FEWEST_ROWS_A_WORD = 3


@dataclass(frozen=True)
class Parsing:
    """How one input column is parsed. `most` caps its categories or words, `fewest` is the rows that each must have;
    `days`: a date gets this part even where it spans less than a day."""

    column: str
    parse: Parse
    most: int | None = None
    fewest: int | None = None
    days: bool = False


def build_columns(
    train_frame: pd.DataFrame, chosen: Sequence[Parsing], readings: Mapping[str, Reading] | None = None
) -> tuple[Column, ...]:
    """The declarations of the chosen input columns, in the order in which they were chosen.

    `readings` of the same rows save reading them again. Raises InputError when a column holds nothing of the kind it
    shall be parsed as."""
    readings = readings or {}
    columns = []
    for d in chosen:
        if d.column not in train_frame.columns:
            raise InputError(f"there is no column {d.column!r} in the training table", column=d.column)
        reading = readings.get(d.column) or read_column(d.column, train_frame[d.column])
        if reading.strays and d.parse in ("category", "text"):  # words among numbers are values then
            reading = replace(reading, levels=levels_of(train_frame[d.column]), values=None)
        columns.append(_BUILDERS[d.parse](reading, d))
    return tuple(columns)


def default_parse(reading: Reading) -> Parse | None:
    """How a column is parsed when nobody decides otherwise; None when it holds nothing to learn from."""
    if reading.meaning in ("empty", "constant", "id"):
        return None
    return None if reading.kind == "image" else reading.kind


# ---------------------------------------------------------------------------------------------- one kind each
def _number(reading: Reading, parsing: Parsing) -> Column:
    levels, fmt, values, integer = reading.levels, reading.number, reading.values, reading.integer
    if reading.kind != "number" or values is None:
        found = read_numerals(levels.texts, levels.counts, name=reading.name)
        fmt, values, integer = found.format, found.values, found.integer
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise InputError(f"column {reading.name!r} holds no numbers, so it cannot be read as such", column=reading.name)
    strays = tuple(levels.texts[i] for i in np.flatnonzero(~np.isfinite(values)))
    order = np.argsort(np.where(np.isfinite(values), values, np.inf), kind="stable")
    middle = float(values[order[int(np.searchsorted(np.cumsum(levels.counts[order]), levels.present / 2))]])
    return Column(
        reading.name,
        "number",
        number=fmt,
        integer=integer,
        missing=_extra((*reading.strays, *strays)),
        nullable=_has_missing(levels) or bool(strays),
        low=float(finite.min()),
        high=float(finite.max()),
        example=None if reading.meaning == "id" else _number_example(middle, integer),
    )


def _number_example(value: float, integer: bool) -> float | int:
    return int(value) if integer and abs(value) < 2**53 else value


def _boolean(reading: Reading, parsing: Parsing) -> Column:
    levels = reading.levels
    true, false = reading.true_words or answers("yes"), reading.false_words or answers("no")
    strays = tuple(t for t in levels.texts if t.casefold() not in (*true, *false))
    if len(strays) == levels.distinct:
        raise InputError(
            f"column {reading.name!r} holds no yes or no, so it cannot be read as such", column=reading.name
        )
    return Column(
        reading.name,
        "boolean",
        true_words=true,
        false_words=false,
        missing=_extra(strays),
        nullable=_has_missing(levels) or bool(strays),
        low=0.0,
        high=1.0,
        example=_boolean_example(next(t for t, _ in levels.by_count if t not in strays)),
    )


def _boolean_example(text: str) -> str | int:
    number = number_key(text)
    return text if number is None else int(number)


def _category(reading: Reading, parsing: Parsing) -> Column:
    """Values with fewer rows than `fewest` fold into "another value", as values never seen will."""
    levels = reading.levels
    fewest = FEWEST_ROWS_A_CATEGORY if parsing.fewest is None else parsing.fewest
    most = MOST_CATEGORIES if parsing.most is None else parsing.most
    ordered = levels.by_count
    kept = [t for t, n in ordered if n >= fewest][:most] or [t for t, _ in ordered[:most]]
    return Column(
        reading.name,
        "category",
        categories=tuple(kept),
        nullable=_has_missing(levels),
        example=None if reading.meaning == "id" or not kept else kept[0],
    )


def _date(reading: Reading, parsing: Parsing) -> Column:
    levels = reading.levels
    dates: Dates | None = reading.dates or read_dates(levels.texts, levels.counts, hint=True)
    if dates is None:
        raise InputError(f"column {reading.name!r} holds no dates, so it cannot be read as such", column=reading.name)
    known = np.flatnonzero(np.isfinite(dates.values))
    found = moments([levels.texts[i] for i in known], dates.formats)
    parts = varying_parts(found, levels.counts[known].tolist(), time_only=dates.time_only)
    if parsing.days and "days" not in parts:
        parts = ("days", *parts)
    first = float(np.floor(dates.values[known].min()))
    middle = known[np.argsort(dates.values[known])[len(known) // 2]]
    return Column(
        reading.name,
        "date",
        date_formats=dates.formats,
        date_parts=parts,
        date_origin=(EPOCH + timedelta(days=first)).date().isoformat(),
        missing=_extra(tuple(levels.texts[i] for i in range(levels.distinct) if not np.isfinite(dates.values[i]))),
        nullable=_has_missing(levels) or len(known) < levels.distinct,
        low=float(dates.values[known].min()) - first,
        high=float(dates.values[known].max()) - first,
        example=levels.texts[int(middle)],
    )


def _text(reading: Reading, parsing: Parsing) -> Column:
    """Words and pairs of neighbours that occur in enough rows but not in nearly all, most frequent first."""
    levels = reading.levels
    fewest = FEWEST_ROWS_A_WORD if parsing.fewest is None else parsing.fewest
    most = min(MOST_WORDS, max(FEWEST_WORDS, levels.present // ROWS_A_WORD)) if parsing.most is None else parsing.most
    return Column(
        reading.name,
        "text",
        words=_vocabulary(levels, fewest, most),
        nullable=_has_missing(levels),
        example=_text_example(levels),
    )


def _vocabulary(levels: Levels, fewest: int, most: int) -> tuple[str, ...]:
    rows: Counter[str] = Counter()
    for text, count in zip(levels.texts, levels.counts.tolist(), strict=True):
        for term in set(terms(text)):
            rows[term] += count
    ordered = sorted(
        ((n, t) for t, n in rows.items() if fewest <= n < 0.995 * levels.present), key=lambda p: (-p[0], p[1])
    )
    kept: list[str] = []
    for n, term in ordered:
        if len(kept) == most:
            break
        first, _, second = term.partition(" ")
        if second and n >= 0.95 * max(rows[first], rows[second]):
            continue  # the pair says no more than either of its words
        kept.append(term)
    return tuple(kept)


def _text_example(levels: Levels) -> str | None:
    """The most frequent text if several rows share it: what only one row holds may be about a person."""
    if not levels.distinct:
        return None
    text, count = levels.by_count[0]
    return text[:200] if count >= 3 else None


def _image(reading: Reading, parsing: Parsing) -> Column:
    return Column(reading.name, "image")


# ---------------------------------------------------------------------------------------------- missing values
def _has_missing(levels: Levels) -> bool:
    return levels.present < levels.rows


def _extra(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t.casefold() for t in texts))


_BUILDERS = {
    "number": _number,
    "boolean": _boolean,
    "category": _category,
    "date": _date,
    "text": _text,
    "image": _image,
}
