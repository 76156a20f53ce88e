"""How numbers, names of metrics and kinds of task are written for people. Knows nothing of layout or of where values
come from; every function takes what a JSON file may hold and never raises on a missing value."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from ..domain import preference, selection

DASH = "–"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True)
class MetricWords:
    """A metric for people. `share`: a number in [0, 1] that reads well with three decimals; else in target units."""

    title: str
    means: str
    better: str = "higher"
    share: bool = True


METRICS: dict[str, MetricWords] = {
    "roc_auc": MetricWords(
        "ROC AUC",
        "How often a randomly chosen positive row is ranked above a randomly chosen negative one; "
        "0.5 is guessing, 1 is perfect.",
    ),
    "average_precision": MetricWords(
        "Average precision", "Area under the precision-recall curve; guessing scores the share of positive rows."
    ),
    "accuracy": MetricWords("Accuracy", "The share of rows answered correctly."),
    "balanced_accuracy": MetricWords(
        "Balanced accuracy", "The share of each class found, averaged so that every class counts the same."
    ),
    "f1": MetricWords("F1", "Balance of precision and recall for the positive class."),
    "f1_macro": MetricWords("F1, macro", "F1 of each class, averaged so that every class counts the same."),
    "f1_samples": MetricWords("F1 of a row's labels", "F1 of the labels of each row, in the mean over the rows."),
    "f1_micro": MetricWords("F1, micro", "F1 over all answers together."),
    "f1_weighted": MetricWords("F1, weighted", "F1 of each class, averaged by how frequent the class is."),
    "precision": MetricWords("Precision", "Of the rows called positive, the share that really are."),
    "precision_macro": MetricWords("Precision, macro", "Precision of each class, averaged over the classes."),
    "recall": MetricWords("Recall", "Of the rows that are positive, the share that is found."),
    "recall_macro": MetricWords("Recall, macro", "Recall of each class, averaged over the classes."),
    "specificity": MetricWords("Specificity", "Of the negative rows, the share that is left alone."),
    "false_positive_rate": MetricWords("False alarms", "Of the negative rows, the share called positive.", "lower"),
    "min_class_recall": MetricWords("Least recall of a class", "Of the class that is found least, the share found."),
    "recall_gap": MetricWords("Gap in recall", "How far the recall of the groups compared lies apart.", "lower"),
    "interval_coverage": MetricWords("Coverage", "Share of true values inside the prediction interval."),
    "cohen_kappa": MetricWords("Cohen's kappa", "Agreement beyond chance; 0 is guessing, 1 is perfect."),
    "quadratic_kappa": MetricWords(
        "Quadratic kappa",
        "Agreement beyond chance, where a mistake weighs by the square of its distance in the order of the classes; "
        "0 is guessing, 1 is perfect.",
    ),
    "ks_statistic": MetricWords(
        "KS statistic", "The largest distance between the distributions of the scores of both classes; 1 is perfect."
    ),
    "hamming_loss": MetricWords("Hamming loss", "The share of wrong labels.", "lower"),
    "mcc": MetricWords("Matthews correlation", "Agreement between answers and truth; 0 is guessing, 1 is perfect."),
    "log_loss": MetricWords("Log loss", "How surprised the probabilities are by the truth.", "lower", False),
    "brier_score": MetricWords("Brier score", "Mean squared error of the probabilities.", "lower"),
    "ece": MetricWords(
        "Calibration error", "How far stated probabilities are from what really happens, on average.", "lower"
    ),
    "rmse": MetricWords(
        "RMSE", "Typical size of an error in units of the target; large errors weigh more.", "lower", False
    ),
    "mae": MetricWords("MAE", "Mean absolute error, in units of the target.", "lower", False),
    "mse": MetricWords("MSE", "Mean squared error, in squared units of the target.", "lower", False),
    "median_absolute_error": MetricWords("Median error", "Half of the errors are smaller than this.", "lower", False),
    "median_absolute_percentage_error": MetricWords(
        "Median error in percent", "Half of the errors are a smaller share of the true value.", "lower"
    ),
    "max_error": MetricWords("Largest error", "The single worst answer.", "lower", False),
    "smape": MetricWords("sMAPE", "Absolute error as a share of the mean of true and predicted value.", "lower"),
    "mape": MetricWords("MAPE", "Mean absolute error as a share of the true value.", "lower"),
    "rmspe": MetricWords("RMSPE", "Typical error as a share of the true value; large errors weigh more.", "lower"),
    "mase": MetricWords(
        "MASE",
        "Mean absolute error beside that of repeating seasons in the history; 1 is no better.",
        "lower",
        False,
    ),
    "spearman_correlation": MetricWords("Spearman correlation", "How right the order of the answers is; 1 is perfect."),
    "pearson_correlation": MetricWords("Pearson correlation", "How straight answers go with the truth; 1 is perfect."),
    "rmsle": MetricWords("RMSLE", "Typical error of the logarithm: errors count in proportion.", "lower", False),
    "r2": MetricWords("R²", "Share of the variation of the target that is explained; 0 is answering the mean."),
    "skill": MetricWords("Skill", "Error removed against repeating the last season.", "higher"),
    "skill_vs_seasonal_naive": MetricWords("Skill", "Error removed against repeating the last season.", "higher"),
    "accuracy_iou50": MetricWords("Accuracy at IoU 0.5", "Share of boxes that overlap the true box by at least half."),
    "mean_iou": MetricWords("Mean IoU", "Overlap of predicted and true box, averaged."),
    "pointing_accuracy": MetricWords("Pointing accuracy", "Share of answers whose middle lies inside the true box."),
    "span_f1": MetricWords("Span F1", "F1 over whole entities, exact ends and label."),
    "frechet_distance": MetricWords(
        "Fréchet distance", "Distance between generated and real pictures.", "lower", False
    ),
    "fid": MetricWords("Fréchet distance", "Distance between generated and real pictures.", "lower", False),
    "asked_class": MetricWords("Asked class", "Share of pictures that a judge of its own takes for what was asked."),
    "diversity": MetricWords(
        "Variety", "Spread within a class beside that of real pictures; 1 is the same.", "higher", False
    ),
    "copied": MetricWords("Copies", "Share of pictures nearer to a training picture than real ones are.", "lower"),
}

LIMITS: dict[str, tuple[str, str]] = {
    "latency_ms_p50": ("Half of the answers within", "ms"),
    "latency_ms_p95": ("95 % of answers within", "ms"),
    "latency_ms_p99": ("99 % of answers within", "ms"),
    "throughput_rows_s": ("Rows answered a second", "rows/s"),
    "size_mb": ("Size of the model files", "MB"),
    "memory_mb": ("Memory of the service", "MB"),
    "train_minutes": ("Time taken to train", "min"),
    "parameters_m": ("Parameters", "million"),
}

TASKS: dict[str, str] = {
    "tabular_classification": "Classification of table rows",
    "tabular_regression": "Regression: a number for each table row",
    "forecasting": "Forecasting of a time series",
    "text_classification": "Classification of texts",
    "token_classification": "Finding entities in texts",
    "image_classification": "Classification of images",
    "image_regression": "A number for each image",
    "image_generation": "Generation of images",
    "visual_grounding": "Finding what a phrase describes in a picture",
}

LEAKS: dict[str, str] = {
    "holds_target": "holds the answer",
    "sums_to_target": "adds up to the answer",
    "orders_target": "sorts the rows by the answer",
    "after_the_fact": "is known only afterwards",
    "duplicate_rows": "rows that appear twice",
    "time_order": "mixes past and future",
}

LEAKS_OF_ROWS: dict[str, str] = {"orders_target": "the rows stand in the order of the answer"}
"""The same where no column is meant but the rows themselves."""


def clean(text: Any) -> str:
    """Text without control characters, lone surrogates and direction overrides, which break or disguise a page."""
    return _CONTROL.sub("\ufffd", str(text))


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def integer(value: Any) -> str:
    return f"{round(value):,}" if is_number(value) else DASH


def figure(value: Any, years: bool = False) -> str:
    """Any quantity, to about four significant digits: 42,516 · 3.14 · 0.00123. `years`: 1984, not 1,984."""
    if not is_number(value):
        return DASH
    if years:
        return f"{value:.0f}"
    return _plain_figure(float(value)).replace("-", "−")


def _plain_figure(value: float) -> str:
    size = abs(value)
    if value.is_integer() and size < 1e15:
        return f"{int(value):,}"
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{value:.3g}"
    if size >= 1000:
        return f"{value:,.0f}"
    digits = max(0, 3 - math.floor(math.log10(size)))
    return f"{value:.{min(digits, 6)}f}".rstrip("0").rstrip(".")


_OWN: ContextVar[Mapping[str, Any] | None] = ContextVar("own metrics", default=None)


@contextmanager
def speaking_of(report: Mapping[str, Any]) -> Iterator[None]:
    """Inside the block the metrics that a run's user defined are worded as report.json describes them."""
    own = report.get("own_metrics")
    token = _OWN.set(own if isinstance(own, Mapping) else None)
    try:
        yield
    finally:
        _OWN.reset(token)


