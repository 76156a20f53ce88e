"""The hold-out: which rows are sealed away before anything is learned, and what ties rows together or in time.

It sees columns only as ties between rows; it knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..domain.data import Removal, Target
from ..errors import InputError
from .folds import bound, strata_of, unit_strata
from .levels import levels_of
from .meaning import Reading, joint, read_column, read_columns
from .target import target_values
from .wordlists import name_words, words_of

Int64 = NDArray[np.int64]

SHARE = 0.2
MOST_ROWS = 5000
FEWEST_ROWS = 10
MANY_ROWS = 500
MOSTLY_STEADY = 0.5  # of the columns must not change within rows of one number, for it to stand for a thing
NATURAL_SHARE = 0.1  # repeated rows beyond this are the nature of the data, not copies by mistake
EACH_SETTING = 3  # rows of equal inputs, on average, from which even few rows repeat by nature


@dataclass(frozen=True)
class Holdout:
    """Row numbers of the table: `train` and `holdout`, both int64, ascending; rows in neither have no answer.
    `straddling`: hold-out rows whose inputs also occur in training (only where the split was given). `facts`: what a
    line found out on the way and needs again, as JSON."""

    train: Int64
    holdout: Int64
    how: Literal["stratified", "grouped", "by_time", "last", "given"]
    why: str
    removed: tuple[Removal, ...] = ()
    straddling: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Suggestion:
    """A column that may tie rows together (group) or order them (time). `use`: the data alone justify it."""

    column: str
    evidence: str
    use: bool


def split_holdout(
    frame: pd.DataFrame,
    target: Target,
    *,
    parts: Sequence[str | None] | None = None,
    group: str | None = None,
    time: str | None = None,
    last: bool = False,
    share: float | None = None,
    seed: int = 0,
    readings: Mapping[str, Reading] | None = None,
    alike: Int64 | None = None,
) -> Holdout:
    """Seals the smaller of 20 % and 5,000 rows, or the `share` asked for, unless `parts` (a role a row) already says
    which rows are "test". `last`: those at the end of the file, for rows in order of time or source. `readings` of the
    same table save reading it again. `alike` (rows,) gives rows that are copies of one another the same number; without
    it rows are compared by their inputs.

    Raises InputError when fewer than ten rows have an answer."""
    y = target_values(frame[target.name], target)
    labelled = np.flatnonzero(np.isfinite(y))
    removed = _without_answer(len(frame), len(labelled), target.name)
    if len(labelled) < FEWEST_ROWS:
        raise InputError(
            f"{len(labelled)} rows have a value in column {target.name!r}; at least {FEWEST_ROWS} are needed to learn "
            "from some and measure on others. Add rows.",
            column=target.name,
        )
    rows = frame.iloc[labelled]
    same = alike[labelled] if alike is not None else ties(duplicate_keys(frame, target.name, readings)[labelled])
    given = _given(parts, labelled)
    if given is not None:
        return _given_split(labelled, given, same, removed)
    want = round(share * len(labelled)) if share else int(min(round(SHARE * len(labelled)), MOST_ROWS))
    if time is not None:
        return _time_split(rows, labelled, time, want, removed)
    if last:
        return _last_split(labelled, same, want, removed)
    groups = levels_of(rows[group]).codes.astype(np.int64) if group is not None else None
    if groups is not None:
        groups = np.where(groups < 0, groups.max() + 1 + np.arange(len(groups)), groups)
    members = bound(groups, same, len(labelled))
    chosen = _draw(strata_of(y[labelled], len(target.labels)), members, want, np.random.default_rng(seed))
    if not chosen.any() or chosen.all():
        raise InputError(
            f"all rows belong together ({group or 'their inputs are equal'}), so none can be held out to measure on; "
            "add rows that differ",
            column=group,
        )
    how: Literal["grouped", "stratified"] = "grouped" if group is not None else "stratified"
    return Holdout(labelled[~chosen], labelled[chosen], how, _why(chosen, same, group, target), removed)


def duplicate_keys(frame: pd.DataFrame, target: str, readings: Mapping[str, Reading] | None = None) -> Int64:
    """A number for each row, equal where all inputs are equal (ids and empty columns aside). Shape (rows,)."""
    if readings is None:
        readings = {str(c): read_column(str(c), frame[c]) for c in frame.columns if c != target}
    names = tuple(n for n, r in readings.items() if n != target and r.meaning not in ("id", "empty", "constant"))
    if not names:
        return np.arange(len(frame), dtype=np.int64)
    return joint(readings, names)


def ties(keys: Int64) -> Int64:
    """Keys of rows that must stay on one side of a split because their inputs are equal. Shape (rows,).

    Copies made in collecting would flatter a score. But where a large part of the rows repeats (orders of the same
    dish), repeating is how these data are: new rows will do so too, and keeping repeats apart would measure on the odd
    rows alone. Then every row stands for itself; so in an experiment's small table, where settings come again."""
    distinct = len(np.unique(keys))
    repeats = len(keys) - distinct
    many = len(keys) >= MANY_ROWS and repeats > NATURAL_SHARE * len(keys)
    natural = many or distinct * EACH_SETTING <= len(keys)
    return np.arange(len(keys), dtype=np.int64) if natural else keys


