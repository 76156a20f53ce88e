"""From words and column facts to the agreed task specification: what an expert would write down after reading both.

Uses no model and no network. Everything inferred is an assumption with its confidence; what is essential and open is a
question. Cells and headers are compared with the words, never obeyed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property

from ..domain.data import ColumnProfile
from ..domain.preference import in_words
from ..domain.task import (
    Assumption,
    Budget,
    DataInfo,
    IgnoredColumn,
    Metric,
    Question,
    Request,
    TaskSpec,
    Verdict,
)
from ..knowledge.lexicons import lexicon
from .beyond import beyond, holds_answer
from .choice import choose_target
from .clashes import clash
from .collections import IMAGE_KINDS, answers_of
from .columns import Columns, Regions
from .constraints import (
    compared_groups,
    contradiction,
    deployment_of,
    find_constraints,
    for_children,
    not_of_splits,
    unseen_groups,
)
from .converting import with_unit
from .costs import about_mistakes, classes_alike, dreaded
from .evidence import Candidate
from .exclusions import Exclusion, answer_spared, find_exclusions, find_only
from .far_years import year_asked_for
from .feasibility import feasible
from .fitting import Replaced, fitted_limits, fitted_names, without_columns
from .holdouts import holdout_asked
from .horizon import horizon_of, last_year, steps_named, until_end
from .kinds import FAMILY, new_pictures_wished, type_of, wish_of
from .limits import Limit
from .looked_for import sought
from .metrics import BOUNDS_ONLY, ONE_SIDED, Naming, default_metric, direction_of, find_metrics
from .models import find_models
from .moments import Moments, counts_units, placed_in_time, steps_until, usual_reach
from .personal import personal_columns, personal_wish, what_it_holds
from .phrases import matches
from .policy import judge_reading, trait_notice
from .positive import positive_label, spelled_once
from .reading import Reading
from .requirements import as_requirements, find_limits, told_limits
from .rows import find_rows, not_of_rows, of_columns
from .series import all_together, key_columns, known_ahead
from .settling import settled
from .substance import says_nothing
from .targets import rank_targets
from .transliteration import in_words_of
from .unheeded import CONFIDENCE, asked_besides, unheeded

_OF_ONE_CLASS = ("recall", "precision", "false_positive_rate", "specificity")
_PREFERENCES = {
    "prefer:recall": "missing a case is said to be worse than a false alarm; average precision rewards finding all",
    "prefer:precision": "a false alarm is said to be worse than a missed case; average precision rewards being right",
}
_NEAR = 8  # characters between a metric's name and what is said of it
TOGETHER = "series:*"  # the constraint word for one series of all rows, whatever tells them apart
_OF_ROWS = ("table", "series")  # kinds of data whose rows may be chosen by what they hold
_NO_TARGET = frozenset({"image_generation", "visual_grounding"})


def understand(
    request: Request,
    columns: Sequence[ColumnProfile],
    rows: int,
    *,
    kind: str = "table",
    notes: Sequence[str] = (),
    answer: str | None = None,
) -> TaskSpec:
    """The task specification for these words and this data. `columns` are light profiles of the whole table, `kind` is
    the kind of data ("table", "images", "series", "grounding", "none", …), `notes` are readings of other inputs, kept
    as assumptions, `answer` is the column that holds the answer where the data settles it, as class folders do."""
    return _Understanding(request, columns, rows, kind, notes, answer).task()


def target_ranking(words: str, columns: Sequence[ColumnProfile]) -> list[tuple[str, float, str]]:
    """All columns as (name, score, why), the likeliest target first."""
    understanding = _Understanding(Request(words), columns, 0, "table", ())
    return [(c.column, c.score, "; ".join(c.why)) for c in understanding.ranking]


def declined_unseen(words: str) -> bool:
    """Whether the words alone are declined, whatever data comes with them: for every type of task that the data could
    make of them. Nothing is declined here that would be served once its data was read."""
    reading = Reading.of(words)
    if _judged(reading, "", (), settled=True).decision == "decline":
        return True
    namings = find_metrics(reading)
    found = (_judged(reading, name, find_limits(reading, namings, FAMILY[name]), settled=True) for name in FAMILY)
    return all(verdict.decision == "decline" for verdict in found)


def _judged(reading: Reading, task_type: str, limits: Sequence[Limit], settled: bool) -> Verdict:
    """What the words say against the request. `settled`: a column clearly holds the answer (see `beyond`)."""
    judged = judge_reading(reading, task_type, limits)
    if judged.decision == "decline":
        return judged
    if wish := beyond(reading, settled, task_type):
        said = f"{wish.stated_as!r} asks for {wish.what}, which no model made here can give."
        return Verdict("decline", "unattainable:task_type", (said,), judged.notices, (), wish.alternative)
    return judged


class _Understanding:
    """The steps of one understanding, each using the ones before."""

    def __init__(
        self,
        request: Request,
        columns: Sequence[ColumnProfile],
        rows: int,
        kind: str,
        notes: Sequence[str],
        answer: str | None = None,
    ) -> None:
        self.answer = answer
        self.request, self.rows, self.kind = request, rows, kind if columns or kind != "table" else "none"
        self.said = Reading.of(request.words)
        self.reading = in_words_of(self.said, columns)
        self.columns = Columns(self.reading, [spelled_once(c) for c in columns])
        self.chosen_rows = find_rows(self.columns)
        self.wish = wish_of(self.reading)
        left_out = not_of_rows(find_exclusions(self.columns), self.chosen_rows)
        self.exclusions = not_of_splits(self.reading, self.columns, answer_spared(self.columns, left_out, self.wish))
        self.only = find_only(self.columns)
        spans = [e.span for e in (*self.exclusions, *self.only)]
        self.regions = Regions(self.reading, self.columns.mentions, spans)
        self.ranking = self._ranking()
        self.assumptions = [Assumption("data", note, "said by the reader of the data", 1.0) for note in notes]
        self.questions: list[Question] = []
        self.clash: str | None = None
        self.asked: list[Limit] = []  # limits as they were said, on whatever metric
        self.wished: list[Limit] = []  # figures that would be nice

    def _ranking(self) -> list[Candidate]:
        aside = {e.column for e in self.exclusions} | {*unseen_groups(self.reading, self.columns)}
        compared = compared_groups(self.reading, self.columns)
        return rank_targets(self.columns, self.regions, self.wish, aside, compared) if self.columns.columns else []

    def task(self) -> TaskSpec:
        target = self._target()
        self._leave_out_others(target)
        self._leave_out_personal(target)
        profile = self.columns.get(target) if target and self._has(target) else None
        task_type = self._task_type(profile)
        if task_type in _NO_TARGET:
            target, profile = self.answer, self.columns.get(self.answer) if self.answer else None
            self.questions = [q for q in self.questions if q.about != "target"]
        metrics, limits = self._metrics(task_type, profile)
        positive = self._positive(task_type, profile, limits, metrics)
        self._open_questions(task_type, profile, limits, positive)
        training = next((x.value for x in limits if x.name == "train_minutes"), None)
        task = TaskSpec(
            task_type=task_type,
            metrics=metrics,
            data_info=self._data_info(target, positive),
            deployment_info=deployment_of(self.reading),
            requirements=as_requirements(self.reading, limits, positive, with_unit(profile) if profile else target),
            constraints=self._constraints(task_type, profile, limits),
            budget=Budget(self.request.minutes or training, self.request.trials),
            language=self.reading.languages[0],
        )
        self._tell_unheeded(task_type, target)
        verdict = self._verdict(task, profile)
        return replace(task, assumptions=tuple(self.assumptions), verdict=verdict)

    def _has(self, name: str) -> bool:
        return any(c.name == name for c in self.columns.columns)

    def _leave_out_others(self, target: str | None) -> None:
        """Where the words name what alone may be used, everything else stays out."""
        named = {e.column for e in (*self.only, *self.exclusions)} | {target}
        if target is None or not {e.column for e in self.only} - {target}:
            return
        first = self.only[0]
        rest = [c.name for c in self.columns.columns if c.name not in named]
        self.exclusions = (*self.exclusions, *(Exclusion(n, first.stated_as, first.span, first.why) for n in rest))

    @property
    def used(self) -> list[ColumnProfile]:
        """The columns that are not left out."""
        out = {e.column for e in self.exclusions}
        return [c for c in self.columns.columns if c.name not in out]

    def _leave_out_personal(self, target: str | None) -> None:
        """Personal data stays out where the words say so; each column is told of, as is what cannot be known."""
        named = {e.column for e in self.exclusions}
        found = [e for e in personal_columns(self.columns, target) if e.column not in named]
        self.exclusions = (*self.exclusions, *found)
        self.assumptions += [Assumption(f"exclude:{e.column}", "left out", e.why, 0.85) for e in found]
        if personal_wish(self.reading) is None:
            return
        out = {e.column for e in self.exclusions}
        texts = [c.name for c in self.columns.columns if c.meaning == "text" and c.name not in {*out, target}]
        if texts:
            why = "free text may name persons; leave it out by name if it does"
            self.assumptions.append(Assumption("personal_data", f"{', '.join(texts)} kept", why, 0.5))
        if not out:
            self.assumptions.append(Assumption("personal_data", "none found", "no column looks personal", 0.6))

    def _target(self) -> str | None:
        if self.request.target is not None:
            return self.request.target
        if self.answer is not None:
            return self.answer
        chosen = choose_target(self.columns, self.regions, self.ranking, self.wish, self.kind)
        self.assumptions += [chosen.assumption] if chosen.assumption else []
        self.questions += [chosen.question] if chosen.question else []
        return chosen.column

    def _task_type(self, profile: ColumnProfile | None) -> str:
        task_type, confidence, why = type_of(self.reading, self.kind, self.used, profile)
        self.assumptions.append(Assumption("task_type", task_type, why, confidence))
        return task_type

    def _metrics(self, task_type: str, profile: ColumnProfile | None) -> tuple[tuple[Metric, ...], list[Limit]]:
        """The metrics asked for, in order, and the limits; the first metric is one that a search can be led by."""
        family = FAMILY[task_type]
        namings = self._namings(family, profile)
        found = positive_label(self.reading, profile) if profile is not None and family == "classification" else None
        case = sought(profile, found[0] if found else None, self.reading.languages)
        several = profile is None or profile.distinct > 2
        told = told_limits(self.reading, namings, family, case, several)
        self.clash = clash(self.reading, told)
        self.asked = settled(self.reading, told)
        self.wished = [x for x in told if x.soft]
        limits, bent = fitted_limits(self.asked, family, profile)
        stated, left = fitted_names(_stated_metrics(namings, limits, self.reading), family, profile)
        alike = family == "classification" and classes_alike(self.reading)
        if alike and "f1" in stated:
            stated = ["f1_macro" if name == "f1" else name for name in stated]
            limits = [replace(x, name="f1_macro") if x.name == "f1" else x for x in limits]
        leading = [name for name in stated if name not in BOUNDS_ONLY]
        metrics = tuple(Metric(name, direction_of(name), True) for name in leading)
        if not leading and alike:
            metrics = (Metric("balanced_accuracy", "maximize", True),)
        elif not leading:
            metrics = self._inferred_metric(task_type, profile, stated)
        if stated == ["skill_vs_seasonal_naive"]:
            metrics += (Metric("mae", "minimize"),)  # what skill is worked out from
        self._tell_replaced([*bent, *left], metrics[0].name)
        bounds = tuple(Metric(name, direction_of(name), True) for name in stated if name in BOUNDS_ONLY)
        return metrics + bounds, limits

    def _tell_replaced(self, replaced: Sequence[Replaced], leading: str) -> None:
        """Says once of each metric asked for that cannot judge these answers what stands for it."""
        for name in dict.fromkeys(r.name for r in replaced):
            found = next(r for r in replaced if r.name == name)
            self.assumptions.append(Assumption(name, found.instead or leading, found.why, 0.6))

    def _namings(self, family: str, profile: ColumnProfile | None) -> list[Naming]:
        """The metrics named; of several classes alike a "hit rate" or "Trefferquote" is the share of right answers."""
        mentions = [(m.start, m.end) for m in self.columns.mentions if m.whole]
        said = [n for n in find_metrics(self.reading) if not _dismissed(self.reading, n)]
        namings = without_columns(said, mentions, family)
        several = family == "classification" and profile is not None and profile.distinct > 2
        if not several or profile is None or positive_label(self.reading, profile) is not None:
            return namings
        loose = matches(map(str, lexicon("metrics")["recall"]["loose"]), self.reading.masked)
        spans = {m.span() for m in loose}
        return [replace(n, name="accuracy") if n.name == "recall" and n.span in spans else n for n in namings]

    def _inferred_metric(
        self, task_type: str, profile: ColumnProfile | None, stated: Sequence[str]
    ) -> tuple[Metric, ...]:
        counts = [n for _, n in profile.top] if profile and FAMILY[task_type] == "classification" else []
        parted = bool(profile and profile.stats.get("separator"))
        several = parted and FAMILY[task_type] == "classification"
        metric, why = default_metric(task_type, counts, self.rows, several)
        stated = [name for name in stated if name in ONE_SIDED]
        if len(counts) == 2 and not several and (stated or self.preference):
            metric = Metric("average_precision", "maximize")
            why = f"a model that never speaks has a perfect {stated[0]}" if stated else _PREFERENCES[self.preference]
            why += "; average precision rewards finding the cases without false alarms" if stated else ""
        self.assumptions.append(Assumption("metric", metric.name, why, 0.8 if self.preference or stated else 0.7))
        return (metric,)

    @cached_property
    def preference(self) -> str:
        """The constraint word for the mistake that the words call worse; "" where they leave it open."""
        return {"miss": "prefer:recall", "alarm": "prefer:precision"}.get(dreaded(self.reading) or "", "")

    def _positive(
        self, task_type: str, profile: ColumnProfile | None, limits: Sequence[Limit], metrics: Sequence[Metric]
    ) -> str | None:
        if FAMILY[task_type] != "classification" or profile is None:
            return None
        found = positive_label(self.reading, profile)
        if found is None:
            return None
        label, why, confidence = found
        self.assumptions.append(Assumption("positive_label", label, why, confidence))
        return label

    def _constraints(self, task_type: str, profile: ColumnProfile | None, limits: Sequence[Limit]) -> tuple[str, ...]:
        found = list(find_constraints(self.reading, self.columns, self.exclusions))
        found += self._models()
        found += self._rows_asked(profile.name if profile else None)
        found += self._holdout_asked(task_type)
        if any(x.name == "interval_coverage" for x in limits) and "intervals" not in found:
            found.append("intervals")
        if task_type == "image_generation" and "content:child_safe" not in found and for_children(self.reading):
            found.append("content:child_safe")
        if FAMILY[task_type] == "classification" and (profile is None or profile.distinct == 2):
            found += self._about_mistakes()
        if task_type == "forecasting":
            found += self._about_series(profile.name if profile else None)
        return tuple(found)

    def _about_mistakes(self) -> list[str]:
        """What mistakes cost, from where on to answer, or else which mistake is worse."""
        found = about_mistakes(self.reading)
        told = [words for c in found if (words := in_words(c))]
        self.assumptions += [Assumption("decision", words, "the request says so", 0.9) for words in told]
        return found or [self.preference] * bool(self.preference)

    def _tell_unheeded(self, task_type: str, target: str | None) -> None:
        """What was read and is done otherwise."""
        self.assumptions += unheeded(self.reading, task_type)
        if target is not None and (other := asked_besides(self.columns, target)) is not None:
            why = f"one answer is learned at a time; for {other} train once more with --target {other}"
            self.assumptions.append(Assumption("second answer", f"{target} alone", why, CONFIDENCE))

    def _models(self) -> tuple[str, ...]:
        """Kinds of models asked for and refused; what there is none of is said."""
        asked = find_models(self.reading)
        for name in asked.absent:
            title = lexicon("models")["kinds"][name]["title"]
            why = f"{title} was asked for, and there is no such family here; the best of the others is chosen"
            self.assumptions.append(Assumption("model", "any", why, 0.6))
        return asked.constraints

    def _rows_asked(self, target: str | None) -> list[str]:
        """Which rows alone are to count, where words say so of a table."""
        if self.kind not in _OF_ROWS:
            return []
        found = of_columns(self.chosen_rows, [target] if target else [])
        for asked in found:
            said = " and ".join(c.words for c in asked.conditions)
            self.assumptions.append(Assumption("rows", said, f"{asked.stated_as!r}: only these rows count", 0.9))
        return list(dict.fromkeys(c.word() for asked in found for c in asked.conditions))

    def _holdout_asked(self, task_type: str) -> list[str]:
        """What the words want to be measured on, where answers of single rows are."""
        asked = holdout_asked(self.columns)
        if asked is None:
            return []
        if FAMILY[task_type] not in ("classification", "regression"):
            why = "what is measured on follows from the task: windows at the end, whole texts or whole pictures"
            self.assumptions.append(Assumption("holdout", "as usual", f"{asked.stated_as!r}: {why}", 0.5))
            return []
        self.assumptions.append(Assumption("holdout", asked.said, f"{asked.stated_as!r}", 0.9))
        return [asked.word]

    def _about_series(self, target: str | None) -> list[str]:
        """How far ahead, and what tells series apart, where words settle it."""
        reach = self._in_rows() or self._horizon()
        if reach is None and not any(q.about == "horizon" for q in self.questions):
            steps, words = usual_reach(Moments.among(self.columns.columns), self.rows)
            reach = f"{steps}steps"
            why = "how far ahead is not said; this is what is mostly planned for. Say it in words to change it"
            self.assumptions.append(Assumption("horizon", f"the next {steps} {words}", why, 0.5))
        found = [f"horizon:{reach}"] if reach else []
        keys = key_columns(self.columns, target, self.rows)
        if keys:
            self.assumptions.append(Assumption("series", " and ".join(keys), "a series of each is asked for", 0.9))
            found += [f"series:{name}" for name in keys]
        elif all_together(self.columns, target, self.rows):
            self.assumptions.append(Assumption("series", "all together", "the words ask for the whole", 0.7))
            found.append(TOGETHER)
        for name, why, confidence in known_ahead(
            self.columns, {target or "", *keys, *(e.column for e in self.exclusions)}
        ):
            self.assumptions.append(Assumption(f"future:{name}", "known ahead", why, confidence))
            found.append(f"future:{name}")
        return found

    def _data_info(self, target: str | None, positive: str | None) -> DataInfo:
        out = {e.column: e.why for e in self.exclusions}
        inputs = tuple(c.name for c in self.columns.columns if c.name != target and c.name not in out)
        ignored = tuple(IgnoredColumn(name, why) for name, why in out.items())
        return DataInfo(self.kind, inputs, target, self.rows, ignored, positive)

    def _open_questions(
        self, task_type: str, profile: ColumnProfile | None, limits: Sequence[Limit], positive: str | None
    ) -> None:
        if self.kind == "none":
            text = "Which data is the model to learn from? Give a file or folder with --data."
            self.questions = [Question("data", text)]
            return
        if self.kind in IMAGE_KINDS and profile is not None and profile.distinct == 1:
            only = profile.top[0][0] if profile.top else "one class"
            text = f"All pictures are of the class {only!r}. Where are pictures of the other kind, to tell it from?"
            self.questions.append(Question("data", text))
        if task_type == "image_classification" and profile is None and self.columns.columns:
            text = "These pictures carry no classes. Put each kind into a folder of its own, or give a table of file "
            self.questions = [q for q in self.questions if q.about != "target"]
            self.questions.append(Question("labels", text + "names and classes: where are they?"))
        boxes = answers_of("grounding", self.columns.columns)
        if task_type == "visual_grounding" and self.columns.columns and not boxes:
            text = "The right boxes are not in the data: give (x0, y0, x1, y1) beside each phrase. Where are they?"
            self.questions = [q for q in self.questions if q.about != "target"]
            self.questions.append(Question("boxes", text))
        if task_type == "image_generation" and self._nothing_asked():
            text = "What is to be done with the pictures: tell kinds apart, make new ones, or find things in them?"
            self.questions.append(Question("task_type", text))
        if opposed := contradiction(self.reading):
            self.questions.append(Question("deployment", opposed))
        if self.clash:
            self.questions.append(Question("requirements", self.clash))
        measured = any(x.name in lexicon("metrics") for x in (*limits, *self.wished))
        if task_type == "forecasting" and self._horizon() is None and measured:
            text = "How far ahead is the forecast to reach, for example 7 days or 24 hours?"
            self.questions.append(Question("horizon", text))
        undated = self.kind != "series" and self.columns.columns and not placed_in_time(self.columns.columns)
        if task_type == "forecasting" and undated:
            text = "No column says when each value was. Which one does, or can a column with dates or times be added?"
            self.questions.append(Question("time", text))
        one_class = [x.name for x in limits if x.name in _OF_ONE_CLASS]
        if (
            one_class
            and profile is not None
            and profile.distinct > 2
            and positive is None
            and FAMILY[task_type] == "classification"
        ):
            many = f"{profile.name} has {profile.distinct} classes"
            text = f"{many}: the {one_class[0]} of which one is meant, or an average over all?"
            self.questions.append(Question("positive_label", text, tuple(v for v, _ in profile.top[:20])))

    def _nothing_asked(self) -> bool:
        said = self.reading.said("tasks", "generation") or new_pictures_wished(self.reading)
        return not said and (self.reading.said("wishes", "vague") or says_nothing(self.columns))

    def _in_rows(self) -> str | None:
        """How far ahead in rows, where nothing tells when one was: "8 quarters" are the next eight."""
        if placed_in_time(self.columns.columns) or counts_units(self.columns.columns):
            return None
        named = steps_named(self.reading)
        if named is None:
            return None
        many, unit = named
        why = f"nothing says when a row was, so each is taken for one {unit}; otherwise say how many rows ahead"
        said = f"the next {many} rows" if many > 1 else "the next row"
        self.assumptions.append(Assumption("horizon", said, why, 0.6))
        return f"{many}steps"

    def _horizon(self) -> str | None:
        """How far ahead, as far as the words say; None where they do not."""
        dates = [c for c in self.columns.columns if c.meaning == "date"]
        found, year, unit = horizon_of(self.reading, _hourly(dates, self.rows)), last_year(self.reading), None
        if found is None:
            unit = until_end(self.reading)
        moments = Moments.among(self.columns.columns)
        if found is not None or moments is None or (year is None and unit is None):
            return found
        if year is None:
            return f"{steps_until(moments, unit or 'year')}steps"
        days = _days_until(moments.last.isoformat(), year)
        return f"{days}d" if days else None

    def _verdict(self, task: TaskSpec, profile: ColumnProfile | None) -> Verdict:
        pointed = bool(self.answer or self.request.target) or any(c.pointed for c in self.ranking[:1])
        settled = self.kind == "none" or pointed or holds_answer(self.reading, profile)
        judged = _judged(self.said, task.task_type, self.asked, settled)
        if judged.decision == "decline":
            return judged
        if profile is not None and judged.policy_class == "ordinary" and (held := what_it_holds(profile)):
            judged = trait_notice(self.reading, profile.name, held, [c.name for c in self.columns.columns]) or judged
        findings = feasible(task, self.columns.columns, self.rows, year_asked_for(self.reading))
        self.assumptions += [
            Assumption(f.about, f.text, "seen in the data", 0.9) for f in findings if f.action == "warn"
        ]
        if findings and findings[0].action == "decline":
            first = findings[0]
            return Verdict(
                "decline", f"unattainable:{first.about}", (first.text,), judged.notices, (), first.alternative
            )
        if not self.questions:
            return judged
        questions = tuple(self.questions)
        return replace(judged, decision="ask", reasons=tuple(q.text for q in questions), questions=questions)


def _days_until(last: str, year: int) -> int:
    """Days from the last date of the data to the end of a year; 0 where there is no such date, or it is past."""
    try:
        return max(0, (date(year, 12, 31) - date.fromisoformat(last)).days)
    except ValueError:
        return 0


def _hourly(dates: Sequence[ColumnProfile], rows: int) -> bool:
    """Whether rows lie closer than a day: a date column with clock times that differ."""
    for column in dates:
        values = [v for v, _ in column.top] or [str(column.stats.get("first", "")), str(column.stats.get("last", ""))]
        clocks = {v[11:16] for v in values if len(v) >= 16}
        if len(clocks) > 1 or clocks - {"00:00"}:
            return True
    return False


def _stated_metrics(namings: Sequence[Naming], limits: Sequence[Limit], reading: Reading) -> list[str]:
    """Names of metrics in the order in which they are said or described."""
    service = ("latency", "size_mb", "memory_mb", "gpu_memory_mb", "train_minutes", "throughput")
    placed = [(x.at, x.name) for x in limits if not x.name.startswith(service)]
    limited = {x.name for x in limits}
    hits = limited & {"accuracy_iou50", "pointing_accuracy"}  # "overlap by half" only says what a hit is
    namings = [n for n in namings if not hits or n.name != "mean_iou" or n.name in limited]
    placed += [(n.start, n.name) for n in namings if n.name in limited or not _set_aside(reading, n)]
    return list(dict.fromkeys(name for _, name in sorted(placed)))


def _set_aside(reading: Reading, naming: Naming) -> bool:
    """Whether a metric is only named to say that it is not the one: "I don't need accuracy"."""
    start = reading.text.clause_of(naming.start)[0]
    return reading.said("service", "void", (start, naming.end)) or _dismissed(reading, naming)


def _dismissed(reading: Reading, naming: Naming) -> bool:
    """Whether it is said right behind a metric that it is not what counts: "accuracy is misleading here"."""
    end = reading.text.sentence_of(naming.start)[1]
    return any(at - naming.end <= _NEAR for at, _ in reading.where("service", "no_measure", (naming.end, end)))
