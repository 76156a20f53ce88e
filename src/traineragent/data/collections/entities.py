"""Texts with marked parts: CoNLL files, parallel files of words and tags, tables of tokens, JSON with spans, brackets.

A row is a text and its entities, as JSON with label, start and end. What was mended is said with its lines.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from traineragent.data.archive import unpack
from traineragent.data.claiming import claimed
from traineragent.data.delimited import digest
from traineragent.data.encoding import detect_encoding, open_text
from traineragent.data.entities.bracketed import bracketed_line
from traineragent.data.entities.cleaning import contradictions, copies, disputed_copies, one_spelling
from traineragent.data.entities.conll import read_conll, read_parallel
from traineragent.data.entities.marked import Marked, Repairs, Tagged
from traineragent.data.entities.shape import Shape, pairs_of, shape_of
from traineragent.data.entities.spanned import annotated, keys_of_spans, marked_record, tagged_record
from traineragent.data.entities.tables import read_lists, read_tokens, tags_called
from traineragent.data.entities.tags import marked_of, scheme_of
from traineragent.data.joining import role_of
from traineragent.data.part import FileFacts, line_list
from traineragent.data.rawtable import RawTable
from traineragent.data.sources import TABLE_SUFFIXES, Source, file_source, find_sources, shown
from traineragent.domain.data import Removal
from traineragent.errors import InputError

TEXT, ENTITIES = "text", "entities"
FEW = 5
BROKEN_SHARE = 0.01
LARGEST_ZIP = 20_000_000  # bytes; what is claimed must be cheap to look into
Progress = Callable[[str], None]


@dataclass(frozen=True)
class _File:
    """A file, or a pair of files, with how it is written. `address`: what names it to the reader of tables."""

    source: Source
    shape: Shape | None
    tags: Source | None = None
    address: str = ""

    @property
    def name(self) -> str:
        return self.source.name


@dataclass
class _Read:
    """What a file held: texts that are marked already, or sentences whose tags wait for the scheme of all files."""

    file: _File
    repairs: Repairs
    marked: list[Marked]
    tagged: list[Tagged]
    called: str | None = None  # the column of tags, where a table names it


class Entities:
    name: ClassVar[str] = "entities"
    what: ClassVar[str] = "texts with marked entities"
    over: ClassVar[frozenset[str]] = frozenset({"texts"})

    def claims(self, sources: Sequence[str]) -> bool:
        return claimed(sources, lambda paths: bool(_files([str(p) for p in paths])))

    def read(
        self, sources: Sequence[str], *, work: Path | None, max_rows: int | None, progress: Progress | None
    ) -> RawTable:
        say = progress or (lambda sentence: None)
        read = []
        for file in _files(sources):
            say(f"reading {file.name}")
            read.append(_read(file))
        table = _finished(read, max_rows)
        return replace(table, notes=(*table.notes, *_left_out(sources, read)))


PLUGIN = Entities()


# ---------------------------------------------------------------------------------------------- files
def _files(sources: Sequence[str]) -> list[_File]:
    """The annotated files among the sources; none where a source named by itself is anything else."""
    out: list[_File] = []
    loose: list[tuple[Source, str]] = []
    for address in sources:
        path = Path(address).expanduser()
        if path.is_dir():
            out += _of_folder(path)
        else:
            loose += [(inner, address) for source in find_sources(address) for inner in _opened(source)]
    pairs = pairs_of([source for source, _ in loose]) or []
    out += [_File(a, None, b) for a, b in pairs]
    paired = {id(s) for pair in pairs for s in pair}
    for source, address in loose:
        if id(source) not in paired:
            shape = shape_of(source)
            if shape is None:
                return []
            out.append(_File(source, shape, address=address))
    return out


def _of_folder(folder: Path) -> list[_File]:
    """Annotated files directly in a folder; what is beside them is left out."""
    found = [
        (inner, str(path))
        for path in sorted(folder.iterdir())
        if path.is_file() and path.stat().st_size and not path.name.startswith((".", "~$"))
        for inner in _opened(file_source(path))
    ]
    pairs = pairs_of([source for source, _ in found])
    if pairs is not None:
        return [_File(a, None, b) for a, b in pairs]
    return [_File(s, shape, address=address) for s, address in found if (shape := shape_of(s)) is not None]


def _left_out(sources: Sequence[str], read: Sequence[_Read]) -> list[str]:
    """Which tables beside marked texts were not read."""
    names = {s.name for r in read for s in (r.file.source, r.file.tags) if s is not None}
    folders = [path for s in sources if (path := Path(s).expanduser()).is_dir()]
    beside = [p.name for f in folders for p in sorted(f.iterdir()) if p.suffix.lower() in TABLE_SUFFIXES]
    return [f"{name}: nothing is marked in it, so it was left out" for name in beside if name not in names]


def _opened(source: Source) -> list[Source]:
    """What lies in an archive; a large one as it is, which makes it none of ours."""
    large = source.name.lower().endswith(".zip") and (source.size or 0) > LARGEST_ZIP
    return [source] if large else unpack(source)


def _read(file: _File) -> _Read:
    repairs = Repairs()
    read = _Read(file, repairs, [], [])
    if file.tags is not None:
        read.tagged = read_parallel(file.source, file.tags, repairs)
    elif file.shape == "conll":
        read.tagged = read_conll(file.source, repairs)
    elif file.shape == "json":
        _read_json(read)
    elif file.shape == "brackets":
        with open_text(file.source, detect_encoding(file.source)) as stream:
            lines = [bracketed_line(line, number) for number, line in enumerate(stream, 1)]
        read.marked = [line for line in lines if line is not None]
    else:
        _read_table(read)
    return read


def _read_json(read: _Read) -> None:
    skipped = 0
    records = _records(read.file.source, read.repairs)
    keys = keys_of_spans(record for _, record in records)
    for line, record in records:
        found = annotated(record, keys)
        if found is not None:
            read.marked.append(marked_record(found, line, read.repairs))
            continue
        tagged = tagged_record(record, line, read.repairs)
        if tagged is None:
            skipped += 1
            read.repairs.note("a record has no text with entities, nor tokens with tags, and was left out", line)
        elif tagged.tokens:
            read.tagged.append(tagged)
    if skipped > 0.2 * (len(read.marked) + len(read.tagged) + skipped):
        first = read.repairs.found["a record has no text with entities, nor tokens with tags, and was left out"][0]
        raise InputError(
            f"{read.file.name}: record {first} and {skipped - 1} more hold no text with entities; expected "
            '{"text": "…", "entities": [{"label": "…", "start": 0, "end": 5}]} for each',
            file=read.file.name, row=first,
        )  # fmt: skip


def _records(source: Source, repairs: Repairs) -> list[tuple[int, Any]]:
    """Records with their line, or their number in a JSON array."""
    with open_text(source, detect_encoding(source)) as stream:
        content = stream.read().lstrip("\ufeff")
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        whole = None
    if isinstance(whole, dict):
        lists: list[list[Any]] = [
            v for v in whole.values() if isinstance(v, list) and v and isinstance(v[0], (dict, list))
        ]
        lists.sort(key=len)
        return list(enumerate(lists[-1], 1)) if lists and not annotated(whole) else [(1, whole)]
    if isinstance(whole, list):
        return list(enumerate(whole, 1))
    return _line_records(source, content, repairs)


def _line_records(source: Source, content: str, repairs: Repairs) -> list[tuple[int, Any]]:
    """One record a line; few broken lines are left out and named. Raises InputError where there are more."""
    out: list[tuple[int, Any]] = []
    broken: list[int] = []
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            out.append((number, json.loads(line)))
        except (ValueError, RecursionError):
            broken.append(number)
            repairs.note("a line is not valid JSON and was left out", number)
    if len(broken) > max(1, BROKEN_SHARE * len(out)):
        raise InputError(
            f"{source.name}: line {broken[0]} is not valid JSON, and so are {len(broken) - 1} more; expected one "
            "record a line",
            file=source.name, row=broken[0],
        )  # fmt: skip
    return out


def _read_table(read: _Read) -> None:
    from traineragent.data.reading import read_files

    table = read_files([read.file.address])
    name = read.file.name
    tokens = read.file.shape == "tokens"
    reader = read_tokens if tokens else read_lists
    read.called = tags_called(table.frame, "tokens" if tokens else "lists")
    read.tagged = reader(table.frame, table.row.tolist(), name, read.repairs)


# ---------------------------------------------------------------------------------------------- rows
def _finished(read: Sequence[_Read], max_rows: int | None) -> RawTable:
    scheme = scheme_of([s for r in read for s in r.tagged])
    texts: list[Marked] = []
    part: list[int] = []
    empty = 0
    for number, r in enumerate(read):
        for text in [*r.marked, *(marked_of(s, scheme, r.repairs) for s in r.tagged)]:
            if text.text.strip():
                texts.append(text)
                part.append(number)
            else:
                empty += 1
    texts, notes = one_spelling(texts)
    _require_entities(texts, read)
    total = len(texts)
    keep = np.arange(total)
    if max_rows is not None and total > max_rows:
        keep = np.sort(np.random.default_rng(0).permutation(total)[:max_rows])
    chosen = [texts[i] for i in keep]
    same = copies(chosen)
    named = {r.called for r in read}
    answer = next(iter(named)) if len(named) == 1 else None
    answer = ENTITIES if answer is None or answer == TEXT else answer
    findings = _findings(chosen)
    removed = (Removal("empty texts", empty, "there is nothing to mark in them"),) if empty else ()
    several = len(read) > 1
    for r in read:
        notes += [f"{r.file.name}: {s}" if several else s for s in r.repairs.sentences()]
    return RawTable(
        _frame(chosen, answer), _facts(read, part), np.array(part, dtype=np.int16)[keep],
        np.array([t.line for t in chosen], dtype=np.int64),
        (*notes, *_notes(chosen, same, findings, scheme.inside_first)),
        total, "entities", answer, same, removed, findings,
    )  # fmt: skip


def _frame(texts: Sequence[Marked], answer: str) -> pd.DataFrame:
    """Texts beside their entities, the latter called as the table calls its column of tags."""
    marks = [json.dumps([s._asdict() for s in t.spans], ensure_ascii=False) for t in texts]
    return pd.DataFrame({TEXT: np.array([t.text for t in texts], object), answer: np.array(marks, object)})


def _require_entities(texts: Sequence[Marked], read: Sequence[_Read]) -> None:
    name = read[0].file.name
    if len(texts) < 2:
        raise InputError(f"{name}: {len(texts)} text with entities, at least 2 are needed", file=name)
    if not any(t.spans for t in texts):
        raise InputError(f"{name}: no part of any text is marked; there is nothing to learn", file=name)


def _facts(read: Sequence[_Read], part: Sequence[int]) -> tuple[FileFacts, ...]:
    roles = [role_of(r.file.name) for r in read]
    if len(read) < 2 or "train" not in roles:
        roles = [None] * len(read)
    out = []
    for number, (r, role) in enumerate(zip(read, roles, strict=True)):
        sha = digest(r.file.source) + (digest(r.file.tags) if r.file.tags else "")
        kind = (
            "parallel files"
            if r.file.tags
            else {"json": "json", "conll": "conll", "brackets": "text"}.get(r.file.shape or "", "csv")
        )
        out.append(FileFacts(r.file.name, kind, rows=part.count(number), columns=2, role=role, sha256=sha))
    return tuple(out)


def _findings(texts: Sequence[Marked]) -> dict[str, Any]:
    counts = Counter(s.label for t in texts for s in t.spans)
    wordings: dict[str, set[str]] = {}
    for t in texts:
        for s in t.spans:
            wordings.setdefault(s.label, set()).add(t.text[s.start : s.end].casefold())
    return {
        "texts": len(texts),
        "unmarked": sum(not t.spans for t in texts),
        "labels": {label: {"entities": n, "wordings": len(wordings[label])} for label, n in counts.most_common()},
        "contradictions": contradictions(texts),
    }


def _notes(texts: Sequence[Marked], same: np.ndarray, findings: dict[str, Any], inside_first: bool) -> list[str]:
    notes = []
    entities = sum(v["entities"] for v in findings["labels"].values())
    labels = findings["labels"]
    notes.append(f"{len(texts):,} texts with {entities:,} entities of {len(labels)} kinds")
    if inside_first:
        notes.append("the tags are IOB1: an entity begins with I, and B only parts two of a kind")
    if copied := len(same) - len(np.unique(same)):
        notes.append(f"{copied:,} texts are copies of others and stay on their side of any split")
    if disputed := disputed_copies(texts, same):
        which = "1 copy of a text is" if len(disputed) == 1 else f"{len(disputed):,} copies of a text are"
        notes.append(f"{which} marked in another way ({line_list(disputed)})")
    if few := [label for label, v in labels.items() if v["entities"] < FEW]:
        said = ", ".join(shown(f) for f in few[:8]) + (f" and {len(few) - 8} more" if len(few) > 8 else "")
        notes.append(f"{len(few)} kinds have fewer than {FEW} entities and can hardly be learned: {said}")
    if findings["contradictions"]:
        first = findings["contradictions"][0]
        marked = ", ".join(f"{n:,} times {shown(k)}" for k, n in first["marked"].items())
        notes.append(
            f"{len(findings['contradictions'])} wordings are marked in different ways, as {shown(first['text'])!r}: "
            f"{marked}, {first['unmarked']:,} times not"
        )
    return notes
