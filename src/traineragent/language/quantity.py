"""One amount as it is read from words. Knows nothing of how it was found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """`kind`: share, time (ms), size (MB), money, fps, rate (rows/s), measure (physical, in `unit`), number (no unit).

    `noun`: the words inside a ratio ("1 genuine message in 500" -> "genuine message"), or "ahead" ("les 30 prochains
    jours"). `low_end`: it was a range."""

    kind: str
    value: float
    start: int
    end: int
    unit: str = ""
    noun: str = ""
    low_end: bool = False
