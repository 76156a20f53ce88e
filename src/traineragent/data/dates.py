"""In which formats a column writes its dates, with day-first and month-first told apart over the whole column.

It only recognises; `serve.values` parses. It knows nothing of what the dates stand for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..domain.data import NumberFormat
from ..serve.values import DATE_PARTS, parse_date, parse_number

_DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y-%m", "%Y/%m", "%Y年%m月%d日"),
    *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%m.%d.%Y", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y"),
    *("%d-%m-%y", "%m-%d-%y", "%m/%Y", "%m.%Y", "%m-%Y", "%Y%m%d"),
    *("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%d. %B %Y", "%d %b %y"),
    *("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%Y-%b-%d", "%Y %b %d"),
    *("%b-%d-%Y", "%a, %d %b %Y", "%a %b %d %Y", "%A, %d %B %Y", "%A, %B %d, %Y"),
)
_TIMES = ("", "%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p")
_MONTH = re.compile(r"(?<![a-z])(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE)
_SHAPE = re.compile(
    r"\d{1,4}[-/. ]\d{1,2}([-/. ]\d{1,4})?|\d{1,2}:\d{2}|\d{8}|\d{4}年"
    r"|\d{4}[ ./_-]?[QqTtWw]\d|[QqTt][1-4][ ./_-]?\d{4}"
)
_DAY_FIRST = {"%d/%m/%Y": "%m/%d/%Y", "%d.%m.%Y": "%m.%d.%Y", "%d-%m-%Y": "%m-%d-%Y"}
_DAY_FIRST |= {a.replace("%Y", "%y"): b.replace("%Y", "%y") for a, b in _DAY_FIRST.items()}
_ENOUGH = 0.95  # of the rows; what is left over is a handful of typing errors, not another kind of value
EPOCH = datetime(1970, 1, 1)
_NAMED = ("iso", "epoch", "quarter", "week")


@dataclass(frozen=True)
class Dates:
    """`formats` in the order they are tried, and days since 1970 of every distinct text (NaN where it is no date)."""

    formats: tuple[str, ...]
    values: NDArray[np.float64]
    note: str = ""

    @property
    def time_only(self) -> bool:
        """Whether the column holds a time of day without a day."""
        return not any(
            c in f for f in self.formats for c in ("%d", "%m", "%b", "%B", "iso", "epoch", "quarter", "week")
        )


def read_dates(
    texts: Sequence[str], counts: NDArray[np.int64], *, hint: bool = False, sample: int = 300
) -> Dates | None:
    """The date formats of a column, or None when it does not hold dates.

    `hint`: the column's name speaks of time, so that seconds since 1970 may be believed. Formats are inferred from
    `sample` distinct texts spread over the file; then every text is parsed."""
    if not texts:
        return None
    step = max(1, len(texts) // sample)
    some, weights = list(texts[::step]), counts[::step]
    formats = _epoch(some) if hint else ()
    note = ""
    if not formats:
        formats, note = _written_formats(some, weights)
    if not formats:
        return None
    values = days_of(texts, formats)
    if counts[np.isfinite(values)].sum() < _ENOUGH * counts.sum():
        return None
    return Dates(formats, values, note)


def moments(texts: Sequence[str], formats: Sequence[str]) -> list[datetime]:
    """The dates among these texts, parsed."""
    return [m for t in texts if (m := parse_date(t, formats)) is not None]


def varying_parts(found: Sequence[datetime], counts: Sequence[int], *, time_only: bool) -> tuple[str, ...]:
    """The parts of these dates that are worth a feature: those that vary, and `days` when they span over a day.

    A part that differs in fewer than one row in a thousand is noise."""
    if not found:
        return ("days",)
    rows = np.asarray(counts, dtype=np.float64)
    parts = []
    if not time_only and max(found) - min(found) > timedelta(days=1):
        parts.append("days")
    for part, read in DATE_PARTS.items():
        values, place = np.unique([read(m) for m in found], return_inverse=True)
        if len(values) > 1 and np.bincount(place, weights=rows).max() < 0.999 * rows.sum():
            parts.append(part)
    if time_only:
        parts = [p for p in parts if p in ("hour", "minute")]
    return tuple(parts) or ("days",)


def days_of(texts: Sequence[str], formats: Sequence[str]) -> NDArray[np.float64]:
    """(texts,) days since 1970, NaN for what is no date in these formats."""
    day = timedelta(days=1)
    parsed = (parse_date(t, formats) for t in texts)
    return np.array([np.nan if m is None else (m - EPOCH) / day for m in parsed], dtype=np.float64)


def _epoch(texts: Sequence[str]) -> tuple[str, ...]:
    values = [parse_number(t, NumberFormat()) for t in texts]
    numbers = [v for v in values if v is not None]
    if len(numbers) < _ENOUGH * len(texts):
        return ()
    for name, unit in (("epoch_s", 1.0), ("epoch_ms", 1e-3)):
        if all(1e8 <= v * unit <= 4.2e9 for v in numbers):  # 1973 to 2103
            return (name,)
    return ()


def _written_formats(texts: Sequence[str], weights: NDArray[np.int64]) -> tuple[tuple[str, ...], str]:
    looks = np.array([bool(_SHAPE.search(t) or (_MONTH.search(t) and any(map(str.isdigit, t)))) for t in texts])
    if weights[looks].sum() < _ENOUGH * weights.sum():
        return (), ""
    formats: list[str] = []
    left = np.ones(len(texts), dtype=bool)
    note = ""
    for _ in range(3):
        best, read = _best_format([t for t, open_ in zip(texts, left, strict=True) if open_], weights[left])
        if best is None:
            break
        if not formats:
            best, note = _day_or_month_first(best, texts, weights)
            read = np.array([parse_date(t, (best,)) is not None for t in texts])
        formats.append(best)
        left[np.flatnonzero(left)[read]] = False
        if not left.any():
            break
    enough = weights[~left].sum() >= _ENOUGH * weights.sum()
    return (tuple(formats), note) if enough else ((), "")


def _best_format(texts: Sequence[str], weights: NDArray[np.int64]) -> tuple[str | None, NDArray[np.bool_]]:
    """The format that reads most rows, at least one in fifty of those left; and which texts it reads."""
    none: tuple[str | None, NDArray[np.bool_]] = (None, np.zeros(len(texts), dtype=bool))
    probe = [texts[i] for i in np.linspace(0, len(texts) - 1, min(8, len(texts))).astype(int)]
    best, rows = none, 0.02 * float(weights.sum())
    named = any(_MONTH.search(t) for t in probe)
    for fmt in ("iso", "quarter", "week", *_candidates(named)):
        if not any(parse_date(t, (fmt,)) is not None for t in probe):
            continue
        read = np.array([parse_date(t, (fmt,)) is not None for t in texts])
        if weights[read].sum() > rows:
            best, rows = (fmt, read), float(weights[read].sum())
        if read.all() and not _twin(fmt):
            break
    if best[0] == "%Y%m%d" and not _plausible_compact(texts):
        return none
    return best


@cache
def _candidates(named: bool) -> tuple[str, ...]:
    """All formats with month names, or all without."""
    days = [d for d in _DAYS if ("%b" in d.lower()) == named]
    joined = [d if not t else f"{d}{sep}{t}" for d, t, sep in product(days, _TIMES, (" ", "T")) if t or sep == " "]
    return (*dict.fromkeys(joined), *(t for t in _TIMES if t))


def _plausible_compact(texts: Sequence[str]) -> bool:
    """Eight digits are a date only when each is one between 1900 and 2100."""
    return len(texts) > 5 and all(len(t) == 8 and t.isdigit() and "1900" <= t[:4] <= "2100" for t in texts)


def _twin(fmt: str) -> str | None:
    """The same format with day and month exchanged."""
    for first, second in _DAY_FIRST.items():
        if fmt.startswith(first):
            return second + fmt[len(first) :]
        if fmt.startswith(second):
            return first + fmt[len(second) :]
    return None


def _day_or_month_first(fmt: str, texts: Sequence[str], weights: NDArray[np.int64]) -> tuple[str, str]:
    """Settles day-first against month-first: by what can be read at all, then by a field that is always the first,
    then by which reading keeps the file in order. Returns the format and a note when it stays a guess."""
    twin = _twin(fmt)
    if twin is None:
        return fmt, ""
    both = [days_of(texts, (f,)) for f in (fmt, twin)]
    rows = [float(weights[np.isfinite(v)].sum()) for v in both]
    if rows[0] != rows[1]:
        return (fmt, twin)[int(rows[1] > rows[0])], ""
    days_constant = [len({m.day for m in moments(texts, (f,))}) == 1 for f in (fmt, twin)]
    if len(texts) > 2 and days_constant[0] != days_constant[1]:
        return (fmt, twin)[int(days_constant[1])], ""
    travel = [float(np.nansum(np.abs(np.diff(v)))) for v in both]
    if min(travel) < 0.5 * max(travel):
        return (fmt, twin)[int(travel[1] < travel[0])], ""
    day_first = fmt if fmt.startswith("%d") else twin
    chosen = day_first if "." in fmt[:3] else (fmt if fmt.startswith("%m") else twin)
    order = "day before month" if chosen.startswith("%d") else "month before day"
    return chosen, f"no date tells whether the day or the month comes first; read with the {order}"
