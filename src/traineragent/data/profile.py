"""What the training table holds: columns, the answer, how they relate, and what looks odd, in plain sentences.

It sees training rows only and knows nothing of leaks or models. Relations are measured on a sample of large tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..domain.data import ColumnProfile, TableProfile, Target
from .drift import drift_between
from .figures import number_stats
from .meaning import Reading, column_profile, read_columns
from .relation import bins_of, foretold, random_folds, strength, winsorised
from .split import duplicate_keys
from .target import answers_of, meant_label, target_values

Float64 = NDArray[np.float64]

SAMPLE = 20_000
RARE_SHARE = 0.05
FEW_ROWS = 10
MOST_SLIPS = 5


def profile_table(
    train_frame: pd.DataFrame,
    target: Target,
    *,
    seed: int = 0,
    others: Mapping[str, pd.DataFrame] | None = None,
    readings: Mapping[str, Reading] | None = None,
    gathered: bool = False,
) -> TableProfile:
    """Facts about the training rows. `others`: rows of other given files by name, to measure drift against; their
    answers are not looked at. Relations come from at most 20,000 rows, drawn with `seed`. `gathered`: rows of the same
    inputs become one value, so that their answers contradict nothing."""
    readings = readings or read_columns(train_frame)
    y = target_values(train_frame[target.name], target)
    columns = _related(readings, target, y, seed)
    same = duplicate_keys(train_frame, target.name, readings)
    answers = np.unique(np.where(np.isfinite(y), y, np.inf), return_inverse=True)[1]
    repeats = len(y) - len(np.unique(same * (answers.max() + 1) + answers)) if len(y) else 0
    drift = tuple(
        d for name, frame in (others or {}).items() for d in drift_between(readings, frame, name, target.name)
    )
    counts = _class_counts(answers_of(train_frame[target.name], target), target)
    return TableProfile(
        rows=len(train_frame),
        columns=columns,
        target=target.name,
        target_kind=target.kind,
        class_counts=counts,
        target_stats=_target_stats(y, target),
        duplicate_rows=repeats,
        warnings=(
            *_answer_warnings(y, target, counts),
            *_row_warnings(len(y), len(y) - len(np.unique(same)) if gathered else repeats, same),
            *_column_warnings(columns, len(y)),
            *(d["sentence"] for d in drift),
        ),
        drift=drift,
    )


def _related(readings: Mapping[str, Reading], target: Target, y: Float64, seed: int) -> tuple[ColumnProfile, ...]:
    """Every column's profile with its relation to the answer."""
    known = np.flatnonzero(np.isfinite(y))
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(known, SAMPLE, replace=False)) if len(known) > SAMPLE else known
    classes = len(target.labels)
    truth = y[rows] if classes else winsorised(y[rows])
    folds = random_folds(len(rows), seed)
    out = []
    for name, reading in readings.items():
        profile = column_profile(reading)
        if name == target.name:
            profile = replace(profile, meaning="target")
        elif reading.meaning not in ("empty", "constant", "image") and len(rows) >= FEW_ROWS:
            bins, count = bins_of(reading, rows)
            profile = replace(
                profile, relation=round(strength(foretold(bins, count, truth, classes, folds), truth, classes), 4)
            )
        out.append(profile)
    return tuple(out)


def _class_counts(y: Float64, target: Target) -> tuple[tuple[str, int], ...]:
    if target.kind != "class":
        return ()
    if y.ndim == 2:
        counts = np.nansum(y, axis=0)
    else:
        counts = np.bincount(y[np.isfinite(y)].astype(np.int64), minlength=len(target.labels))
    return tuple((str(label), int(n)) for label, n in zip(target.labels, counts, strict=True))


def _target_stats(y: Float64, target: Target) -> dict[str, Any]:
    known = y[np.isfinite(y)]
    if target.kind == "class" or not known.size:
        return {}
    values, counts = np.unique(known, return_counts=True)
    stats = number_stats(values, counts.astype(np.int64))
    spread = stats["std"] or 1.0
    return {**stats, "distinct": len(values), "skew": float((((known - stats["mean"]) / spread) ** 3).mean())}


# ---------------------------------------------------------------------------------------------- sentences
def _answer_warnings(y: Float64, target: Target, counts: tuple[tuple[str, int], ...]) -> list[str]:
    return _class_warnings(counts, target) if target.kind == "class" else _number_warnings(y, target)


