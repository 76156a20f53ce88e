"""Texts: a folder with one folder of text files a class, train and test folders around them where there are such.

The encoding of each file is found by its content; what is empty or no text is set aside and named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
import pandas as pd

from traineragent.data.claiming import claimed
from traineragent.data.collections import Progress
from traineragent.data.encoding import detect_encoding, open_text
from traineragent.data.joining import role_of
from traineragent.data.layout import Entry, walk
from traineragent.data.part import FileFacts, Role
from traineragent.data.rawtable import RawTable
from traineragent.data.sources import file_source, shown
from traineragent.domain.data import Removal
from traineragent.errors import InputError

SUFFIXES = (".txt", ".text", ".md", ".eml", ".log")
LEAST_CLASSES, LEAST_FILES = 2, 4
NEARLY_ALL = 0.8  # of the files must be called as texts are
MOST_CHARACTERS = 200_000
NAMED = 10
TEXT, LABEL = "text", "label"


class Texts:
    name: ClassVar[str] = "texts"
    what: ClassVar[str] = "texts in folders of classes"
    over: ClassVar[frozenset[str]] = frozenset()

    def claims(self, sources: Sequence[str]) -> bool:
        return claimed(sources, lambda paths: all(map(_holds_texts, paths)))

    def read(
        self, sources: Sequence[str], *, work: Path | None, max_rows: int | None, progress: Progress | None
    ) -> RawTable:
        found = [(Path(s).expanduser(), e) for s in sources for e in walk(Path(s).expanduser()) if _is_text(e)]
        if progress:
            progress(f"reading {len(found):,} texts")
        rows: list[tuple[str, str, Role | None]] = []
        empty: list[str] = []
        odd: list[str] = []
        for folder, entry in found:
            text = _text_of(entry.path)
            label, role = _placed(folder, entry)
            if text is None:
                odd.append(entry.name)
            elif not text.strip():
                empty.append(entry.name)
            elif label is not None:
                rows.append((text, label, role))
        if not rows:
            raise InputError(f"{shown(Path(sources[0]).name)}: no text with a class was found in its folders")
        if max_rows is not None and len(rows) > max_rows:
            rows = [rows[i] for i in sorted(np.random.default_rng(0).permutation(len(rows))[:max_rows].tolist())]
        return _table(rows, found, empty, odd)


def _holds_texts(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    entries = walk(folder)
    texts = [e for e in entries if _is_text(e)]
    classes = {_placed(folder, e)[0] for e in texts} - {None}
    return len(texts) >= max(LEAST_FILES, NEARLY_ALL * len(entries)) and len(classes) >= LEAST_CLASSES


def _is_text(entry: Entry) -> bool:
    """By its name and place: a text file in a folder of its own; loose files say what the data is."""
    parts = PurePosixPath(entry.name).parts
    return len(parts) > 1 and entry.name.lower().endswith(SUFFIXES)


def _placed(folder: Path, entry: Entry) -> tuple[str | None, Role | None]:
    """(class, role): the folder a file lies in, and train or test where a folder around that says so."""
    around = PurePosixPath(entry.name).parts[:-1]
    roles = [role_of(p) for p in around]
    role = next((r for r in roles if r is not None), None) or role_of(folder.name)
    names = [p for p, r in zip(around, roles, strict=True) if r is None]
    return (names[-1] if names else None), role


def _text_of(path: Path) -> str | None:
    """The text of a file; None where its bytes are no text."""
    if path.stat().st_size == 0:
        return ""
    source = file_source(path)
    try:
        with open_text(source, detect_encoding(source)) as stream:
            return stream.read(MOST_CHARACTERS)
    except (InputError, UnicodeError):
        return None


def _table(
    rows: list[tuple[str, str, Role | None]], found: list[tuple[Path, Entry]], empty: list[str], odd: list[str]
) -> RawTable:
    roles = list(dict.fromkeys(role for _, _, role in rows))
    digest = hashlib.sha256()
    for _, entry in found:
        state = entry.path.stat()
        digest.update(f"{entry.name}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    counts = {role: sum(r == role for _, _, r in rows) for role in roles}
    facts = tuple(
        FileFacts(
            name=shown(found[0][0].name) + (f"/{role}" if role else ""), format="texts", rows=counts[role],
            columns=2, sha256=digest.hexdigest(), role=role,
        )
        for role in roles
    )  # fmt: skip
    frame = pd.DataFrame({TEXT: [t for t, _, _ in rows], LABEL: [c for _, c, _ in rows]}, dtype=object)
    part = np.array([roles.index(r) for _, _, r in rows], dtype=np.int16)
    removed = [Removal(what, len(n), _listed(n, why)) for what, n, why in (
        ("empty texts", empty, "nothing stands in them"), ("files that are no text", odd, "their bytes are no text")
    ) if n]  # fmt: skip
    notes = tuple(f"{r.rows} {r.what} were left out: {r.why}" for r in removed)
    lines = np.arange(1, len(rows) + 1, dtype=np.int64)
    return RawTable(frame, facts, part, lines, notes, len(rows), "text_folder", LABEL, None, tuple(removed))


def _listed(names: Sequence[str], why: str) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{why}: {', '.join(map(shown, names[:NAMED]))}{more}"


PLUGIN = Texts()
