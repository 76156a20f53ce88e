"""Folders of pictures as people keep them: which files are pictures, which folder names a class, which a part.

Looks at names only; knows nothing of what the files hold.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from traineragent.data.joining import role_of
from traineragent.data.part import Role
from traineragent.data.sources import TABLE_SUFFIXES, shown
from traineragent.errors import InputError

PICTURE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm",
    ".avif", ".mpo", ".heic", ".heif",
)  # fmt: skip
"""Files called so should be pictures; what cannot be read is named."""
MOST_FILES = 2_000_000
_CHAFF = ("thumbs.db", "desktop.ini", ".ds_store")
_NUMBERED = re.compile(r"^(?P<stem>[^\W\d_]+(?:[ _-][^\W\d_]+)*?)[ ._-]*\(?\d+\)?$")
"""cat.12, dog_0007, "rose (3)": a word and a number."""


@dataclass(frozen=True)
class Entry:
    """A file: where it is, its name below the folder that was given, and what the folders around it say."""

    path: Path
    name: str
    label: str | None = None
    role: Role | None = None


@dataclass(frozen=True)
class Layout:
    """`pictures` by suffix, `tables` beside them, `others` by neither. `named`: classes come from file names."""

    pictures: tuple[Entry, ...]
    tables: tuple[Entry, ...]
    others: tuple[Entry, ...]
    named: bool = False


def walk(folder: Path) -> list[Entry]:
    """All files below a folder, hidden ones and the leavings of other programs aside, in the order of their names.

    Raises InputError when the folder cannot be listed or holds too many files."""
    found: list[Entry] = []
    for here, folders, files in os.walk(folder, onerror=lambda error: _unlisted(folder, error)):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "__MACOSX")
        below = PurePosixPath(Path(here).relative_to(folder).as_posix())
        kept = (n for n in sorted(files) if not n.startswith(".") and n.lower() not in _CHAFF)
        found += [Entry(Path(here, name), str(below / name)) for name in kept]
        if len(found) > MOST_FILES:
            raise InputError(f"{shown(folder.name)}: more than {MOST_FILES:,} files; give a part of them")
    return found


def _unlisted(folder: Path, error: OSError) -> None:
    name, inside = shown(folder.name), shown(Path(error.filename or folder).name)
    raise InputError(f"{name}: the folder {inside} cannot be listed ({error.strerror})", file=name)


def layout_of(entries: Sequence[Entry]) -> Layout:
    """What the names say: folders of train and test, one folder a class, or classes in the file names."""
    pictures = [e for e in entries if is_picture_name(e.name)]
    tables = [e for e in entries if _is_table_name(e.name)]
    others = [e for e in entries if not is_picture_name(e.name) and not _is_table_name(e.name)]
    paths = {e.name: PurePosixPath(e.name).parts for e in [*pictures, *others]}
    around = _wrappers([paths[e.name] for e in pictures])
    paths = {name: parts[around:] for name, parts in paths.items()}
    labelled = [_labelled(e, paths[e.name]) for e in pictures]
    roles = _roles([paths[e.name] for e in pictures])
    if roles is not None:
        labelled = [_with_role(e, paths[e.name], roles) for e in labelled]
    named = not any(e.label for e in labelled)
    if named:
        labelled = _labelled_by_name(labelled)
    others = [e for e in others if len(paths[e.name]) > 1]  # loose files beside the class folders are no data
    return Layout(tuple(labelled), tuple(tables), tuple(others), named)


def is_picture_name(name: str) -> bool:
    return name.lower().endswith(PICTURE_SUFFIXES)


def _is_table_name(name: str) -> bool:
    lowered = name.lower().removesuffix(".gz")
    return lowered.endswith((*TABLE_SUFFIXES, ".txt")) and not lowered.endswith(".json")


def _wrappers(paths: Sequence[tuple[str, ...]]) -> int:
    """How many folders stand around everything, such as the one a ZIP was made of."""
    depth = 0
    while paths and all(len(p) > depth + 2 for p in paths) and len({p[depth] for p in paths}) == 1:
        depth += 1
    return depth


def _labelled(entry: Entry, parts: tuple[str, ...]) -> Entry:
    return replace(entry, label=parts[0]) if len(parts) > 1 else entry


def _roles(paths: Sequence[tuple[str, ...]]) -> int | None:
    """The depth of the folders that say train and test; None where no such folders are."""
    for depth in (0, 1):
        names = {p[depth] for p in paths if len(p) > depth + 1}
        roles = {role_of(name) for name in names}
        if len(roles) > 1 and "train" in roles and None not in roles and all(len(p) > depth + 1 for p in paths):
            return depth
    return None


def _with_role(entry: Entry, parts: tuple[str, ...], depth: int) -> Entry:
    rest = parts[:depth] + parts[depth + 1 :]
    return replace(entry, role=role_of(parts[depth]), label=rest[0] if len(rest) > 1 else None)


def _labelled_by_name(entries: Sequence[Entry]) -> list[Entry]:
    """Classes from names such as cat.1.jpg, where nearly all files are called so and each word occurs often."""
    stems = [_NUMBERED.match(PurePosixPath(e.name).stem) for e in entries]
    words = [m["stem"].casefold() if m else None for m in stems]
    counts = Counter(w for w in words if w)
    frequent = {w for w, n in counts.items() if n >= 3}
    known = sum(counts[w] for w in frequent)
    if len(frequent) < 2 or known < 0.9 * len(entries) or len(frequent) > len(entries) / 5:
        return list(entries)
    return [replace(e, label=w if w in frequent else None) for e, w in zip(entries, words, strict=True)]


# ---------------------------------------------------------------------------------------------- tables of paths
class Resolver:
    """Finds the picture that a cell of a table means: a path, a name, or a name without its ending."""

    def __init__(self, pictures: Iterable[Entry], beside: Path) -> None:
        self._beside = beside
        self._by_name: dict[str, Path | None] = {}
        for entry in pictures:
            parts = PurePosixPath(entry.name).parts
            for start in range(len(parts)):
                self._enter("/".join(parts[start:]), entry.path)
            self._enter(PurePosixPath(entry.name).stem, entry.path)

    def _enter(self, name: str, path: Path) -> None:
        """A name that several pictures share means none of them."""
        key = name.casefold()
        self._by_name[key] = path if self._by_name.get(key, path) == path else None

    def find(self, cell: str) -> Path | None:
        text = cell.strip().replace("\\", "/").removeprefix("./")
        found = self._by_name.get(text.casefold())
        if found is not None:
            return found
        if not text or len(text) > 1000 or "://" in text or "\x00" in text:
            return None
        for path in (Path(text), self._beside / text):
            if path.is_absolute() and is_picture_name(text) and path.is_file():
                return path
        parts = PurePosixPath(text).parts
        return next((p for i in range(1, len(parts)) if (p := self._by_name.get("/".join(parts[i:]).casefold()))), None)
