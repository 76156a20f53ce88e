"""Limits told beside today's figure: "an error of 120 now, a quarter less", "two points above the 71 % we have".

Returns the limit together with the quantities it is made of. Knows nothing of columns and of other limits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..knowledge.lexicons import lexicon
from .horizon import horizon_quantity
from .metrics import Naming, direction_of, scale_of
from .quantities import Quantity
from .reading import Reading, Span

_FIGURES = {"error": ("number", "money", "measure", "time"), "score": ("share", "number"), "share": ("share",)}
"""Kinds of quantities that can be today's figure, by the scale of the metric."""
_HALVED = 0.5


@dataclass(frozen=True)
class Improvement:
    """`value` is the limit for the metric `name`, in the unit of `figure`; `used` are all numbers it is made of."""

    name: str
    value: float
    figure: Quantity
    at: int
    used: tuple[Quantity, ...]


def improvements(reading: Reading, namings: Sequence[Naming]) -> list[Improvement]:
    """All limits that are told by how far they lie from a figure, in the order in which they are said."""
    return [*_by_points(reading, namings), *_by_parts(reading, namings)]


def _by_points(reading: Reading, namings: Sequence[Naming]) -> list[Improvement]:
    """ "Two points above the 71 % of the old model": a score, and how many hundredths it is to be better by."""
    out = []
    for key, sign in (("points_above", 1), ("points_below", -1)):
        for match in reading.find(lexicon("service")[key]):
            inside = [q for q in reading.quantities if match.start() <= q.start < match.end()]
            points, figure = inside[:1], [q for q in inside[1:] if q.kind in ("share", "number")]
            if not points or not figure or points[0].kind not in ("number", "share"):
                continue
            hundredths = points[0].value / 100 if points[0].kind == "number" else points[0].value
            today = figure[-1].value / 100 if figure[-1].value > 1 else figure[-1].value
            name = _metric_near(reading, namings, match.start(), "score")
            used = (points[0], figure[-1])
            out.append(Improvement(name, round(today + sign * hundredths, 9), figure[-1], match.start(), used))
    return [x for x in out if x.name and 0 < x.value < 1]


def _by_parts(reading: Reading, namings: Sequence[Naming]) -> list[Improvement]:
    """ "We guess with a mean error of 120 euros; bring that down by a quarter": a figure and the part to take off."""
    out = []
    for match in reading.find(lexicon("service")["lower"]):
        shares = [q for q in reading.quantities if match.start() <= q.start < match.end() and q.kind == "share"]
        share = shares[0].value if shares else _HALVED
        found = _figure(reading, namings, match.span(), shares)
        if not shares and not reading.said("service", "halved", match.span()):
            continue
        if found is not None:
            name, figure, at = found
            value = figure.value / 100 if scale_of(name) == "score" and figure.value > 1 else figure.value
            factor = 1 - share if direction_of(name) == "minimize" else 1 + share
            if reading.said("service", "mistakes", match.span()) and scale_of(name) == "score":
                factor = (1 - (1 - value) * (1 - share)) / value  # fewer mistakes by a part
            out.append(Improvement(name, value * factor, figure, at, (*shares[:1], figure)))
    return out[:1]


def _figure(
    reading: Reading, namings: Sequence[Naming], order: Span, shares: Sequence[Quantity]
) -> tuple[str, Quantity, int] | None:
    """(metric, today's figure, place) for an order to do better: both stand in its sentence or in a neighbouring one,
    and the words call the figure today's, or the order refers back to it."""
    near = _neighbours(reading, order)
    named = [n for n in namings if near[0] <= n.start < near[1]]
    for naming in sorted(named, key=lambda n: abs(n.start - order[0])):
        kinds = _FIGURES.get(scale_of(naming.name), ())
        able = [q for q in reading.quantities if q.kind in kinds and q not in shares and near[0] <= q.start < near[1]]
        for figure in sorted(able, key=lambda q: abs(q.start - naming.end)):
            sentence = reading.text.sentence_of(figure.start)
            today = reading.said("service", "baseline", sentence) or reading.said("service", "today", sentence)
            if today or (figure.start < order[0] and reading.said("service", "refers_back", order)):
                return naming.name, figure, min(naming.start, figure.start)
    return _described(reading, near, order, shares) if not named else None


def _described(
    reading: Reading, near: Span, order: Span, shares: Sequence[Quantity]
) -> tuple[str, Quantity, int] | None:
    """The same where no metric is named: "the formula is off by 0.8 degrees on average, cut that by a quarter", or
    "they agree in 80 of 100 cases, I want half as many mistakes"."""
    ahead = horizon_quantity(reading)
    before = [q for q in reading.quantities if q not in (*shares, ahead) and near[0] <= q.start < order[0]]
    for figure in reversed(before):
        sentence = reading.text.sentence_of(figure.start)
        if figure.kind in _FIGURES["error"] and reading.said("service", "deviation", sentence):
            return "mae", figure, figure.start
        if figure.kind == "share" and figure.value > _HALVED and reading.said("service", "mistakes", order):
            return "accuracy", figure, figure.start
    return None


def _neighbours(reading: Reading, span: Span) -> Span:
    sentences = reading.text.sentences
    at = next((i for i, (a, b) in enumerate(sentences) if a <= span[0] < b), 0)
    return sentences[max(0, at - 1)][0], sentences[min(len(sentences) - 1, at + 1)][1]


def relative_shares(reading: Reading) -> list[tuple[Quantity, Span]]:
    """Shares that say by how much something is to be lower or better than another, with the words: "a fifth lower than
    his" bounds no error by itself."""
    out = []
    for match in reading.find(lexicon("service")["lower"]):
        inside = [q for q in reading.quantities if q.kind == "share" and match.start() <= q.start < match.end()]
        words = match.group()
        missed_by = words.startswith("off") or (words.endswith("off") and inside and inside[0].start == match.start())
        missed_by = missed_by and not _OFF_WHAT.match(reading.text.plain, match.end())
        out += [(q, match.span()) for q in inside if not missed_by]  # "ten percent off is fine" is an error
    return out


def over_naive(reading: Reading) -> list[tuple[Quantity, Span]]:
    """Those that are told beside a forecast that only repeats what was: "the caretaker repeats last week; your error
    must be a fifth lower"."""
    return [(q, at) for q, at in relative_shares(reading) if reading.has(_NAIVE, _neighbours(reading, at))]


_OFF_WHAT = re.compile(r"\s(?:the|his|her|its|our|their|your|that|this)\s(?!mark|target|true|real|actual|right|is\b)\w")
"""Behind "a fifth off" where it is taken from something: "a fifth off the error of that"."""
_NAIVE = {"any": ("{naive}",)}


def _metric_near(reading: Reading, namings: Sequence[Naming], position: int, scale: str) -> str:
    able = [n for n in namings if scale_of(n.name) == scale]
    return min(able, key=lambda n: abs(n.start - position)).name if able else "accuracy"
