"""Of whom a share is told and what is to be so of them: "nine failing machines out of ten", "a quarter of your alarms".

A share of the cases looked for is one of finding or missing them, a share of what the model reports is one of being
right, a share of the good is one of leaving them alone. Whether so many must be or may be decides which of both. Knows
the case looked for by its words, and no columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..knowledge.lexicons import lexicon
from .bounds import Side, side_of
from .looked_for import Sought, of_answers
from .phrases import in_languages, matches
from .quantities import Quantity
from .reading import Reading, Span

_HALF = 0.5
_NEXT = 8  # characters between a bound and its number
_LONGEST = 70  # characters of what a share is of
_NOBODY = re.compile(
    r"\W*(?:(?:(?:of|in|der|des|de|dos|das|degli|delle)\s+)?(?:(?:the|all)\s+)?"
    r"(?:cases?|times?|chance|probability|likelihood|odds|fallen?|falle|mal|cas|fois|casos|veces|vezes|casi|volte)(?!\w)|"
    r"(?:treffern?|hits)\W*$|$)"
)
"""What stands behind a share that says nothing of whom it is told: "95 % of the time"."""
_DONE_BY_US = re.compile(
    r"\b(?:we|i|they|you|our \w+)\s+"
    r"(?!(?:have|had|keep|get|got|serve|treat|see|own|sell|make|run|know|like|want|need|care|will|would|can|could|"
    r"must|should|shall|may|might|are|were|am|is|was|do|did|don)\b)[a-z]+"
)
"""Those that something is done with: "of 100 boats we board, 30 should have too much"."""
_OPENED = re.compile(
    r"(?:^|[,;:–-]\s*|\b(?:and|but|so|then|also)\s+)\W*"
    r"(?:out of|of|among|from|for|von|unter|parmi|sur|de|entre|dos|das|di|tra)"
    r"\s(?P<np>[^.;:!?]*)$|"
    r"(?:^|[,;:–-]\s*)\W*(?:when|if|whenever|wherever|where)\s"
    r"(?:there's|there (?:is|are|was|really is)|it(?:'s| is)|they're|they are)"
    r"\s(?P<is>[^.;:!?]*?)(?=,|\s(?:i|we|you|it|they)\s)[^.;:!?]*$"
)
"""What a share is of where that comes first: "Of those who really leave, eight in ten"."""
_HEADING = re.compile(
    r"\W*(?P<np>[^\W\d]+(?:\s[^\W\d]+)?):\s(?:(?:at least|mindestens|au moins|al menos|pelo menos)\s)?$"
)
"""A word or two before a colon that a share stands right behind."""
_OF = re.compile(r"\s*(?:of|der|des|von|aller|de|du|d'|del|da|do|dos|das|di|dei|delle|ki|ke|的|का|की|के)(?!\w)")
_PARTICLE = re.compile(r"\s(?:off|up|back)\b")
"""What makes another verb of the one before it: a match that is called off is not called something."""
_THEY_SAY = re.compile(r"\b(?:who|that|which) (?:\w+ )?(?:say|said|answer|answered)\s$")
"""Before what people say themselves: "the households that would say yes"."""
_EVENTS = {
    "missed": {"any": ("{missed}",)},
    "found": {"any": ("{found}",)},
    "wrong": {"any": ("{wrong}",)},
    "real": {"any": ("{real}",)},
    "good": {"any": ("{good}",)},
    "stopped": {"any": ("{stopped}",)},
    "passed": {"any": ("{passed}",)},
    "alarms": {"any": ("{alarms}",)},
}

_MODEL_SAYS = {"any": ("{model_says}",)}
_FALSE_ALARMS = {"any": ("{wrong} {alarms}",)}


@dataclass(frozen=True)
class Told:
    """A limit that a share tells of its population: `how` is as_is or complement. Without a name the share tells what
    is, and bounds nothing: "of the calls on our list 70 % are useless"."""

    name: str
    how: str
    at: int
    firm: bool = False  # "I don't want more than a fifth": what is denied is the bound


def told_of(reading: Reading, q: Quantity, sought: Sought) -> Told | None:
    """What a share bounds by whom it is told of; None where that is open."""
    if q.kind != "share" or q.unit not in ("ratio", "part", "percent") or of_answers(reading, q.end):
        return None
    return _Share(reading, q, sought).told()


class _Share:
    """One share in its sentence: what it is of (`whole`), and the rest of what is said (`rest`)."""

    def __init__(self, reading: Reading, q: Quantity, sought: Sought) -> None:
        self.reading, self.q, self.sought = reading, q, sought
        self.sentence = reading.text.sentence_of(q.start)
        self.whole, self.wholes = self._whole()

    def told(self) -> Told | None:
        population = self._population()
        if population is None:
            return None
        small = self.q.value <= _HALF
        side = self._side()
        if population == "case":
            return self._of_cases(small, side)
        if population in ("alarm", "acted"):
            return self._of_alarms(small, side, population == "acted")
        return self._of_the_good(small, side)

    def _of_cases(self, small: bool, side: Side | None) -> Told | None:
        if not small:
            return self._told("recall", "as_is") if side != "high" else None
        if self.reading.has(_FALSE_ALARMS, self.reading.text.clause_of(self.q.start)):
            return None  # "false alarms on one clear picture in 1000", whichever label is looked for
        if self._missed():
            return self._told("recall", "complement")
        if side == "high":
            return self._told("", "as_is") if self._is_how_often() else self._told("recall", "complement")
        return self._told("recall", "as_is") if side == "low" else None

    def _is_how_often(self) -> bool:
        """Whether a share only tells how often the case comes about: "only some 3 % ever come back"."""
        plain = self.reading.text.plain
        said = any(self.reading.said("populations", key, self.sentence) for key in ("may", "must"))
        bounded = side_of(self.reading, self.q) is not None or self._not_beyond()
        return not (said or bounded or _OF.match(plain, self.q.end) or self.q.noun)

    def _of_alarms(self, small: bool, side: Side | None, acted: bool) -> Told | None:
        bad = self._in_vain() or self._sign(self._rest) < 0
        case = self._sign(self._rest) > 0
        if bad and not case and not small and (side != "low" or self._is_of_today()) and not self._denied():
            return self._told("", "as_is")
        if acted and not (case or side == "low" or (bad and small)):
            return None
        if bad and not case and small and side != "low":
            return self._told("precision", "complement")
        if side == "low" or not small:
            return self._told("precision", "as_is") if not (bad and not case) or not small else None
        return self._told("precision", "complement") if side == "high" else None

    def _in_vain(self) -> bool:
        """Whether it is said to be for nothing, beside what the share is of or in it: "one needless trip in four"."""
        wrong = in_languages(_EVENTS["wrong"], self.reading.languages)
        inside = bool(matches(wrong, self.whole)) or self._in_whole("harmless")
        near = self.reading.find(_EVENTS["wrong"], self.reading.text.clause_of(self.q.start))
        return inside or any(not self._inside(m.span()) for m in near) or self._about("harmless")

    def _is_of_today(self) -> bool:
        return self.reading.said("service", "today", self.reading.text.clause_of(self.q.start))

    def _denied(self) -> bool:
        return self.reading.said("populations", "denied", self.reading.text.clause_of(self.q.start))

    def _of_the_good(self, small: bool, side: Side | None) -> Told | None:
        before = (self.reading.text.clause_of(self.q.start)[0], self.q.start)
        if small and side == "high" and self._subject_is("handed", before):
            return self._told("precision", "complement")  # "the list must not contain more than a fifth of loyal ones"
        if small and side == "high":
            return self._told("false_positive_rate", "as_is")
        if not small and (side == "low" or self._says("passed")) and not self._says("stopped"):
            return self._told("specificity", "as_is")
        return None

    def _told(self, name: str, how: str) -> Told:
        return Told(name, how, min([self.q.start, *(a for a, _ in self.wholes)]), self._not_beyond())

    def _population(self) -> str | None:
        if self.reading.has(_MODEL_SAYS, (self.sentence[0], self.q.start)):
            return "alarm"
        sign = self._sign(self.whole)
        handed = self._in_whole("handed")
        vain = self._in_vain() or self._sign(self._rest) < 0  # "no more than 8 to people who would have been on time"
        acted = self._in_whole("acted") or (sign >= 0 and self._in_whole("errands") and vain)
        if handed and matches(in_languages(_EVENTS["wrong"], self.reading.languages), self.whole):
            return None  # "2 % false alarms" are told of the good
        if handed and sign >= 0 and not (sign > 0 and self._found()):
            return "alarm"
        if sign > 0:
            return "case"
        acted = acted or (sign == 0 and _DONE_BY_US.search(self.whole) is not None and self._side() == "low")
        if acted:
            return "acted"
        if sign < 0:
            return "good"
        if self.whole.strip(" ,"):
            return "good" if self._opposed_to_the_case() else None
        return "alarm" if self._if("handed") else "acted" if self._if("acted") else None

    def _opposed_to_the_case(self) -> bool:
        """Whether few of these may be stopped, and another share is told of the case: "of 200 kind lines one may be
        blocked at most, of 10 nasty ones get 9"."""
        stopped = matches(in_languages(_EVENTS["stopped"], self.reading.languages), self.reading.masked, *self.sentence)
        if not stopped or self.q.value > _HALF or self._side() != "high":
            return False
        others = [x for x in self.reading.quantities if x.kind == "share" and x is not self.q and x.noun]
        return any(self._sign(x.noun) > 0 for x in others)

    def _whole(self) -> tuple[str, list[Span]]:
        """The words that the share is of, and where they stand."""
        plain, q = self.reading.text.plain, self.q
        heading = _HEADING.match(plain, self.sentence[0], q.start)
        if heading and self._sign(heading["np"]):
            return heading["np"], [heading.span("np")]  # "Fakes: 19 of 20 stopped"
        stop = self._end_of_whole()
        behind = plain[q.end : stop]
        if q.noun and not _NOBODY.fullmatch(q.noun):
            relative = self._opens_relative(behind)
            spans = [(q.start, q.end), *([(q.end, stop)] if relative else [])]
            return f"{q.noun} {behind if relative else ''}", spans
        if not _NOBODY.match(self._without_bounds(behind)):
            return behind, [(q.start, stop)]
        opened = _OPENED.search(plain[self.sentence[0] : q.start])
        if opened:
            group = "np" if opened["np"] is not None else "is"
            return opened[group], [(self.sentence[0] + opened.start(group), self.sentence[0] + opened.end(group))]
        return self._subject()

    def _without_bounds(self, text: str) -> str:
        """The words without "at least" and the like, which say nothing of whom a share is told."""
        out = list(text)
        for key in ("at_least", "at_most", "lower_bound_behind", "upper_bound_behind"):
            for m in matches(in_languages(lexicon("service")[key], self.reading.languages), text):
                out[m.start() : m.end()] = " " * (m.end() - m.start())
        return "".join(out)

    def _subject(self) -> tuple[str, list[Span]]:
        """What stands before the verb of the clause that a share ends: "its warnings should be right 95 % of the
        time"."""
        start = self.reading.text.clause_of(self.q.start)[0]
        verbs = [a for a, _ in self.reading.where("populations", "modal", (start, self.q.start))]
        verbs = [a for a in verbs if not self._in_relative(start, a)]
        if not verbs or self.reading.said("populations", "if_acted", (start, verbs[0])):
            return "", []
        whole = self.reading.text.plain[start : verbs[0]]
        itself = matches(in_languages(lexicon("populations")["itself"], self.reading.languages), whole)
        if any(not (whole[: m.start()] + whole[m.end() :]).strip(" ,'\"") for m in itself):
            return "", []  # "it must be right then" is told of what the model says
        return whole, [(start, verbs[0])]

    def _end_of_whole(self) -> int:
        """Where the words end that say what a share is of: at the verb, at a pause or at the next quantity."""
        start = self.q.end
        stop = min(self.reading.text.clause_of(max(0, start - 1))[1], start + _LONGEST)
        stop = min([stop, *(x.start for x in self.reading.quantities if start <= x.start)])
        verbs = [a for a, _ in self.reading.where("populations", "modal", (start, stop))]
        return min([stop, *(a for a in verbs if not self._in_relative(start, a))])

    def _in_relative(self, start: int, position: int) -> bool:
        """Whether a verb here belongs to "who", "that" or "we" right before it, or before the verb right before it."""
        masked = self.reading.masked
        ends = [b for _, b in self.reading.where("populations", "relative", (start, position))]
        for a, b in self.reading.where("populations", "modal", (start, position)):
            ends += [b] if any(not masked[end:a].strip() for end in ends) else []
        return any(not masked[end:position].strip() for end in ends)

    def _opens_relative(self, behind: str) -> bool:
        start = self.q.end
        said = self.reading.where("populations", "relative", (start, start + len(behind)))
        return any(not re.search(r"\w", self.reading.masked[start:a]) for a, _ in said)

    @property
    def _rest(self) -> str:
        """The sentence without what the share is of."""
        out = list(self.reading.masked)
        for start, end in self.wholes:
            out[start:end] = " " * (end - start)
        return "".join(out[slice(*self.sentence)])

    def _side(self) -> Side | None:
        """The side that the share bounds: by the words beside it, else by whether so many must be, or may be."""
        side = side_of(self.reading, self.q)
        if side == "low" and self._not_beyond():
            return "high"
        if side:
            return side
        for span in (self.reading.text.clause_of(self.q.start), self.sentence):
            said = self.reading
            denied = said.said("populations", "denied", span)
            may, must = said.said("populations", "may", span), said.said("populations", "must", span)
            only = said.said("service", "at_most", (max(span[0], self.q.start - 12), self.q.start))
            if may or only or (denied and must):
                return "high"
            if must:
                return "low"
        return None

    def _subject_is(self, key: str, before: Span) -> bool:
        """Whether what stands before the verb of a clause is spoken of so."""
        said = self.reading.where("populations", key, before)
        verbs = [a for a, _ in self.reading.where("populations", "modal", before)]
        return bool(said and verbs) and said[0][1] <= verbs[0]

    def _not_beyond(self) -> bool:
        """Whether "more than" right before the share is denied earlier: "it must not contain more than a fifth"."""
        start = self.reading.text.clause_of(self.q.start)[0]
        beyond = [
            a for a, b in self.reading.where("populations", "beyond", (start, self.q.start)) if self.q.start - b < _NEXT
        ]
        return any(self.reading.said("populations", "denied", (start, a)) for a in beyond)

    def _sign(self, text: str) -> int:
        return self.sought.sign(self.reading, text)

    def _in_whole(self, key: str) -> bool:
        found = matches(in_languages(lexicon("populations")[key], self.reading.languages), self.whole)
        if key == "handed":
            found = [
                m
                for m in found
                if not (_PARTICLE.match(self.whole, m.end()) or _THEY_SAY.search(self.whole[: m.start()]))
            ]
        return bool(found)

    def _about(self, key: str) -> bool:
        """Whether phrases of `key` stand in the sentence, outside of what the share is of."""
        return any(not self._inside(span) for span in self.reading.where("populations", key, self.sentence))

    def _says(self, event: str) -> bool:
        found = self.reading.find(_EVENTS[event], self.sentence)
        return any(not self._inside(m.span()) for m in found)

    def _inside(self, span: Span) -> bool:
        return any(a <= span[0] and span[1] <= b for a, b in self.wholes)

    def _missed(self) -> bool:
        said = self.reading.said("populations", "unnoticed", self.sentence)
        return said or self.reading.has(_EVENTS["missed"], self.sentence)

    def _found(self) -> bool:
        return self.reading.has(_EVENTS["found"], self.reading.text.clause_of(self.q.start))

    def _if(self, key: str) -> bool:
        """Whether the sentence has a clause of the case in which something is reported, or done: "if we drive out"."""
        opened = self.reading.where("populations", "if_acted", self.sentence)
        done = [*self.reading.where("populations", key, self.sentence)]
        done += self.reading.where("populations", "speaks", self.sentence) if key == "handed" else []
        return any(b <= c and self._in_one_clause(b, c) for _, b in opened for c, _ in done)

    def _in_one_clause(self, start: int, end: int) -> bool:
        return self.reading.text.clause_of(start) == self.reading.text.clause_of(end)
