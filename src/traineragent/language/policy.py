"""May it be done, and can it be done, judged from the words by rules kept as data (knowledge/policy).

A rule combines ideas: who is concerned, what is inferred, what is done with it, and what excuses it; a scary word alone
never declines. Where one of three or more roles goes unheard, learned weights of all ideas decide; where hardly any is
heard, the wording as a whole does (`language.wording`). Knows nothing of cells and headers, so nothing in the data can
move a verdict.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from ..domain.task import Request, Verdict
from ..knowledge.lexicons import lexicon
from .described import left_out_words
from .limits import Limit
from .metrics import scale_of
from .phrases import matches
from .reading import Reading, Span
from .wording import likeness
from .words import name_tokens

_AS_A_WHOLE = (
    "No single word says so; the request as a whole comes close to it. Say what it is for if that is not what is meant."
)
_NOT_MEANT = ("figures_of_speech", "left_out_of_it")
"""What ends inside one of these plays no role: a face value shows no face, nothing naked shows nobody naked, and "leave
the surname out" asks for no surnames."""
_LEFT_OUT = "left out"
_TURNS = ("evade", "evade_aim", "watcher_fooled", "watch_blind", "people_left_out")
"""What turns an excuse round that stands inside: "until none of the antivirus engines reacts" protects nobody."""
_OF_WATCHERS = ("detect", "spotting", "told_as_fiction")
_OF_THINGS = "of_things"
"""Where drawn faces or the stress of materials are spoken of, nothing is guessed about people."""
_OF_CONDUCT = ("harmful", "unlawful")
_MEASURED = {"limit", "score", "share", "count", "over"}
UNDECIDED = 0.5
"""A likeness that neither declines nor doubts."""
_PLAIN_ENOUGH = 2.0
"""The weight from which the ideas of a rule say it by themselves, whatever else the text speaks of."""
_LEAST_ROLES = 3
"""A rule of two roles with one of them unsaid says too little."""


def judge_words(request: Request, task_type: str = "", limits: Sequence[Limit] = ()) -> Verdict:
    """The verdict on a request's words; `limits` are those found in them."""
    return judge_reading(Reading.of(request.words), task_type, limits)


def judge_reading(reading: Reading, task_type: str, limits: Sequence[Limit], *, by_wording: bool = True) -> Verdict:
    """Decline with reason and alternative, or accept with the notices that the model card must carry. Not `by_wording`:
    rules alone decide, without what was learned of wordings as a whole."""
    judge = _Judge(reading, task_type, limits)
    if not by_wording:
        judge.likeness = UNDECIDED
    rules = lexicon("rules", "policy")
    for rule in rules["decline"]:
        if judge.holds(rule):
            return _declined(rule)
    near = judge.nearest(rules["decline"]) or judge.worded_like()
    if near is not None:
        return _declined(near, _AS_A_WHOLE)
    noticed = [rule for rule in rules["notice"] if judge.holds(rule)]
    name = f"{noticed[0]['class']}:{noticed[0]['id']}" if noticed else "ordinary"
    return Verdict("accept", name, notices=tuple(dict.fromkeys(str(rule["notice"]) for rule in noticed)))


def _declined(rule: Mapping[str, Any], *more: str) -> Verdict:
    reasons = (str(rule["reason"]), *more)
    return Verdict("decline", f"{rule['class']}:{rule['id']}", reasons, (), (), rule.get("alternative"))


def trait_notice(reading: Reading, column: str, held: str, others: Sequence[str]) -> Verdict | None:
    """Accepts with a notice where the answer to be learned is a protected trait of persons; None where it is none, or
    of animals. `held` is what the column holds, in words; `others` are the names of all columns."""
    rule = lexicon("rules", "policy")["trait"]
    animals = lexicon("ideas", "policy")["animals"]
    of_animals = reading.has(animals) or any(
        matches(map(str, animals["en"]), " ".join(name_tokens(name))) for name in others
    )
    if held not in rule["of"] or of_animals:
        return None
    notice = str(rule["notice"]).format(column=column, held=held)
    return Verdict("accept", f"{rule['class']}:{rule['id']}", notices=(notice,))


