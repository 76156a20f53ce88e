"""Which column holds the answer, from the ranking of all: taken where one leads clearly, asked where two fit alike.

Ranks nothing itself (`targets`) and knows nothing of metrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..domain.task import Assumption, Question
from .alike import has_twin
from .answers import fits, holds_text, yes_or_no
from .collections import COLLECTIONS, IMAGE_KINDS, answers_of
from .columns import Columns, Regions
from .evidence import Candidate
from .kinds import has_tokens
from .substance import is_specific, says_nothing

CLEAR, ENOUGH, SPOKEN = 1.2, 2.0, 1.2
"""A target is taken without asking when it leads by CLEAR points and has ENOUGH itself, or SPOKEN if words name it."""
AHEAD, FITTING = 0.39, 1.5
"""The same where the words say what kind of answer they ask for and what about, so that only the name is another."""
NEAR = 0.5  # points by which a column may be behind that words speak for
UNSPOKEN = 0.7  # most confidence in a target that no word speaks of
_LEAST = 0.5  # points of a column that is worth asking about
_MOST_CHOICES, _MOST_NAMES = 6, 30
_NO_ANSWER = {"date": "dates", "id": "what each row is called by", "constant": "one single value", "empty": "nothing"}
"""Meanings of columns that are no answer -> what they hold."""


@dataclass(frozen=True)
class Chosen:
    """The column that holds the answer, with what is assumed of it; or the question that settles it."""

    column: str | None = None
    assumption: Assumption | None = None
    question: Question | None = None


def choose_target(
    columns: Columns, regions: Regions, ranking: Sequence[Candidate], wish: str | None, kind: str
) -> Chosen:
    """`ranking`: all columns, best first; `wish`: the kind of answer asked for (`rank_targets`); `kind`: of data."""
    return _Choice(columns, regions, tuple(ranking), wish, kind).chosen() if ranking else Chosen()


@dataclass(frozen=True)
class _Choice:
    columns: Columns
    regions: Regions
    ranking: tuple[Candidate, ...]
    wish: str | None
    kind: str

    def chosen(self) -> Chosen:
        best, *rest = self._preferred()
        if self.kind in COLLECTIONS or has_tokens(self.columns.columns):
            able = self._numbers_meant() or answers_of(self.kind, self.columns.columns)
            if len(able) < 2:
                return Chosen(able[0] if able else None)
            best, *rest = (c for c in self.ranking if c.column in able)
        if self._is_doubtful(best, rest):
            return Chosen(question=self._question(best, rest))
        if best.pointed:
            return Chosen(best.column)
        confidence = min(_confidence(best.score, _lead(best, rest)), 1.0 if best.spoken else UNSPOKEN)
        return Chosen(best.column, Assumption("target", best.column, "; ".join(best.why), confidence))

    def _is_doubtful(self, best: Candidate, rest: Sequence[Candidate]) -> bool:
        """Whether the words say too little, or fit several."""
        reading = self.columns.reading
        vague = reading.said("wishes", "vague") or (self.wish is None and says_nothing(self.columns))
        if (vague and not best.pointed and not reading.quantities) or self._unnamed(best):
            return True
        if not best.spoken and (self._named_instead() is not None or self._is_guess(best, rest)):
            return True
        clear, enough = CLEAR, SPOKEN if best.spoken else ENOUGH
        alone = not rest or not rest[0].spoken or self._alone_says_yes(best)  # else the words fit both
        if alone and fits(self.columns.get(best.column), self.wish) and is_specific(reading):
            clear, enough = AHEAD, min(enough, FITTING)
        return best.score < enough or (_lead(best, rest) < clear and not best.pointed)

    def _unnamed(self, best: Candidate) -> bool:
        """Whether no word tells the best from its twins, or "the number" is asked for and several columns hold one."""
        several = sum(fits(c, "amount") for c in self.columns.columns) > 1
        many = several and self.columns.reading.said("wishes", "unnamed")
        return not best.spoken and (many or has_twin(self.columns.get(best.column), self.columns.columns))

    def _is_guess(self, best: Candidate, rest: Sequence[Candidate]) -> bool:
        """Whether only its place and type speak for a column: two kinds of it say neither yes nor no to "which bottles
        are going to leak", and of two columns of classes either may be the one that things are to be sorted by."""
        if best.meant or best.pointed or not is_specific(self.columns.reading):
            return False
        column = self.columns.get(best.column)
        if self.wish == "flag":
            return fits(column, "flag") and not yes_or_no(column)
        if self.wish != "choice" or not fits(column, "choice"):
            return False
        others = [self.columns.get(c.column) for c in rest if c.score > 0]
        return any(c.meaning == "category" and c.distinct > 2 and not holds_text(c) for c in others)

    def _named_instead(self) -> str | None:
        """The one column whose name stands right behind the wish, though it holds no such answer."""
        names = [m.column for m in self.columns.mentions if self.regions.wished(m)]
        if len(names) != 1:
            return None
        meaning = self.columns.get(names[0]).meaning
        return names[0] if meaning in _NO_ANSWER or (meaning == "category" and self.wish == "amount") else None

    def _alone_says_yes(self, best: Candidate) -> bool:
        """Whether a yes or no is asked for, and no other column could hold it."""
        able = [c.column for c in self.ranking if fits(self.columns.get(c.column), "flag")]
        return self.wish == "flag" and able == [best.column]

    def _preferred(self) -> list[Candidate]:
        """The ranking, with the one column first that words speak for and that can be the answer, if it is about as
        good as the best, for which only its place or type speaks."""
        best = self.ranking[0]
        near = [c for c in self.ranking if c.spoken and c.score >= best.score - NEAR]
        if best.spoken or len(near) != 1 or not fits(self.columns.get(near[0].column), self.wish):
            return list(self.ranking)
        return [replace(near[0], score=best.score + NEAR), *(c for c in self.ranking if c is not near[0])]

    def _numbers_meant(self) -> tuple[str, ...]:
        """Columns of numbers beside pictures, where the words ask how much or speak of one of them."""
        if self.kind not in IMAGE_KINDS:
            return ()
        numbers = tuple(c.name for c in self.columns.columns if c.meaning == "number")
        spoken = tuple(c.column for c in self.ranking if c.column in numbers and (c.pointed or c.spoken))
        return spoken[:1] or (numbers if self.wish == "amount" else ())

    def _question(self, best: Candidate, rest: Sequence[Candidate]) -> Question:
        named = self._named_instead() if not best.spoken else None
        holds = _NO_ANSWER.get(self.columns.get(named).meaning) if named else None
        why = f"{named} holds {holds}, which cannot be predicted. " if holds else ""
        least = max(best.score - CLEAR, _LEAST)
        near = [c.column for c in (best, *rest) if c.score >= least or (c.column == named and not holds)]
        choices = tuple(near[:_MOST_CHOICES]) if len(near) > 1 else ()
        what = f" Several fit: {', '.join(choices)}." if choices else ""
        return Question(
            "target",
            f"{why}Which column holds the answer that is to be predicted?{what}",
            choices or tuple(c.name for c in self.columns.columns[:_MOST_NAMES]),
            best.column if best.score > 1 else None,
        )


def _lead(best: Candidate, rest: Sequence[Candidate]) -> float:
    return best.score - rest[0].score if rest else best.score


def _confidence(score: float, lead: float) -> float:
    return round(max(0.3, min(0.97, 0.45 + 0.06 * min(score, 5.0) + 0.1 * min(lead, 3.0))), 2)