def _without_answer(rows: int, labelled: int, name: str) -> tuple[Removal, ...]:
    lost = rows - labelled
    return (Removal("rows without an answer", lost, f"column {name!r} is empty there"),) if lost else ()


def _given(parts: Sequence[str | None] | None, labelled: Int64) -> NDArray[np.bool_] | None:
    """Which labelled rows are the given hold-out: those of "test", else those of "validation"."""
    if parts is None:
        return None
    roles = np.array([p or "" for p in parts], dtype=object)[labelled]
    for role in ("test", "validation"):
        chosen = roles == role
        if chosen.sum() >= FEWEST_ROWS and not chosen.all():
            return np.asarray(chosen, dtype=np.bool_)
    return None


def _given_split(labelled: Int64, chosen: NDArray[np.bool_], same: Int64, removed: tuple[Removal, ...]) -> Holdout:
    straddling = int(np.isin(same[chosen], same[~chosen]).sum())
    why = f"the data came split: {int(chosen.sum()):,} rows to measure on"
    if straddling:
        why += f"; {straddling:,} of them have inputs that also occur in training"
    return Holdout(labelled[~chosen], labelled[chosen], "given", why, removed, straddling)


def _time_split(frame: pd.DataFrame, labelled: Int64, time: str, want: int, removed: tuple[Removal, ...]) -> Holdout:
    moments = time_values(frame, time)
    known = np.sort(moments[np.isfinite(moments)])
    if len(known) < FEWEST_ROWS or known[0] == known[-1]:
        raise InputError(f"column {time!r} holds no moments that order the rows in time", column=time)
    cut = known[max(len(known) - want, 1)]
    if cut == known[0]:
        cut = known[known > cut][0]
    chosen = moments >= cut
    why = f"the newest {int(chosen.sum()):,} rows by {time!r} are held out, as the model will be asked about the future"
    return Holdout(labelled[~chosen], labelled[chosen], "by_time", why, removed)


def _last_split(labelled: Int64, same: Int64, want: int, removed: tuple[Removal, ...]) -> Holdout:
    """The rows at the end; those with a copy before them stay with it."""
    cut = len(labelled) - want
    chosen = (np.arange(len(labelled)) >= cut) & ~np.isin(same, same[:cut])
    if chosen.sum() < FEWEST_ROWS:
        raise InputError("the rows at the end of the file repeat earlier ones, so none can be held out to measure on")
    why = f"the last {int(chosen.sum()):,} of {len(labelled):,} rows are held out, as what comes next is more like them"
    return Holdout(labelled[~chosen], labelled[chosen], "last", why, removed)


