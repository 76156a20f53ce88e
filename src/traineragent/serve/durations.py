"""How long something takes, as people write it: "1:23:45", "59:12.4", "2 days 03:00:00", "2h 50m", "PT1H5M".

Training and serving both read durations here, as seconds. It knows nothing of columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

Clock = Literal["", "h:m", "m:s", "units"]
"""What a text of two numbers says: hours and minutes, minutes and seconds; "units": each number has its unit beside it.
Three numbers are hours, minutes and seconds under both. "" is no duration."""

_LONGEST = 60  # characters
_COLONS = re.compile(
    r"(?P<sign>[-+\u2212]?)(?:(?P<days>\d{1,6})\s*(?:days?|d)\b\s*,?\s*\+?)?"
    r"(?P<first>\d{1,6}):(?P<second>[0-5]\d)(?::(?P<third>[0-5]\d))?(?P<rest>[.,]\d{1,9})?",
    re.ASCII | re.IGNORECASE,
)
_SECONDS = re.compile(r"\d{1,9}(?:[.,]\d{1,9})?", re.ASCII)
_AMOUNT = r"(\d{1,9}(?:[.,]\d{1,9})?)\s*"
_UNITS = re.compile(
    rf"P?(?:{_AMOUNT}(?:days?|d|天|日)[\s,]*)?T?(?:{_AMOUNT}(?:hours?|hrs?|std|h|小时|时)[\s,.]*)?"
    rf"(?:{_AMOUNT}(?:minutes?|mins?|min|m|分钟|分|')[\s,.]*)?"
    rf"(?:{_AMOUNT}(?:seconds?|secs?|sec|s|秒|''|\")\.?)?",
    re.IGNORECASE,
)
_HOURS_AND = re.compile(r"(\d{1,4})\s*h\s*([0-5]\d)", re.ASCII | re.IGNORECASE)  # 1h30, as in French
_SIZES = (86_400.0, 3_600.0, 60.0, 1.0)


def duration_reader(clock: Clock) -> Callable[[str], float | None]:
    """A function from a text to seconds; None for what is no duration of this kind."""
    if clock == "units":
        return _read_units
    return lambda text: _read_colons(text, clock)


def _read_colons(text: str, clock: Clock) -> float | None:
    stripped = text.strip()
    match = _COLONS.fullmatch(stripped) if len(stripped) <= _LONGEST else None
    if match is None:  # a swimmer's 58.31 beside 1:02.55
        short = clock == "m:s" and _SECONDS.fullmatch(stripped)
        return _number(stripped) if short else None
    numbers = [int(match[part]) for part in ("first", "second", "third") if match[part] is not None]
    rest = _number("0" + match["rest"]) if match["rest"] else 0.0
    by_minutes = len(numbers) == 2 and clock == "h:m"
    if rest and by_minutes:
        return None
    sizes = _SIZES[1:3] if by_minutes else _SIZES[4 - len(numbers) :]
    seconds = sum(n * size for n, size in zip(numbers, sizes, strict=True)) + rest + _SIZES[0] * int(match["days"] or 0)
    return -seconds if match["sign"] in ("-", "\u2212") else seconds


def _read_units(text: str) -> float | None:
    stripped = text.strip()
    if len(stripped) > _LONGEST:
        return None
    if match := _HOURS_AND.fullmatch(stripped):
        return int(match[1]) * _SIZES[1] + int(match[2]) * _SIZES[2]
    match = _UNITS.fullmatch(stripped)
    if match is None or not any(match.groups()):
        return None
    return sum(_number(amount) * size for amount, size in zip(match.groups(), _SIZES, strict=True) if amount)


def _number(text: str) -> float:
    return float(text.replace(",", "."))
