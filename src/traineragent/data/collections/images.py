"""Pictures: folders of class folders, folders with a table of labels, tables of paths, and ZIP archives of these.

A row is the path of a picture and what is said of it. Every picture is looked at once; those that cannot be used are
set aside by name, and none of them stops the reading.
"""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from traineragent.data.archive import unpacked_below
from traineragent.data.claiming import claimed
from traineragent.data.columns import compact
from traineragent.data.encoding import detect_encoding, open_text
from traineragent.data.joining import role_of
from traineragent.data.labels import count_labels, label_separator
from traineragent.data.layout import Entry, Layout, Resolver, is_picture_name, layout_of, walk
from traineragent.data.levels import levels_of
from traineragent.data.likeness import alike
from traineragent.data.meaning import read_column
from traineragent.data.part import FileFacts, Role
from traineragent.data.pictures import Looked, look_at, thumbnails
from traineragent.data.rawtable import RawTable
from traineragent.data.sources import TABLE_SUFFIXES, file_source, shown
from traineragent.domain.data import Removal
from traineragent.errors import InputError

Progress = Callable[[str], None]

IMAGE, LABEL, CAPTION = "image", "label", "caption"
CAPTIONED = 0.8  # of the pictures must have a text of their name for texts to be captions
MOST_CAPTION = 2_000  # characters
FEWEST_AMOUNTS, MOST_CLASS_NUMBERS = 8, 30  # different fractions, or whole numbers, beyond which none is a class
MENTIONED = 5  # files that a note names
LEAST_PICTURES = 2
NAMED = 200  # files that a removal names; findings hold them all
GROUNDING = ("phrase", "box", "bbox", "xmin", "x0")
HEAD = 65_536  # bytes of a table that are searched for names of pictures
_CELL = re.compile(r"[^\s,;\"']+")
_PICTURE_END = re.compile(r"(?<=.)\.(?:jpe?g|png|gif|bmp|webp|tiff?|ppm)\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Rows:
    """Pictures with what is said of them: `cells` holds the columns of a table beside the path, if there is one."""

    entries: list[Entry]
    cells: pd.DataFrame | None
    notes: list[str]
    removed: list[Removal]
    kind: str
    target: str | None


class Images:
    name: ClassVar[str] = "images"
    what: ClassVar[str] = "pictures"
    over: ClassVar[frozenset[str]] = frozenset({"texts"})

    def claims(self, sources: Sequence[str]) -> bool:
        return claimed(sources, lambda paths: any(map(_holds_pictures, paths)))

    def read(
        self, sources: Sequence[str], *, work: Path | None, max_rows: int | None, progress: Progress | None
    ) -> RawTable:
        say = progress or (lambda sentence: None)
        entries, tables = _files(sources, work)
        rows = (
            _from_captions(entries, tables) or _from_table(entries, tables, sources) or _from_folders(entries, tables)
        )
        say(f"looking at {len(rows.entries):,} pictures")
        looked = look_at([e.path for e in rows.entries], say)
        return _finished(_sampled(rows, looked, max_rows), sources)


# ---------------------------------------------------------------------------------------------- claims
def _holds_pictures(path: Path) -> bool:
    """Whether most files below a folder or in an archive are pictures, or a table names pictures that are there."""
    if path.is_dir():
        names = [e.name for e in walk(path)]
    elif path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = [m.filename for m in archive.infolist() if not m.is_dir() and "__MACOSX" not in m.filename]
    else:
        return _names_pictures(path)
    stems = {Path(n).stem for n in names if is_picture_name(n)}
    names = [n for n in names if not (n.lower().endswith(".txt") and Path(n).stem in stems)]  # captions, boxes
    pictures = sum(map(is_picture_name, names))
    return pictures >= LEAST_PICTURES and pictures >= 0.5 * len(names)


def _names_pictures(path: Path) -> bool:
    if not path.name.lower().endswith(TABLE_SUFFIXES) or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(HEAD)
    found = islice(_picture_names(head.decode("utf-8", "replace")), 20)
    return any(os.path.isfile(path.parent / name) for name in found)


def _picture_names(text: str) -> Iterator[str]:
    """Cells up to their last ending of a picture. Two passes, since one expression for both is quadratic in a cell."""
    if _PICTURE_END.search(text):
        for cell in _CELL.findall(text):
            ends = [m.end() for m in _PICTURE_END.finditer(cell)]
            if ends:
                yield cell[: ends[-1]]


# ---------------------------------------------------------------------------------------------- files
def _files(sources: Sequence[str], work: Path | None) -> tuple[list[Entry], list[Entry]]:
    """All files below the sources, archives unpacked, and the tables that were named themselves."""
    entries: list[Entry] = []
    tables: list[Entry] = []
    for source in sources:
        path = Path(source).expanduser()
        before = f"{path.name}/" if len(sources) > 1 else ""
        if path.is_dir():
            entries += [replace(e, name=before + e.name) for e in walk(path)]
        elif path.suffix.lower() == ".zip":
            entries += [replace(e, name=before.replace(".zip", "") + e.name) for e in walk(unpacked_below(path, work))]
        elif is_picture_name(path.name):
            entries.append(Entry(path, path.name))
        else:
            tables.append(Entry(path, path.name))
    return entries, tables


# ---------------------------------------------------------------------------------------------- rows
def _from_folders(entries: Sequence[Entry], tables: Sequence[Entry]) -> _Rows:
    layout = layout_of(entries)
    labelled = [e for e in layout.pictures if e.label is not None]
    name = shown(layout.pictures[0].name) if layout.pictures else "the data"
    if not layout.pictures:
        raise InputError(f"{name}: no pictures were found")
    notes = [f"classes were read from the names of the files, as in {name}"] if layout.named and labelled else []
    if silent := [shown(t.name) for t in (*layout.tables, *tables)]:
        more = f" and {len(silent) - MENTIONED:,} more" if len(silent) > MENTIONED else ""
        notes.append(f"{', '.join(silent[:MENTIONED])}{more}: no picture is named in it, so it was left out")
    if not labelled:
        return _Rows(list(layout.pictures), None, notes, [], "image_set", None)
    removed = _unlabelled(layout)
    return _Rows(labelled, None, notes, removed, "images", LABEL)


def _unlabelled(layout: Layout) -> list[Removal]:
    loose = [e.name for e in layout.pictures if e.label is None]
    removed = [_removal("pictures without a class", loose, "they lie in no class folder")] if loose else []
    others = [e.name for e in layout.others]
    return [*removed, _removal("files that are no pictures", others, "no picture format")] if others else removed


def _from_captions(entries: Sequence[Entry], tables: Sequence[Entry]) -> _Rows | None:
    """Pictures beside texts that are called as they are, `0017.png` and `0017.txt`, in the same folder or another; None
    where nearly all have none, classes are told by folders, or the texts hold numbers, as boxes do."""
    layout = layout_of(entries)
    pictures = list(layout.pictures)
    by_stem: dict[str, Path] = {}
    for text in layout.tables:
        if text.name.lower().endswith(".txt"):
            by_stem.setdefault(Path(text.name).stem, text.path)
    paired = [e for e in pictures if Path(e.name).stem in by_stem]
    told = {e.label for e in pictures} if not layout.named else set()
    if tables or len(told) > 1 or len(paired) < max(LEAST_PICTURES, CAPTIONED * len(pictures)):
        return None
    said = [_first_line(by_stem[Path(e.name).stem]) for e in paired]
    if sum(any(c.isalpha() for c in line) for line in said) < CAPTIONED * len(said):
        return None
    cells = pd.DataFrame({CAPTION: pd.Series([line or None for line in said], dtype=object)})
    note = f"{len(paired):,} pictures have a text of their own name beside them; its first line is the caption"
    bare = [e.name for e in pictures if Path(e.name).stem not in by_stem]
    removed = [_removal("pictures without a caption", bare, "no text is called as they are")] if bare else []
    return _Rows([replace(e, label=None) for e in paired], cells, [note], removed, "image_set", None)


def _first_line(path: Path) -> str:
    """The first line of a text that holds any; "" where none does."""
    source = file_source(path) if path.stat().st_size else None
    if source is None:
        return ""
    with open_text(source, detect_encoding(source)) as text:
        return next((line.strip() for line in text.read(MOST_CAPTION).splitlines() if line.strip()), "")


def _from_table(entries: Sequence[Entry], named: Sequence[Entry], sources: Sequence[str]) -> _Rows | None:
    """Rows of the tables that name pictures; None where no table does."""
    pictures = [e for e in entries if is_picture_name(e.name)]
    inside = list(layout_of(entries).tables) if pictures else []
    found: list[tuple[Entry, pd.DataFrame, str, list[Path | None]]] = []
    for table in [*named, *inside]:
        opened = _opened(table, pictures)
        if opened is not None:
            found.append((table, *opened))
    if not found:
        return None
    return _joined(found, {e.path: e.name for e in pictures})


def _opened(table: Entry, pictures: Sequence[Entry]) -> tuple[pd.DataFrame, str, list[Path | None]] | None:
    """A table with the column that names pictures and the picture of each row; None where it names none."""
    from traineragent.data.reading import read_files

    try:
        frame = read_files([str(table.path)]).frame
    except InputError:
        return None
    find = Resolver(pictures, table.path.parent).find
    best: tuple[int, str, list[Path | None]] | None = None
    for column in frame.columns:
        texts = frame[column].astype(object).where(frame[column].notna(), "").astype(str)
        paths = [find(t) for t in texts]
        hits = sum(p is not None for p in paths)
        if hits >= max(LEAST_PICTURES, 0.5 * len(frame)) and (best is None or hits > best[0]):
            best = (hits, str(column), paths)
    return None if best is None else (frame, best[1], best[2])


def _joined(found: Sequence[tuple[Entry, pd.DataFrame, str, list[Path | None]]], names: dict[Path, str]) -> _Rows:
    """One table of all: the column of paths is called `image`, whatever it was called."""
    roles: list[Role | None] = [role_of(table.path.name) for table, *_ in found]
    if len(found) < 2 or "train" not in roles:
        roles = [None] * len(found)
    frames, entries, lost = [], [], []
    for (_, frame, column, paths), role in zip(found, roles, strict=True):
        there = np.array([p is not None for p in paths])
        lost += [str(v) for v in frame[column].astype(object)[~there]]
        rest = frame.loc[there].drop(columns=[column])
        frames.append(rest.drop(columns=[c for c in rest.columns if c == IMAGE]).reset_index(drop=True))
        entries += [Entry(p, names.get(p, p.name), role=role) for p in paths if p is not None]
    cells = pd.concat([f.astype(object) for f in frames], ignore_index=True)
    removed = [_removal("rows whose picture is not there", lost, "no file of that name was found")] if lost else []
    kind, target = _kind_of(cells)
    return _Rows(entries, cells, [], removed, kind, target)


def _kind_of(cells: pd.DataFrame) -> tuple[str, str | None]:
    """The kind of collection that the columns beside the pictures make it, and the answer where only one can be it."""
    if {"phrase", "caption", "expression"} & set(cells.columns) and set(GROUNDING[1:]) & set(cells.columns):
        return "grounding", None
    meanings = {str(c): read_column(str(c), cells[c]).meaning for c in cells.columns}
    useful = [c for c, m in meanings.items() if m not in ("id", "empty", "constant")]
    if not useful and len(meanings) == 1:
        return "images", next(iter(meanings))
    if len(useful) == 1:
        return ("image_set", None) if meanings[useful[0]] == "text" else ("images", useful[0])
    return "image_table", None


# ---------------------------------------------------------------------------------------------- what was seen
def _sampled(rows: _Rows, looked: Sequence[Looked], max_rows: int | None) -> tuple[_Rows, list[Looked]]:
    """Usable pictures only, a uniform sample of them where there are more than `max_rows`; the others are named."""
    bad = [(e.name, s.problem) for e, s in zip(rows.entries, looked, strict=True) if s.problem is not None]
    removed = list(rows.removed)
    if bad:
        why = "; ".join(f"{shown(name)}: {problem}" for name, problem in bad[:NAMED])
        why += f"; and {len(bad) - NAMED:,} more" if len(bad) > NAMED else ""
        removed.append(Removal("damaged or unreadable pictures", len(bad), why))
    keep = np.flatnonzero([s.problem is None for s in looked])
    if max_rows is not None and len(keep) > max_rows:
        keep = np.sort(np.random.default_rng(0).permutation(keep)[:max_rows])
    chosen = keep.tolist()
    cells = None if rows.cells is None else rows.cells.iloc[chosen].reset_index(drop=True)
    entries = [rows.entries[i] for i in chosen]
    if len(entries) < LEAST_PICTURES:
        first = f": {shown(bad[0][0])} is {bad[0][1]}" if bad else ""
        raise InputError(f"{len(entries)} pictures can be used, at least {LEAST_PICTURES} are needed{first}")
    return replace(rows, entries=entries, cells=cells, removed=removed), [looked[i] for i in chosen]


def _finished(given: tuple[_Rows, list[Looked]], sources: Sequence[str]) -> RawTable:
    rows, looked = given
    same = alike(thumbnails(looked), [s.sha256 for s in looked])
    labels = _labels(rows)
    rows, looked, same, labels = _without_contradictions(rows, looked, same, labels)
    frame = _frame(rows, labels)
    files, part = _parts(rows, looked, frame, sources)
    findings = _findings(rows, looked, same, labels)
    total = len(frame)
    notes = (*rows.notes, *_notes(looked, same, labels, findings))
    return RawTable(
        frame, files, part, np.arange(1, total + 1, dtype=np.int64), notes, total, rows.kind, rows.target, same,
        tuple(rows.removed), findings,
    )  # fmt: skip


def _labels(rows: _Rows) -> list[str | None]:
    """The class of each picture; None where it has none or other columns hold the answer."""
    if rows.cells is None:
        return [e.label for e in rows.entries]
    if rows.target is None:
        return [None] * len(rows.entries)
    return [None if pd.isna(v) else str(v) for v in rows.cells[rows.target]]


def _without_contradictions(
    rows: _Rows, looked: list[Looked], same: np.ndarray, labels: list[str | None]
) -> tuple[_Rows, list[Looked], np.ndarray, list[str | None]]:
    """The very same file under two classes teaches nothing and would be scored as an error either way."""
    classes: dict[str, set[str]] = {}
    for seen, label in zip(looked, labels, strict=True):
        if label is not None:
            classes.setdefault(seen.sha256, set()).add(label)
    keep = [i for i, seen in enumerate(looked) if len(classes.get(seen.sha256, ())) < 2]
    if len(keep) == len(looked):
        return rows, looked, same, labels
    out = sorted({*range(len(looked))} - {*keep})
    said = [f"{rows.entries[i].name} ({labels[i]})" for i in sorted(out, key=lambda i: looked[i].sha256)]
    if len(keep) < LEAST_PICTURES:
        raise InputError(
            f"{len(out)} of {len(looked)} pictures are copies of one another with different answers, such as "
            f"{' and '.join(said[:2])}; at least {LEAST_PICTURES} must be left, so put each picture under one class"
        )
    removal = _removal("copies with different answers", said, "the same picture has more than one answer")
    cells = None if rows.cells is None else rows.cells.iloc[keep].reset_index(drop=True)
    rows = replace(rows, entries=[rows.entries[i] for i in keep], cells=cells, removed=[*rows.removed, removal])
    return rows, [looked[i] for i in keep], same[keep], [labels[i] for i in keep]


def _frame(rows: _Rows, labels: Sequence[str | None]) -> pd.DataFrame:
    image = pd.Series(np.array([str(e.path.absolute()) for e in rows.entries], dtype=object), dtype=object)
    if rows.cells is not None:
        return pd.concat([image.rename(IMAGE), rows.cells], axis=1)
    if rows.target is None:
        return image.to_frame(IMAGE)
    codes, texts = pd.factorize(np.array(labels, dtype=object))
    return pd.DataFrame({IMAGE: image, LABEL: compact(codes.astype(np.int32), np.asarray(texts, object), len(codes))})


def _parts(
    rows: _Rows, looked: Sequence[Looked], frame: pd.DataFrame, sources: Sequence[str]
) -> tuple[tuple[FileFacts, ...], np.ndarray]:
    """A part a role, or one for all; its checksum covers the name and the content of every picture."""
    roles = list(dict.fromkeys(e.role for e in rows.entries))
    name = shown(", ".join(Path(s).name or str(s) for s in sources))
    files = []
    part = np.array([roles.index(e.role) for e in rows.entries], dtype=np.int16)
    said = ["\x1f".join(map(str, cells)) for cells in frame.iloc[:, 1:].to_numpy(dtype=object)]
    for number, role in enumerate(roles):
        digest = hashlib.sha256()
        for i in np.flatnonzero(part == number).tolist():
            digest.update(f"{rows.entries[i].name}\x1f{looked[i].sha256}\x1f{said[i]}\n".encode("utf-8", "replace"))
        called = f"{name}: {role}" if len(roles) > 1 and role else name
        files.append(
            FileFacts(
                called, "images", rows=int((part == number).sum()), columns=frame.shape[1], role=role,
                sha256=digest.hexdigest(),
            )
        )  # fmt: skip
    return tuple(files), part


def _findings(rows: _Rows, looked: Sequence[Looked], same: np.ndarray, labels: Sequence[str | None]) -> dict[str, Any]:
    widths, heights = ([getattr(s, side) for s in looked] for side in ("width", "height"))
    groups: dict[int, list[int]] = {}
    for i, number in enumerate(same.tolist()):
        groups.setdefault(number, []).append(i)
    several = [g for g in groups.values() if len(g) > 1]
    return {
        "pictures": len(looked),
        "widths": _spread(widths),
        "heights": _spread(heights),
        "formats": dict(Counter(s.format for s in looked).most_common()),
        "modes": dict(Counter(s.mode for s in looked).most_common()),
        "animated": [rows.entries[i].name for i, s in enumerate(looked) if s.frames > 1],
        "copies": [[rows.entries[i].name for i in g] for g in several],
        "disputed": [
            [f"{rows.entries[i].name} ({labels[i]})" for i in g]
            for g in several
            if len({labels[i] for i in g} - {None}) > 1
        ],
    }


def _spread(values: Sequence[int]) -> dict[str, int]:
    low, middle, high = np.quantile(values, [0.0, 0.5, 1.0])
    return {"least": int(low), "median": int(middle), "most": int(high)}


def _notes(
    looked: Sequence[Looked], same: np.ndarray, labels: Sequence[str | None], findings: dict[str, Any]
) -> list[str]:
    notes = []
    copies = len(same) - len(np.unique(same))
    if copies:
        which = "1 picture is a copy or near-copy" if copies == 1 else f"{copies:,} pictures are copies or near-copies"
        notes.append(f"{which} of others; all stay on one side of any split")
    amounts = _amounts(labels)
    notes += [
        f"pictures that look the same have different classes: {', '.join(map(shown, group[:4]))}"
        for group in ([] if amounts else findings["disputed"][:5])
    ]
    if animated := findings["animated"]:
        notes.append(f"of {len(animated)} animated pictures the first frame is used: {_some(animated)}")
    odd = [s for s in looked if s.mode not in ("RGB", "L")]
    if odd:
        kinds = ", ".join(f"{n} {mode}" for mode, n in Counter(s.mode for s in odd).most_common(5))
        notes.append(f"{len(odd):,} pictures were brought to RGB, transparency to white ({kinds})")
    counts = [] if amounts else _classes(labels).most_common()
    if len(counts) > 1 and counts[0][1] >= 10 * counts[-1][1]:
        (most, many), (least, few) = counts[0], counts[-1]
        notes.append(f"the classes are uneven: {many:,} pictures of {most!r}, {few:,} of {least!r}")
    return notes


def _amounts(labels: Sequence[str | None]) -> bool:
    """Whether the labels measure something, so that none of them is a class: fractions, or very many numbers."""
    texts = {t for t in labels if t is not None}
    if len(texts) < FEWEST_AMOUNTS:
        return False
    values = pd.to_numeric(pd.Series(sorted(texts), dtype=object), errors="coerce")
    return bool(values.notna().all() and ((values % 1 != 0).any() or len(texts) > MOST_CLASS_NUMBERS))


def _classes(labels: Sequence[str | None]) -> Counter[str]:
    """Pictures of each class, or of each label where a picture may have several."""
    levels = levels_of(pd.Series(labels, dtype=object))
    separator = label_separator(levels)
    return count_labels(levels, separator) if separator else Counter(t for t in labels if t is not None)


def _removal(what: str, names: Sequence[str], why: str) -> Removal:
    return Removal(what, len(names), f"{why}: {_some(names, NAMED)}")


def _some(names: Sequence[str], most: int = 5) -> str:
    listed = ", ".join(map(shown, names[:most]))
    return listed + (f" and {len(names) - most:,} more" if len(names) > most else "")


PLUGIN = Images()
