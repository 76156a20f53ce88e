"""Metrics that were asked for but cannot judge the kind of answer, and what stands for them.

"Accuracy" of a price counts answers that are right to the last digit: nobody means that. Each replacement is told.
Knows nothing of how metrics are computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .dimensions import kind_of_unit
from .limits import Limit
from .metrics import Naming, is_metric, is_top, scale_of
from .words import name_tokens

_POINTS = 0.1  # "an error of 0.05 points" of a fraction is none in hundredths
_OF_HITS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "f1_macro", "f1_micro", "f1_weighted")
_MEANT = {"grounding": "accuracy_iou50", "tokens": "span_f1", "generation": "asked_class"}
_WHY = {
    "regression": "counts answers that are exactly right, which numbers hardly ever are",
    "forecasting": "counts answers that are exactly right, which numbers hardly ever are",
    "grounding": "of boxes is the share of those that overlap the true one by half",
    "tokens": "of single words flatters where most words name nothing; whole entities count",
    "generation": "of new pictures is the share that is taken for what was asked",
}
_ALWAYS_RIGHT = "there are no more classes than guesses are counted, so that it is always 1"
_KINDS = {
    "classification": "classes", "regression": "a number", "forecasting": "numbers", "tokens": "parts of a text",
    "grounding": "boxes", "generation": "pictures",
}  # fmt: skip


@dataclass(frozen=True)
class Replaced:
    """What was asked for, what is used instead ("" for nothing), and why."""

    name: str
    instead: str
    why: str


def fits(name: str, family: str) -> bool:
    """Whether a metric can judge answers of this family of tasks; a metric of one's own is left to its own checks."""
    book = lexicon("metrics").get("top5_accuracy" if is_top(name) else name)
    if book is None:
        return True
    tasks = book.get("tasks", ("classification",))
    if family == "tokens" and name in ("precision", "recall"):
        return True
    return family in tasks or (family == "forecasting" and "regression" in tasks)


def without_columns(namings: Sequence[Naming], mentions: Sequence[tuple[int, int]], family: str) -> list[Naming]:
    """The namings but those that only say what a column is called, such as a column `r2` of yes and no."""
    return [
        n
        for n in namings
        if fits(n.name, family) or not any(start <= n.start and n.end <= end for start, end in mentions)
    ]


def fitted_limits(
    limits: Sequence[Limit], family: str, target: ColumnProfile | None
) -> tuple[list[Limit], list[Replaced]]:
    """Limits on metrics that fit, and what was done about the others.

    A share of right answers of numbers is read as an error of at most the rest in percent ("80 % accurate" is off by
    a fifth on average); where numbers may be nought, as the share of all errors in all
    values, and where they may be negative, as R²."""
    out: list[Limit] = []
    told: list[Replaced] = []
    for limit in limits:
        if always_right(limit.name, target):
            told.append(Replaced(limit.name, "", _ALWAYS_RIGHT))
        elif not is_metric(limit.name) or fits(limit.name, family):
            out.append(_of_kelvins(_of_fractions(limit, target), target))
        elif limit.name in _OF_HITS and family in ("regression", "forecasting"):
            meant, sense = _of_numbers(limit, family, target)
            out.append(meant)
            told.append(Replaced(limit.name, sense, f"{limit.name} {_WHY[family]}"))
        elif limit.name == "f1_micro" and family == "tokens":
            out.append(replace(limit, name="f1"))  # over all entities alike, as it is by itself
        elif limit.name in _OF_HITS and family in _MEANT:
            out.append(replace(limit, name=_MEANT[family]))
            told.append(Replaced(limit.name, _MEANT[family], f"{limit.name} {_WHY[family]}"))
        else:
            told.append(Replaced(limit.name, "", _unfit(limit.name, family) + "; the limit on it is left out"))
    return out, told


def _of_fractions(limit: Limit, target: ColumnProfile | None) -> Limit:
    """An error in percentage points is in hundredths where the values are fractions of one."""
    low, high = (target.stats.get("min"), target.stats.get("max")) if target is not None else (None, None)
    fractions = low is not None and high is not None and 0 <= float(low) < float(high) <= 1
    in_points = limit.quantity.unit == "points" and scale_of(limit.name) == "error"
    return replace(limit, value=limit.value / 100) if in_points and fractions and limit.value > _POINTS else limit


def _of_kelvins(limit: Limit, target: ColumnProfile | None) -> Limit:
    """ "18 K" is no eighteen thousand where temperatures are asked for, or where no answers lie so far apart."""
    if limit.quantity.unit != "k" or target is None or scale_of(limit.name) != "error":
        return limit
    low, high = target.stats.get("min"), target.stats.get("max")
    too_far = low is not None and high is not None and limit.value > float(high) - float(low)
    warm = kind_of_unit(" ".join(name_tokens(target.name)), target) == "temperature"
    return replace(limit, value=limit.value / 1000) if warm or too_far else limit


def fitted_names(names: Sequence[str], family: str, target: ColumnProfile | None) -> tuple[list[str], list[Replaced]]:
    """Names of metrics that fit, in order, and what was done about the others."""
    out: list[str] = []
    told: list[Replaced] = []
    for name in names:
        if always_right(name, target):
            told.append(Replaced(name, "", _ALWAYS_RIGHT))
            continue
        if fits(name, family):
            out.append(name)
            continue
        if name == "f1_micro" and family == "tokens":
            out.append("f1")
            continue
        instead = _MEANT.get(family, "") if name in _OF_HITS else ""
        out += [instead] if instead else []
        why = f"{name} {_WHY[family]}" if name in _OF_HITS and family in _WHY else _unfit(name, family)
        told.append(Replaced(name, instead, why))
    return list(dict.fromkeys(out)), told


def _of_numbers(limit: Limit, family: str, target: ColumnProfile | None) -> tuple[Limit, str]:
    """The limit on numbers that a share of right answers stands for, and its sense in words."""
    rest = round(1 - limit.value, 9)
    if _never_nought(target):
        return replace(limit, name="mape", value=rest), f"a mean error of at most {100 * rest:.4g} % of the value"
    if target is not None and target.stats.get("min") == 0:
        return replace(limit, name="wape", value=rest), f"errors that sum to at most {rest:.3g} of the values"
    if family == "forecasting":
        return replace(
            limit, name="smape", value=rest
        ), f"a symmetric mean error of at most {100 * rest:.4g} % of the value"
    return replace(limit, name="r2"), f"R² of at least {limit.value:.3g}"


def always_right(name: str, target: ColumnProfile | None) -> bool:
    """Whether so many guesses are counted that there are no more classes."""
    many = "".join(c for c in name if c.isdigit())
    return is_top(name) and target is not None and 1 < target.distinct <= int(many or 0)


def _unfit(name: str, family: str) -> str:
    return f"{name} cannot judge answers that are {_KINDS[family]}"


def _never_nought(target: ColumnProfile | None) -> bool:
    """Whether all values lie on one side of nought, so that an error in percent means something."""
    low, high = (target.stats.get("min"), target.stats.get("max")) if target is not None else (None, None)
    return isinstance(low, int | float) and isinstance(high, int | float) and (low > 0 or high < 0)
