"""Metrics that the words name or describe, and the default for a task. Knows nothing of limits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..domain.task import Direction, Metric
from ..knowledge.lexicons import lexicon
from .phrases import MARKS, matches
from .reading import Reading, Span

TOP = "top5_accuracy"
"""The entry of the lexicon for the share of cases whose answer is among the first few guesses, however many."""
NEARNESS = "accuracy"
"""Of numbers the word means how near answers come: "90 % accuracy" is an error of a tenth."""
ONE_SIDED = ("false_positive_rate", "specificity")
"""Metrics that a model which never speaks fulfils best: limits, but nothing to search by."""
BOUNDS_ONLY = (*ONE_SIDED, "recall_gap", "interval_coverage")
"""Metrics that nothing can be searched by: what is asked of them is a limit beside the metric that leads."""
_BESIDE_NUMBER = re.compile(
    rf"[\s:=>≥.]*(?:(?:of|at|at least|over|above|from|no less than|is|=) )*[{MARKS['share']}{MARKS['number']}]"
)
"""What follows a metric's short name, which is also a word of its own: "sens 80 spec 70", not "to the spec"."""


@dataclass(frozen=True)
class Naming:
    """A metric named at plain[start:end]."""

    name: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        return self.start, self.end


def top_name(reading: Reading, span: Span) -> str:
    """ "top3_accuracy" where the words at `span` speak of three guesses."""
    counted = [q.value for q in reading.quantities if span[0] <= q.start < span[1] and q.kind == "number"]
    digits = re.findall(r"\d+", reading.text.plain[slice(*span)])
    many = int(counted[0] if counted else digits[0] if digits else 5)
    return f"top{many}_accuracy" if many > 1 else "accuracy"


def is_top(name: str) -> bool:
    """Whether the metric counts the first few guesses."""
    return name.startswith("top") and name.endswith("_accuracy")


def is_metric(name: str) -> bool:
    """Whether a requirement is about how good answers are, and not about the service."""
    return is_top(name) or name in lexicon("metrics")


def direction_of(name: str) -> Direction:
    return lexicon("metrics").get(name, {}).get("direction", "maximize")  # type: ignore[no-any-return]


def scale_of(name: str) -> str:
    return str(lexicon("metrics").get(name, {}).get("scale", "score"))


def tasks_of(name: str) -> tuple[str, ...]:
    """The groups of tasks that a metric belongs to."""
    return tuple(lexicon("metrics").get(name, {}).get("tasks", ("classification",)))


def of_classes(namings: Sequence[Naming], loosely: bool = False) -> bool:
    """Whether only metrics of classes are named. `loosely`: "accuracy" counts, though people say it of numbers too."""
    tasks = [tasks_of(n.name) for n in namings if loosely or n.name != NEARNESS]
    return bool(tasks) and all("classification" in t and "regression" not in t for t in tasks)


def find_metrics(reading: Reading) -> list[Naming]:
    """Every naming, longest first where two overlap ("average precision" is not precision), in order of place."""
    found: list[Naming] = []
    for name, book in lexicon("metrics").items():
        found += [Naming(name, *m.span()) for m in reading.find(book["said"])]
        short = matches(map(str, book.get("short", ())), reading.masked)
        found += [Naming(name, *m.span()) for m in short if _number_follows(reading, m.span())]
    found = [n for n in found if not (_says_mean(reading, n) or (n.name == TOP and _of_each(reading, n)))]
    found = [_averaged(reading, n) if n.name == "f1" else n for n in found]
    found = [replace(n, name=_OF_SHARES[n.name]) if _in_percent(reading, n) else n for n in found]
    found = [replace(n, name=top_name(reading, n.span)) if n.name == TOP else n for n in found]
    out: list[Naming] = []
    for naming in sorted(found, key=lambda n: (n.start - n.end, n.start)):
        if not any(o.start < naming.end and naming.start < o.end for o in out):
            out.append(naming)
    return sorted(out, key=lambda n: n.start)


def _of_each(reading: Reading, naming: Naming) -> bool:
    """Whether it is every one of so many: "found in every single one of the four classes"."""
    each = reading.find(_EACH, (max(0, naming.start - _BESIDE), naming.start))
    return any(not reading.masked[m.end() : naming.start].strip() for m in each)


_EACH = {"any": ("{per_class} [single]",)}
_BESIDE = 16  # characters before a name


def _says_mean(reading: Reading, naming: Naming) -> bool:
    """Whether "IoU 0.6 or more" is no measure of a hit, since it is the mean that is bounded."""
    return naming.name == "accuracy_iou50" and _MEAN_BEFORE.search(reading.text.plain, 0, naming.start) is not None


_MEAN_BEFORE = re.compile(r"\b(?:mean|average|avg|mittlere[rns]?|moyen|media|medio|平均)\W*$|\bm$")
_ASIDE = re.compile(r"[\s,(:/-]*(?:score\b|measure\b)?[\s,(:/-]*")


