"""Which candidates of earlier runs are worth trying on this data: those of the nearest lessons, by measured facts.

A pure function of lessons and facts, so a run that keeps its answer can be resumed as the same run. It knows nothing of
files. After the warm start of auto-sklearn (Feurer et al. 2015), with facts that cost nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..domain.lesson import Lesson, Recalled
from ..domain.run import Candidate

ORIGIN = "memory"
NEAR, FAR = 0.2, 1.5
"""Distance below which two tables have practically the same shape, and beyond which nothing is concluded."""
MOST = 3
MOST_LESSONS = 8
SHARE = 0.2  # of the search time that one recalled candidate may take at most
DEAR = 0.5  # share of the time beyond which a candidate of the portfolio is not tried earlier
LOGARITHMIC = ("rows", "features", "smallest_class", "max_categories")
SHARES = ("numbers", "categories", "counts")  # of the features
PLAIN = ("missing_share",)
SKEW_SCALE = 4.0


def distance(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """0 for the same shape; 1 is about ten times as many rows, or half of the columns of another kind. Infinite where
    the answer is of another kind."""
    if _kind(one) != _kind(other):
        return math.inf
    total = 0.0
    for name in LOGARITHMIC:
        total += (math.log10(1 + _number(one, name)) - math.log10(1 + _number(other, name))) ** 2
    for name in SHARES:
        total += (2 * (_share(one, name) - _share(other, name))) ** 2
    for name in PLAIN:
        total += (_number(one, name) - _number(other, name)) ** 2
    skew, other_skew = (math.tanh(_number(f, "target_skew") / SKEW_SCALE) for f in (one, other))
    total += (skew - other_skew) ** 2
    flags = ("time_ordered", "grouped", "target_positive")
    total += sum(0.25 for name in flags if bool(one.get(name)) != bool(other.get(name)))
    return math.sqrt(total)


def _kind(facts: Mapping[str, Any]) -> int:
    """0 for numbers, 2 for two classes, 3 for more."""
    return min(int(_number(facts, "classes")), 3)


def _number(facts: Mapping[str, Any], name: str) -> float:
    return float(facts.get(name) or 0.0)


def _share(facts: Mapping[str, Any], name: str) -> float:
    return _number(facts, name) / max(_number(facts, "features"), 1.0)


def recall(
    lessons: Iterable[Lesson], facts: Mapping[str, Any], task_type: str, most: int = MOST
) -> tuple[list[Recalled], int]:
    """(candidates worth trying, the best first; number of lessons that bear on this data)."""
    near = sorted(
        ((distance(lesson.facts, facts), lesson) for lesson in lessons if lesson.task_type == task_type),
        key=lambda found: (found[0], found[1].run),
    )
    bearing = [(d, lesson) for d, lesson in near if d <= FAR][:MOST_LESSONS]
    worth: dict[str, float] = {}
    first: dict[str, tuple[float, Lesson, int]] = {}
    for d, lesson in bearing:
        for number, tried in enumerate(lesson.candidates):
            key = key_of(Candidate(tried.family, tried.params))
            worth[key] = worth.get(key, 0.0) + (tried.weight + 0.3 * tried.place) * math.exp(-d)
            first.setdefault(key, (d, lesson, number))
    out = []
    for key in sorted(worth, key=lambda k: (-worth[k], k))[:most]:
        d, lesson, number = first[key]
        tried = lesson.candidates[number]
        how = "of practically the same shape" if d <= NEAR else "of a similar shape"
        part = f"made up {tried.weight:.0%} of the model" if tried.weight else "came near the best"
        why = f"on data {how} it {part} (distance {d:.2f})"
        out.append(Recalled(tried.family, tried.params, why, d <= NEAR, round(d, 4), (lesson.run,)))
    return out, len(bearing)


def with_recalled(
    portfolio: Sequence[Candidate], why: Sequence[str], recalled: Sequence[Recalled]
) -> tuple[list[Candidate], list[str]]:
    """The portfolio with what is recalled. Nothing is taken out of it and its first candidate stays the first, so that
    memory can only add: candidates from data of the same shape come right after the first, others after all. One that
    is given most of the time keeps its place: before cheaper ones it could leave a short run with nothing but the
    first."""
    known = {key_of(c): i for i, c in enumerate(portfolio)}
    early: list[tuple[Candidate, str]] = []
    late: list[tuple[Candidate, str]] = []
    moved = set()
    for r in recalled:
        candidate = Candidate(r.family, dict(r.params), ORIGIN, SHARE)
        place = known.get(key_of(candidate))
        if place == 0 or (place is not None and (not r.near or portfolio[place].share > DEAR)):
            continue
        if place is not None:
            moved.add(place)
            candidate = Candidate(r.family, portfolio[place].params, ORIGIN, portfolio[place].share)
        (early if r.near else late).append((candidate, r.why))
    rest = [(c, reason) for i, (c, reason) in enumerate(zip(portfolio, why, strict=True)) if i not in moved]
    ordered = [*rest[:1], *early, *rest[1:], *late]
    return [c for c, _ in ordered], [reason for _, reason in ordered]


def key_of(candidate: Candidate) -> str:
    """What makes two candidates the same."""
    return f"{candidate.family} {sorted((k, str(v)) for k, v in candidate.params.items())}"
