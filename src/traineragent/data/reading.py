"""Tables from anywhere as text: files, folders, archives, downloads, databases and frames become one RawTable.

Knows nothing of what the values mean: cells are text exactly as written; only absent cells are missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from traineragent.data.archive import unpack
from traineragent.data.collections import collection_of
from traineragent.data.columns import memory_for_text
from traineragent.data.database import is_database, read_database
from traineragent.data.delimited import COLUMN_LIMIT, read_delimited
from traineragent.data.header import fold_name
from traineragent.data.hubdata import local_paths
from traineragent.data.joining import join_parts
from traineragent.data.parquet import read_parquet
from traineragent.data.part import Part, ReadOptions
from traineragent.data.rawtable import RawTable
from traineragent.data.records import read_records
from traineragent.data.sources import Source, find_sources, memory_source, shown, tables_among
from traineragent.data.totals import without_totals
from traineragent.data.typed import distinct_names
from traineragent.data.typedpart import frame_part
from traineragent.data.workbook import read_workbook
from traineragent.errors import InputError

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")


def read_table(
    paths: Sequence[str],
    *,
    max_rows: int | None = None,
    progress: Callable[[str], None] | None = None,
    least_rows: int = 2,
    expected: Sequence[str] = (),
    work: Path | None = None,
) -> RawTable:
    """Read one table from files, folders, http addresses or `database#table` addresses, or a collection that is no
    table, such as a folder of pictures; `work` is a folder for what must be unpacked for it.

    Several files are parts of one table. `max_rows` keeps a uniform sample; so does a table that would not fit into
    memory. `least_rows` is how many rows there must be (1 for prediction); `expected` are column names known from
    elsewhere, which help to recognise a header. Raises InputError, or MissingExtra for a database driver."""
    if not paths:
        raise InputError("no data was given; name a file with --data")
    paths = local_paths([str(path) for path in paths], progress)
    collection = collection_of(paths)
    if collection is not None:
        return collection.read(paths, work=work, max_rows=max_rows, progress=progress)
    return read_files(paths, max_rows=max_rows, progress=progress, least_rows=least_rows, expected=expected)


def read_files(
    paths: Sequence[str],
    *,
    max_rows: int | None = None,
    progress: Callable[[str], None] | None = None,
    least_rows: int = 2,
    expected: Sequence[str] = (),
) -> RawTable:
    """`read_table` for what is known to be a table."""
    options = ReadOptions(max_rows, memory_for_text(), tuple(expected), progress)
    parts: list[Part] = []
    names = Counter(Path(str(path)).name for path in paths)
    for path in paths:
        for part in _read_address(str(path), options, names[Path(str(path)).name] > 1):
            parts.append(part)
            if not options.expected and part.facts.header:
                options = replace(options, expected=tuple(part.frame.columns))
    return _finished(join_parts(parts, max_rows), least_rows)


def from_frame(frame: pd.DataFrame, *, max_rows: int | None = None, least_rows: int = 2) -> RawTable:
    """A RawTable from a typed frame; a named index becomes a column. Row numbers count from 1. Raises InputError."""
    if not frame.shape[1]:
        raise InputError("the DataFrame has no columns")
    if not len(frame):
        raise InputError("the DataFrame has no rows")
    if frame.shape[1] > COLUMN_LIMIT:
        raise InputError(f"the DataFrame has {frame.shape[1]:,} columns; at most {COLUMN_LIMIT:,} can be used")
    named = [name for name in frame.index.names if name is not None and name not in frame.columns]
    frame = frame.reset_index(level=named) if named else frame
    source = memory_source("DataFrame", b"")
    lines = np.arange(1, len(frame) + 1)
    part = frame_part(source, "frame", distinct_names(frame.columns), frame, lines, ReadOptions(max_rows))
    return _finished(join_parts([part], max_rows), least_rows)


def _read_address(address: str, options: ReadOptions, ambiguous: bool = False) -> list[Part]:
    """`ambiguous`: another file is called so too, and the folder tells them apart (train/0.csv and test/0.csv)."""
    if is_database(address):
        return [read_database(address, options)]
    parts: list[Part] = []
    refused: list[InputError] = []
    sources = find_sources(address)
    for source in sources:
        if ambiguous:
            source = replace(source, name=f"{shown(Path(address).parent.name)}/{source.name}")
        members = unpack(source)
        kept = tables_among(members)
        left = ", ".join(member.name for member in members if member not in kept)
        for inner in kept:
            options.say(f"reading {inner.name}")
            try:
                first, *more = _read_source(inner, options)
            except InputError as error:
                if len(sources) == len(kept) == 1 or not _may_tell_of_others(inner.name):
                    raise
                refused.append(error)
                continue
            if left and inner is kept[0]:
                beside = f"beside it in {source.name} lies {left}, which is no table and was left out"
                first = replace(first, notes=(*first.notes, beside))
            parts += [first, *more]
            if not options.expected and first.facts.header:
                options = replace(options, expected=tuple(first.frame.columns))
    return _without_remarks(parts, refused)


def _may_tell_of_others(name: str) -> bool:
    """Whether a file among others may hold their settings, labels or origin and no rows: `categories.json`."""
    return name.lower().removesuffix(".gz").endswith(".json")


def _without_remarks(parts: list[Part], refused: Sequence[InputError]) -> list[Part]:
    """The tables of one folder or archive, with a note on each JSON file that holds no rows or no column of theirs."""
    tables = [part for part in parts if not _may_tell_of_others(part.facts.name)]
    if not tables:
        if refused:
            raise refused[0]
        return parts
    known = {fold_name(str(name)) for part in tables for name in part.frame.columns}
    kept, notes = list[Part](), [f"{error}; it was left out, as tables lie beside it" for error in refused]
    for part in parts:
        if _may_tell_of_others(part.facts.name) and known.isdisjoint(fold_name(str(n)) for n in part.frame.columns):
            notes.append(f"{part.facts.name} has no column of the tables beside it and was left out")
        else:
            kept.append(part)
    return [replace(kept[0], notes=(*kept[0].notes, *notes)), *kept[1:]] if notes else kept


def _read_source(source: Source, options: ReadOptions) -> list[Part]:
    """One file by what it holds, a workbook by its sheets; its name only decides between kinds of text."""
    head = source.head(4096)
    if head.startswith(b"PK\x03\x04"):
        if source.packed is not None:
            raise InputError(f"{source.name}: an archive inside an archive; unpack it first", file=source.name)
        first, *more = [without_totals(part) for part in read_workbook(source, options)]
        return [_noted(first, source, (".xlsx", ".xlsm", ".xltx"), "an Excel workbook"), *more]
    if head.startswith(b"PAR1"):
        return [_noted(read_parquet(source, options), source, (".parquet", ".parq", ".pq"), "a Parquet file")]
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise _old_office(source)
    if head.startswith(b"SQLite format 3"):
        raise InputError(f"{source.name}: an SQLite database; give it as sqlite:///FILE#TABLE", file=source.name)
    if source.name.lower().removesuffix(".gz").endswith((".xlsx", ".xlsm", ".parquet")):
        raise InputError(
            f"{source.name}: the content is neither an Excel workbook nor Parquet; the file is damaged or misnamed",
            file=source.name,
        )
    if source.part is not None:
        raise InputError(f"{source.name}: a text file has no part called {source.part!r}", file=source.name)
    if _looks_like_json(source.name, head):
        return [read_records(source, options)]
    return [without_totals(read_delimited(source, options))]


def _looks_like_json(name: str, head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    named = name.lower().removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz").endswith(JSON_SUFFIXES)
    if named:
        return True
    return start.startswith((b'{"', b'[{"', b"[\n", b"{\n")) and b'":' in head


def _old_office(source: Source) -> InputError:
    with source.open() as stream:
        content = stream.read(1 << 24)
    if "EncryptedPackage".encode("utf-16-le") in content:
        return InputError(
            f"{source.name}: the Excel workbook is protected by a password; save it without one", file=source.name
        )
    return InputError(
        f"{source.name}: the old Excel format (.xls) cannot be read; save it as .xlsx or CSV", file=source.name
    )


def _noted(part: Part, source: Source, suffixes: tuple[str, ...], kind: str) -> Part:
    bare = source.name.lower().removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz")
    if bare.endswith(suffixes) or "." not in bare:
        return part
    return replace(part, notes=(f"{source.name} is {kind} in spite of its name and was read as one", *part.notes))


def _finished(joined: tuple[list[Part], pd.DataFrame, npt.NDArray[np.int16], npt.NDArray[np.int64], list[str], int],
              least_rows: int) -> RawTable:  # fmt: skip
    parts, frame, part, row, notes, total = joined
    if total < least_rows:
        name = parts[0].facts.name
        raise InputError(
            f"{name}: the table has {total} row{'' if total == 1 else 's'}, at least {least_rows} are needed", file=name
        )
    numeric = frozenset.intersection(*(p.numeric for p in parts))
    return RawTable(frame, tuple(p.facts for p in parts), part, row, tuple(notes), total, numeric=numeric)
