"""The answer column: classes or a number, which texts stand for which class, and which class is the positive one.

It knows nothing of the other columns.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..domain.data import Target
from ..errors import InputError
from ..serve.values import number_key, tokens
from .labels import label_matrix, label_rows, label_separator, rarest_label
from .levels import Levels, levels_of
from .meaning import read_column
from .numerals import Numerals, numbers, read_numerals
from .scales import places
from .wordlists import words_of

Label = str | int | float | bool

MOST_CLASSES = 2000
_MUCH_MORE = 5  # times as many rows as its misspelling has a class at least
_SLIP_LETTERS = 4
_FEWEST_COUNTS, _MOST_COUNTED = 6, 100
_LABEL_WORDS = ("none", "missing", "nil", "-", "--")
"""Texts that mean "no value" in an input, but name a class when they stand in the answer column among words."""


def task_kind(frame: pd.DataFrame, name: str) -> tuple[Literal["class", "number"], str, float]:
    """Whether a column is to be classified or estimated, by its content: (kind, why, confidence in [0, 1])."""
    reading = read_column(name, _column(frame, name))
    levels, distinct = reading.levels, reading.levels.distinct
    if reading.values is None or reading.meaning in ("boolean", "date"):
        return "class", f"{name!r} holds {distinct:,} different words or codes", 0.98 if distinct <= 50 else 0.8
    if reading.number.clock:
        return "number", f"{name!r} holds durations", 0.95
    if distinct <= 2:
        return "class", f"{name!r} has {distinct} different values", 0.97
    if not reading.integer:
        if distinct > 20:
            return "number", f"{name!r} holds {distinct:,} different numbers with decimals", 0.98
        return "number", f"{name!r} holds numbers with decimals", 0.75
    low, high = float(np.nanmin(reading.values)), float(np.nanmax(reading.values))
    if distinct > 50 or levels.present / distinct < 3:
        return "number", f"{name!r} holds {distinct:,} different whole numbers from {low:g} to {high:g}", 0.95
    if distinct > 20:
        return "number", f"{name!r} holds {distinct} different whole numbers", 0.8
    if distinct >= _FEWEST_COUNTS and _counts(reading.by_row):
        return "number", f"{name!r} counts something: from 0 up, large numbers ever rarer", 0.7
    if distinct <= 10 and high - low < 20:
        return "class", f"{name!r} has only {distinct} different whole numbers, as codes or grades have", 0.6
    return "number", f"{name!r} has {distinct} different whole numbers", 0.6


def _counts(values: NDArray[np.float64]) -> bool:
    """Whether whole numbers look like how often something happened, and not like codes: they begin at 0 without a gap,
    and beyond the commonest one they get rarer and rarer."""
    known = values[np.isfinite(values)]
    if known.min() != 0 or known.max() >= _MOST_COUNTED:
        return False
    often = np.bincount(known.astype(np.int64))
    beyond = often[int(often.argmax()) :]
    rarer = (np.diff(beyond) <= 0).mean() >= 0.7 and beyond[-1] < 0.1 * beyond[0]
    return bool(rarer and often[: len(often) // 2].all())


def target_of(
    frame: pd.DataFrame,
    name: str,
    wanted: Literal["class", "number"] | None,
    positive_label: str | None = None,
    several: bool = False,
) -> Target:
    """How the answer column is read. `wanted` None lets the content decide; `several`: cells may hold several labels.

    Raises InputError when the column is absent, empty, constant, or not of the kind wanted."""
    series = _column(frame, name)
    kind = wanted or task_kind(frame, name)[0]
    if kind == "number":
        return _number_target(name, series)
    separator = label_separator(levels_of(series)) if several else ""
    return _several_target(name, series, separator) if separator else _class_target(name, series, positive_label)


def _several_target(name: str, series: pd.Series, separator: str) -> Target:
    """Labels that differ in case only are one; the most frequent spelling names it."""
    spellings: dict[str, list[str]] = {}
    for label, _ in label_rows(series, separator).most_common():
        spellings.setdefault(label.casefold(), []).append(label)
    groups = sorted(spellings.values(), key=lambda g: g[0])
    return Target(name, "class", tuple(g[0] for g in groups), tuple(tuple(g) for g in groups), separator=separator)


def target_values(series: pd.Series, target: Target) -> NDArray[np.float64]:
    """The answer of each row: class index or number, NaN where there is none; of several labels the rarest, see
    `answers_of` for all. float64 (rows,)."""
    if target.several:
        return rarest_label(label_matrix(series, target))
    levels = _target_levels(series, target.kind)
    if target.kind == "number":
        return levels.spread(numbers(levels.texts, target.number))
    index = {raw: float(i) for i, texts in enumerate(target.raw_labels) for raw in texts}
    folded = {_fold(raw, case=True): i for raw, i in index.items()}
    values = [index.get(t, folded.get(_fold(t, case=True), np.nan)) for t in levels.texts]
    return levels.spread(np.array(values, dtype=np.float64))


def answers_of(series: pd.Series, target: Target) -> NDArray[np.float64]:
    """What models learn: as `target_values`, or 0 and 1 for each label where a row may have several, (rows, labels)."""
    return label_matrix(series, target) if target.several else target_values(series, target)


def spelling_notes(target: Target) -> tuple[str, ...]:
    """A sentence for each class that is spelled in more than one way."""
    return tuple(
        f"class {label!r} is written {len(texts)} ways: {', '.join(map(repr, texts[:5]))}; they are taken as one"
        for label, texts in zip(target.labels, target.raw_labels, strict=True)
        if len(texts) > 1
    )


def meant_label(label: str, counts: Mapping[str, int]) -> str | None:
    """The frequent class that a rare one is a slip of the pen for: one letter more, less, other or swapped, as in
    "medum" for "medium". None where there is no such class, or more than one."""
    rows = max(counts[label], 1)
    near = [t for t, n in counts.items() if n >= _MUCH_MORE * rows and _one_slip(label.casefold(), t.casefold())]
    return near[0] if len(near) == 1 else None


def _one_slip(written: str, meant: str) -> bool:
    """Whether two words differ by a slip within. Short words, digits and first letters tell classes apart."""
    if min(len(written), len(meant)) < _SLIP_LETTERS or written[0] != meant[0] or written == meant:
        return False
    start = _shared(written, meant)
    rest, other = written[start:], meant[start:]
    end = _shared(rest[::-1], other[::-1])
    left, right = rest[: len(rest) - end], other[: len(other) - end]
    if not (left + right).isalpha() or not written[start - 1].isalpha():
        return False
    if not end and len(left) == len(right) == 1:  # as in gradeA and gradeB
        return False
    return max(len(left), len(right)) == 1 or (len(left) == 2 and left == right[::-1])


def _shared(one: str, other: str) -> int:
    """Letters with which both begin."""
    unlike = (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(unlike, min(len(one), len(other)))


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name in frame.columns:
        return frame[name]
    names = [str(c) for c in frame.columns]
    by_fold = {n.casefold(): n for n in names}
    near = [by_fold[n] for n in difflib.get_close_matches(name.casefold(), by_fold, n=3, cutoff=0.5)]
    did = f" Did you mean {' or '.join(map(repr, near))}?" if near else f" The columns are {', '.join(names[:20])}."
    raise InputError(f"there is no column {name!r} in the data.{did}", column=name)


def _target_levels(series: pd.Series, kind: str) -> Levels:
    levels = levels_of(series)
    if kind == "number":
        return levels
    worded = levels_of(series, keep=_LABEL_WORDS)
    # "none" names a class where it is as common as a class is; a stray "-" among ten thousand labels does not.
    new = [n for t, n in zip(worded.texts, worded.counts, strict=True) if t.casefold() in _LABEL_WORDS]
    usual = worded.distinct <= MOST_CLASSES and (levels.distinct < 2 or any(n >= 0.02 * worded.present for n in new))
    return worded if new and usual else levels


def _require_values(name: str, levels: Levels) -> None:
    if levels.rows == 0:
        raise InputError(f"the table has no rows, so there is nothing to learn {name!r} from", column=name)
    if levels.distinct == 0:
        raise InputError(
            f"column {name!r} is empty in all {levels.rows:,} rows; choose another target with --target", column=name
        )
    if levels.distinct == 1:
        raise InputError(
            f"column {name!r} has one value ({levels.texts[0]!r}) in all {levels.present:,} rows that have one; "
            "a model needs at least two. Choose another target with --target.",
            column=name,
        )


# ---------------------------------------------------------------------------------------------- numbers
def _number_target(name: str, series: pd.Series) -> Target:
    levels = _target_levels(series, "number")
    _require_values(name, levels)
    found = read_numerals(levels.texts, levels.counts, name=name)
    finite = np.isfinite(found.values)
    _require_numbers(name, levels, found, finite)
    values = found.values[finite]
    if np.unique(values).size == 1:
        raise InputError(
            f"column {name!r} has one value ({values[0]:g}) in all its rows; a model needs at least two. "
            "Choose another target with --target.",
            column=name,
        )
    least = bool(values.min() >= 0)
    return Target(name, "number", number=found.format, unit=found.format.unit, integer=found.integer, nonnegative=least)


def _require_numbers(name: str, levels: Levels, found: Numerals, finite: NDArray[np.bool_]) -> None:
    """Raises InputError with the first offending row when more than a fifth of the rows hold no number."""
    if levels.counts[finite].sum() >= 0.8 * levels.present:
        return
    first = int(np.flatnonzero(~np.append(finite, True)[levels.codes])[0])
    text = levels.texts[levels.codes[first]]
    raise InputError(
        f"column {name!r} should hold numbers to estimate, but row {first + 1} holds {text[:60]!r} "
        f"({int(levels.counts[~finite].sum()):,} of {levels.present:,} rows hold no number). "
        "Ask for a classification, or choose another target with --target.",
        row=first + 1,
        column=name,
    )


# ---------------------------------------------------------------------------------------------- classes
def _class_target(name: str, series: pd.Series, positive_label: str | None) -> Target:
    levels = _target_levels(series, "class")
    _require_values(name, levels)
    groups = _folded(levels)
    if len(groups) == 1:
        raise InputError(
            f"column {name!r} has one value ({groups[0][0]!r}, spelled {len(groups[0])} ways) in all "
            f"{levels.present:,} rows; a classifier needs at least two classes. Choose another target with --target.",
            column=name,
        )
    counts = dict(zip(levels.texts, levels.counts.tolist(), strict=True))
    rows = [sum(counts[t] for t in g) for g in groups]
    _require_classes(name, rows)
    labels = [_label(g[0], groups) for g in groups]
    steps = places(labels)
    order = sorted(range(len(groups)), key=lambda i: (isinstance(labels[i], str), steps[i] if steps else 0, labels[i]))
    labels, groups, rows = [labels[i] for i in order], [groups[i] for i in order], [rows[i] for i in order]
    positive = _positive(name, labels, groups, rows, positive_label)
    return Target(name, "class", labels=tuple(labels), raw_labels=tuple(groups), positive=positive)


def _require_classes(name: str, rows: Sequence[int]) -> None:
    single = sum(1 for n in rows if n == 1)
    total = sum(rows)
    if len(rows) > MOST_CLASSES or (single > 0.5 * len(rows) and len(rows) > 2 and single > 0.05 * total):
        raise InputError(
            f"column {name!r} has {len(rows):,} different values in {total:,} rows, {single:,} of them once only: "
            "these are names or free answers, not classes. Choose another target with --target, or ask for a number "
            "to be estimated.",
            column=name,
        )


def _folded(levels: Levels) -> list[tuple[str, ...]]:
    """Texts that differ in case, blanks or a final full stop are one class, and so are 1 and 1.0; the most frequent
    spelling comes first."""
    keys = [number_key(t) for t in levels.texts]
    if all(k is not None for k in keys) and not any(re.match(r"[+-]?0\d", t) for t in levels.texts):
        exact = dict(zip(levels.texts, keys, strict=True))
        same: dict[float | None, list[str]] = {}
        for text, _ in levels.by_count:
            same.setdefault(exact[text], []).append(text)
        return [tuple(g) for g in same.values()]
    letters = all(len(t) == 1 for t in levels.texts) and levels.distinct > 4  # A and a may be different letters
    groups: dict[str, list[str]] = {}
    for text, _ in levels.by_count:
        groups.setdefault(_fold(text, case=not letters), []).append(text)
    return [tuple(g) for g in groups.values()]


def _fold(text: str, *, case: bool) -> str:
    folded = re.sub(r"\s+", " ", text.strip())
    folded = folded.casefold() if case else folded
    if len(folded) > 1 and folded.endswith(".") and not folded.endswith(".."):
        folded = folded[:-1]
    return folded


def _label(text: str, groups: Sequence[tuple[str, ...]]) -> Label:
    """The JSON value of a class: numbers stay numbers and true/false stay so when all classes are such."""
    firsts = [g[0] for g in groups]
    if all(re.fullmatch(r"-?(0|[1-9]\d{0,14})", t) for t in firsts):
        return int(text)
    if all(re.fullmatch(r"-?\d{1,15}(\.\d+)?", t) and not re.match(r"-?0\d", t) for t in firsts):
        return float(text)
    if {t.casefold() for t in firsts} == {"true", "false"}:
        return text.casefold() == "true"
    return text


def _positive(
    name: str, labels: Sequence[Label], groups: Sequence[tuple[str, ...]], rows: Sequence[int], wanted: str | None
) -> int | None:
    """Index of the positive class: the one named, else the one that means "it happened", else the rarer one."""
    if wanted is not None:
        folded = _fold(str(wanted), case=True)
        for i, texts in enumerate(groups):
            if folded == str(labels[i]).casefold() or folded in {_fold(t, case=True) for t in texts}:
                return i
        known = ", ".join(map(repr, labels[:10]))
        raise InputError(f"column {name!r} has no class {wanted!r}; its classes are {known}", column=name)
    if len(labels) != 2:
        return None
    if all(isinstance(x, (int, float)) for x in labels):
        low, high = float(labels[0]), float(labels[1])
        if (low, high) in ((0.0, 1.0), (-1.0, 1.0)):
            return 1
        return int(rows[1] <= rows[0])
    votes = [_vote(str(x), name) for x in labels]
    if votes[0] != votes[1]:
        return int(votes[1] > votes[0])
    return int(rows[1] <= rows[0])


def _vote(label: str, name: str) -> int:
    """1 where a label says that the thing happened, -1 where it says that it did not, 0 where it says neither."""
    said = tokens(label)
    if label.strip().startswith(">"):
        return 1
    if label.strip().startswith("<"):
        return -1
    if words_of("negations") & set(said):
        return -1
    happened = sum((w in words_of("happened")) - (w in words_of("ordinary")) for w in said)
    if happened == 0 and len(said) == 1 and said[0] in tokens(name):
        return 1  # a class called as the column is
    return int(np.sign(happened))


def class_counts(values: NDArray[np.float64], target: Target) -> Counter[Label]:
    """Rows of each class."""
    found = values[np.isfinite(values)].astype(np.int64)
    counts = np.bincount(found, minlength=len(target.labels))
    return Counter({label: int(counts[i]) for i, label in enumerate(target.labels)})
