"""Which of the limits told hold: wishes, figures of today and numbers that are taken back are none.

Knows nothing of how a limit was read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ..knowledge.lexicons import lexicon
from .bounds import side_of
from .calibration import explains_probability
from .costs import is_cut
from .limits import Limit
from .reading import Reading

_EARLIER, _WAS = {"any": ("{earlier}",)}, {"any": ("{was}",), "zh": ("{earlier}",)}
_ENOUGH = re.compile(r"\b(?:would be|is|seems) (?:good|great|nice) enough\b")


def marked(reading: Reading, limit: Limit) -> Limit:
    """Notes whether the sentence makes it a wish, or today's figure."""
    clause = reading.text.clause_of(limit.quantity.start)
    sentence = reading.text.sentence_of(limit.quantity.start)
    enough = _ENOUGH.search(reading.masked, limit.quantity.start, clause[1])
    soft = (reading.said("service", "soft", clause) and not enough) or (
        reading.said("service", "soft", (sentence[0], sentence[1])) and len(reading.quantities) <= 1 and not enough
    )
    tail = (limit.quantity.end, sentence[1])
    soft = soft or bool(
        re.search(r"\b(?:would be nice|isn't a must|is not a must|not a must)\b", reading.masked[slice(*tail)])
    )
    following = min([q.start for q in reading.quantities if q.start >= tail[0]], default=tail[1])
    held = (tail[0], min(tail[1], following))  # "… would be great - no, that's the most we accept"
    soft = soft and not any(reading.said("service", "as_a_floor", span) for span in (clause, held))
    told = [end for _, end in reading.where("service", "baseline", (sentence[0], limit.quantity.start))]
    base = bool(told) and not _wanted_instead(reading, (told[-1], limit.quantity.start))
    base = base or was_so(reading, limit)
    return replace(limit, soft=soft, baseline=base)


def _wanted_instead(reading: Reading, between: tuple[int, int]) -> bool:
    """Whether another figure stands between today's and a number that is asked for: "18 now; I'd want 12"."""
    figures = [q for q in reading.quantities if between[0] <= q.start and q.end <= between[1]]
    return bool(figures) and reading.said("populations", "must", (figures[-1].end, between[1]))


def was_so(reading: Reading, limit: Limit) -> bool:
    """Whether a number tells what was: "last year our accuracy was 70 %"."""
    sentence, clause = reading.text.sentence_of(limit.quantity.start), reading.text.clause_of(limit.quantity.start)
    bounded = any(reading.said("service", key, clause) for key in ("at_least", "at_most", "upper_bound", "lower_bound"))
    return reading.has(_EARLIER, sentence) and reading.has(_WAS, clause) and not bounded


def settled(reading: Reading, limits: Sequence[Limit]) -> list[Limit]:
    """Drops wishes, voided numbers and figures of today; a corrected number replaces the first."""
    out: list[Limit] = []
    for limit in limits:
        if limit.soft or (not limit.settled and _void(reading, limit)):
            continue
        if limit.baseline and not limit.settled:
            improved = _improved(reading, limit)
            if improved is None:
                continue
            limit = improved
        same = next((o for o in out if o.name == limit.name), None)
        if same is None:
            out.append(limit)
        elif _replaced(reading, same, limit) or _stricter(limit, same):
            out[out.index(same)] = limit
    return out


def _replaced(reading: Reading, one: Limit, other: Limit) -> bool:
    """Whether the second of two numbers is said to stand for the first, or to be the least all the same."""
    between = one.quantity.end, other.quantity.start
    behind = other.quantity.end, reading.text.clause_of(max(0, other.quantity.end - 1))[1]
    bound = reading.said("service", "floor_behind", behind) or reading.said("service", "floor", between)
    return reading.said("service", "correction", between) or bound


def _stricter(one: Limit, other: Limit) -> bool:
    return one.value < other.value if one.direction == "<=" else one.value > other.value


def _void(reading: Reading, limit: Limit) -> bool:
    if explains_probability(reading, limit.quantity) or is_cut(reading, limit.quantity):
        return True
    if limit.name.startswith("latency") and _WAITS.search(reading.text.plain, 0, limit.quantity.start):
        return False
    clause = reading.text.clause_of(limit.quantity.start)
    if any(a == limit.quantity.start for a, _ in reading.where("service", "background", clause)):
        return True
    provided = [end for _, end in reading.where("service", "provided", (clause[0], limit.quantity.start))]
    before, behind = (max([clause[0], *provided]), limit.quantity.end), (limit.quantity.end, clause[1])
    if reading.said("service", "unwanted", before) and side_of(reading, limit.quantity) is not None:
        return False  # "I don't want it to be more than 40 MB"
    that = _THAT.match(reading.text.plain, clause[1] - 1)
    too_much = reading.said("service", "too_much", behind)
    too_much = too_much or (bool(that) and reading.said("service", "too_much", reading.text.clause_of(clause[1])))
    return reading.said("service", "void", before) or too_much


_THAT = re.compile(
    r"[\s,;:–-]*(?:c'est|ce serait|that(?: is|'s| would)|this is|das (?:ist|ware)|eso (?:es|ya)|esto|ya es|isso|ja e|"
    r"e ja|gia)\b"
)
"""Opens a clause that speaks of the number before it: "a quarter of an hour off, that is too much already"."""


_WAITS = re.compile(r"\b(?:not|don't|wouldn't) mind (?:to wait|waiting|it taking|if it takes)\s+(?:\w+\s+){0,3}$")
""" "I don't mind waiting two seconds" puts up with so much and no more."""


def _improved(reading: Reading, limit: Limit) -> Limit | None:
    """ "Ours has an RMSE of 40, a tenth lower please" -> 36; "... anything that doesn't beat that" -> the figure."""
    rest = (limit.quantity.end, len(reading.masked))
    lower = next(iter(reading.find(lexicon("service")["lower"], rest)), None)
    if lower:
        share = next(
            (q for q in reading.quantities if lower.start() <= q.start < lower.end() and q.kind == "share"), None
        )
        if share:
            factor = 1 - share.value if limit.direction == "<=" else 1 + share.value
            return replace(limit, value=limit.value * factor)
    return replace(limit, baseline=False) if reading.said("service", "beat", rest) else None
