"""Which mistake is said to be the worse one: a case that is missed, or a false alarm; and whether classes count alike.

"Missing one is worse than a false alarm", "lieber ein Fehlalarm zu viel", "only tell me when you are sure". Knows
nothing of metrics, and of thresholds only that one is named.
"""

from __future__ import annotations

from typing import Literal

from ..domain.preference import COSTS, THRESHOLD
from .quantities import Quantity
from .reading import Reading, Span

Mistake = Literal["miss", "alarm"]
_PRICES, _SHARES = ("money", "number"), ("share", "number")
"""Kinds of quantities that a cost or a probability may be."""
_NEAR = 45  # characters between a mistake and "is worse" where the other mistake is not named


def dreaded(reading: Reading) -> Mistake | None:
    """The mistake that the words call worse, or want to avoid before all; None where they leave it open."""
    for sentence in reading.text.sentences:
        found = _compared(reading, sentence) or _put_up_with(reading, sentence)
        if found:
            return found
    if reading.said("costs", "missing_is_worse"):
        return "miss"
    return "alarm" if reading.said("costs", "false_alarm_is_worse") else None


def stated_costs(reading: Reading) -> tuple[float, float] | None:
    """What a missed case and a false alarm cost, as amounts or by how many times one is the worse: "a missed case costs
    us 200 euro, a false alarm 10"; None where not both are told."""
    found: dict[Mistake, float] = {}
    for sentence in reading.text.sentences:
        named = list(dict.fromkeys(kind for *_, kind in _mistakes(reading, sentence)))
        if len(named) == 2 and (ratio := _times(reading, sentence)) is not None:
            return (ratio, 1.0) if named[0] == "miss" else (1.0, ratio)
        amounts = [q for q in reading.quantities if sentence[0] <= q.start < sentence[1] and q.kind in _PRICES]
        priced = reading.said("costs", "priced", sentence) or any(q.kind == "money" for q in amounts)
        if priced and len(named) == len(amounts):
            found |= {kind: q.value for kind, q in zip(named, amounts, strict=True)}
    if len(found) < 2 or min(found.values()) <= 0:
        return None
    return found["miss"], found["alarm"]


def _times(reading: Reading, sentence: Span) -> float | None:
    """By how many times one mistake is as bad as another that is named beside it."""
    for start, end in reading.where("costs", "times", sentence):
        counted = [q.value for q in reading.quantities if start <= q.start and q.end <= end]
        return counted[0] if counted else 2.0
    return None


def cut_named(reading: Reading) -> float | None:
    """The probability from which a case is to be answered, where words name it: "a threshold of 0.3"."""
    for start, end in reading.where("costs", "cut"):
        named = [q.value for q in reading.quantities if start <= q.start and q.end <= end and q.kind in _SHARES]
        if named and 0 < named[-1] < 1:
            return named[-1]
    return None


def about_mistakes(reading: Reading) -> list[str]:
    """Constraint words for the probability that words name, and for what mistakes are said to cost."""
    found = [f"{THRESHOLD}{cut:g}"] if (cut := cut_named(reading)) is not None else []
    if costs := stated_costs(reading):
        found.append(f"{COSTS}{costs[0]:g}:{costs[1]:g}")
    return found


def is_cut(reading: Reading, quantity: Quantity) -> bool:
    """Whether a share is the probability from which to answer, and no limit."""
    return any(a <= quantity.start and quantity.end <= b for a, b in reading.where("costs", "cut"))


def classes_alike(reading: Reading) -> bool:
    """Whether every class is said to count the same, however rare."""
    return reading.said("costs", "equal_classes")


def _mistakes(reading: Reading, within: Span) -> list[tuple[int, int, Mistake]]:
    """(start, end, which) of the mistakes named there, in order; "missed false alarms" names the later one only."""
    kinds: tuple[Mistake, ...] = ("miss", "alarm")
    return sorted((a, b, kind) for kind in kinds for a, b in reading.where("costs", kind, within))


def _compared(reading: Reading, sentence: Span) -> Mistake | None:
    """ "A is worse than B": A. With one of them named, it is that one if it stands right beside "worse"."""
    worse = next(iter(reading.where("costs", "worse", sentence)), None)
    named = _mistakes(reading, sentence)
    if worse is None or not named:
        return None
    if len({kind for *_, kind in named}) == 2:
        lesser = _lesser(reading, sentence, worse, named)
        return _other(lesser)
    start, end, kind = named[0]
    near = 0 <= worse[0] - end <= _NEAR or 0 <= start - worse[1] <= _NEAR // 3
    return kind if near else None


def _lesser(reading: Reading, sentence: Span, worse: Span, named: list[tuple[int, int, Mistake]]) -> Mistake:
    """The mistake that the other is compared with: it stands behind "than", or before its Asian counterparts."""
    behind = reading.where("costs", "behind_than", sentence)
    for start, _ in behind:
        before = [kind for _, b, kind in named if b <= start and start - b <= 8]
        if before:
            return before[-1]
    marks = reading.where("costs", "before_than", sentence) + reading.where("costs", "than", (worse[1], sentence[1]))
    for _, end in sorted(marks):
        after = [kind for a, _, kind in named if a >= end]
        if after:
            return after[0]
    return named[-1][2]  # "missing one is far worse; a false alarm costs little"


def _put_up_with(reading: Reading, sentence: Span) -> Mistake | None:
    """ "Rather a false alarm than ...", "false alarms are fine": what is put up with is the lesser one."""
    named = _mistakes(reading, sentence)
    thans = reading.where("costs", "than", sentence)
    for start, end in reading.where("costs", "rather", sentence):
        feared = [kind for a, _, kind in named if any(end <= b <= a <= b + 12 for _, b in thans)]
        if feared and not any(end <= a and b <= thans[0][0] for a, b, _ in named):
            return feared[0]  # "rather ring ten too many than miss one"
        after = [kind for a, _, kind in named if 0 <= a - end <= _NEAR]
        before = [kind for _, b, kind in named if 0 <= start - b <= 12]
        if before or after:
            return _other((before[-1:] or after[:1])[0])
    return None


def _other(mistake: Mistake) -> Mistake:
    return "alarm" if mistake == "miss" else "miss"
