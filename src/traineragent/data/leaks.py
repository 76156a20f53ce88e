"""Columns that give the answer away, found by content and never by name, each with what was measured.

"dropped" means certain: the column is the answer in other words, adds up to it, numbers the rows in its order, or is
filled in only once the answer is known. "warned" means that a person should look. It sees training rows only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..domain.data import Leak, TableProfile, Target
from ..serve.values import tokens
from .identities import Identity, find_product, find_sum
from .meaning import Reading, read_columns
from .probe import MOST_ROWS, answers, drawn, fit_probe, probe_matrix, probe_score
from .relation import bins_of, foretold, random_folds, ranks, score
from .target import target_values

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

SAMPLE = 20_000
ROWS = "(rows)"  # stands for the column where whole rows are meant
FEWEST_ROWS = 50
_FEWEST_OF_A_CLASS = 8
_PERFECT = 0.995
_REST_HOPELESS = {"auc": 0.6, "other": 0.1}
_REST_AS_GOOD = 0.97
_SURE = 0.1  # rows that a value starts with where it may settle the answer
_STRONG, _FAR_AHEAD = 0.85, 0.35
"""A column that leaves less than this share of what all others leave open may measure the outcome itself, such as the
days until it happened."""


@dataclass(frozen=True)
class _Case:
    """What every check looks at: readings of all columns, the columns that may leak, some rows and their answers."""

    readings: Mapping[str, Reading]
    names: tuple[str, ...]
    rows: Int64
    y: Float64
    target: Target
    seed: int

    @property
    def classes(self) -> int:
        return len(self.target.labels)

    def numbers(self, name: str) -> Float64:
        return self.readings[name].by_row[self.rows]

    def codes(self, name: str) -> Int64:
        """Level of each row, missing as one more level."""
        levels = self.readings[name].levels
        codes = levels.codes[self.rows].astype(np.int64)
        return np.unique(np.where(codes < 0, levels.distinct, codes), return_inverse=True)[1].astype(np.int64)

    def missing(self, name: str) -> NDArray[np.bool_]:
        return np.asarray(self.readings[name].levels.codes[self.rows] < 0)


def find_leaks(
    train_frame: pd.DataFrame,
    target: Target,
    profile: TableProfile,
    *,
    words_exclude: Sequence[str] = (),
    seed: int = 0,
    readings: Mapping[str, Reading] | None = None,
) -> tuple[Leak, ...]:
    """All leaks, those to be dropped first. Columns in `words_exclude` are not used anyway and not looked at.

    At most 20,000 rows are looked at, drawn with `seed`. A leak is never dropped when no input would be left."""
    readings = readings or read_columns(train_frame)
    y = target_values(train_frame[target.name], target)
    known = np.flatnonzero(np.isfinite(y))
    leaks: list[Leak] = []
    if len(known) >= FEWEST_ROWS:
        rows = drawn(known, SAMPLE, seed)
        skip = {target.name, *words_exclude}
        names = tuple(
            n for n, r in readings.items() if n not in skip and r.meaning not in ("empty", "constant", "image")
        )
        leaks = _column_leaks(_Case(readings, names, rows, y[rows], target, seed))
        leaks += _time_order(_without(_Case(readings, names, rows, y[rows], target, seed), leaks))
    in_folders = any(r.meaning == "image" for r in readings.values())  # pictures come class after class
    leaks += _duplicates(profile)
    leaks += [] if in_folders else _sorted_rows(profile, y[known])
    return tuple(sorted(leaks, key=lambda leak: leak.action != "dropped"))


def _column_leaks(case: _Case) -> list[Leak]:
    leaks: list[Leak] = []
    for name in case.names:
        found = _holds_target(case, name) or _after_the_fact(case, name) or _orders_target(case, name)
        if found is not None:
            leaks.append(found)
    case = _without(case, leaks)
    sums = _unless_hopeless(case, _sums(case))
    leaks += sums
    leaks += _too_good(_without(case, sums))
    return _leaving_inputs(case, leaks)


def _without(case: _Case, leaks: Sequence[Leak]) -> _Case:
    gone = {leak.column for leak in leaks if leak.action == "dropped"}
    return replace(case, names=tuple(n for n in case.names if n not in gone))


def _leaving_inputs(case: _Case, leaks: list[Leak]) -> list[Leak]:
    """Turns drops into warnings when no column would be left to learn from."""
    dropped = {leak.column for leak in leaks if leak.action == "dropped"}
    inputs = {n for n, r in case.readings.items() if r.meaning not in ("empty", "constant", "id")} - {case.target.name}
    if inputs - dropped:
        return leaks
    return [
        replace(leak, action="warned", evidence=f"{leak.evidence}; kept, because no other input would be left")
        if leak.action == "dropped" and leak.column in inputs
        else leak
        for leak in leaks
    ]


# ---------------------------------------------------------------------------------------------- the answer itself
def _holds_target(case: _Case, name: str) -> Leak | None:
    evidence = _same_classes(case, name) if case.classes else _same_numbers(case, name)
    return Leak(name, "holds_target", evidence, "dropped") if evidence else None


def _same_classes(case: _Case, name: str) -> str | None:
    """One value for each class, or nearly: the answer under another code."""
    if case.missing(name).any():
        return None
    codes, y = case.codes(name), case.y.astype(np.int64)
    present = np.unique(y)
    values = int(codes.max()) + 1
    if values != len(present) or np.bincount(y)[present].min() < _FEWEST_OF_A_CLASS:
        return None
    table = np.bincount(codes * (y.max() + 1) + y, minlength=values * (y.max() + 1)).reshape(values, -1)
    if len(set(table.argmax(axis=1).tolist())) < values:
        return None
    wrong = len(y) - int(table.max(axis=1).sum())
    if wrong > 0.02 * (len(y) - np.bincount(y).max()):
        return None
    sure = "each" if wrong == 0 else f"in all but {wrong:,} of {len(y):,} rows each"
    return f"has {values} values, and {sure} stands for one class of {case.target.name!r}"


def _same_numbers(case: _Case, name: str) -> str | None:
    """A scaled, shifted, rounded, ranked or banded copy of the answer."""
    reading = case.readings[name]
    if reading.meaning in ("id", "text") and reading.values is None:
        return None
    x = case.numbers(name)
    both = np.isfinite(x)
    if both.sum() < max(FEWEST_ROWS, 0.5 * len(x)) or len(np.unique(case.y)) < 10:
        return None
    x, y = x[both], case.y[both]
    if reading.values is not None and len(np.unique(x)) >= 10:
        straight = float(np.corrcoef(x, y)[0, 1]) if x.std() > 0 else 0.0
        if straight**2 > 0.99995:
            return f"is {case.target.name!r} scaled or shifted (R² {straight**2:.6f} of a straight line)"
        order = float(np.corrcoef(ranks(x), ranks(y))[0, 1])
        if abs(order) > 0.9999:
            return f"puts the rows in the same order as {case.target.name!r} (rank correlation {order:.5f})"
    values = len(np.unique(x))
    if not 5 <= values <= len(x) / 5:
        return None
    ordered = x[np.lexsort((x, y))]
    runs = 1 + int((ordered[1:] != ordered[:-1]).sum())
    if runs > values + 1:
        return None
    return f"cuts {case.target.name!r} into {values} bands that do not overlap"


# ---------------------------------------------------------------------------------------------- known too late
def _after_the_fact(case: _Case, name: str) -> Leak | None:
    """Filled in for one outcome only, or saying the outcome in so many words."""
    missing = case.missing(name)
    filled = int((~missing).sum())
    if missing.any() and filled >= 20:
        for outcome, is_it in _outcomes(case):
            found = _filled_for(case, name, outcome, is_it, missing)
            if found is not None:
                return found
    return _says_outcome(case, name) if case.readings[name].kind == "text" else None


def _outcomes(case: _Case) -> list[tuple[str, NDArray[np.bool_]]]:
    """What an answer can be besides not being it: each class; for a number, other than its most common value."""
    if case.classes:
        rows = np.bincount(case.y.astype(np.int64), minlength=case.classes)
        common = [c for c in range(case.classes) if _FEWEST_OF_A_CLASS <= rows[c] <= len(case.y) - _FEWEST_OF_A_CLASS]
        return [(repr(case.target.labels[c]), case.y == c) for c in common]
    values, counts = np.unique(case.y, return_counts=True)
    usual = values[int(counts.argmax())]
    return [(f"other than {usual:g}", case.y != usual)] if 0.05 <= counts.max() / len(case.y) <= 0.95 else []


def _filled_for(
    case: _Case, name: str, outcome: str, is_it: NDArray[np.bool_], missing: NDArray[np.bool_]
) -> Leak | None:
    """With two classes a tenth of the rarer one may differ; elsewhere gaps may have good reasons, so only a column that
    is filled exactly then is named, and only a date dropped: the day of something that happened to that outcome."""
    two, share, filled = case.classes == 2, float(is_it.mean()), int((~missing).sum())
    wrong = int((is_it != ~missing).sum())
    inside, outside = float(is_it[~missing].mean()), float(is_it[missing].mean())
    # a chance of `share` in each of the filled rows: only an outcome that is not the usual one says something
    telling = two and inside == 1.0 and share <= 0.75 and filled * np.log10(share) < -9
    if wrong > (0.1 if two else 0.02) * min(is_it.sum(), (~is_it).sum()) and not telling:
        return None
    evidence = (
        f"is filled in {filled:,} rows, of which {inside:.1%} are {outcome}, and empty in the rest, of which "
        f"{outside:.1%} are: it is known only after the answer"
    )
    certain = two or case.readings[name].meaning == "date"
    return Leak(name, "after_the_fact", evidence, "dropped" if certain else "warned")


def _says_outcome(case: _Case, name: str) -> Leak | None:
    """A word of a text that stands in the rows of one outcome and nearly nowhere else."""
    levels = case.readings[name].levels
    if levels.distinct > SAMPLE:
        return None
    words = _words_of(levels.texts)
    for outcome, is_it in _outcomes(case):
        rarer = min(int(is_it.sum()), int((~is_it).sum()))
        for word, texts in words.items():
            mark = np.zeros(levels.distinct + 1, dtype=bool)
            mark[texts] = True
            wrong = int((mark[levels.codes[case.rows]] != is_it).sum())
            if min(wrong, len(is_it) - wrong) <= 0.02 * rarer:
                evidence = (
                    f"the word {word!r} stands in the rows whose answer is {outcome} and nearly nowhere else "
                    f"({min(wrong, len(is_it) - wrong):,} of {len(is_it):,} rows differ); check that the text is "
                    "written before the answer is known"
                )
                return Leak(name, "after_the_fact", evidence, "warned")
    return None


def _words_of(texts: Sequence[str], most: int = 100) -> dict[str, list[int]]:
    """The words in most of these texts -> the places of the texts that hold them."""
    places: dict[str, list[int]] = {}
    for i, text in enumerate(texts):
        for word in set(tokens(text)):
            places.setdefault(word, []).append(i)
    ranked = sorted(places.items(), key=lambda item: (-len(item[1]), item[0]))
    return dict(ranked[:most])


def _orders_target(case: _Case, name: str) -> Leak | None:
    """A number of the row or record that foretells the answer."""
    reading = case.readings[name]
    if reading.meaning != "id" or reading.values is None:
        return None
    bins, count = bins_of(reading, case.rows)
    found = score(
        foretold(bins, count, case.y, case.classes, random_folds(len(case.y), case.seed)), case.y, case.classes
    )
    if found < (0.65 if case.classes == 2 else 0.2):
        return None
    evidence = (
        f"only numbers the rows, yet foretells {case.target.name!r} with {_named(found, case.classes)} out of fold"
    )
    return Leak(name, "orders_target", evidence, "dropped")


# ---------------------------------------------------------------------------------------------- sums
def _sums(case: _Case) -> list[Leak]:
    """Columns that add up to the answer; after each find the search goes on without the columns dropped."""
    leaks: list[Leak] = []
    if case.classes or len(np.unique(case.y)) < 10:
        return leaks
    for _ in range(3):
        names, x, rows = _number_columns(_without(case, leaks))
        if not names:
            break
        y = case.y[rows]
        found = find_sum(x, y)
        if found is None:
            break
        leaks += _sum_leaks(case, names, found)
    names, x, rows = _number_columns(_without(case, leaks))
    product = find_product(x, case.y[rows]) if len(names) >= 2 else None
    if product is not None:
        leaks += _product_leaks(case, names, product)
    return leaks


def _number_columns(case: _Case) -> tuple[list[str], Float64, NDArray[np.bool_]]:
    """Columns of amounts with few gaps, and the rows without any: names, x (rows, names), rows used."""
    names = []
    for name in case.names:
        reading = case.readings[name]
        if reading.meaning == "number" and reading.levels.distinct >= 3 and case.missing(name).mean() < 0.1:
            names.append(name)
    if not names:
        return [], np.zeros((0, 0)), np.zeros(len(case.y), dtype=bool)
    x = np.column_stack([case.numbers(n) for n in names])
    rows = np.isfinite(x).all(axis=1)
    return names, x[rows], np.asarray(rows)


def _sum_leaks(case: _Case, names: Sequence[str], found: Identity) -> list[Leak]:
    """All parts of a sum are dropped. Where the answer is a part itself, the total is; what it is made of besides is
    only dropped from an exact difference of two, and warned about."""
    parts = sorted(((names[j], sign) for j, sign in found.columns), key=lambda part: -part[1])
    formula = " ".join(f"{'+' if s > 0 else '-'} {n!r}" for n, s in parts).removeprefix("+ ")
    rest = "exactly" if found.exact else f"up to a few fixed amounts (equal in {found.share:.0%} of row pairs)"
    if not any(sign > 0 for _, sign in parts):
        rest += ", counted from a constant"
    evidence = f"{case.target.name!r} = {formula} {rest}, measured on {len(case.y):,} rows"
    positive = [n for n, sign in parts if sign > 0] or [n for n, _ in parts]
    giving = _giving(case, positive)
    return [
        Leak(n, "sums_to_target", evidence, "dropped" if n in giving else "warned")
        for n, _ in parts
        if n in positive or found.exact
    ]


def _giving(case: _Case, parts: Sequence[str]) -> list[str]:
    """The parts that give the answer away: all, unless one is nearly the whole and others are trifles beside it."""
    alike = {}
    for name in parts:
        x = case.numbers(name)
        known = np.isfinite(x)
        alike[name] = float(np.corrcoef(x[known], case.y[known])[0, 1]) ** 2
    whole = max(alike.values()) >= 0.99
    return [n for n in parts if not whole or alike[n] >= 0.25]


def _product_leaks(case: _Case, names: Sequence[str], found: Identity) -> list[Leak]:
    (a, first), (b, second) = ((names[j], sign) for j, sign in found.columns)
    formula = f"{a!r} x {b!r}" if first == second == 1 else f"{a!r} / {b!r}" if first == 1 else f"{b!r} / {a!r}"
    evidence = (
        f"{case.target.name!r} = {formula} times a constant (R² {found.share:.5f} of the logarithms); "
        "exclude them if they are not known when predicting"
    )
    return [Leak(n, "sums_to_target", evidence, "warned") for n in (a, b)]


def _unless_hopeless(case: _Case, leaks: list[Leak]) -> list[Leak]:
    """Where nothing but the parts foretells the answer, adding them up may be the very thing that is asked for."""
    if not any(leak.action == "dropped" for leak in leaks):
        return leaks
    rest = [n for n in _without(case, leaks).names if case.readings[n].meaning != "id"]
    together = _together(case, rest)
    if together >= _REST_HOPELESS["other"]:
        return leaks
    why = f"kept, because all other columns together reach only {_named(together, case.classes)}"
    return [replace(leak, action="warned", evidence=f"{leak.evidence}; {why}") for leak in leaks]


# ---------------------------------------------------------------------------------------------- too good to be true
def _too_good(case: _Case) -> list[Leak]:
    """One column that foretells the answer nearly without error while all others together do much worse.

    Dropped only if the others can still learn something: where nothing else foretells the answer, a rule in this one
    column may be the very thing that is asked for. Where the others do about as well, several may tell the answer (a
    code of the rate and a coarser one), or it is an easy task: a person should look."""
    folds = random_folds(len(case.y), case.seed)
    names = [n for n in case.names if case.readings[n].meaning != "id"]
    alone = {name: _alone(case, name, folds) for name in names}
    found = [(name, value) for name, value in alone.items() if value >= _PERFECT]
    if not found:
        return _far_ahead(case, alone)
    if len(names) == len(found):
        return [_single(case, n, s, None) for n, s in found] if len(names) > 1 else []
    rest = [n for n in names if n not in dict(found)]
    together = _together(case, rest)
    if together >= _REST_AS_GOOD:
        return [_single(case, n, s, together) for n, s in found if _no_errors(case, n, s)]
    return [_single(case, n, s, together) for n, s in found]


def _alone(case: _Case, name: str, folds: Int64) -> float:
    """How well one column foretells the answer, out of fold."""
    if _separates(case, name):
        return 1.0
    bins, count = bins_of(case.readings[name], case.rows)
    cautious = score(foretold(bins, count, case.y, case.classes, folds), case.y, case.classes)
    if case.classes:
        return cautious
    # caution towards the mean hides a code of the number: its rare values stand at the far ends
    sure = score(foretold(bins, count, case.y, 0, folds, prior_rows=_SURE), case.y, 0)
    return max(cautious, sure, _straight(case, name))


def _far_ahead(case: _Case, alone: Mapping[str, float]) -> list[Leak]:
    """The one column that tells most of a class, if all others together are far behind it: a person should look."""
    if not case.classes or len(alone) < 2:
        return []
    best = max(alone, key=lambda name: alone[name])
    if alone[best] < _STRONG:
        return []
    together = _together(case, [n for n in alone if n != best])
    far = 1 - alone[best] < _FAR_AHEAD * (1 - together)
    return [_single(case, best, alone[best], together)] if far else []


def _together(case: _Case, names: Sequence[str]) -> float:
    """What a quick model makes of these columns, out of fold."""
    if not names:
        return 0.5 if case.classes == 2 else 0.0
    rows = drawn(np.arange(len(case.y), dtype=np.int64), MOST_ROWS, case.seed)
    x = probe_matrix(case.readings, names, case.rows[rows])
    folds = random_folds(len(rows), case.seed)
    return probe_score(x, case.y[rows], case.classes, folds=folds, seed=case.seed)


def _straight(case: _Case, name: str) -> float:
    """R² of a straight line through a column of numbers; bins are too coarse for the far ends of skewed answers."""
    x = case.numbers(name)
    known = np.isfinite(x)
    if case.classes or case.readings[name].values is None or known.mean() < 0.95 or x[known].std() == 0:
        return 0.0
    return float(np.corrcoef(x[known], case.y[known])[0, 1]) ** 2


def _separates(case: _Case, name: str) -> bool:
    """Whether the classes lie side by side along a column of numbers, none overlapping another."""
    if not case.classes or case.readings[name].values is None:
        return False
    x = case.numbers(name)
    known = np.isfinite(x)
    present, counts = np.unique(case.y, return_counts=True)
    if known.mean() < 0.95 or counts.min() < 2:
        return False
    order = np.lexsort((case.y[known], x[known]))
    values, answers_ = x[known][order], case.y[known][order]
    change = answers_[1:] != answers_[:-1]
    return int(change.sum()) == len(present) - 1 and bool(np.all(values[1:][change] > values[:-1][change]))


def _single(case: _Case, name: str, alone: float, together: float | None) -> Leak:
    evidence = f"alone foretells {case.target.name!r} with {_named(alone, case.classes)} out of fold"
    action: Literal["dropped", "warned"] = "warned"
    if together is not None and together >= _REST_AS_GOOD:
        evidence += f", and so do all others together ({_named(together, case.classes)})"
    elif together is not None:
        evidence += f", all other columns together only {_named(together, case.classes)}"
        hopeless = _REST_HOPELESS["auc" if case.classes == 2 else "other"]
        action = "dropped" if together >= hopeless and _no_errors(case, name, alone) else "warned"
    if action == "warned":
        evidence += "; check that it is known before the answer is"
    return Leak(name, "after_the_fact", evidence, action)


def _no_errors(case: _Case, name: str, alone: float) -> bool:
    """Whether the column settles the answer in practically every row."""
    return alone >= (0.9995 if case.classes else 0.998)


def _named(value: float, classes: int) -> str:
    if classes == 2:
        return f"AUC {value:.4f}"
    return f"{value:.1%} fewer errors than always the commonest class" if classes else f"R² {value:.4f}"


# ---------------------------------------------------------------------------------------------- rows and time
def _duplicates(profile: TableProfile) -> list[Leak]:
    if profile.duplicate_rows < max(5, 0.01 * profile.rows):
        return []
    share = profile.duplicate_rows / profile.rows
    evidence = (
        f"{profile.duplicate_rows:,} of {profile.rows:,} training rows ({share:.1%}) repeat another one, ids aside"
    )
    return [Leak(ROWS, "duplicate_rows", evidence, "warned")]


def _sorted_rows(profile: TableProfile, y: Float64) -> list[Leak]:
    if len(y) < 200:
        return []
    if profile.target_kind == "class":
        present, counts = np.unique(y, return_counts=True)
        ordered = int((np.diff(y) != 0).sum()) <= 2 * len(present) and counts.min() > 2
    else:
        ordered = bool(np.all(np.diff(y) >= 0) or np.all(np.diff(y) <= 0))
    evidence = f"the file is sorted by {profile.target!r}; rows are drawn at random, so the order is not learned"
    return [Leak(ROWS, "orders_target", evidence, "warned")] if ordered else []


def _time_order(case: _Case) -> list[Leak]:
    """Warns when a model of the past does much worse on the newest rows than a model of a random sample on the rest."""
    dates = [n for n in case.names if (d := case.readings[n].dates) is not None and not d.time_only]
    if not dates or len(case.y) < 500:
        return []
    name = max(dates, key=lambda n: case.readings[n].levels.present)
    moments = case.numbers(name)
    rows = drawn(np.flatnonzero(np.isfinite(moments)).astype(np.int64), MOST_ROWS, case.seed)
    if len(rows) < 500 or len(np.unique(moments[rows])) < 20:
        return []
    names = [n for n in case.names if case.readings[n].meaning not in ("id", "text")]
    x = probe_matrix(case.readings, names, case.rows[rows])
    newest = moments[rows] >= np.quantile(moments[rows], 0.8)
    at_random = random_folds(len(rows), case.seed) == 0
    future, mixed = (_held_out(x, case.y[rows], case.classes, part, case.seed) for part in (newest, at_random))
    if future is None or mixed is None or mixed - future < (0.03 if case.classes == 2 else 0.05):
        return []
    evidence = (
        f"trained on the oldest four fifths by {name!r} and asked about the newest, a quick model reaches "
        f"{_named(future, case.classes)}; with rows drawn at random {_named(mixed, case.classes)}. If the future is to "
        "be foretold, ask for a split by time"
    )
    return [Leak(name, "time_order", evidence, "warned")]


def _held_out(x: NDArray[np.float32], y: Float64, classes: int, part: NDArray[np.bool_], seed: int) -> float | None:
    if classes and (len(np.unique(y[part])) < 2 or len(np.unique(y[~part])) < 2):
        return None
    return score(answers(fit_probe(x[~part], y[~part], classes, seed), x[part], classes), y[part], classes)
