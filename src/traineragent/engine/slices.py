"""Where a model is weaker than overall, and how it treats groups of people, by code and with statistics.

Takes columns of plain values and one error a row. It knows nothing of models; what it calls a group of people is
decided by the column's name alone and reported as information, never as a judgement."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..domain.data import Column

Array = NDArray[np.float64]
Values = Mapping[str, NDArray[Any]]

SIGNIFICANCE = 0.05
LEAST_GAP = 0.1  # a slice whose error is under 10 % above the rest's is not worth a reader's time
SAME_ROWS = 0.8  # overlap (Jaccard) above which two slices tell the same story
MOST_VALUES = 20
BANDS = 5

_THINGS = re.compile(r"hous|build|propert|vehicle|car_|machine|equipment|account|policy|product|device|file|web")
_PEOPLE = re.compile(
    r"(?:^|[_\W])(sex|gender|race|racial|ethnic\w*|age|ages|birth\w*|dob|nationality|native|country_of_birth|citizen\w*|"
    r"personal_status|religion|relig\w*|marital\w*|marriage|disab\w*|senior\w*|pregnan\w*|orientation|foreign\w*|immigra\w*|"
    r"geschlecht|alter|sexe|edad|sexo|genero)(?:$|[_\W])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Slice:
    """Rows where the error is significantly larger than elsewhere. `value` is a value or a range of `column`;
    `metric` is "share wrong" or "mean absolute error"; `measured` in the slice with its 95 % `interval`, `rest` on all
    other rows, `gap` their difference; `p` adjusted for the number of slices looked at."""

    column: str
    value: str
    rows: int
    share: float
    metric: str
    measured: float
    interval: tuple[float, float]
    rest: float
    gap: float
    p: float
    words: str = ""


@dataclass(frozen=True)
class GroupGap:
    """How a column that looks like a protected attribute is treated. `groups`: {"value", "rows", "measured",
    "interval", and for two classes "selected" (share answered positive), "found" (true positive rate)}. `gap`: largest
    minus smallest `measured` (or `selected` where there are two classes)."""

    column: str
    metric: str
    groups: tuple[dict[str, Any], ...]
    gap: float
    significant: bool
    words: str = ""


def column_values(columns: Sequence[Column], x: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Readable values of each column from the typed matrix (rows, features): floats for numbers, texts else.

    Free text and dates give no slices of their own, except a date's weekday, month, hour and year."""
    out: dict[str, NDArray[Any]] = {}
    at = 0
    for column in columns:
        block = x[:, at : at + len(column.features)]
        at += len(column.features)
        if column.kind == "number":
            out[column.name] = block[:, 0].astype(np.float64)
        elif column.kind in ("boolean", "category"):
            words = column.categories if column.kind == "category" else ("no", "yes")
            out[column.name] = _as_words(block[:, 0], words)
        elif column.kind == "date":
            for k, part in enumerate(column.date_parts):
                if part in ("weekday", "month", "hour", "year"):
                    out[f"{column.name} ({part})"] = block[:, k].astype(np.float64)
    return out


def _as_words(codes: NDArray[np.float32], words: Sequence[str]) -> NDArray[Any]:
    names = np.array([*words, "another value", "missing"], dtype=object)
    index = np.where(np.isnan(codes), len(words) + 1, np.nan_to_num(codes)).astype(np.intp)
    return names[np.clip(index, 0, len(names) - 1)]


def parts(values: NDArray[Any]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """(name, rows) of each value of a column, or of up to five ranges with equally many rows when it is a number."""
    if values.dtype.kind != "f":
        texts = values.astype(str)
        names, counts = np.unique(texts, return_counts=True)
        for k in np.argsort(-counts, kind="stable")[:MOST_VALUES]:
            yield str(names[k]), texts == names[k]
        return
    blank = np.isnan(values)
    known = values[~blank]
    if blank.any():
        yield "missing", blank
    distinct = np.unique(known)
    if len(distinct) <= 6:
        for value in distinct:
            yield f"{value:g}", values == value
        return
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BANDS + 1)))
    for k in range(len(edges) - 1):
        last = k == len(edges) - 2
        inside = (values >= edges[k]) & ((values <= edges[k + 1]) if last else (values < edges[k + 1]))
        yield f"{_plain(edges[k])} to {_plain(edges[k + 1])}", inside


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:.3g}"


def weak_slices(columns: Values, errors: NDArray[Any], *, min_rows: int = 30, most: int = 10) -> list[Slice]:
    """Slices with significantly larger errors than the other rows, the most harmful (rows x gap) first.

    `errors` (rows,): 0/1 for wrong answers, or absolute errors. Each slice is tested one-sided against the rest
    (Fisher's exact test for 0/1, Welch's t-test else) and the p-values are adjusted for false discoveries under any
    dependence (Benjamini and Yekutieli 2001), since slices overlap. Of slices with nearly the same rows one is kept."""
    error = np.asarray(errors, dtype=np.float64)
    found: list[tuple[Slice, NDArray[np.bool_]]] = []
    for column, values in columns.items():
        for value, inside in parts(values):
            if min_rows <= inside.sum() <= len(error) - min_rows:
                found.append((_measured(column, value, inside, error), inside))
    if not found:
        return []
    adjusted = stats.false_discovery_control([s.p for s, _ in found], method="by")
    kept: list[tuple[Slice, NDArray[np.bool_]]] = []
    weak = [
        (replace(s, p=float(p)), inside)
        for (s, inside), p in zip(found, adjusted, strict=True)
        if p < SIGNIFICANCE and s.gap > LEAST_GAP * s.rest
    ]
    for one, inside in sorted(weak, key=lambda f: -f[0].rows * f[0].gap):
        if all(np.sum(inside & other) / np.sum(inside | other) < SAME_ROWS for _, other in kept):
            kept.append((replace(one, words=_sentence(one)), inside))
    return [one for one, _ in kept[:most]]


