"""How one raw value, as written in a file or sent as JSON, becomes a number, a date, a word list or nothing.

Training and serving both use these functions, so a value means the same in both. Knows nothing of tables or models.

    is_missing(text, extra=())          does this text mean "no value"
    parse_number(text, fmt)             float, or None when it is not a number written in `fmt`
    parse_numbers(texts, fmt)           the same for many texts: float64, NaN where not a number
    parse_date(text, formats)           naive datetime (UTC where a zone is written), or None
    date_part(moment, part, origin)     one feature of a date
    tokens(text) / terms(text)          case-folded words / words and pairs of neighbours
    number_key(text)                    the exact int or float a text stands for, for matching categories
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.data import DEFAULT_MISSING, NumberFormat
from .durations import duration_reader

FLOAT32_MAX = float(np.finfo(np.float32).max)
_LONGEST_NUMBER = 400  # characters; nothing longer is a number that a float can hold


# ---------------------------------------------------------------------------------------------- missing values
@lru_cache(maxsize=1024)
def missing_words(extra: tuple[str, ...] = ()) -> frozenset[str]:
    """All texts that mean "no value", stripped and case-folded."""
    return frozenset(w.strip().casefold() for w in (*DEFAULT_MISSING, *extra))


def is_missing(text: str, extra: Iterable[str] = ()) -> bool:
    """Whether a text means "no value": blank, NA, ?, … or one of `extra`."""
    return text.strip().casefold() in missing_words(tuple(extra))


def is_null(value: object) -> bool:
    """Whether a cell holds no value at all: None, NaN, or the NA / NaT of a table library."""
    if value is None:
        return True
    if isinstance(value, float):
        return value != value
    return type(value).__name__ in ("NAType", "NaTType")


# ---------------------------------------------------------------------------------------------- numbers
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_INTEGER = re.compile(r"[+-]?\d+")
_SPACES = "[ \u00a0\u202f\u2009]"  # what people type, and what number formatters print, between groups of digits
_APOSTROPHES = "['\u2019]"


def parse_number(text: str, fmt: NumberFormat) -> float | None:
    """The finite number that `text` stands for when written in `fmt`, else None."""
    return number_reader(fmt)(text)


def parse_numbers(texts: Sequence[str], fmt: NumberFormat) -> NDArray[np.float64]:
    """`parse_number` for many (best: distinct) texts; NaN where a text is not a number. Shape (texts,)."""
    read = number_reader(fmt)
    return np.array([math.nan if (v := read(t)) is None else v for t in texts], dtype=np.float64)


@lru_cache(maxsize=1024)
def number_reader(fmt: NumberFormat) -> Callable[[str], float | None]:
    """A function that reads numbers written in `fmt`. Texts in another format give None, never a wrong number."""
    if fmt.clock:
        return duration_reader(fmt.clock)
    if fmt.decimal == "." and not fmt.thousands and not fmt.affixes:
        return _read_plain
    pattern = _number_pattern(fmt)
    separator = re.compile(_separator(fmt.thousands)) if fmt.thousands else None

    def read(text: str) -> float | None:
        if len(text) > _LONGEST_NUMBER or (match := pattern.fullmatch(text)) is None:
            return None
        sign = _sign(match["before"], match["after"])
        if sign is None:
            return None
        digits = match["digits"]
        if separator is not None:
            digits = separator.sub("", digits)
        if fmt.decimal != ".":
            digits = digits.replace(fmt.decimal, ".")
        return _finite(sign * float(digits))

    return read


def _read_plain(text: str) -> float | None:
    stripped = text.strip()
    if _PLAIN.fullmatch(stripped) and len(stripped) <= _LONGEST_NUMBER:
        return _finite(float(stripped))
    return _read_signed(stripped)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


_SIGNED = re.compile(r"(?P<before>[-+\u2212(\s]*)(?P<digits>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?P<after>[-)\s]*)")


def _read_signed(text: str) -> float | None:
    """Accounting negatives "(12.5)", trailing minus "12.5-", a typographic minus."""
    if len(text) > _LONGEST_NUMBER or (match := _SIGNED.fullmatch(text)) is None:
        return None
    sign = _sign(match["before"], match["after"])
    return None if sign is None else _finite(sign * float(match["digits"]))


def _sign(before: str, after: str) -> int | None:
    """1 or -1 from what stands around the digits; None when it makes no sense, as in "--5" or "(5"."""
    minus = before.count("-") + before.count("\u2212") + after.count("-")
    opened, closed, plus = before.count("("), after.count(")"), before.count("+")
    if opened != closed or minus + opened + plus > 1:
        return None
    return -1 if minus or opened else 1


def _separator(thousands: str) -> str:
    if not thousands.strip():
        return _SPACES
    return _APOSTROPHES if thousands in "'\u2019" else re.escape(thousands)


def _number_pattern(fmt: NumberFormat) -> re.Pattern[str]:
    """Digits in groups of three (the Indian groups of two as well), between signs, brackets and affixes."""
    decimal = re.escape(fmt.decimal)
    whole = r"\d+"
    if fmt.thousands:
        group = _separator(fmt.thousands)
        whole = rf"(?:\d{{1,3}}(?:{group}\d{{2,3}})*{group}\d{{3}}|\d+)"
    digits = rf"(?:{whole}(?:{decimal}\d*)?|{decimal}\d+)(?:[eE][+-]?\d+)?"
    affix = "".join(rf"|{re.escape(a.strip())}" for a in sorted(fmt.affixes, key=len, reverse=True) if a.strip())
    return re.compile(
        rf"(?P<before>(?:\s|[-+\u2212(]{affix})*)(?P<digits>{digits})(?P<after>(?:\s|[-)]{affix})*)", re.IGNORECASE
    )


def number_key(text: str) -> int | float | None:
    """The exact number that a plain text stands for: int where written as one (any size), else float.

    Python compares and hashes 1, 1.0 and True alike, so the result is a dictionary key that matches all of them."""
    stripped = text.strip()
    if len(stripped) > _LONGEST_NUMBER:
        return None
    if _INTEGER.fullmatch(stripped):
        return int(stripped)
    return _finite(float(stripped)) if _PLAIN.fullmatch(stripped) else None


def within32(value: float | None) -> float | None:
    """A number that models can compute with; None for one that is not finite or beyond float32, and for None."""
    if value is None:
        return None
    try:
        number = float(value)
    except OverflowError:  # an int beyond 1e308
        return None
    return number if abs(number) <= FLOAT32_MAX else None


def clip32(value: float) -> float:
    """A finite number brought into the range of float32; NaN stays NaN."""
    return value if value != value else max(-FLOAT32_MAX, min(FLOAT32_MAX, value))


def as_text(value: Any) -> str:
    """A JSON value or a cell as the text that a file would hold: 3.0 is "3", True is "true"."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