def _metric_words(name: Any) -> MetricWords | None:
    """How a metric is worded; one that was searched for at its best threshold ("name@best") as itself."""
    plain, at, _ = str(name).partition("@best")
    words, own = METRICS.get(plain) or _of_first(plain), (_OWN.get() or {}).get(plain)
    if words is None and isinstance(own, Mapping):
        better = "lower" if own.get("direction") == "minimize" else "higher"
        means = f"{sentence(own.get('means') or '')} It is {clean(own.get('expression'))}.".strip()
        words = MetricWords(clean(own.get("title") or plain), means, better, bool(own.get("share")))
    return replace(words, title=f"{words.title} at its best threshold") if words and at else words


def _of_first(name: str) -> MetricWords | None:
    """The share of rows whose answer is among the first few, however many these are."""
    found = re.fullmatch(r"top(\d+)_accuracy", name)
    if found is None:
        return None
    return MetricWords(f"Top-{found[1]} accuracy", f"The share of rows whose answer is among the {found[1]} likeliest.")


def score(value: Any, name: str = "") -> str:
    """A metric's value. Shares get three decimals, four where three would hide the distance to a perfect 1."""
    if not is_number(value):
        return DASH
    words = _metric_words(name)
    if (words is None and abs(value) <= 1) or (words is not None and words.share and abs(value) < 10):
        if 0.99995 <= value < 1:
            return "> 0.9999"
        digits = 4 if 0.995 <= abs(value) < 1 or 0 < abs(value) < 0.01 else 3
        text = f"{value:.{digits}f}"
        return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")
    return figure(value)


