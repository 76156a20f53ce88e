"""A follow-up after a delivery, read: what is to be smaller, faster, left out, measured otherwise, or given more time.

"Make it half the size", "use recall instead", "leave out gender", "add ten more minutes". Says what was asked and
where; what it means for the task is settled in `revising.py`. Knows profiles of columns only, never a cell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..domain.data import ColumnProfile
from ..domain.task import DeploymentInfo, TaskSpec
from ..knowledge.lexicons import lexicon
from .columns import Columns, Mention, Regions
from .constraints import deployment_of, find_constraints
from .costs import about_mistakes, dreaded
from .exclusions import Exclusion, find_exclusions
from .holdouts import holdout_asked
from .kinds import FAMILY
from .limits import Limit
from .metrics import find_metrics
from .models import find_models
from .personal import personal_columns
from .quantities import Quantity, find_quantities
from .reading import Reading, Span
from .requirements import find_limits
from .rows import RowsAsked, find_rows, not_of_rows, of_columns
from .transliteration import in_words_of

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "zh", "ja", "ko", "hi")
_HOURS = re.compile(r"hour|stunde|heure|hora\b|horas|\bor[ae]\b|小时|時間|시간|ghant")
_SECONDS = re.compile(r"sec|sek|秒|초")
_TIMES = re.compile(r"(?<=\d)\s?[x×](?=\s)")  # "3x faster"
_FEW_WORDS = 6
_OPENING = 12  # characters that may stand before a question: "and", "hm,"
_ROOM_AFTER = 30  # characters between "predict" and the name of what is to be predicted
_NO_RETURN = re.compile(  # "better than the last version", "leave the rest as it was"
    r"\b(?:than|rest|else|others|als|restliche\w*|ubrige\w*|que|reste|resto|demas)\b|\bas \w+ as\b|其他|其余|比"
)
PREVIOUS, FIRST = 0, 1
_SERVICE_ASPECTS = ("size_mb", "latency_ms_p95", "memory_mb", "throughput_rows_s", "train_minutes")


@dataclass(frozen=True)
class Relative:
    """A property of the service to be `factor` times what was measured. `vague`: the factor was not said."""

    name: str
    factor: float
    said: str
    span: Span
    vague: bool = False


@dataclass(frozen=True)
class FollowUp:
    """What a follow-up asks for; empty fields where it says nothing. `lifted` holds names of limits and constraints
    that no longer hold, "*" for the only one there is. `new_target` "" where one is asked for that is no column.
    `back`: the number of an earlier delivery that is wanted again, 0 for the one before. `asks`: it is a question."""

    reading: Reading
    left_out: tuple[Exclusion, ...] = ()
    taken_back: tuple[str, ...] = ()
    new_target: str | None = None
    limits: tuple[Limit, ...] = ()
    relative: tuple[Relative, ...] = ()
    lifted: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    also: bool = False
    preference: str = ""
    constraints: tuple[str, ...] = ()
    deployment: DeploymentInfo = field(default_factory=DeploymentInfo)
    minutes: float | None = None
    longer: bool = False
    back: int | None = None
    asks: bool = False
    unread: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing at all was understood."""
        asked = (self.left_out, self.taken_back, self.limits, self.relative, self.lifted, self.metrics)
        said = self.new_target is not None or self.minutes is not None or self.deployment != DeploymentInfo()
        wanted = self.preference or self.constraints or self.longer or self.back is not None
        return not (any(asked) or said or wanted)


def read_follow_up(words: str, task: TaskSpec, columns: Sequence[ColumnProfile]) -> FollowUp:
    """What `words` ask to be changed in `task`. Few words do not tell their language, so where they make no sense in
    the one they seem to be in, and in that of the request, the others are tried."""
    first: FollowUp | None = None
    for reading in _readings(words, task.language):
        found = _Follow(reading, task, columns).up()
        if found.asks or not found.empty:
            return found
        first = first or found
    assert first is not None
    return first