def _is_binary(error: Array) -> bool:
    return bool(np.all((error == 0) | (error == 1)))


def _measured(column: str, value: str, inside: NDArray[np.bool_], error: Array) -> Slice:
    here, there = error[inside], error[~inside]
    binary = _is_binary(error)
    if binary:
        wrong, others = int(here.sum()), int(there.sum())
        table = [[wrong, len(here) - wrong], [others, len(there) - others]]
        p = float(stats.fisher_exact(table, alternative="greater").pvalue)
    elif np.ptp(here) == 0 and np.ptp(there) == 0:
        p = 1.0
    else:
        p = float(stats.ttest_ind(here, there, equal_var=False, alternative="greater").pvalue)
    measured, rest = float(here.mean()), float(there.mean())
    return Slice(
        column=column,
        value=value,
        rows=len(here),
        share=len(here) / len(error),
        metric="share wrong" if binary else "mean absolute error",
        measured=measured,
        interval=_interval(here, binary),
        rest=rest,
        gap=measured - rest,
        p=p if np.isfinite(p) else 1.0,
    )


def _interval(error: Array, binary: bool) -> tuple[float, float]:
    """95 %: Wilson's for shares, the t interval of the mean else."""
    if binary:
        found = stats.binomtest(int(error.sum()), len(error)).proportion_ci(method="wilson")
        return float(found.low), float(found.high)
    half = float(stats.t.ppf(0.975, max(len(error) - 1, 1)) * error.std(ddof=1) / np.sqrt(len(error)))
    return float(error.mean()) - half, float(error.mean()) + half


def _sentence(one: Slice) -> str:
    where = f"Where {one.column} is {one.value} ({one.rows:,} rows)"
    if one.metric == "share wrong":
        return f"{where}, {one.measured:.1%} of the answers are wrong; elsewhere {one.rest:.1%}."
    return f"{where}, the mean absolute error is {_plain(one.measured)}; elsewhere {_plain(one.rest)}."


# ------------------------------------------------------------------------------------------------------------- people
def looks_protected(column: str) -> bool:
    """Whether a column's name reads like an attribute of people that law protects in many places (sex, age, origin …),
    and not like the age of a thing."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column)
    return bool(_PEOPLE.search(spaced)) and not _THINGS.search(spaced.lower())


def group_gaps(
    columns: Values,
    errors: NDArray[Any],
    *,
    selected: NDArray[np.bool_] | None = None,
    actual: NDArray[np.bool_] | None = None,
    min_rows: int = 30,
) -> list[GroupGap]:
    """One entry a column that looks protected, with the error of each group, and for two classes the share answered
    positive (`selected`) and, of those truly positive (`actual`), the share found."""
    error = np.asarray(errors, dtype=np.float64)
    out = []
    for column, values in columns.items():
        if not looks_protected(column):
            continue
        groups = [
            _group(value, inside, error, selected, actual)
            for value, inside in parts(values)
            if inside.sum() >= min_rows
        ]
        if len(groups) > 1:
            out.append(_gap(column, groups, _is_binary(error)))
    return out


def _group(
    value: str,
    inside: NDArray[np.bool_],
    error: Array,
    selected: NDArray[np.bool_] | None,
    actual: NDArray[np.bool_] | None,
) -> dict[str, Any]:
    here = error[inside]
    out: dict[str, Any] = {
        "value": value,
        "rows": len(here),
        "measured": float(here.mean()),
        "interval": list(_interval(here, _is_binary(error))),
    }
    if selected is not None and actual is not None:
        out["selected"] = float(selected[inside].mean())
        out["positive"] = float(actual[inside].mean())
        out["found"] = float(selected[inside & actual].mean()) if np.any(inside & actual) else None
    return out


def _gap(column: str, groups: list[dict[str, Any]], binary: bool) -> GroupGap:
    metric = "share wrong" if binary else "mean absolute error"
    key = "selected" if "selected" in groups[0] else "measured"
    low, high = (f(groups, key=lambda g: float(g[key])) for f in (min, max))
    best, worst = (f(groups, key=lambda g: float(g["measured"])) for f in (min, max))
    apart = bool(worst["interval"][0] > best["interval"][1])
    said = f"{metric} runs from {_amount(best['measured'], binary)} ({best['value']}) to "
    said += f"{_amount(worst['measured'], binary)} ({worst['value']})"
    if key == "selected":
        said += f"; answered positive: from {low[key]:.1%} ({low['value']}) to {high[key]:.1%} ({high['value']})"
    words = f"By {column}, the {said}."
    return GroupGap(column, metric, tuple(groups), float(high[key]) - float(low[key]), apart, words)


def _amount(value: float, binary: bool) -> str:
    return f"{value:.1%}" if binary else _plain(value)
