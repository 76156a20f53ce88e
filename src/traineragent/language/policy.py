"""May it be done, and can it be done, judged from the words by rules kept as data (knowledge/policy).

A rule combines ideas: who is concerned, what is inferred, what is done with it, and what excuses it; a scary word alone
never declines. Knows nothing of cells and headers, so nothing in the data can move a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..domain.task import Request, Verdict
from ..knowledge.lexicons import lexicon
from .metrics import scale_of
from .phrases import matches
from .reading import Reading
from .requirements import Limit
from .words import name_tokens


def judge_words(request: Request, task_type: str = "", limits: Sequence[Limit] = ()) -> Verdict:
    """The verdict on a request's words; `limits` are those found in them."""
    return judge_reading(Reading.of(request.words), task_type, limits)


def judge_reading(reading: Reading, task_type: str, limits: Sequence[Limit]) -> Verdict:
    """Decline with reason and alternative, or accept with the notices that the model card must carry."""
    judge = _Judge(reading, task_type, limits)
    rules = lexicon("rules", "policy")
    for rule in rules["decline"]:
        if judge.holds(rule):
            return Verdict(
                "decline", f"{rule['class']}:{rule['id']}", (rule["reason"],), (), (), rule.get("alternative")
            )
    noticed = [rule for rule in rules["notice"] if judge.holds(rule)]
    name = f"{noticed[0]['class']}:{noticed[0]['id']}" if noticed else "ordinary"
    return Verdict("accept", name, notices=tuple(dict.fromkeys(str(rule["notice"]) for rule in noticed)))


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
        self.excused: dict[str, bool] = {}

    def said(self, idea: str) -> bool:
        return bool(self._spans(idea))

    def excuses(self, idea: str) -> bool:
        """Whether an excuse is said and not turned round: "filters that do not recognise it" detects nothing."""
        if idea not in self.excused:
            self.excused[idea] = any(not self._turned(start) for start, _ in self._spans(idea))
        return self.excused[idea]

    def _turned(self, start: int) -> bool:
        sentence = self.reading.text.sentence_of(start)
        if any(a <= start < b for key in ("evade", "evade_aim") for a, b in self._spans(key)):
            return True
        negations = self.reading.where("poles", "negation", (sentence[0], start))
        return any(not re.search(r"[,.;:!?()]|\w+\W+\w+", self.reading.masked[end:start]) for _, end in negations)

    def _spans(self, idea: str) -> list[tuple[int, int]]:
        known = self.reading.ideas
        if idea not in known:
            known[idea] = [m.span() for m in self.reading.find(self.ideas[idea])]
        return known[idea]

    def holds(self, rule: Mapping[str, Any]) -> bool:
        if rule.get("task") and self.task_type not in rule["task"]:
            return False
        if not all(any(self.said(idea) for idea in line) for line in rule.get("when", ())):
            return False
        if any(self.excuses(idea) for idea in rule.get("unless", ())):
            return False
        return self._limit(rule) and self._score(rule) and self._count(rule)

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

    def _count(self, rule: Mapping[str, Any]) -> bool:
        asked = rule.get("count")
        if not asked:
            return True
        for match in matches(asked["phrases"], self.reading.masked):
            for q in self.reading.quantities:
                if match.start() <= q.start < match.end() and q.kind == "number" and q.value < float(asked["below"]):
                    return True
        return False
