"""From a follow-up to the task as it is from now on: each change with its reason, judged like any request.

What is relative refers to what was measured on the delivery. What contradicts itself, or names what is not there, is a
question; the policy sees the first words and the new ones together, so that a harmful wish cannot be said in two parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..domain import preference, selection
from ..domain.data import ColumnProfile
from ..domain.refinement import Change, Revision
from ..domain.task import (
    MEASURED_ON_SERVICE,
    Assumption,
    IgnoredColumn,
    Metric,
    Question,
    Request,
    Requirement,
    TaskSpec,
    Verdict,
)
from ..knowledge.lexicons import lexicon
from .answering import column_meant
from .converting import with_unit
from .exclusions import Exclusion
from .feasibility import feasible
from .followup import FollowUp, Relative, read_follow_up
from .kinds import FAMILY
from .metrics import BOUNDS_ONLY, direction_of, find_metrics
from .models import still_asked, told
from .policy import judge_words
from .reading import Reading
from .requirements import as_requirements
from .rows import still_chosen
from .task import understand

SUGGESTED = {
    "classification": ("accuracy", "roc_auc", "average_precision", "f1", "recall", "precision", "log_loss"),
    "regression": ("rmse", "mae", "r2", "mape"),
}
EXAMPLES = (
    "make it half the size",
    "twice as fast",
    "use recall instead",
    "leave out COLUMN",
    "predict COLUMN instead",
    "add ten more minutes",
)
SET_IT, TAKE_AWAY = "set it", "take it away"
LEAVE_OUT, KEEP_IN = "leave it out", "use it"
_UNITS = {
    "size_mb": "MB",
    "memory_mb": "MB",
    "latency_ms_p50": "ms",
    "latency_ms_p95": "ms",
    "latency_ms_p99": "ms",
    "throughput_rows_s": "rows/s",
    "train_minutes": "min",
}


def revise(
    words: str,
    task: TaskSpec,
    columns: Sequence[ColumnProfile],
    measured: Mapping[str, float],
    before: str = "",
    answers: Mapping[str, str] | None = None,
    *,
    returned_to: int | None = None,
) -> Revision:
    """What `words` make of `task`. `measured` are the numbers of the delivery by requirement name, `before` are the
    words that led to it, `answers` what a person said to the questions of an earlier call, by what they are about;
    `returned_to`: the number of the earlier delivery that `task` comes from, where the words want one again. The
    verdict asks where something is unclear, and declines what may not or cannot be done."""
    asked = _settled(read_follow_up(words, task, columns), answers or {}, columns)
    return _Revising(words, asked, task, columns, measured, before, returned_to).revision()


def _settled(asked: FollowUp, answers: Mapping[str, str], columns: Sequence[ColumnProfile]) -> FollowUp:
    """The follow-up with a person's answers in the place of what was unclear."""
    if "target" in answers and (named := column_meant(answers["target"], columns)) in {c.name for c in columns}:
        asked = replace(asked, new_target=named)
    if "metric" in answers:
        named_metrics = tuple(n.name for n in find_metrics(Reading.of(answers["metric"])))
        known = (answers["metric"],) if answers["metric"] in lexicon("metrics") else named_metrics
        asked = replace(asked, metrics=known or asked.metrics)
    if answers.get("inputs") == LEAVE_OUT:
        asked = replace(asked, taken_back=())
    elif answers.get("inputs") == KEEP_IN:
        asked = replace(asked, left_out=())
    elif "inputs" in answers and (named := column_meant(answers["inputs"], columns)) in {c.name for c in columns}:
        kept = Exclusion(named, answers["inputs"], (0, 0), "the request leaves it out")
        asked = replace(asked, left_out=(kept,), taken_back=tuple(c for c in asked.taken_back if c != named))
    if answers.get("requirements") == SET_IT:
        asked = replace(asked, lifted=())
    elif answers.get("requirements") == TAKE_AWAY:
        asked = replace(asked, limits=(), relative=())
    return asked