def percent(value: Any) -> str:
    """A fraction as a percentage: 0.032 -> "3.2 %"; small but present shares never read as nothing."""
    if not is_number(value):
        return DASH
    part = value * 100
    if part == 0:
        return "0 %"
    if 0 < part < 0.1:
        return "< 0.1 %"
    if 99.9 < part < 100:
        return "> 99.9 %"
    return f"{part:.1f} %" if part < 10 else f"{part:.0f} %"


def duration(seconds: Any) -> str:
    """Seconds in the unit a person would use: 0.4 s · 12 s · 3 min 05 s · 1 h 20 min."""
    if not is_number(seconds):
        return DASH
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def metric_title(name: Any) -> str:
    words = _metric_words(name)
    return words.title if words else clean(name).replace("@best", " at its best threshold").replace("_", " ")


def metric_means(name: Any) -> str:
    words = _metric_words(name)
    return words.means if words else ""


def lower_is_better(name: Any) -> bool:
    words = _metric_words(name)
    return words is not None and words.better == "lower"


def limit_title(name: Any) -> str:
    return LIMITS[str(name)][0] if str(name) in LIMITS else metric_title(name)


def limit_value(value: Any, name: Any) -> str:
    """A requirement's limit or measurement with its unit."""
    if not is_number(value):
        return DASH
    if str(name) in LIMITS:
        return f"{figure(value)} {LIMITS[str(name)][1]}"
    return score(value, str(name))


