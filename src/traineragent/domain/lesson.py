"""What a finished run teaches the next: which candidates did well on data of which shape. Holds no value of the data,
no name of a column, file or person, and no words of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Tried:
    """A candidate that did well. `place`: its score between the worst (0) and the best (1) of its run; `weight`: its
    part of the delivered model, 0 where it is no part of it."""

    family: str
    params: dict[str, Any]
    place: float
    weight: float
    seconds: float


@dataclass(frozen=True)
class Lesson:
    """`facts` are the measured ones of the prepared data (`PreparedFacts`), numbers rounded to two digits. `run` is a
    random name, `at` a day."""

    task_type: str
    metric: str
    facts: dict[str, float]
    candidates: tuple[Tried, ...]
    trials: int
    run: str = ""
    at: str = ""


@dataclass(frozen=True)
class Recalled:
    """A candidate from earlier lessons. `near`: they come from data of practically the same shape."""

    family: str
    params: dict[str, Any]
    why: str
    near: bool
    distance: float
    lessons: tuple[str, ...] = field(default_factory=tuple)  # names of the runs