@dataclass
class _Revising:
    """The steps of one revision; `task` is what has been agreed so far."""

    words: str
    asked: FollowUp
    task: TaskSpec
    columns: Sequence[ColumnProfile]
    measured: Mapping[str, float]
    before: str
    returned_to: int | None = None
    changes: list[Change] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)
    notices: tuple[str, ...] = ()
    held: list[str] = field(default_factory=list)  # what is asked for and so already

    def __post_init__(self) -> None:
        self.notices = self.task.verdict.notices

    def revision(self) -> Revision:
        asked, rows = self.asked, self.task.data_info.rows
        contradictions = self._contradictions()
        if contradictions:
            self.questions += contradictions
        elif asked.empty:
            self.questions.append(self._not_a_change() if asked.asks else self._not_understood())
        elif asked.back is not None and self.returned_to is None:
            self.questions.append(self._nowhere_back())
        else:
            self._return()
            self._target(rows)
            self._inputs()
            self._lift()
            self._requirements()
            self._metrics()
            self._wishes()
            self._time()
        if not (self.questions or self.changes):
            self.questions.append(self._nothing_different())
        self.changes += [Change("not understood", f"nothing was made of “{said}”", said) for said in asked.unread]
        revised = replace(
            self.task,
            assumptions=(*self._kept_assumptions(), *self.assumptions),
            verdict=Verdict(),
        )
        revised = replace(revised, verdict=self._verdict(revised, rows))
        return Revision(revised, tuple(self.changes), asked.minutes, asked.longer, self.returned_to)

    def _change(self, kind: str, text: str, said: str = "") -> None:
        self.changes.append(Change(kind, text, said))  # type: ignore[arg-type]

    def _kept_assumptions(self) -> list[Assumption]:
        """What was assumed before and is not settled otherwise by this follow-up."""
        settled = {a.what for a in self.assumptions}
        if any(c.kind == "metric" for c in self.changes):
            settled.add("metric")
        return [a for a in self.task.assumptions if a.what not in settled]

    # ------------------------------------------------------------------ questions
    def _not_understood(self) -> Question:
        text = "What should be different? Name a size, a speed, a limit, a metric, a column or a time."
        return Question("change", text, EXAMPLES)

    def _not_a_change(self) -> Question:
        text = "That asks about the delivery and changes nothing: the report answers it, and `traineragent explain RUN`"
        return Question("change", f"{text} tells why each decision was taken. What should be different?", EXAMPLES)

    def _nowhere_back(self) -> Question:
        which = f"no other delivery {self.asked.back}" if self.asked.back else "no delivery before this one"
        return Question("change", f"There is {which} to go back to. What should be different?", EXAMPLES)

    def _nothing_different(self) -> Question:
        text = f"That holds already: {'; '.join(self.held) or 'nothing would be different'}. What should be different?"
        return Question("change", text, EXAMPLES)

    def _contradictions(self) -> list[Question]:
        asked, target = self.asked, self.task.data_info.target
        out = []
        left_out = {e.column for e in asked.left_out}
        goal = asked.new_target or target
        both = sorted(left_out & set(asked.taken_back))
        if both:
            text = f"{both[0]} is to be left out and to be used. Is it to be left out?"
            out.append(Question("inputs", text, (LEAVE_OUT, KEEP_IN)))
        elif goal in left_out:
            text = f"{goal} is what is to be predicted, so it cannot be left out as well. Which column is meant?"
            out.append(Question("inputs", text, self._inputs_now()))
        limited = {x.name for x in asked.limits} | {r.name for r in asked.relative}
        for name in sorted(limited & set(asked.lifted)):
            text = f"A limit on {_plain(name)} is set and taken away in the same breath. Which of the two holds?"
            out.append(Question("requirements", text, (SET_IT, TAKE_AWAY)))
        if asked.new_target == "":
            text = "Which column is to be predicted instead? The words name none of the data's columns."
            out.append(Question("target", text, tuple(c.name for c in self.columns if c.name != target)[:30]))
        return out + self._metric_questions()

    def _metric_questions(self) -> list[Question]:
        """A metric that cannot be computed on this kind of answer."""
        if self.asked.new_target is not None:
            return []
        family = FAMILY.get(self.task.task_type, "")
        out = []
        for name in self.asked.metrics:
            tasks = lexicon("metrics").get(name, {}).get("tasks", ())
            if tasks and family and family not in tasks:
                known = ", ".join(t.replace("_", " ") for t in tasks)
                what = self.task.task_type.replace("_", " ")
                text = f"{_plain(name)} is a measure for {known}, and this is {what}. Which measure is meant?"
                out.append(Question("metric", text, SUGGESTED.get(family, ()), self.task.metric.name))
        return out

    def _inputs_now(self) -> tuple[str, ...]:
        return tuple(self.task.data_info.inputs[:30])

    # ------------------------------------------------------------------ what is predicted, and from what
    def _target(self, rows: int) -> None:
        """Another column is predicted: type, metric and positive label are understood anew, the rest stays."""
        new, old = self.asked.new_target, self.task.data_info.target
        if new and new == old:
            self.held.append(f"{old} is what is predicted")
        if not new or new == old:
            return
        fresh = understand(Request(self.words, target=new), self.columns, rows, kind=self.task.data_info.kind)
        out = tuple(c for c in self.task.data_info.ignored if c.column != new)
        inputs = tuple(c.name for c in self.columns if c.name != new and c.name not in {i.column for i in out})
        kept = tuple(r for r in self.task.requirements if r.name in MEASURED_ON_SERVICE)
        constraints = tuple(c for c in self.task.constraints if c != f"exclude:{new}" and not c.startswith("prefer:"))
        same_family = FAMILY.get(fresh.task_type) == FAMILY.get(self.task.task_type)
        metrics = self.task.metrics if same_family and self.task.metric.stated else fresh.metrics
        self.task = replace(
            self.task,
            task_type=fresh.task_type,
            metrics=metrics,
            requirements=kept,
            constraints=constraints,
            data_info=replace(
                self.task.data_info,
                target=new,
                inputs=inputs,
                ignored=out,
                positive_label=fresh.data_info.positive_label,
                group=None,
                time=None,
            ),
        )
        self.assumptions += [a for a in fresh.assumptions if a.what in ("task_type", "positive_label")]
        self._change("target", f"{new} is predicted instead of {old}", self.words)
        if old in inputs:
            why = "it was the answer before; leave it out if it is not known when an answer is wanted"
            self.assumptions.append(Assumption("inputs", f"{old} is now an input", why, 0.6))

    def _inputs(self) -> None:
        info = self.task.data_info
        ignored = {c.column: c for c in info.ignored}
        for e in self.asked.left_out:
            if e.column in ignored:
                self.held.append(f"{e.column} is left out")
                continue
            ignored[e.column] = IgnoredColumn(e.column, e.why)
            self._change("inputs", f"{e.column} is left out", e.stated_as)
        for name in self.asked.taken_back:
            if ignored.pop(name, None):
                self._change("inputs", f"{name} is used again")
            else:
                self.held.append(f"{name} is used")
        if tuple(ignored.values()) == info.ignored:
            return
        constraints = [c for c in self.task.constraints if not c.startswith("exclude:")]
        constraints += [f"exclude:{name}" for name in ignored]
        inputs = tuple(c.name for c in self.columns if c.name != info.target and c.name not in ignored)
        self.task = replace(
            self.task,
            constraints=tuple(constraints),
            data_info=replace(info, inputs=inputs, ignored=tuple(ignored.values())),
        )

    # ------------------------------------------------------------------ limits
    def _lift(self) -> None:
        """Takes away the limits and wishes that no longer hold."""
        lifted = set(self.asked.lifted)
        gone = [r for r in self.task.requirements if "*" in lifted or _covers(lifted, r.name)]
        wishes = [c for c in self.task.constraints if c in lifted]
        self.task = replace(
            self.task,
            requirements=tuple(r for r in self.task.requirements if r not in gone),
            constraints=tuple(c for c in self.task.constraints if c not in wishes),
        )
        for r in gone:
            self._change(
                "requirement", f"the limit on {_plain(r.name)} ({_sign(r)} {_amount(r.name, r.limit)}) no longer holds"
            )
        for name in wishes:
            self._change("wish", f"{name} is no longer asked for")
        if not gone and not wishes:
            self.held += [f"there is no limit on {_plain(name)}" for name in lifted if name != "*"]

    def _requirements(self) -> None:
        """Puts new limits beside the old; one of the same name is replaced."""
        info = self.task.data_info
        target = next((with_unit(c) for c in self.columns if c.name == info.target), info.target)
        new = list(as_requirements(self.asked.reading, self.asked.limits, info.positive_label, target))
        new += [r for relative in self.asked.relative if (r := self._from_measured(relative)) is not None]
        for r in new:
            rivals = [o for o in self.task.requirements if _same(o.name, r.name)]
            kept = tuple(o for o in self.task.requirements if o not in rivals)
            self.task = replace(self.task, requirements=(*kept, r))
            instead = f" instead of {_sign(rivals[0])} {_amount(rivals[0].name, rivals[0].limit)}" if rivals else ""
            self._change(
                "requirement", f"{_plain(r.name)} {_sign(r)} {_amount(r.name, r.limit)}{instead}", r.stated_as or ""
            )

    def _from_measured(self, relative: Relative) -> Requirement | None:
        """A limit that is a share of what the delivery measures."""
        value = self.measured.get(relative.name)
        if value is None or value <= 0:
            why = "it was not measured on the delivery, so nothing can be related to it; say a number"
            self.questions.append(Question("requirements", f"How much {_plain(relative.name)} may it be? {why}."))
            return None
        limit = float(f"{value * relative.factor:.4g}")
        measured = f"{_amount(relative.name, value)} measured on the delivery"
        how = f"{relative.factor:.3g} times the {measured}"
        if relative.vague:
            why = f"no number was said; a clear step from the {measured}"
            self.assumptions.append(Assumption(relative.name, _amount(relative.name, limit), why, 0.5))
        said = f"{relative.said} ({how})"
        return Requirement(relative.name, "<=", limit, said)

    # ------------------------------------------------------------------ metrics, wishes, time
    def _metrics(self) -> None:
        """The metrics asked for lead from now on; a limit on a score is measured beside them."""
        asked, now = self.asked, self.task.metrics
        if asked.preference:
            self._prefer(asked.preference)
            now = self.task.metrics
        leading = [n for n in asked.metrics if n not in BOUNDS_ONLY]
        bounds = [n for n in asked.metrics if n in BOUNDS_ONLY]
        bounds += [x.name for x in asked.limits if x.name not in MEASURED_ON_SERVICE and x.name not in asked.metrics]
        if asked.also:
            leading, bounds = [], [*leading, *bounds]
        new = [Metric(n, direction_of(n), True) for n in leading]
        beside = [Metric(n, direction_of(n), True) for n in bounds]
        metrics = [
            *new,
            *(now if not new else [m for m in now[1:] if m.name in {r.name for r in self.task.requirements}]),
        ]
        metrics += [m for m in beside if m.name not in {o.name for o in metrics}]
        if new and now and new[0].name != now[0].name:
            names = " and ".join(_plain(m.name) for m in new)
            self._change("metric", f"{names} instead of {_plain(now[0].name)}", self.words)
            self._forget_preference()
        elif new:
            self._change("metric", f"{_plain(new[0].name)} stays what is searched by", self.words)
        for m in beside:
            if m.name in asked.metrics:
                self._change("metric", f"{_plain(m.name)} is reported as well")
        self.task = replace(self.task, metrics=tuple({m.name: m for m in metrics}.values()))

    def _prefer(self, preference: str) -> None:
        """One kind of mistake is to become rarer; the trade is made by the threshold, under a metric of both."""
        self._forget_preference()
        which = "missed cases" if preference == "prefer:recall" else "false alarms"
        metrics = self.task.metrics
        if not metrics[0].stated:
            metrics = (Metric("average_precision", "maximize"), *metrics[1:])
        self.task = replace(self.task, constraints=(*self.task.constraints, preference), metrics=metrics)
        self._change("wish", f"{which} count as the worse mistake", self.words)

    def _forget_preference(self) -> None:
        kept = tuple(c for c in self.task.constraints if not c.startswith("prefer:"))
        self.task = replace(self.task, constraints=kept)

    def _wishes(self) -> None:
        new = [c for c in self.asked.constraints if c not in self.task.constraints]
        self.held += [self._told(c) for c in self.asked.constraints if c not in new]
        kept = still_chosen(still_asked(self.task.constraints, new), new, [c.name for c in self.columns])
        kept = preference.still_preferred(kept, new)
        self.task = replace(self.task, constraints=(*kept, *new))
        for name in new:
            self._change("wish", self._told(name))
        said = self.asked.deployment
        named = {k: v for k, v in vars(said).items() if v is not None}
        if named:
            self.task = replace(self.task, deployment_info=replace(self.task.deployment_info, **named))
            self._change("deployment", ", ".join(f"{k} {v}" for k, v in named.items()))

    def _told(self, constraint: str) -> str:
        return selection.in_words(constraint) or preference.in_words(constraint) or told(constraint)

    def _time(self) -> None:
        if self.asked.minutes is not None:
            self._change("time", f"{self.asked.minutes:g} more minutes")
        elif self.asked.longer:
            self._change("time", "the search goes on")

    def _return(self) -> None:
        if self.returned_to is not None:
            self._change("return", f"delivery {self.returned_to} is taken again", self.words)

    # ------------------------------------------------------------------ verdict
    def _verdict(self, task: TaskSpec, rows: int) -> Verdict:
        """The stricter of what the new words say and what they say together with the first."""
        together = judge_words(Request(f"{self.before.rstrip('. ')}. {self.words}"), task.task_type)
        alone = judge_words(Request(self.words), task.task_type)
        judged = next((v for v in (alone, together) if v.decision == "decline"), together)
        if judged.decision == "decline":
            return judged
        notices = tuple(dict.fromkeys((*self.notices, *judged.notices)))  # those of the first request stay
        judged = replace(judged, notices=notices)
        findings = feasible(task, self.columns, rows) if not self.questions else ()
        if findings and findings[0].action == "decline":
            first = findings[0]
            return Verdict("decline", f"unattainable:{first.about}", (first.text,), notices, (), first.alternative)
        if not self.questions:
            return judged
        questions = tuple(self.questions)
        return replace(judged, decision="ask", reasons=tuple(q.text for q in questions), questions=questions)


def _same(one: str, other: str) -> bool:
    """Whether two limits bound the same thing: a latency is one, at whatever percentile."""
    return one == other or (one.startswith("latency_ms") and other.startswith("latency_ms"))


def _covers(lifted: set[str], name: str) -> bool:
    return any(_same(name, other) for other in lifted)


def _sign(requirement: Requirement) -> str:
    return "at most" if requirement.direction == "<=" else "at least"


def _amount(name: str, value: float) -> str:
    return f"{value:.4g} {_UNITS.get(name, '')}".strip()


def _plain(name: str) -> str:
    """A requirement's name in words: "latency_ms_p95" is "latency (p95)"."""
    for unit in ("_mb", "_rows_s"):
        name = name.removesuffix(unit)
    if name.startswith("latency_ms_"):
        return f"latency ({name.removeprefix('latency_ms_')})"
    return name.replace("_", " ")