# ---------------------------------------------------------------------------------------------- dates
_EPOCH = datetime(1970, 1, 1)
_SECONDS = {"epoch_s": 1.0, "epoch_ms": 1e-3}
_FIELDS = {"Y": r"(\d{4})", "y": r"(\d{2})", "f": r"(\d{1,6})", **dict.fromkeys("mdHMS", r"(\d{1,2})")}

DATE_PARTS: dict[str, Callable[[datetime], float]] = {
    "year": lambda t: t.year,
    "month": lambda t: t.month,
    "day": lambda t: t.day,
    "weekday": lambda t: t.weekday(),
    "hour": lambda t: t.hour,
    "minute": lambda t: t.minute,
    "week": lambda t: t.isocalendar()[1],
}
"""Calendar features; Monday is weekday 0, weeks are ISO weeks. `days` is added by `date_part`."""


def parse_date(text: str, formats: Sequence[str]) -> datetime | None:
    """The first of `formats` that fits decides; None when none does.

    A format is "iso", "quarter" ("2019Q3", "T1 2020"), "week" ("2020-W05"), "epoch_s", "epoch_ms", "count" (whole
    numbers, a day each from 1970 on, for steps without dates) or a strptime format. A written zone is converted to UTC
    and dropped."""
    stripped = text.strip()
    for fmt in formats:
        moment = _date_reader(fmt)(stripped)
        if moment is not None:
            return naive(moment)
    return None


_MOMENT = datetime(2024, 1, 31, 14, 30, tzinfo=UTC)


def date_like(fmt: str) -> str:
    """How a format writes a moment, for people: "31.01.2024" for "%d.%m.%Y"."""
    if fmt in _SECONDS:
        unit = "seconds" if fmt == "epoch_s" else "milliseconds"
        return f"{date_text(naive(_MOMENT), fmt)} ({unit} since 1970)"
    return date_text(_MOMENT, "%Y-%m-%d" if fmt == "iso" else fmt)


def date_text(moment: datetime, fmt: str) -> str:
    """A moment without a zone, written in one of the formats that `parse_date` reads."""
    if fmt in _SECONDS:
        return f"{(moment - _EPOCH) / timedelta(seconds=1) / _SECONDS[fmt]:.0f}"
    if fmt == "count":
        return f"{(moment - _EPOCH) / timedelta(days=1):.0f}"
    if fmt == "quarter":
        return f"{moment.year}Q{(moment.month + 2) // 3}"
    if fmt == "week":
        year, week, _ = moment.isocalendar()
        return f"{year}-W{week:02d}"
    return moment.isoformat(" ") if fmt == "iso" else moment.strftime(fmt)


