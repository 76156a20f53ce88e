"""Where a model is weaker than overall, and how it treats groups of people, by code and with statistics.

Takes columns of plain values and one error a row. It knows nothing of models; what it calls a group of people is
decided by the column's name alone and reported as information, never as a judgement."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from ..domain.data import Column, are_years

Array = NDArray[np.float64]
Values = Mapping[str, NDArray[Any]]

SIGNIFICANCE = 0.05
LEAST_GAP = 0.1  # a slice whose error is under 10 % above the rest's is not worth a reader's time
SAME_ROWS = 0.8  # overlap (Jaccard) above which two slices tell the same story
MOST_VALUES = 20
BANDS = 5
FEW_VALUES = 6

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


def parted(values: NDArray[Any]) -> tuple[NDArray[np.intp], list[str]]:
    """(part of each row, names of the parts): the values of a column, at most `MOST_VALUES` of them, or up to five
    ranges with equally many rows when it is a number. Rows of no part have -1."""
    if values.dtype.kind != "f":
        codes, found = pd.factorize(values, use_na_sentinel=False)
        order = np.argsort(-np.bincount(codes, minlength=len(found)), kind="stable")
        place = np.full(len(found), -1, dtype=np.intp)
        place[order[:MOST_VALUES]] = np.arange(min(MOST_VALUES, len(found)))
        return place[codes], [_word(found[k]) for k in order[:MOST_VALUES]]
    blank = np.isnan(values)
    known = values[~blank]
    distinct = np.unique(known)
    years = len(distinct) > 0 and are_years(distinct[0], distinct[-1])
    if len(distinct) <= FEW_VALUES:
        codes, names = np.searchsorted(distinct, values), [_plain(v, years) for v in distinct]
    else:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, BANDS + 1)))
        codes = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
        names = [f"{_plain(a, years)} to {_plain(b, years)}" for a, b in itertools.pairwise(edges)]
    return np.where(blank, len(names), codes).astype(np.intp), [*names, "missing"]


def _word(value: Any) -> str:
    return "missing" if value is None or (isinstance(value, float) and np.isnan(value)) else str(value)


def _plain(value: float, years: bool = False) -> str:
    if years:
        return f"{value:.0f}"
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:.3g}"


def weak_slices(columns: Values, errors: NDArray[Any], *, min_rows: int = 30, most: int = 10) -> list[Slice]:
    """Slices with significantly larger errors than the other rows, the most harmful (rows x gap) first.

    `errors` (rows,): 0/1 for wrong answers, or absolute errors. Each slice is tested one-sided against the rest
    (Fisher's exact test for 0/1, Welch's t-test else) and the p-values are adjusted for false discoveries under any
    dependence (Benjamini and Yekutieli 2001), since slices overlap. Of slices with nearly the same rows one is kept."""
    error = np.asarray(errors, dtype=np.float64)
    found = _every_slice(columns, error, min_rows)
    if not len(found):
        return []
    p = _p_values(found, error)
    found["p"] = stats.false_discovery_control(p, method="by")
    found["measured"] = found["total"] / found["rows"]
    found["rest"] = (error.sum() - found["total"]) / (len(error) - found["rows"])
    found["gap"] = found["measured"] - found["rest"]
    weak = found[(found["p"] < SIGNIFICANCE) & (found["gap"] > LEAST_GAP * found["rest"])]
    harm = (weak["gap"] * weak["rows"]).sort_values(ascending=False, kind="stable")
    kept: list[tuple[Slice, NDArray[np.bool_]]] = []
    for index in harm.index:
        if len(kept) == most:
            break
        row = weak.loc[index]
        codes, _ = parted(columns[row["column"]])
        inside = codes == row["part"]
        if all(np.sum(inside & other) / np.sum(inside | other) < SAME_ROWS for _, other in kept):
            kept.append((_slice(row, inside, error), inside))
    return [one for one, _ in kept]


def _every_slice(columns: Values, error: Array, min_rows: int) -> pd.DataFrame:
    """One line a slice that is large enough: column, part, value, rows, and sums of errors and of their squares."""
    tables = []
    for column, values in columns.items():
        codes, names = parted(values)
        taken = codes >= 0
        where, here = codes[taken], error[taken]
        table = pd.DataFrame(
            {
                "column": column,
                "part": np.arange(len(names)),
                "value": names,
                "rows": np.bincount(where, minlength=len(names)),
                "total": np.bincount(where, here, minlength=len(names)),
                "squares": np.bincount(where, here**2, minlength=len(names)),
            }
        )
        tables.append(table[(table["rows"] >= min_rows) & (table["rows"] <= len(error) - min_rows)])
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _p_values(found: pd.DataFrame, error: Array) -> Array:
    """One-sided p-value of each slice: are its errors larger than those of the other rows?"""
    rows, total = found["rows"].to_numpy(), found["total"].to_numpy()
    count = len(error)
    if _is_binary(error):
        p = stats.hypergeom.sf(total - 1, count, int(error.sum()), rows)
    else:
        others, left = count - rows, error.sum() - total
        squares = found["squares"].to_numpy()
        here = np.maximum(squares - total**2 / rows, 0) / (rows - 1)
        there = np.maximum((error**2).sum() - squares - left**2 / others, 0) / (others - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            p = stats.ttest_ind_from_stats(
                total / rows,
                np.sqrt(here),
                rows,
                left / others,
                np.sqrt(there),
                others,
                equal_var=False,
                alternative="greater",
            ).pvalue
    return np.clip(np.nan_to_num(np.asarray(p, dtype=np.float64), nan=1.0), 0.0, 1.0)


def _is_binary(error: Array) -> bool:
    return bool(np.all((error == 0) | (error == 1)))


def _slice(row: pd.Series, inside: NDArray[np.bool_], error: Array) -> Slice:
    binary = _is_binary(error)
    one = Slice(
        column=str(row["column"]),
        value=str(row["value"]),
        rows=int(row["rows"]),
        share=float(row["rows"] / len(error)),
        metric="share wrong" if binary else "mean absolute error",
        measured=float(row["measured"]),
        interval=_interval(error[inside], binary),
        rest=float(row["rest"]),
        gap=float(row["gap"]),
        p=float(row["p"]),
    )
    return replace(one, words=_sentence(one))


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
        codes, names = parted(values)
        groups = [
            _group(name, codes == k, error, selected, actual)
            for k, name in enumerate(names)
            if np.sum(codes == k) >= min_rows
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