def _averaged(reading: Reading, naming: Naming) -> Naming:
    """F1 by how it is averaged, where that stands right behind: "F1 (macro)", "F1, weighted by class size"."""
    aside = _ASIDE.match(reading.masked, naming.end)
    start = aside.end() if aside else naming.end
    for name in ("f1_macro", "f1_micro", "f1_weighted"):
        said = matches(map(str, lexicon("metrics")[name]["behind"]), reading.masked, start, start + _AVERAGED)
        if said and said[0].start() == start:
            return replace(naming, name=name, end=said[0].end())
    return naming


_AVERAGED = 40  # characters behind a metric's name that say how it is averaged


def _number_follows(reading: Reading, span: Span) -> bool:
    """Whether a number stands right behind a short name, behind a single letter with a sign between: "P >= .8"."""
    found = _BESIDE_NUMBER.match(reading.masked, span[1])
    return found is not None and (span[1] - span[0] > 1 or re.search("[:=>≥]", found.group()) is not None)


_OF_SHARES = {"mae": "mape", "rmse": "rmspe", "median_absolute_error": "median_absolute_percentage_error"}
"""Errors in units of the answer -> the same in shares of it."""


def _in_percent(reading: Reading, naming: Naming) -> bool:
    """Whether a typical error is one in percent: "average miss not above 5 %", and not a tenth less than today's."""
    in_units = matches(("mae", "(abs*) ", "mean absolute error"), reading.masked, *naming.span)
    if naming.name not in _OF_SHARES or in_units:
        return False
    clause = reading.text.clause_of(naming.start)
    sentence = reading.text.sentence_of(naming.start)
    kinds = {q.kind for q in reading.quantities if clause[0] <= q.start < clause[1]}
    if kinds != {"share"}:
        return False
    skill = next(x for x in lexicon("requirements") if x["name"] == "skill_vs_seasonal_naive")["phrases"]
    return not reading.said("service", "lower", sentence) and not reading.has(skill, sentence)


FEWEST_SHARE_FOR_ACCURACY = 0.3
FEWEST_ROWS_FOR_SPREAD = 500  # a fifth of fewer shows too little of the spread that R² divides by


def default_metric(task_type: str, class_counts: Sequence[int], rows: int, several: bool = False) -> tuple[Metric, str]:
    """The metric when none was asked for, with the reason; `several`: a row may have several labels."""
    if several:
        why = "no metric was named; the F1 of each row's labels, in the mean, is the usual one where a row has several"
        return Metric("f1_samples", "maximize"), why
    if task_type.endswith("regression"):
        return _regression_default(rows)
    if task_type == "forecasting":
        return Metric("mae", "minimize"), "no metric was named; MAE is in the unit of the series"
    if task_type == "token_classification":
        return Metric("span_f1", "maximize"), "no metric was named; F1 over whole entities is the usual one"
    if task_type == "visual_grounding":
        return Metric("accuracy_iou50", "maximize"), "no metric was named; hits at IoU 0.5 is the usual one"
    if task_type == "image_generation":
        why = "no metric was named; the Fréchet distance to real pictures sees blur, sameness and wrong shapes alike"
        return Metric("frechet_distance", "minimize"), why
    shares = [n / max(1, sum(class_counts)) for n in class_counts]
    if task_type == "image_classification" and len(shares) == 2 and min(shares) >= FEWEST_SHARE_FOR_ACCURACY:
        why = "no metric was named; with two kinds of pictures alike in number the share of right answers is plainest"
        return Metric("accuracy", "maximize"), why
    if len(class_counts) == 2:
        return _binary_default(min(class_counts) / max(1, sum(class_counts)))
    if class_counts and max(class_counts) > 0.9 * sum(class_counts) and min(class_counts) >= 20:
        return Metric(
            "f1_macro", "maximize"
        ), "no metric was named; one class outweighs the rest, so each counts alike in macro F1"
    return Metric(
        "accuracy", "maximize"
    ), "no metric was named; the share of right answers is the plainest for several classes"


def _regression_default(rows: int) -> tuple[Metric, str]:
    if rows < FEWEST_ROWS_FOR_SPREAD:
        why = "no metric was named; RMSE is the usual one for numbers and punishes large misses"
        return Metric("rmse", "minimize"), why
    why = "no metric was named; R² says what share of the differences is explained, whatever their unit, and is least"
    why += " at the mercy of a few extreme values; RMSE and MAE are reported beside it"
    return Metric("r2", "maximize"), why


def _binary_default(share: float) -> tuple[Metric, str]:
    if share < 0.02:
        rare = f"no metric was named; with {share:.1%} positives average precision"
        why = f"{rare} tells good models apart where ROC AUC no longer does"
        return Metric("average_precision", "maximize"), why
    return Metric("roc_auc", "maximize"), "no metric was named; ROC AUC judges the ranking without fixing a threshold"