def naive(moment: datetime) -> datetime:
    """The same moment without a zone, in UTC if it had one."""
    if moment.tzinfo is None:
        return moment
    try:
        return moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:  # the first or last day of the calendar
        return moment.replace(tzinfo=None)


def date_part(moment: datetime, part: str, origin: datetime) -> float:
    """One feature of a date; `days` counts from `origin`, with fractions."""
    if part == "days":
        return (moment - origin) / timedelta(days=1)
    return float(DATE_PARTS[part](moment))


@lru_cache(maxsize=256)
def _date_reader(fmt: str) -> Callable[[str], datetime | None]:
    if fmt == "iso":
        return _read_iso
    if fmt in _SECONDS:
        return lambda text: _read_epoch(text, _SECONDS[fmt])
    if fmt == "count":
        return lambda text: _read_epoch(text, 86_400.0)
    if fmt in ("quarter", "week"):
        return _read_quarter if fmt == "quarter" else _read_week
    return _digits_reader(fmt) or (lambda text: _read_strptime(text, fmt))


def _read_iso(text: str) -> datetime | None:
    if text[4:5] != "-":  # "20240131" is a number until a format says otherwise
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


_QUARTER = re.compile(r"(\d{4})[ ./_-]?[QqTt]([1-4])|[QqTt]([1-4])[ ./_-]?(\d{4})", re.ASCII)
_WEEK = re.compile(r"(\d{4})[ -]?W(\d{1,2})", re.ASCII | re.IGNORECASE)


def _read_quarter(text: str) -> datetime | None:
    match = _QUARTER.fullmatch(text)
    if match is None or int(match[1] or match[4]) == 0:
        return None
    return datetime(int(match[1] or match[4]), 3 * int(match[2] or match[3]) - 2, 1)


def _read_week(text: str) -> datetime | None:
    match = _WEEK.fullmatch(text)
    try:
        return None if match is None else datetime.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        return None


def _read_epoch(text: str, unit_s: float) -> datetime | None:
    seconds = _read_plain(text)
    try:
        return None if seconds is None else _EPOCH + timedelta(seconds=seconds * unit_s)
    except OverflowError:
        return None


def _read_strptime(text: str, fmt: str) -> datetime | None:
    try:
        return datetime.strptime(text, fmt)
    except ValueError:
        return None


def _digits_reader(fmt: str) -> Callable[[str], datetime | None] | None:
    """A reader several times faster than strptime for formats made of digits only; None for any other format."""
    codes = re.findall(r"%(.)", fmt)
    if not codes or any(c not in _FIELDS for c in codes) or len(set(codes)) < len(codes):
        return None
    parts = re.split(r"%.", fmt)
    pattern = re.compile(
        "".join(_literal(p) + (_FIELDS[codes[i]] if i < len(codes) else "") for i, p in enumerate(parts)), re.ASCII
    )

    def read(text: str) -> datetime | None:
        match = pattern.fullmatch(text)
        if match is None:
            return None
        found = dict(zip(codes, match.groups(), strict=True))
        year = int(found["Y"]) if "Y" in found else _century(found.get("y"))
        month, day, hour, minute, second = (int(found.get(c, "1" if c in "md" else "0")) for c in "mdHMS")
        try:
            return datetime(year, month, day, hour, minute, second, int(found.get("f", "0").ljust(6, "0")))
        except ValueError:  # month 13
            return None

    return read


def _literal(text: str) -> str:
    return re.sub(r"(?:\\ )+", r"\\s+", re.escape(text))


def _century(two_digits: str | None) -> int:
    """As strptime: 69 to 99 are 19xx, 00 to 68 are 20xx; no year at all is 1900."""
    if two_digits is None:
        return 1900
    return int(two_digits) + (1900 if int(two_digits) >= 69 else 2000)


# ---------------------------------------------------------------------------------------------- words
_SINGLE = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_SINGLE}]|(?:[^\W{_SINGLE}]|[{_MARKS}])+")


def tokens(text: str) -> list[str]:
    """Case-folded words. Chinese and Japanese characters are words of their own; vowel signs stay in their word."""
    return _WORD.findall(text.casefold())


def terms(text: str) -> list[str]:
    """The words of a text, then its pairs of neighbours as "a b"."""
    words = tokens(text)
    return [*words, *map(" ".join, pairwise(words))]