def _class_warnings(counts: tuple[tuple[str, int], ...], target: Target) -> list[str]:
    rows, out = sum(n for _, n in counts), []
    few = [(label, n) for label, n in counts if n < FEW_ROWS]
    if few:
        shown = ", ".join(f"{label!r} ({n})" for label, n in few[:5]) + (", …" if len(few) > 5 else "")
        have = "class has" if len(few) == 1 else "classes have"
        out += _slips(few, counts)
        out.append(f"{len(few)} {have} fewer than {FEW_ROWS} training rows and can hardly be learned: {shown}")
    if len(counts) == 2 and min(n for _, n in counts) < RARE_SHARE * 2 * rows:
        label, n = min(counts, key=lambda c: c[1])
        out.append(
            f"the classes are unbalanced: {label!r} is {n / rows:.1%} of the training rows ({n:,}); "
            "accuracy would flatter"
        )
    return out


def _slips(few: Sequence[tuple[str, int]], counts: tuple[tuple[str, int], ...]) -> list[str]:
    """Rare classes that look like another one with a letter wrong, which are learned and answered like any class."""
    meant = ((label, n, meant_label(label, dict(counts))) for label, n in few)
    return [
        f"class {label!r} ({n} training row{'s' if n > 1 else ''}) looks like a misspelling of {name!r}; "
        "mend it in the file if so"
        for label, n, name in meant
        if name is not None
    ][:MOST_SLIPS]


def _number_warnings(y: Float64, target: Target) -> list[str]:
    values, counts = np.unique(y[np.isfinite(y)], return_counts=True)
    out = []
    if len(values) > 50:
        for place, word in ((-1, "largest"), (0, "smallest")):
            usual = np.median(counts[counts > 0])
            if counts[place] >= 0.01 * counts.sum() and counts[place] > 20 * usual and values[place] != 0:
                out.append(
                    f"{int(counts[place]):,} rows ({counts[place] / counts.sum():.1%}) hold the {word} value of "
                    f"{target.name!r}, {values[place]:,.10g}: it looks cut off there, so values beyond are not learned"
                )
    stats = _target_stats(y, target)
    if stats and stats["outliers"] > 0.005 * counts.sum():
        out.append(
            f"{stats['outliers']:,} values of {target.name!r} lie far out (beyond three times the middle range, "
            f"largest {stats['max']:,.6g}, median {stats['median']:,.6g}); they weigh heavily in a squared error"
        )
    return out


def _row_warnings(rows: int, repeats: int, same: NDArray[np.int64]) -> list[str]:
    out = []
    if rows < 200:
        out.append(f"only {rows} training rows: every score is uncertain")
    contradicting = rows - len(np.unique(same)) - repeats
    if contradicting >= max(5, 0.01 * rows):
        out.append(
            f"{contradicting:,} training rows ({contradicting / rows:.1%}) have the same inputs as another but a "
            "different answer: no model can get all of these right"
        )
    return out


def _column_warnings(columns: tuple[ColumnProfile, ...], rows: int) -> list[str]:
    out = [f"column {c.name!r}: {note}" for c in columns if c.meaning not in ("id", "target") for note in c.notes]
    gaps = [c for c in columns if 0.5 <= c.missing_share < 1 and c.meaning != "target"]
    if gaps:
        shown = ", ".join(f"{c.name!r} ({_share(c.missing_share)})" for c in gaps[:6]) + (
            ", …" if len(gaps) > 6 else ""
        )
        out.append(f"more than half of the values are missing in {shown}")
    empty = [c.name for c in columns if c.meaning in ("empty", "constant")]
    if empty:
        shown = ", ".join(map(repr, empty[:8])) + (", …" if len(empty) > 8 else "")
        out.append(f"nothing can be learned from columns that never vary: {shown}")
    for c in columns:
        out += _far_out(c, rows)
    return out


def _share(share: float) -> str:
    """In per cent; what is not all is not called all."""
    return "over 99%" if 0.995 <= share < 1 else f"{share:.0%}"


def _far_out(column: ColumnProfile, rows: int) -> list[str]:
    """A handful of values so far outside that they are more likely errors than rare cases."""
    s = column.stats
    if column.meaning != "number" or not s.get("outliers") or s["outliers"] > max(3, 0.0005 * rows):
        return []
    fence = s["q3"] - s["q1"]
    for end, middle in (("max", "q3"), ("min", "q1")):
        if abs(s[end] - s[middle]) > 8 * fence:
            return [f"column {column.name!r}: {s['outliers']} of {rows:,} values lie far outside, up to {s[end]:,.6g}"]
    return []