def task_title(task_type: Any, classes: int = 0) -> str:
    title = TASKS.get(str(task_type), clean(task_type or "").replace("_", " ").capitalize())
    if task_type == "tabular_classification" and classes > 1:
        kind = "two classes" if classes == 2 else f"{classes} classes"
        return f"{title} into {kind}"
    return title


def plural(count: Any, word: str, many: str = "") -> str:
    return f"{integer(count)} {word if count == 1 else many or word + 's'}"


NEW_DATA = {"image_generation": "prompts.csv"} | dict.fromkeys(
    ("image_classification", "image_regression"), "new_pictures/"
)


def new_data(report: Mapping[str, Any]) -> str:
    """What a file or folder to answer may be called."""
    return NEW_DATA.get(str(report.get("task_type")), "new_rows.csv")


def names_in(report: Mapping[str, Any]) -> tuple[str, ...]:
    """Names that stand in the data as they are written: columns, and the class in question."""
    task = report.get("task")
    info = task.get("data_info") if isinstance(task, Mapping) else None
    info = info if isinstance(info, Mapping) else {}
    left_out = [c.get("column") for c in info.get("ignored") or () if isinstance(c, Mapping)]
    found = [report.get("target"), info.get("positive_label"), *(info.get("inputs") or ()), *left_out]
    return tuple(str(name) for name in found if name)


def of_names(text: Any, names: tuple[str, ...]) -> str:
    """A sentence whose first word keeps its letters where it is one of these names."""
    return sentence(text, capital=not re.match(rf"(?:{'|'.join(map(re.escape, names)) or '(?!)'})\b", clean(text)))


def sentence(text: Any, capital: bool = True) -> str:
    """The text beginning with a capital and ending with a full stop, as its author left it otherwise. `capital=False`
    where it may begin with the name of a column."""
    words = clean(text).strip()
    if not words:
        return ""
    if capital and words.split(None, 1)[0].isalpha():
        words = words[0].upper() + words[1:]
    return words if words[-1] in ".!?…" else f"{words}."


_CONDITIONS = {
    "exclude": "without {}",
    "future": "{} known ahead",
    "fairness": "fair to {}",
    "series": "a series for each {}",
    "split:group": "split by {}",
    "resolution": "pictures of {}",
    "model": "with {}",
    "not_model": "without {}",
    "horizon": "{} ahead",
}
_WISHES = {
    "series:*": "one series of everything",
    "split:time": "split by time",
    "prefer:recall": "a missed case is worse than a false alarm",
    "prefer:precision": "a false alarm is worse than a missed case",
    "no_pretrained": "no pretrained weights",
    "single_model": "one model, no ensemble",
    "despite_doubts": "trained in spite of doubts",
}
_REACH = re.compile(r"([\d.]+)(h|d|steps)")
_UNITS = {"h": "hour", "d": "day", "steps": "step"}
YEAR_DAYS = 365


def _reach(count: float, unit: str) -> str:
    """A horizon as people say it: 365 days are a year."""
    name = _UNITS[unit]
    if unit == "d" and count % YEAR_DAYS == 0:
        count, name = count / YEAR_DAYS, "year"
    return f"{figure(count)} {name}{'' if count == 1 else 's'}"


def condition(word: Any) -> str:
    """A constraint of the task in words: "horizon:14d" is "14 days ahead"."""
    text = clean(word)
    if text in _WISHES:
        return _WISHES[text]
    if told := selection.in_words(text) or preference.in_words(text):
        return told
    kind = next((k for k in _CONDITIONS if text.startswith(f"{k}:")), "")
    about = text.removeprefix(f"{kind}:")
    if kind == "horizon" and (reach := _REACH.fullmatch(about)):
        about = _reach(float(reach[1]), reach[2])
    about = about.replace("_", " ") if kind in ("model", "not_model") else about
    return _CONDITIONS[kind].format(about) if kind else text