def time_values(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """The moment of each row as a number that grows with time, NaN where unknown. Shape (rows,).

    Raises InputError when the column holds neither dates nor numbers."""
    reading = read_column(column, frame[column])
    if reading.values is None:
        raise InputError(
            f"column {column!r} should order the rows in time, but holds neither dates nor numbers", column=column
        )
    return reading.by_row


def _draw(strata: Int64, members: Int64, want: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Marks about `want` rows: from each stratum its share, in whole units. A unit that alone would fill a fifth of
    its stratum's share stays in training while there are others."""
    units = int(members.max()) + 1
    size = np.bincount(members, minlength=units)
    stratum = unit_strata(strata, members, units)
    rows = np.bincount(stratum, weights=size)
    quota = want * rows / len(members)
    chosen = np.zeros(units, dtype=bool)
    owed = 0.0
    for s in np.argsort(rows, kind="stable"):
        mine = rng.permutation(np.flatnonzero(stratum == s))
        if len(mine) < 2:
            owed += quota[s]
            continue
        share = quota[s] + (owed if s == np.argmax(rows) else 0.0)
        goal = int(share + rng.random()) if share >= 1 else int(rows[s] >= 4)
        small = mine[size[mine] <= max(1.0, 0.2 * goal)]
        mine = small if size[small].sum() >= goal else mine[np.argsort(size[mine], kind="stable")]
        taken = mine[np.cumsum(size[mine]) <= goal]
        if len(taken) == len(mine):
            taken = taken[:-1]
        chosen[taken] = True
    if not chosen.any() and units > 1:
        chosen[int(np.argmin(size))] = True
    return np.asarray(chosen[members], dtype=np.bool_)


def _why(chosen: NDArray[np.bool_], same: Int64, group: str | None, target: Target) -> str:
    alike = "each class" if target.kind == "class" else "small and large values"
    why = f"{int(chosen.sum()):,} of {len(chosen):,} rows drawn at random with {alike} in proportion"
    if group is not None:
        why += f"; rows with the same {group!r} stay together, because the model will meet new ones"
    repeats = len(same) - len(np.unique(same))
    if repeats:
        why += f"; {repeats:,} rows repeat the inputs of another and stay on its side"
    return why


# ---------------------------------------------------------------------------------------------- suggestions
def find_groups(
    frame: pd.DataFrame, target: str, readings: Mapping[str, Reading] | None = None
) -> tuple[Suggestion, ...]:
    """Columns whose value marks rows of one entity. `use` only for a named entity with several rows each, whose other
    inputs hardly change within one entity, or for any number of things within which most of the table does not change:
    a model could learn the entity instead of the rule."""
    readings = readings or read_columns(frame)
    found = (_group(readings, name, target) for name in readings if name != target)
    return tuple(g for g in found if g is not None)


def _group(readings: Mapping[str, Reading], name: str, target: str) -> Suggestion | None:
    reading = readings[name]
    levels, words = reading.levels, name_words(name)
    if reading.meaning in ("empty", "constant", "boolean", "date") or levels.distinct < 5:
        return None
    entity = bool(words & words_of("entities")) and (bool(words & words_of("ids")) or len(words) == 1)
    each = levels.present / levels.distinct
    if not (entity or reading.meaning == "id") or not 1.3 <= each <= 0.2 * levels.present:
        return None
    steady, telling = _steady(readings, name, target)
    evidence = (
        f"{levels.distinct:,} different values in {levels.present:,} rows ({each:.1f} rows each); "
        f"{steady:,} other columns hardly change within one value"
    )
    numbered = bool(words & words_of("ids")) and steady >= MOSTLY_STEADY * telling
    return Suggestion(name, evidence, (entity or numbered) and steady >= 2)


def _steady(readings: Mapping[str, Reading], group: str, target: str) -> tuple[int, int]:
    """How many columns have one value for nearly all rows of a group, of those whose values two rows rarely share."""
    codes = readings[group].levels.codes
    steady = telling = 0
    for name, r in readings.items():
        if name in (group, target) or r.meaning in ("constant", "empty") or r.levels.distinct < 2:
            continue
        both = (codes >= 0) & (r.levels.codes >= 0)
        if both.sum() < 20:
            continue
        c, v = codes[both].astype(np.int64), r.levels.codes[both].astype(np.int64)
        _, counts = np.unique(c * (r.levels.distinct + 1) + v, return_counts=True)
        groups, rows = len(np.unique(c)), len(c)
        overall = np.bincount(v) / rows
        if float((overall**2).sum()) >= 0.5:
            continue
        repeats = rows - groups
        telling += 1
        steady += bool(repeats and (rows - len(counts)) / repeats > 0.9)
    return steady, telling


def find_time(
    frame: pd.DataFrame, target: str, readings: Mapping[str, Reading] | None = None
) -> tuple[Suggestion, ...]:
    """Columns that place rows in time. `use` is never set by data alone: the words say that the future is asked."""
    readings = readings or read_columns(frame)
    found = []
    for name, r in readings.items():
        if name == target or r.meaning != "date" or r.dates is None or r.dates.time_only or r.levels.distinct < 5:
            continue
        values = r.by_row
        known = values[np.isfinite(values)]
        ordered = float(np.mean(np.diff(known) >= 0)) if len(known) > 1 else 0.0
        found.append(
            Suggestion(name, f"{r.levels.distinct:,} moments; {ordered:.0%} of the rows follow in order", False)
        )
    return tuple(found)