class _Judge:
    """Looks each idea up at most once a reading."""

    def __init__(self, reading: Reading, task_type: str, limits: Sequence[Limit]) -> None:
        self.reading, self.task_type, self.limits = reading, task_type, limits
        self.ideas: Mapping[str, Any] = lexicon("ideas", "policy")
        self.excused: dict[str, list[Span]] = {}

    def said(self, idea: str) -> bool:
        return bool(self._asked(idea))

    def _asked(self, idea: str) -> list[tuple[int, int]]:
        """Where an idea is said, but not where it is told what to leave out."""
        left_out = self._left_out
        return [(a, b) for a, b in self._spans(idea) if not any(a < end and start < b for start, end in left_out)]

    def excuses(self, idea: str, roles: Iterable[Span] = ()) -> bool:
        """Whether an excuse is said and not turned round: "filters that do not recognise it" detects nothing. Nor does
        a watcher's word inside what plays one of the `roles`: "so that no transfer is ever reported"."""
        if idea not in self.excused:
            self.excused[idea] = [span for span in self._spans(idea) if not self._turned(span[0])]
        roles = roles if idea in _OF_WATCHERS else ()
        return any(not any(_inside(span, role) for role in roles) for span in self.excused[idea])

    def _excused(self, rule: Mapping[str, Any]) -> bool:
        roles = [span for line in rule.get("when", ()) for idea in line for span in self._asked(idea)]
        return any(self.excuses(idea, roles) for idea in rule.get("unless", ()))

    def _turned(self, start: int) -> bool:
        sentence = self.reading.text.sentence_of(start)
        if any(a <= start < b for key in _TURNS for a, b in self._spans(key)):
            return True
        negations = self.reading.where("poles", "negation", (sentence[0], start))
        return any(not re.search(r"[,.;:!?()]|\w+\W+\w+", self.reading.masked[end:start]) for _, end in negations)

    def _spans(self, idea: str) -> list[tuple[int, int]]:
        known = self.reading.ideas
        if idea not in known:
            spans = [m.span() for m in self.reading.find(self.ideas[idea])]
            aside = [span for key in _NOT_MEANT for span in self._spans(key)] if idea not in _NOT_MEANT else []
            known[idea] = [(a, b) for a, b in spans if not any(start < b <= end for start, end in aside)]
        return known[idea]

    @property
    def _left_out(self) -> list[tuple[int, int]]:
        """What is told of people only to keep it out of the model."""
        known = self.reading.ideas
        if _LEFT_OUT not in known:
            known[_LEFT_OUT] = left_out_words(self.reading)
        return known[_LEFT_OUT]

    def holds(self, rule: Mapping[str, Any]) -> bool:
        if rule.get("task") and self.task_type not in rule["task"]:
            return False
        if self._unheard(rule.get("when", ())):
            return False
        if self._excused(rule):
            return False
        measured = self._limit(rule) and self._score(rule) and self._share(rule) and self._count(rule)
        return measured and self._over(rule) and not self._by_chance(rule)

    def _by_chance(self, rule: Mapping[str, Any]) -> bool:
        """Whether the roles of a rule of conduct only happen to meet: "our website shows a captcha", "a cook charges by
        the crowd". Then the text is worded as hardly any declined one is, or its ideas weigh so little, and those of
        the rule not much either."""
        weights = lexicon("weights", "policy")
        own = [idea for idea in self._own(rule) if self.said(idea)]
        if rule.get("class") not in _OF_CONDUCT or any(idea not in weights["ideas"] for idea in own):
            return False  # nothing was learned of the ideas that others add
        if self.likeness < float(lexicon("rules", "policy")["wording"]["doubted"]):
            return True
        return self._weight(self.ideas) < float(weights["doubted"]) and self._weight(own) < _PLAIN_ENOUGH

    def _unheard(self, lines: Sequence[Sequence[str]]) -> int:
        """How many roles nothing says. A single place in the text says one role at most: "what they can't understand"
        is no weak person and what is done to him at once."""
        spans = [{span for idea in line for span in self._asked(idea)} for line in lines]
        unsaid = spans.count(set())
        return unsaid if unsaid or len(lines) < 2 or len(set().union(*spans)) > 1 else len(lines) - 1

    def nearest(self, rules: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The rule of conduct of which all roles but one are said and nothing excuses, where the ideas of the whole
        text weigh as those of declined requests do (logistic regression, knowledge/policy/weights.yaml) and its wording
        does not speak against it; else None.

        Roles have more wordings than any list holds, so one of several may go unheard."""
        least = float(lexicon("weights", "policy")["least"])
        if self.excuses(_OF_THINGS) or self._weight(self.ideas) < least:
            return None
        if self.likeness < float(lexicon("rules", "policy")["wording"]["beside_a_rule"]):
            return None
        near = [rule for rule in rules if self._lacks_one(rule) and self._weight_beside(rule) >= least]
        return max(near, key=lambda rule: self._weight(self._own(rule)), default=None)

    def _weight_beside(self, rule: Mapping[str, Any]) -> float:
        """The weight of the ideas in the sentences that say a role of the rule: a long story says many by chance."""
        told = [a for idea in self._own(rule) for a, _ in self._asked(idea)]
        sentences = {self.reading.text.sentence_of(a) for a in told}
        weights = lexicon("weights", "policy")["ideas"]
        return sum(
            float(weights[idea])
            for idea in self.ideas
            if idea in weights and any(x <= a < y for a, _ in self._asked(idea) for x, y in sentences)
        )

    @staticmethod
    def _own(rule: Mapping[str, Any]) -> list[str]:
        return [idea for line in rule.get("when", ()) for idea in line]

    def worded_like(self) -> Mapping[str, Any] | None:
        """The rule of declined requests, where this one is worded as they are, the ideas of the text counting in part;
        None else."""
        rule: Mapping[str, Any] = lexicon("rules", "policy")["wording"]
        if self.likeness < UNDECIDED:
            return None
        odds = self.likeness / (1 - self.likeness) * math.exp(float(rule["ideas"]) * self._weight(self.ideas))
        return rule if odds >= float(rule["at_least"]) / (1 - float(rule["at_least"])) else None

    @cached_property
    def likeness(self) -> float:
        """How like the wording is to that of declined requests, but for what is told to be left out."""
        words = self.reading.text.plain
        for start, end in self._left_out:
            words = words[:start] + " " * (end - start) + words[end:]
        return likeness(words)

    def _lacks_one(self, rule: Mapping[str, Any]) -> bool:
        lines = rule.get("when", ())
        if rule["class"] not in _OF_CONDUCT or len(lines) < _LEAST_ROLES or _MEASURED & set(rule):
            return False
        if rule.get("task") and self.task_type not in rule["task"]:
            return False
        if self._unheard(lines) > 1:
            return False
        return not self._excused(rule)

    def _weight(self, ideas: Iterable[str]) -> float:
        """The sum of the weights of those ideas that are said, each once."""
        weights = lexicon("weights", "policy")["ideas"]
        return sum(float(weights[idea]) for idea in dict.fromkeys(ideas) if idea in weights and self.said(idea))

    def _limit(self, rule: Mapping[str, Any]) -> bool:
        asked = rule.get("limit")
        if not asked:
            return True
        below, above = float(asked.get("below", "-inf")), float(asked.get("above", "inf"))
        return any(x.name == asked["name"] and (x.value < below or x.value > above) for x in self.limits)

    def _score(self, rule: Mapping[str, Any]) -> bool:
        """Whether a score is asked for that is at least so high, where the rule speaks of one."""
        asked = rule.get("score")
        if not asked:
            return True
        scores = [
            x.value
            for x in self.limits
            if x.direction == ">=" and scale_of(x.name) == "score" and x.name != "throughput_rows_s"
        ]
        return any(value >= float(asked["at_least"]) for value in scores)

    def _share(self, rule: Mapping[str, Any]) -> bool:
        """Whether some share in the words is at least so high, where the rule speaks of one."""
        asked = rule.get("share")
        least = float(asked["at_least"]) if asked else 0.0
        return not asked or any(q.kind == "share" and q.value >= least for q in self.reading.quantities)

    def _over(self, rule: Mapping[str, Any]) -> bool:
        """Whether a score is asked for, or a share in a sentence of a must, that lies above a share said in one of the
        rule's phrases by more than `by`."""
        asked = rule.get("over")
        if not asked:
            return True
        shares = [
            q.value
            for match in matches(asked["phrases"], self.reading.masked)
            for q in self.reading.quantities
            if q.kind == "share" and match.start() <= q.start < match.end() and q.value < 1
        ]
        scores = [x.value for x in self.limits if x.direction == ">=" and scale_of(x.name) == "score" and x.value <= 1]
        scores += [q.value for q in self.reading.quantities if q.kind == "share" and self._must(q.start)]
        return any(score > share + float(asked["by"]) for score in scores for share in shares)

    def _must(self, at: int) -> bool:
        return self.reading.said("populations", "must", self.reading.text.sentence_of(at))

    def _count(self, rule: Mapping[str, Any]) -> bool:
        """Whether a quantity in one of the rule's phrases lies between its bounds; times are milliseconds."""
        asked = rule.get("count")
        if not asked:
            return True
        kind, above, below = asked.get("kind", "number"), float(asked.get("above", "-inf")), float(asked["below"])
        for match in matches(asked["phrases"], self.reading.masked):
            for q in self.reading.quantities:
                if match.start() <= q.start < match.end() and q.kind == kind and above < q.value < below:
                    return True
        return False


def _inside(one: Span, other: Span) -> bool:
    """Whether a place lies within a longer one."""
    return other[0] <= one[0] and one[1] <= other[1] and one != other
