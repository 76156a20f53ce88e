"""Limits in the words: which quantity bounds which metric or property of the service, in the unit of its name.

First idioms ("one slip in 200"), then named metrics beside a number, then times, sizes and rates by their unit. Wishes,
retracted numbers and today's figures are told apart from musts. Knows nothing of columns but the target's unit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from ..domain.task import Requirement
from ..knowledge.lexicons import lexicon
from .bounds import side_of
from .converting import in_unit_of
from .going_on import FEW, Numbers
from .horizon import horizon_quantity
from .how_often import tells_how_often
from .improvements import improvements, over_naive, relative_shares
from .limits import Limit
from .looked_for import Sought, of_every_class, of_the_case
from .metrics import TOP, Naming, direction_of, is_top, scale_of, tasks_of, top_name
from .phrases import FILL, in_languages, matches
from .populations import told_of
from .positive import says_yes
from .quantities import Quantity
from .reading import Reading, Span
from .service_limits import KINDS, SHORT, Service
from .settling import marked, settled
from .shortlists import among_guesses

_BRIDGE = 46  # characters between a metric's name and its number, at most
_ERRORS = ("mae", "mape", "max_error")  # one limit on each is told in a sentence
_MISTAKE = {"any": ("{mistake}",)}
_INTERVAL = {"any": ("{interval}",)}
_HOLDS = {"any": ("{inside}", "{right}")}
_ERROR_KINDS = ("number", "time", "money", "measure")
_HALF = 0.5
_NEXT = 16  # characters beside a number in which its bound stands
_AROUND_SHARE = re.compile(
    r"\b(?:of|them|the|all|at|least|or|better|more|over|above|minimum|min|please|is|enough|fine|a|and|reach|get|we|want|need|"
    r"von|allen|mindestens|uber|bitte|reicht|au|moins|plus|de|des|cas|al|menos|como|minimo|los|las|casos|pelo|no|dos|das|"
    r"(?:per|each|every|pro|je|par|por)\s+[^\W\d]+|almeno|dei|delle|on|new|unseen|fresh|photos|pictures|images|data|ones|cases|texts|rows|examples|test|set|plenty|would|do|"
    r"ok|okay|accuracy|right|correct|suffices?|here|that|will|must|be|should|no)\b|[至少以上要求達达到不低于]"
)


_OF_THE_TIME = re.compile(r"\s*(?:of\s+)?the\s+(?:time|year|day|week|month)s?(?!\w)")
_OPENED = re.compile(
    r"[\W_]*(?:\b(?:and|but|please|then|so|to|also|just|you|i|we|it|can|could|should|must|will|may|at least|first|"
    r"bitte|und|et|y|e)\b\W*)*"
)
"""What may stand before a verb that is an order."""
_AREA = re.compile(
    r"\b(?:area|overlap\w*|iou|intersect\w*|flache|uberlapp\w*|uberdeck\w*|surface|chevauch\w*|recouvr\w*|superficie|solap\w*|"
    r"superpo\w*|sobrepo\w*|sovrappo\w*)\b|重叠|交并比|重合"
)
"""What stands beside the share of a box that makes it a hit, and is no share of hits."""


_ON = re.compile(
    r"\s*(?:(?:on|in|for|of|as|as the|on the|in the|bei|beim|bei der|fur|an|pour|en|de|como|em|na|no|di|per)\s+)?"
    r"(?:(?:la|le|l'|el|a|o|the|der|die|das)\s*)?|\s*的\s*"
)
"""Between a number and the name of what it bounds."""


_OF_THESE = re.compile(
    r"\b(?:(?:each|every one|any|all|one|none|both|per) (?:of )?(?:our|my|your|the|these|those|their)|"
    r"jede[rsnm]? (?:der|unserer|meiner)|alle[rn]? (?:der|unserer|unsere|meine)|"
    r"chacune? d(?:e|es)(?: nos| mes| ces)?|tou(?:te)?s (?:les|nos|mes)|cada un[oa] de (?:los|las|nuestr[oa]s|mis)|"
    r"tod[oa]s (?:los|las|nuestr[oa]s|os|as|noss[oa]s)|cada uma? d[ao]s(?: noss[oa]s)?)\s$"
)
"""Before how many things there are: "in each of our seven branches"."""
NOBODY = Sought()
_GAP, _SKILL = "recall_gap", "skill_vs_seasonal_naive"
_OF_CLASSES = ("recall", "precision", "false_positive_rate", "accuracy", "min_class_recall", "recall_gap")


def find_limits(
    reading: Reading, namings: Sequence[Naming], task: str, case: Sought = NOBODY, several: bool = True
) -> list[Limit]:
    """All limits that hold, in the order in which they are said; the arguments are those of `told_limits`."""
    return settled(reading, told_limits(reading, namings, task, case, several))


def told_limits(
    reading: Reading, namings: Sequence[Naming], task: str, case: Sought = NOBODY, several: bool = True
) -> list[Limit]:
    """All limits that are told, wishes, today's figures and numbers that are taken back among them. `task`:
    classification, regression, tokens, …; `case`: what the case looked for, or a class, is called; `several`: there are
    more than two classes."""
    scan = _Scan(reading, namings, task)
    if task == "classification":
        scan.free = [q for q in scan.free if not tells_how_often(reading, q, case)]
    limits = [
        *scan.by_most_answers(),
        *scan.by_improvement(),
        *scan.by_skill(),
        *scan.by_gap(),
        *scan.by_metric_with_unit(),
    ]
    if task == "classification":
        limits += scan.by_shortlist(case) if several else []
        limits += scan.by_population(case) if case.label or not several else []
    if task == "tokens":
        limits += scan.by_what_is_marked()
    limits += scan.by_interval() if task in ("regression", "forecasting") else []
    limits += [*scan.by_idiom(), *scan.by_metric(), *scan.by_unit()]
    limits += scan.shared(limits)
    limits += [*scan.continued(limits), *scan.since(limits)]
    limits += scan.corrected(limits)
    limits = [scan.in_todays_unit(x, limits) for x in limits]
    if task == "classification":
        limits = [_of_each(reading, x, case) for x in limits] if several else limits
        limits += scan.by_case(case.roots)
    limits += scan.by_bare_share(case) if task == "classification" and not namings else []
    limits = _of_boxes(reading, limits, scan.free) if task == "grounding" else limits
    return [marked(reading, limit) for limit in sorted(limits, key=lambda x: x.at)]


def _of_each(reading: Reading, limit: Limit, case: Sought) -> Limit:
    """A recall that no class may fall below is the least of all classes; so is one "in every one of the four classes",
    of which four guesses would always hit the right one."""
    told, guesses = limit, limit.name == f"top{case.classes}_accuracy"
    limit = replace(limit, name="recall") if guesses else limit
    if limit.name not in ("recall", "accuracy") or limit.quantity.kind != "share":
        return limit
    span = reading.text.sentence_of(limit.quantity.start)
    shares = [q for q in reading.quantities if q.kind == "share" and span[0] <= q.start < span[1]]
    if len(shares) > 1:  # another one may be that of every class
        stop = reading.text.clause_of(limit.quantity.start)[1]
        span = max([span[0], *(q.end for q in shares if q.start < limit.quantity.start)]), stop
    every = of_every_class(reading, span, case, by_kind=limit.name == "recall")
    if guesses and not every:
        return told
    if not every and limit.described and limit.name == "recall" and not case.label:
        rightly = reading.said("service", "rightly", reading.text.clause_of(limit.quantity.start))
        return replace(limit, name="accuracy") if rightly else limit  # "90 % have to be recognised correctly"
    return replace(limit, name="min_class_recall") if every else limit


def _of_boxes(reading: Reading, limits: Sequence[Limit], free: Sequence[Quantity]) -> list[Limit]:
    """A share of hits is one of boxes: those that overlap by half, or whose middle lies inside; "IoU 0.5" beside it
    only says what a hit is."""
    hits = [x for x in limits if x.name in ("accuracy", "recall", "precision", "pointing_accuracy", "accuracy_iou50")]
    told = [q for q in free if q.kind == "share"]
    shares = sorted(told, key=lambda q: _of_an_area(reading, q, told))
    hits = hits or [Limit("accuracy", q.value, q, q.start, described=True) for q in shares][:1]
    if not hits:
        return list(limits)
    name = "pointing_accuracy" if reading.said("service", "pointing") else "accuracy_iou50"
    others = [x for x in limits if x not in hits and not (x.name == "mean_iou" and x.value == _HALF)]
    return [*others, *(replace(x, name=name) for x in hits)]


def _of_an_area(reading: Reading, q: Quantity, others: Sequence[Quantity]) -> bool:
    """Whether a share is how much of a box has to be hit: the one that an area is named nearest to."""
    clause = reading.text.clause_of(q.start)
    named = [clause[0] + m.start() for m in _AREA.finditer(reading.text.plain[slice(*clause)])]
    return any(min(others, key=lambda x: abs(x.start - at)) is q for at in named)


def as_requirements(
    reading: Reading, limits: Sequence[Limit], positive: str | None, target: str | None
) -> tuple[Requirement, ...]:
    """Final form, with the user's own words; errors are converted to the unit in the target's name."""
    out = []
    for limit in limits:
        one_class = lexicon("metrics").get(limit.name, {}).get("positive", False) or limit.name == "f1"
        value = round(in_target_unit(limit, target), 9)
        label = positive if one_class else None
        out.append(Requirement(limit.name, limit.direction, value, _stated_as(reading, limit), label))
    return tuple(out)


def in_target_unit(limit: Limit, target: str | None) -> float:
    """An error of "four minutes" is 240 where the target is called delivery_seconds."""
    return in_unit_of(limit.quantity, target, limit.value) if scale_of(limit.name) == "error" else limit.value


def _stated_as(reading: Reading, limit: Limit) -> str:
    start, end = min(limit.at, limit.quantity.start), limit.quantity.end
    clause = reading.text.without_joint(reading.text.clause_of(limit.quantity.start))
    return reading.quote((min(start, clause[0]), max(end, clause[1]))).strip(" ,;:.-()")


class _Scan(Numbers):
    """One pass over the quantities; each is used at most once."""

    def __init__(self, reading: Reading, namings: Sequence[Naming], task: str) -> None:
        self.task = task
        self.service = Service(reading, task)
        ahead = horizon_quantity(reading) if task == "forecasting" else None
        guesses = [n.span for n in namings if is_top(n.name)]  # "among the first 100" counts guesses, no percent
        counted = [q for q in reading.quantities if q.kind == "number" and any(a <= q.start < b for a, b in guesses)]
        counted += [
            q for q in reading.quantities if q.kind == "number" and _OF_THESE.search(reading.text.plain, 0, q.start)
        ]
        super().__init__(reading, namings, [q for q in reading.quantities if q is not ahead and q not in counted])

    def by_most_answers(self) -> list[Limit]:
        """Times that a share of the answers has to keep to, before the share is taken for one of right answers."""
        out = []
        for q in [q for q in self.free if q.kind == "time"]:
            if told := self.service.of_most(q, self.free):
                self.free = [x for x in self.free if x not in told[1]]
                out.append(told[0])
        return out

    def by_improvement(self) -> list[Limit]:
        """Limits told by today's figure and how far from it they lie."""
        out = []
        for found in improvements(self.reading, self.namings):
            if self._fits(found.name):
                self.free = [q for q in self.free if q not in found.used]
                out.append(Limit(found.name, found.value, found.figure, found.at, settled=True))
        return out

    def by_skill(self) -> list[Limit]:
        """By how much of its error a forecast is to beat one that only repeats what was."""
        found = over_naive(self.reading) if self.task == "forecasting" else []
        return [self._limit(_SKILL, "as_is", q, at[0]) for q, at in found if q in self.free][:1]

    def _fits(self, name: str) -> bool:
        tasks = tasks_of(name)
        return self.task in tasks or (self.task == "forecasting" and "regression" in tasks) or self.task == "tokens"

    def by_what_is_marked(self) -> list[Limit]:
        """Shares of what the model marks in a text: "what it marks must be right in 9 of 10 cases"; "95 % of the names
        must be blacked out" is one of what there is."""
        shares = [q for q in self.free if q.kind == "share" and not self._named_near(q)]
        told = [(q, t) for q in shares if (t := told_of(self.reading, q, NOBODY)) and t.at < q.start]
        return [self._limit(t.name, t.how, q, t.at) for q, t in told if t.name == "precision"]

    def by_population(self, case: Sought) -> list[Limit]:
        """Shares that say by whom they are told of what they bound."""
        shares = [q for q in self.free if q.kind == "share" and not self._named_near(q)]
        told = [(q, t) for q in shares if (t := told_of(self.reading, q, case))]
        limits = [replace(self._limit(t.name, t.how, q, t.at), settled=t.firm) for q, t in told]
        return [limit for limit in limits if limit.name]

    def by_shortlist(self, case: Sought) -> list[Limit]:
        """Shares of cases in which the answer is among a few guesses; "in every one of the four classes" are none."""
        told = [(name, q) for name, q in among_guesses(self.reading) if q in self.free]
        text = self.reading.text
        told = [x for x in told if not of_every_class(self.reading, text.clause_of(x[1].start), case, by_kind=True)]
        return [self._limit(name, "as_is", q, q.start) for name, q in told]

    def by_gap(self) -> list[Limit]:
        """How far groups may be apart, whatever metric is named beside: "the hit rates may not differ by 5 points"."""
        if self.task != "classification":
            return []
        fair = [s for s in self.reading.text.sentences if self.reading.said("groups", "fairness", s)]
        spans = [s for s in fair if self._of_hits(s)]
        gaps = [x for x in lexicon("requirements") if x["name"] == _GAP]
        return [limit for x in gaps for limit in self._matches(x, spans)] if spans else []

    def _of_hits(self, sentence: Span) -> bool:
        """Whether no other rate than that of hits is spoken of; error rates that differ by two points are none."""
        others = [n for n in self.namings if sentence[0] <= n.start < sentence[1] and n.name != "recall"]
        return not others and not self.reading.has(_MISTAKE, sentence)

    def by_idiom(self) -> list[Limit]:
        """Idioms inside one clause first: a number belongs to the words that it stands with, not to the next clause."""
        named = {n.name for n in self.namings if n.name in _ERRORS and set(self._claimed(n)) & set(self.free)}
        idioms = [x for x in lexicon("requirements") if self._applies(x) and x["name"] not in (*named, _GAP)]
        text, out = self.reading.text, list[Limit]()
        wide = [x for x in idioms if x.get("over_clauses")]
        for spans, some in ((text.sentences, wide), (text.clauses, idioms), (text.sentences, idioms)):
            for idiom in some:
                told = {text.sentence_of(x.at) for x in out if x.name == idiom["name"] and x.name in _ERRORS}
                out += self._matches(idiom, [s for s in spans if text.sentence_of(s[0]) not in told])
        return out

    def by_interval(self) -> list[Limit]:
        """ "A from-to that is right in four cases of five": a share that holds, where an interval is asked for."""
        out = []
        for q in [q for q in self.free if q.kind == "share" and q.value > _HALF and not self._named_near(q)]:
            sentence, clause = self.reading.text.sentence_of(q.start), self.reading.text.clause_of(q.start)
            asked = self.reading.has(_INTERVAL, sentence) or self.reading.said("constraints", "intervals", sentence)
            if asked and self.reading.has(_HOLDS, clause) and not self.reading.said("service", "deviation", clause):
                out.append(self._limit("interval_coverage", "as_is", q, q.start))
        return out

    def _applies(self, idiom: Mapping[str, Any]) -> bool:
        tasks = idiom.get("tasks")
        return not tasks or self.task in tasks or (self.task == "forecasting" and "regression" in tasks)

    def _matches(self, idiom: Mapping[str, Any], spans: Sequence[Span]) -> list[Limit]:
        out: list[Limit] = []
        name, how = str(idiom["name"]), str(idiom["value"])
        if self.task in ("regression", "forecasting") and name in _OF_CLASSES:
            return []
        nouns = set(idiom.get("nouns", ()))
        wide = [noun for noun in nouns if not noun.isascii()]  # scripts without spaces
        counted = [
            q
            for q in self.free
            if q.kind == "share" and (nouns & set(q.noun.split()) or any(noun in q.noun for noun in wide))
        ]
        out += [
            self._limit(*self._turned(name, how, q, q.start), q, q.start) for q in counted if not self._named_near(q)
        ]
        phrases = in_languages(idiom["phrases"], self.reading.languages)
        text = self._errors_only if name in ("mae", "max_error") else self.reading.masked
        for span in spans:
            for match in matches(phrases, text, *span):
                if name in _ERRORS and match.group().startswith("out of "):
                    continue  # "out of order half the time"
                held = self._free_in(match.span(), name, how)
                late = held is not None and name == "mae" and self.service.is_latency(held)
                if held and not late and (name == _GAP or not self._named_near(held, but=name)):
                    meant = self._turned(name, how, held, match.start())
                    if name == TOP:
                        meant = top_name(self.reading, match.span()), how
                    if not meant[0] or (name == "interval_coverage" and held.value <= _HALF):
                        continue
                    out.append(self._limit(self._of_how_many(meant[0], held), meant[1], held, match.start()))
        return [limit for limit in out if limit.name]

    def _turned(self, name: str, how: str, q: Quantity, start: int) -> tuple[str, str]:
        """(name, how) of an idiom of mistakes, or of its opposite: "it misses too many, find at least 85 %"."""
        if how != "complement" and name != "false_positive_rate":
            return self._small(name, how, q, start)
        if how == "complement" and q.value > _HALF:  # nobody asks for most to be wrong: "I'd hate to miss any: 9 in 10"
            return name, "as_is"
        clause = self.reading.text.clause_of(q.start)
        nearby = ((max(clause[0], q.start - _NEXT), q.start), (q.end, min(clause[1], q.end + _NEXT)))
        bounded = any(self.reading.said("service", "at_least", span) for span in nearby)
        found = name == "recall" and self.reading.said("service", "caught", (start, max(start, q.start)))
        if not (bounded or found):
            return (name if q.value <= _HALF else ""), how  # nobody puts up with most alarms being false
        return ("precision" if name == "false_positive_rate" else name), "as_is"

    def _small(self, name: str, how: str, q: Quantity, start: int) -> tuple[str, str]:
        """A small share of what is found or right, said to be the most, is one of mistakes: "no more than two in ten
        flagged customers may turn out to be loyal"; nobody asks for few to be found. A small share that opens a plain
        statement only tells what is so: "one booking in nine never turns up"."""
        if name not in ("recall", "precision", "accuracy") or q.value > _HALF:
            return name, how
        clause = self.reading.text.clause_of(q.start)
        before, behind = (max(clause[0], q.start - _NEXT), q.start), (q.end, min(clause[1], q.end + _NEXT))
        most = self.reading.said("service", "upper_bound", before) or self.reading.said("service", "at_most", before)
        most = most or self.reading.said("service", "upper_bound_behind", behind)
        if not most:
            told = start == q.start or not self._ordered(start)
            told = told and name != "precision" and q.value < _HALF and not self._demanded(q, clause)
            return ("" if told else name, how)
        return (name, "complement") if name == "precision" else ("", how)

    def _ordered(self, start: int) -> bool:
        """Whether the verb at a place is an order, which opens its clause: "find a third", "taint shows up in one"."""
        clause = self.reading.text.clause_of(start)
        return _OPENED.fullmatch(self.reading.masked, clause[0], start) is not None

    def _demanded(self, q: Quantity, clause: Span) -> bool:
        """Whether so much is asked for: by a bound, or by words of wanting and needing."""
        return side_of(self.reading, q) == "low" or self.reading.said("populations", "must", clause)

    def _of_how_many(self, name: str, held: Quantity) -> str:
        """ "Half of the guesses within 40 euros" is a median error; "nine in ten within 40" has no metric of ours."""
        if name != "mae":
            return name
        clause = self.reading.text.clause_of(held.start)
        shares = [q.value for q in self.reading.quantities if q.kind == "share" and clause[0] <= q.start < held.start]
        if not shares:
            return name
        return "median_absolute_error" if shares[-1] == _HALF else ""

    @cached_property
    def _errors_only(self) -> str:
        """The masked text without the marks of quantities that can be no error: sizes, shares, times of training; and
        without names of other errors that have numbers of their own ("percentage error no worse than 20")."""
        out = list(self.reading.masked)
        for n in self.namings:
            if n.name not in ("mae", "max_error") and scale_of(n.name) == "error" and self._claimed(n):
                out[n.start : n.end] = FILL * (n.end - n.start)
        for q in self.reading.quantities:
            if q.kind not in _ERROR_KINDS or self._is_training_time(q):
                out[q.start] = FILL
        return "".join(out)

    def _is_training_time(self, q: Quantity) -> bool:
        """A time whose own clause speaks of training or of being done, and of no error."""
        if q.kind != "time" or q.unit in SHORT:
            return False
        clause = self.reading.text.clause_of(q.start)
        done = self.reading.said("service", "training", clause) or self.service.is_deadline(q)
        return done and not self.reading.said("service", "deviation", clause)

    def _free_in(self, span: Span, name: str, how: str) -> Quantity | None:
        kinds = {"mae": _ERROR_KINDS, "max_error": _ERROR_KINDS}.get(
            name, ("share",) if how != "hundredth" else ("number",)
        )
        apart = [q for q, _ in relative_shares(self.reading)] if name == "mape" else []
        inside = [
            q
            for q in self.free
            if span[0] <= q.start
            and q.end <= span[1]
            and q not in apart
            and not (name == "mape" and _OF_THE_TIME.match(self.reading.text.plain, q.end))
            and (q.kind in kinds or ("share" in kinds and q.kind == "number" and 0 < q.value < 1))
        ]
        return inside[0] if inside else None

    def _named_near(self, q: Quantity, but: str = "") -> bool:
        """Whether a metric's own name claims this quantity."""
        return any(n.name != but and q in self._claimed(n) for n in self.namings)

    def _claimed(self, naming: Naming) -> list[Quantity]:
        """The numbers that belong to a name: those behind it, else the one before it."""
        claimed = [q for q in self.reading.quantities if self._claims(naming, q)]
        behind = [q for q in claimed if q.start >= naming.end]
        stop = self.reading.text.clause_of(naming.start)[1]
        beside = [q for q in claimed if q.end <= naming.start and self._is_beside(q, naming)]
        if beside and all(q.start >= stop for q in behind):  # "0.85 accuracy is a must, 0.9 would be lovely"
            return beside
        return behind or claimed

    def _is_beside(self, q: Quantity, naming: Naming) -> bool:
        """Whether a number is told of the name right behind it: "0.9 accuracy", "0.9 on precision"."""
        return _ON.fullmatch(self.reading.masked, q.end, naming.start) is not None

    def _limit(self, name: str, how: str, q: Quantity, at: int) -> Limit:
        self._use(q)
        fraction = q.value < 1 and "point" not in q.unit  # "no more than 0.08 apart"
        value = {"complement": 1 - q.value, "hundredth": q.value / (1 if fraction else 100)}.get(how, q.value)
        return Limit(name, value, q, at, described=True)

    def shared(self, limits: Sequence[Limit]) -> list[Limit]:
        """ "precision and recall of 0.8": a name joined by "and" to one that has a limit has the same."""
        out = []
        for one, other in pairwise(self.namings):
            between = self.reading.masked[one.end : other.start]
            if re.fullmatch(r"\s*(?:and|&|,|/|und|et|y|e|和|与)\s*", between) and one.name != other.name:
                had = {x.name: x for x in limits}
                for lacking, giving in ((one, other), (other, one)):
                    if (
                        lacking.name not in had
                        and giving.name in had
                        and scale_of(lacking.name) == scale_of(giving.name)
                    ):
                        out.append(replace(had[giving.name], name=lacking.name, at=lacking.start))
        return out

    def by_metric_with_unit(self) -> list[Limit]:
        """A score named right beside its number: "recall of .7", "F1 88", "AUC: 0.85"."""
        return [limit for n in self.namings if scale_of(n.name) != "error" for limit in self._metric_limits(n)]

    def by_metric(self) -> list[Limit]:
        return [limit for n in self.namings if scale_of(n.name) == "error" for limit in self._metric_limits(n)]

    def _metric_limits(self, naming: Naming) -> list[Limit]:
        out = []
        for q in [q for q in self._claimed(naming) if q in self.free]:
            value = self._scaled(naming.name, q)
            if value is None:
                continue
            if naming.name == "roc_auc" and "gini" in self.reading.masked[naming.start : naming.end]:
                value = (1 + value) / 2  # Gini = 2 AUC - 1
            self._use(q)
            out.append(Limit(naming.name, value, q, naming.start))
        return out

    def _replaces(self, first: int, last: int) -> bool:
        """Whether a number between is only wished for or taken back: "ideally 0.95, has to be 0.88"."""
        return any(self.reading.said("service", key, (first, last)) for key in ("soft", "correction", "firm"))

    def _claims(self, naming: Naming, q: Quantity) -> bool:
        """Whether the number belongs to the name: near it, no other name or end of sentence between."""
        if naming.start <= q.start and q.end <= naming.end:  # "the worst class should have 75 % recall"
            return q.kind == "share"
        first, last = (naming.end, q.start) if q.start >= naming.end else (q.end, naming.start)
        if last - first > _BRIDGE or last < first:
            return False
        between = self.reading.masked[first:last]
        opened = [a for a, _ in self.reading.text.sentences if first < a <= last]
        if any(not self._goes_on_behind(a, q) for a in opened):
            return False
        if self._told_between(naming.name, first, last) and not self._replaces(first, last):
            return False
        if any(n is not naming and first <= n.start and n.end <= last for n in self.namings):
            return False
        if scale_of(naming.name) in ("score", "share") and q.kind not in ("share", "number"):
            return False
        if scale_of(naming.name) == "error" and q.kind in ("size", "rate", "fps"):
            return False
        if naming.name in ("mae", "rmse") and q.kind == "share":
            return False  # "an average error 10 % smaller than last year's" bounds no error in units
        if q.start < naming.start:
            nearer = any(n is not naming and n.end <= q.start and q.start - n.end < 12 for n in self.namings)
            return not nearer and last - first < 24 and not re.search(r"[,:]", between)
        return True

    def _told_between(self, name: str, first: int, last: int) -> bool:
        """Whether another number stands between that could be the metric's: no few that are counted, as "the three"."""
        inside = [q for q in self.reading.quantities if first <= q.start < last]
        counted = direction_of(name) == "maximize" and scale_of(name) in ("score", "share")
        return any(not (counted and q.kind == "number" and 1 < q.value <= FEW) for q in inside)

    def _goes_on_behind(self, opened: int, q: Quantity) -> bool:
        """Whether a number goes on about what was named before a semicolon: "F1; 0.8 or better"."""
        if self.reading.masked[:opened].rstrip()[-1:] != ";":
            return False
        first = not re.search(r"\w", self.reading.masked[opened : q.start])
        return self._is_a_floor(q) or (first and side_of(self.reading, q) is not None)

    def _is_a_floor(self, q: Quantity) -> bool:
        """Whether a number is said to be the least, and so goes on about what was named: "…; 0.75 is the least"."""
        stop = self.reading.text.clause_of(max(0, q.end - 1))[1]
        floors = self.reading.where("service", "floor_behind", (q.end, stop))
        return any(not self.reading.masked[q.end : start].strip() for start, _ in floors)

    def by_unit(self) -> list[Limit]:
        out = []
        for q in [q for q in self.free if q.kind in KINDS]:
            if q in self.free and (told := self.service.limit(q, self.free)):
                for used in told[1]:
                    self._use(used)
                out.append(told[0])
        timed = any(x.name.startswith("latency") and x.quantity.kind == "time" for x in out)
        return [x for x in out if not (timed and x.name.startswith("latency") and x.quantity.kind != "time")]

    def by_bare_share(self, case: Sought) -> list[Limit]:
        """ "Ripe or unripe, 93 %": a share that stands alone is the share of right answers; "8 in 10 of them" is one of
        the cases, where only they have a name."""
        out = []
        for q in [q for q in self.free if q.kind == "share" and q.value > 0.5]:
            start, end = self.reading.text.clause_of(q.start)
            rest = self.reading.masked[start : q.start] + " " + self.reading.masked[q.end : end]
            if not re.search(r"\w", _AROUND_SHARE.sub(" ", rest)):
                them = self.reading.said("populations", "them", (q.end, end)) and says_yes(case.label)
                out.append(self._limit("recall" if them else "accuracy", "as_is", q, q.start))
        return out

    def by_case(self, roots: Sequence[str]) -> list[Limit]:
        """ "Four fifths of the failures": a share of the cases looked for is how many of them are found."""
        out = []
        for q in [q for q in self.free if q.kind == "share" and q.unit in ("ratio", "part", "percent")]:
            if not of_the_case(self.reading, q.noun, q.end, roots):
                continue
            clause = self.reading.text.clause_of(q.start)
            before = (max(clause[0], q.start - _NEXT), q.start)
            few = q.value <= _HALF and self.reading.said("service", "at_most", before)
            if q.value > _HALF or few or self.reading.said("service", "at_least", before):
                out.append(self._limit("recall", "complement" if few else "as_is", q, q.start))
        return out