def _readings(words: str, language: str) -> list[Reading]:
    first = Reading.of(_TIMES.sub(" times", words))
    likely = tuple(dict.fromkeys((first.languages[0], language, *first.languages)))
    out = [replace(first, languages=likely, quantities=find_quantities(first.text.plain, likely))]
    for other in LANGUAGES:
        if other not in likely:
            spoken = (other, "en")
            out.append(replace(first, languages=spoken, quantities=find_quantities(first.text.plain, spoken)))
    return out


class _Follow:
    """One reading of a follow-up; each part knows where it was said, so that what nobody read is known too."""

    def __init__(self, reading: Reading, task: TaskSpec, profiles: Sequence[ColumnProfile]) -> None:
        self.reading, self.task = in_words_of(reading, profiles), task
        self.columns = Columns(self.reading, profiles)
        self.family = FAMILY.get(task.task_type, "classification")
        self.spans: list[Span] = []

    def up(self) -> FollowUp:
        if self._only_asks():
            return replace(FollowUp(self.reading, asks=True), unread=self._unread())
        lifted = self._lifted()
        minutes = self._minutes()
        target = self._target()
        left_out = self._left_out()
        limits = self._limits()
        metrics = self._metrics(limits)
        constraints, lifted_wishes = self._constraints()
        found = FollowUp(
            self.reading,
            left_out=left_out,
            taken_back=self._taken_back(left_out, target),
            new_target=target,
            limits=limits,
            relative=self._relative(limits),
            lifted=(*lifted, *lifted_wishes),
            metrics=metrics,
            also=bool(metrics) and self._heard("also"),
            preference=self._preference(),
            constraints=constraints,
            deployment=self._deployment(),
            minutes=minutes,
            longer=self._longer() and minutes is None,
            back=self._back(),
        )
        return replace(found, unread=self._unread())

    def _only_asks(self) -> bool:
        """One sentence that asks about the delivery: "why is it so slow?"; "why not use recall?" proposes."""
        sentences = self.reading.text.sentences
        spans = self.reading.where("followup", "asking")
        proposed = spans and self.reading.said("followup", "proposing", (spans[0][0], len(self.reading.text.plain)))
        return bool(spans) and len(sentences) == 1 and spans[0][0] - sentences[0][0] <= _OPENING and not proposed

    # ------------------------------------------------------------------ an earlier delivery
    @cached_property
    def _returns(self) -> tuple[Span, ...]:
        """Where an earlier delivery is wanted again, as a whole: not a column, a metric or a limit of it."""
        spans = [s for key in ("undo_all", "undo") for s in self.reading.where("followup", key)]
        return tuple(s for s in spans if self._is_whole(s))

    def _is_whole(self, span: Span) -> bool:
        first, last = self.reading.text.clause_of(span[0])
        clause = (min(first, span[0]), max(last, span[1]))
        named = [m.start for m in self.columns.mentions] + [n.start for n in find_metrics(self.reading)]
        if any(clause[0] <= at < clause[1] for at in named) or self._inside(span[0], self._lifts):
            return False
        return not _NO_RETURN.search(self._plain((clause[0], span[1])))

    def _back(self) -> int | None:
        """The number of the delivery that is wanted again, 0 for the one before; None where none is."""
        numbered = [s for s in self.reading.where("followup", "undo_to") if self._is_whole(s)]
        wanted = [s for s in numbered if self._returns or self._alone(s)]
        self.spans += [*self._returns, *wanted]
        for span in wanted:
            quantity = self._quantity_in(span, "number")
            if quantity is not None and quantity.value >= 1:
                return int(quantity.value)
        if not self._returns:
            return None
        first = {s for s in self._returns if s in self.reading.where("followup", "undo_all")}
        return FIRST if first else PREVIOUS

    def _alone(self, span: Span) -> bool:
        """Whether a sentence says little else: "version 2 please", not "the same as in version 2 of the file"."""
        return len(re.findall(r"\w+", self._plain(self.reading.text.sentence_of(span[0])))) <= _FEW_WORDS

    def _longer(self) -> bool:
        """More searching is wanted; that the model before was better asks for that one."""
        spans = [
            s
            for s in self.reading.where("followup", "longer")
            if not any(r[0] < s[1] and s[0] < r[1] for r in self._returns)
        ]
        self.spans += spans
        return bool(spans)

    # ------------------------------------------------------------------ where things are said
    def _heard(self, key: str) -> bool:
        spans = self.reading.where("followup", key)
        self.spans += spans
        return bool(spans)

    def _inside(self, position: int, spans: Sequence[Span]) -> bool:
        return any(a <= position < b for a, b in spans)

    def _unread(self) -> tuple[str, ...]:
        """Sentences of which nothing was understood, in the person's own words."""
        return tuple(
            self.reading.quote((a, b))
            for a, b in self.reading.text.sentences
            if not any(a < end and start < b for start, end in self.spans)
            and len(re.findall(r"\w+", self.reading.text.plain[a:b])) > 1
        )

    # ------------------------------------------------------------------ limits and properties
    @cached_property
    def _lifts(self) -> tuple[Span, ...]:
        """Clauses in which a limit or a wish is taken back. "It may be slower: 50 ms is fine" sets one instead."""
        clauses = []
        for start, end in self.reading.where("followup", "lift"):
            clause = self.reading.text.clause_of(start)
            if re.search(r"slower|bigger|larger|langsamer|grosser", self.reading.text.plain[start:end]) and any(
                self.reading.text.sentence_of(start)[0] <= q.start < self.reading.text.sentence_of(start)[1]
                for q in self.reading.quantities
            ):
                continue
            clauses.append((min(start, clause[0]), max(end, clause[1])))
        return tuple(clauses)

    def _lifted(self) -> tuple[str, ...]:
        """Names of the limits that a lifting clause speaks of."""
        out: list[str] = []
        for clause in self._lifts:
            names = [n for n in _SERVICE_ASPECTS if self.reading.has(lexicon("followup")["aspects"][n], clause)]
            namings = find_metrics(self.reading)
            limits = find_limits(self.reading, namings, self.family)
            names += [n.name for n in namings if clause[0] <= n.start < clause[1]]
            names += [x.name for x in limits if clause[0] <= x.quantity.start < clause[1]]
            if not names and re.search(r"limit|requirement|constraint|grenze|vorgabe|限制", self._plain(clause)):
                names = ["*"]
            if names:
                self.spans.append(clause)
            out += names
        return tuple(dict.fromkeys(out))

    def _plain(self, span: Span) -> str:
        return self.reading.text.plain[span[0] : span[1]]

    def _limits(self) -> tuple[Limit, ...]:
        """Limits with a number of their own, but for the numbers that were read as time to add or as a comparison."""
        taken = [*self._time_spans, *(r.span for r in self._compared), *self._lifts]
        found = find_limits(self.reading, find_metrics(self.reading), self.family)
        kept = [x for x in found if not self._inside(x.quantity.start, taken)]
        self.spans += [(min(x.at, x.quantity.start), x.quantity.end) for x in kept]
        return tuple(kept)

    @cached_property
    def _compared(self) -> tuple[Relative, ...]:
        """Everything that is to be smaller, faster or lighter, one entry a property."""
        out: dict[str, Relative] = {}
        for entry in lexicon("followup")["relative"]:
            for match in self.reading.find(entry["phrases"]):
                found = self._relation(entry, match.span())
                if found is None or self._inside(match.start(), self._lifts):
                    continue
                if any(r.span[0] < match.end() and match.start() < r.span[1] for r in out.values()):
                    continue
                out.setdefault(found.name, found)
        return tuple(out.values())

    def _relation(self, entry: Mapping[str, Any], span: Span) -> Relative | None:
        name, how, said = str(entry["of"]), str(entry["how"]), self.reading.quote(span)
        if how not in ("to", "by", "over", "speed"):
            return Relative(name, float(how), said, span, "vague" in entry)
        quantity = self._quantity_in(span, "number" if how == "over" else "share")
        if quantity is None:
            return None
        v = quantity.value
        factors = {"to": v, "by": 1 - v, "over": 1 / v if v else 0.0, "speed": 1 / (1 + v)}
        factor = factors[how]
        return Relative(name, factor, said, span) if 0 < factor < 1 else None

    def _quantity_in(self, span: Span, kind: str) -> Quantity | None:
        inside = (q for q in self.reading.quantities if q.kind == kind and span[0] <= q.start and q.end <= span[1])
        return next(inside, None)

    def _relative(self, limits: Sequence[Limit]) -> tuple[Relative, ...]:
        """ "Faster: under 2 ms" says by the number what the word leaves open."""
        said = {x.name.rsplit("_p", 1)[0] for x in limits}
        kept = tuple(r for r in self._compared if not (r.vague and r.name.rsplit("_p", 1)[0] in said))
        self.spans += [r.span for r in self._compared]
        return kept

    # ------------------------------------------------------------------ metrics and mistakes
    def _metrics(self, limits: Sequence[Limit]) -> tuple[str, ...]:
        """Metrics that are named with no number, in order, but for the one to be replaced."""
        limited = {x.name for x in limits}
        out = []
        for naming in find_metrics(self.reading):
            clause = self.reading.text.clause_of(naming.start)
            given_up = self.reading.said("service", "void", (clause[0], naming.end))
            if naming.name in limited or given_up or self._inside(naming.start, self._lifts):
                continue
            self.spans.append(naming.span)
            out.append(naming.name)
        return tuple(dict.fromkeys(out))

    def _preference(self) -> str:
        if self.family != "classification":
            return ""
        fewer_misses, fewer_alarms = self._heard("fewer_misses"), self._heard("fewer_alarms")
        if fewer_misses != fewer_alarms:
            return "prefer:recall" if fewer_misses else "prefer:precision"
        worse = None if about_mistakes(self.reading) else dreaded(self.reading)
        if worse:
            self.spans.append((0, len(self.reading.text.plain)))
        return {"miss": "prefer:recall", "alarm": "prefer:precision"}.get(worse or "", "")

    # ------------------------------------------------------------------ columns
    def _left_out(self) -> tuple[Exclusion, ...]:
        again = self._again_spans
        found = [
            e
            for e in not_of_rows(find_exclusions(self.columns), self._rows)
            if not self._inside(e.span[0], self._lifts) and not self._inside(e.span[0], again)
        ]
        named = {e.column for e in found}
        personal = [e for e in personal_columns(self.columns, self.task.data_info.target) if e.column not in named]
        self.spans += [e.span for e in (*found, *personal)]
        return (*found, *personal)

    @cached_property
    def _again_spans(self) -> tuple[Span, ...]:
        """ "Stop leaving out X": the words that leave out are themselves taken back."""
        return tuple(
            (start, self.reading.text.clause_of(start)[1])
            for start, end in self.reading.where("followup", "again")
            if re.search(r"stop|no longer|don't|do not", self._plain((start, end)))
            and self.reading.said("exclusions", "before", (start, end + 1))
        )

    def _taken_back(self, left_out: Sequence[Exclusion], target: str | None) -> tuple[str, ...]:
        """Columns that are to be used, or used again; those named where they are left out are not among them."""
        spans = self.reading.where("followup", "again")
        sentences = {self.reading.text.sentence_of(start) for start, _ in spans}
        whole = [s for s in self.reading.where("followup", "everything") if self._inside(s[0], tuple(sentences))]
        if whole and not left_out and not self._lifts:
            self.spans += whole
            said = {c.removeprefix("exclude:") for c in self.task.constraints if c.startswith("exclude:")}
            return tuple(c.column for c in self.task.data_info.ignored if c.column in said and c.column != target)
        out = []
        for mention in self.columns.mentions:
            excluded = any(e.span == (mention.start, mention.end) for e in left_out)
            if self._inside(mention.start, tuple(sentences)) and not excluded and mention.column != target:
                out.append(mention.column)
                self.spans.append((mention.start, mention.end))
        return tuple(dict.fromkeys(out))

    def _target(self) -> str | None:
        """The column that is to be predicted from now on; "" where something is asked for that is no column."""
        spans = self.reading.where("followup", "retarget")
        regions = Regions(self.reading, self.columns.mentions, [e.span for e in find_exclusions(self.columns)])
        named = [m for m in self.columns.mentions if regions.points_at(m) or any(_follows(m, s) for s in spans)]
        others = [m for m in named if m.column != self.task.data_info.target and not regions.excluded(m.start)]
        chosen = [*others, *(m for m in named if not regions.excluded(m.start))][:1]
        if chosen:
            self.spans.append((chosen[0].start, chosen[0].end))
            return chosen[0].column
        instead = re.search(
            r"\b(?:instead|stattdessen|plutot|a la place|en su lugar|en vez)\b|改", self.reading.text.plain
        )
        asked = [
            s for s in spans if instead or re.search(r"target|label|outcome|ziel|cible|objetivo|目标", self._plain(s))
        ]
        if asked and not named and not find_metrics(self.reading):
            self.spans += asked
            return ""
        return None

    # ------------------------------------------------------------------ wishes and time
    def _constraints(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(constraint words that are new, those that are taken back)."""
        new: list[str] = []
        lifted: list[str] = []
        for name, table in lexicon("constraints").items():
            for match in self.reading.find(table):
                (lifted if self._inside(match.start(), self._lifts) else new).append(name)
                self.spans.append(match.span())
        models = find_models(self.reading)
        self.spans += models.spans
        columnar = [
            c for c in find_constraints(self.reading, self.columns, ()) if c.split(":")[0] in ("split", "fairness")
        ]
        asked = [
            *(n for n in new if n not in lifted),
            *columnar,
            *models.constraints,
            *self._about_rows(),
            *self._about_mistakes(),
        ]
        return tuple(dict.fromkeys(asked)), tuple(dict.fromkeys(lifted))

    @cached_property
    def _rows(self) -> tuple[RowsAsked, ...]:
        target = self.task.data_info.target
        return of_columns(find_rows(self.columns), [target] if target else [])

    def _about_rows(self) -> list[str]:
        """Which rows are to count from now on, and which are to be held out."""
        self.spans += [r.span for r in self._rows]
        held = holdout_asked(self.columns) if self.family in ("classification", "regression") else None
        if held is not None:
            self.spans.append(held.span)
        return [c.word() for r in self._rows for c in r.conditions] + ([held.word] if held else [])

    def _about_mistakes(self) -> list[str]:
        """The probability from which to answer, and what mistakes cost."""
        found = about_mistakes(self.reading) if self.family == "classification" else []
        if found:
            self.spans += [s for key in ("cut", "priced", "times") for s in self.reading.where("costs", key)]
        return found

    def _deployment(self) -> DeploymentInfo:
        found = deployment_of(self.reading)
        if found != DeploymentInfo():
            self.spans.append((0, len(self.reading.text.plain)))
        return found

    @cached_property
    def _time_spans(self) -> tuple[Span, ...]:
        return tuple(self.reading.where("followup", "more"))

    def _minutes(self) -> float | None:
        """Minutes to be added; None where no time was said."""
        for span in self._time_spans:
            quantity = self._quantity_in(span, "time") or self._quantity_in(span, "number")
            if quantity is None:
                continue
            self.spans.append(span)
            if quantity.kind == "time":
                return quantity.value / 60_000
            words = self._plain((quantity.end, span[1]))
            return quantity.value * (60 if _HOURS.search(words) else 1 / 60 if _SECONDS.search(words) else 1)
        return None


def _follows(mention: Mention, span: Span) -> bool:
    """Whether a column is named right after "predict", or right before "as the target"."""
    return 0 <= mention.start - span[1] <= _ROOM_AFTER or 0 <= span[0] - mention.end <= 3
