"""Reading of JSON whose parts may be absent or of another shape: a report must render whatever a run left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .wording import clean, is_number


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """The value as a list if it is a sequence other than text, else an empty one."""
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else []


def rows(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a list."""
    return [one for one in items(value) if isinstance(one, Mapping)]


def measured(value: Any, *keys: str) -> list[Mapping[str, Any]]:
    """The mappings in a list that hold a number under each of `keys`."""
    return [one for one in rows(value) if all(is_number(one.get(k)) for k in keys)]


def amount(value: Any) -> float:
    """The number, or 0 where there is none."""
    return float(value) if is_number(value) else 0.0


def texts(value: Any) -> list[str]:
    """The entries of a list as clean text, without empty ones and repetitions."""
    return list(dict.fromkeys(clean(one) for one in items(value) if one is not None and str(one).strip()))


def numbers(value: Any) -> list[float]:
    """A list of numbers, empty if any entry is none: half a histogram would lie."""
    found = items(value)
    return found if all(is_number(v) for v in found) else []


def pair(value: Any) -> tuple[float, float] | None:
    """An interval [low, high], or None."""
    found = numbers(value)
    return (found[0], found[1]) if len(found) == 2 else None
