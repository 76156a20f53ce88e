"""Files of one table put together: columns matched by name, roles by file name, one uniform sample over all.

Knows nothing of formats or values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import union_categoricals

from traineragent.data.header import fold_name
from traineragent.data.lookups import with_lookups
from traineragent.data.part import Part, Role
from traineragent.data.sources import shown
from traineragent.errors import InputError

ROLES: dict[str, Role] = {
    "train": "train", "training": "train", "trn": "train", "test": "test", "testing": "test", "tst": "test",
    "holdout": "test", "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "eval": "validation",
}  # fmt: skip

FEWEST_SHARED = 4  # columns of files that are parts of one table although others differ
MUCH = 0.75  # of all their columns

Joined = tuple[list[Part], pd.DataFrame, npt.NDArray[np.int16], npt.NDArray[np.int64], list[str], int]


def join_parts(parts: Sequence[Part], max_rows: int | None) -> Joined:
    """The parts with roles, the frame (rows, columns), each row's part and line (rows,), notes and the rows there were.

    Raises InputError where the files do not share their columns."""
    parts, joined = with_lookups(parts)
    parts = _with_roles(parts)
    aligned, notes = _aligned(parts)
    notes = [*joined, *notes]
    parts, aligned = _sampled(parts, aligned, max_rows)
    frame = aligned[0] if len(aligned) == 1 else _stacked(aligned)
    part = np.concatenate([np.full(len(f), i, np.int16) for i, f in enumerate(aligned)])
    row = np.concatenate([p.lines for p in parts])
    total = sum(p.rows_total for p in parts)
    several = len(parts) > 1
    all_notes = [f"{p.facts.name}: {note}" if several else note for p in parts for note in p.notes]
    if total > len(frame):
        all_notes.append(
            f"a uniform sample of {len(frame):,} of {total:,} rows was read"
            + ("" if max_rows is not None and len(frame) >= max_rows else ", as many as fit well into memory")
        )
    return parts, frame, part, row, [*all_notes, *notes], total


def role_of(name: str) -> Role | None:
    """The role a file name states, if it states exactly one."""
    words = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    found = {ROLES[word] for word in words if word in ROLES}
    return found.pop() if len(found) == 1 else None


def _with_roles(parts: list[Part]) -> list[Part]:
    """Roles count only where files differ in them and one is there to train on."""
    roles = [role_of(part.facts.name) for part in parts]
    if len(parts) < 2 or len(set(roles)) < 2:
        return parts
    if "train" not in roles and None in roles:  # data.csv with data_test.csv
        roles = ["train" if role is None else role for role in roles]
    if "train" not in roles:
        return parts
    return [replace(p, facts=replace(p.facts, role=role)) for p, role in zip(parts, roles, strict=True)]


def _aligned(parts: list[Part]) -> tuple[list[pd.DataFrame], list[str]]:
    """Frames with the columns of the reference part, in its order, and those that parts much like it have besides."""
    reference = next((p for p in parts if p.facts.role == "train"), parts[0])
    renamed = [part.frame if part is reference else _renamed(part, reference) for part in parts]
    alike = [much_alike(list(frame.columns), list(reference.frame.columns)) for frame in renamed]
    learned = [f for f, p, same in zip(renamed, parts, alike, strict=True) if same and p.facts.role != "test"]
    spelled = {str(name): str(name) for name in reference.frame.columns}
    spelled |= _added(learned, reference)
    renamed = [frame.rename(columns=spelled) if same else frame for frame, same in zip(renamed, alike, strict=True)]
    names = list(dict.fromkeys(spelled.values()))
    known = set(names)
    frames, notes = [], []
    for part, frame, same in zip(parts, renamed, alike, strict=True):
        there = set(frame.columns)
        missing = [name for name in names if name not in there]
        extra = [name for name in frame.columns if name not in known]
        if part.facts.role == "test" and len(missing) < len(names) / 2:
            if missing:
                notes.append(f"{part.facts.name} has no column {_listed(missing)}; its cells are absent")
            if extra:
                notes.append(f"{part.facts.name} has {_listed(extra)} besides, which was left out")
        elif missing and same:
            notes.append(f"{part.facts.name} has no column {_listed(missing)}; its cells are absent")
        elif missing or extra:
            missing = [name for name in missing if name in reference.frame.columns]
            raise _different(reference, part, missing, extra)
        absent = {name: pd.Series(np.full(len(frame), None, object), dtype=object) for name in missing}
        frames.append(frame.assign(**absent)[names] if missing or list(frame.columns) != names else frame)
    return frames, notes


def _added(frames: Sequence[pd.DataFrame], reference: Part) -> dict[str, str]:
    """Columns that the reference lacks -> what they are called: as they are spelled first."""
    first: dict[str, str] = {}
    own = set(map(str, reference.frame.columns))
    out: dict[str, str] = {}
    for frame in frames:
        folded = Counter(fold_name(str(name)) for name in frame.columns)
        for name in (str(name) for name in frame.columns if str(name) not in own):
            fold = fold_name(name)
            out[name] = first.setdefault(fold, name) if folded[fold] == 1 else out.get(name, name)
    return out


def much_alike(names: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two lists of columns are those of one table, of which a few were added or left out over time."""
    one, two = ({fold_name(str(name)) for name in listed} for listed in (names, others))
    shared = len(one & two)
    return one == two or (shared >= FEWEST_SHARED and shared >= MUCH * len(one | two))


def _renamed(part: Part, reference: Part) -> pd.DataFrame:
    """Column names that differ in case, spaces or dashes only take the form of the reference."""
    names = list(reference.frame.columns)
    if not part.facts.header and not reference.facts.header:
        return part.frame
    folded = Counter(map(fold_name, names))
    by_fold = {fold_name(name): name for name in names if folded[fold_name(name)] == 1}
    known = set(names)
    mapping: dict[Any, str] = {}
    for name in part.frame.columns:
        target = by_fold.get(fold_name(name))
        if name not in known and target is not None and target not in part.frame.columns:
            mapping[name] = target
    return part.frame.rename(columns=mapping)


def _different(reference: Part, part: Part, missing: list[str], extra: list[str]) -> InputError:
    said = []
    if missing:
        said.append(f"lacks {_listed(missing)}")
    if extra:
        said.append(f"has {_listed(extra)} besides")
    return InputError(
        f"{part.facts.name}: its columns differ from those of {reference.facts.name}: it {' and '.join(said)}; give "
        "files that have the same columns, or that share one by which each row of the larger is found in the other",
        file=part.facts.name, column=(missing or extra)[0],
    )  # fmt: skip


def _listed(names: list[str], limit: int = 6) -> str:
    text = ", ".join(repr(shown(name)) for name in names[:limit])
    return text + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _sampled(
    parts: list[Part], frames: list[pd.DataFrame], max_rows: int | None
) -> tuple[list[Part], list[pd.DataFrame]]:
    """Keep what a uniform sample over all files keeps: the same key bound holds for each file."""
    bounds = [
        1.0 if p.rows_total == len(f) else float(p.keys.max(initial=0.0)) for p, f in zip(parts, frames, strict=True)
    ]
    bound = min(bounds)
    total = sum(int((part.keys <= bound).sum()) for part in parts)
    if max_rows is not None and total > max_rows:
        bound = float(np.partition(np.concatenate([part.keys for part in parts]), max_rows - 1)[max_rows - 1])
    if bound >= 1.0 or len(parts) == 1:
        return parts, frames
    kept = [part.keys <= bound for part in parts]
    frames = [frame[mask].reset_index(drop=True) for frame, mask in zip(frames, kept, strict=True)]
    thinned = [
        replace(part, lines=part.lines[mask], keys=part.keys[mask], facts=replace(part.facts, rows=int(mask.sum())))
        for part, mask in zip(parts, kept, strict=True)
    ]
    return thinned, frames


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    columns: dict[Any, pd.Series[Any]] = {}
    for name in frames[0].columns:
        pieces = [frame[name] for frame in frames]
        if all(isinstance(piece.dtype, pd.CategoricalDtype) for piece in pieces):
            columns[name] = pd.Series(union_categoricals(pieces))
        else:
            cells = [np.asarray(piece.astype(object).where(piece.notna(), None), object) for piece in pieces]
            columns[name] = pd.Series(np.concatenate(cells), dtype=object)
    return pd.DataFrame(columns, columns=frames[0].columns)
