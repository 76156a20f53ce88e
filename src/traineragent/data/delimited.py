"""Delimited text to a table of text: dialect and layout from the first rows, then a fast pass where the structure of
the bytes is beyond doubt, else a careful one row by row.

Knows nothing of archives or of what the values mean.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from traineragent.data.columns import Block, TextColumns, block_from_cells
from traineragent.data.dialect import NUMBER, TRIED, detect_dialect, sample_rows, usual_width
from traineragent.data.encoding import Encoding, detect_encoding, open_text
from traineragent.data.fitting import COMMENT, Irregular, RowFitter, refuse_ragged
from traineragent.data.header import Layout, find_layout, is_header
from traineragent.data.part import FileFacts, Part, ReadOptions, line_list
from traineragent.data.rows import Dialect, Row, iterate_rows
from traineragent.data.sources import Source
from traineragent.data.structure import Structure, find_structure
from traineragent.errors import InputError

HEAD = 1 << 18
HEAD_LIMIT = 1 << 22
LINE_LIMIT = 1 << 25
"""Characters a line may have; a longer one means wrong line ends or no table at all."""
COLUMN_LIMIT = 20_000
BLOCK = 1 << 22
BLOCK_LIMIT = 1 << 27
CAREFUL_ROWS = 20_000
STATED = re.compile(r'"?sep=(.|\\t)"?\s*$', re.IGNORECASE)


@dataclass(frozen=True)
class _Plan:
    """How a file will be read: decided on its first rows."""

    source: Source
    encoding: Encoding
    dialect: Dialect
    layout: Layout
    data_line: int
    notes: tuple[str, ...]


class _Doubt(Exception):
    """The fast pass met something it cannot read beyond doubt."""


def read_delimited(source: Source, options: ReadOptions) -> Part:
    """Read a text table. Raises InputError for anything that cannot be read as one."""
    plan = _plan(source, options)
    irregular = Irregular()
    columns = TextColumns(plan.layout.width, options.max_rows, options.memory)
    try:
        if not _fast(plan):
            raise _Doubt
        _read_fast(plan, columns, irregular, options)
    except _Doubt:
        irregular = Irregular()
        columns = TextColumns(plan.layout.width, options.max_rows, options.memory)
        _read_carefully(plan, columns, irregular, options)
    refuse_ragged(
        source.name, irregular, columns.seen, plan.layout.width,
        {"\t": "a tab", " ": "a space"}.get(plan.dialect.delimiter, repr(plan.dialect.delimiter)),
    )  # fmt: skip
    frame, lines, keys = columns.finish(plan.layout.names)
    frame, dropped = _without_blank_columns(frame, plan.layout)
    notes = [*plan.notes, *plan.layout.notes, *dropped, *irregular.notes(plan.layout.width)]
    if plan.dialect.kind == "none":
        notes.append(f"only one column was found (tried {TRIED})")
    facts = FileFacts(
        source.name, "csv", plan.encoding.label, plan.dialect.shown, plan.layout.header, len(frame), frame.shape[1],
        source.packed, None, digest(source),
    )  # fmt: skip
    return Part(frame, lines, keys, facts, columns.seen, tuple(notes))


def _plan(source: Source, options: ReadOptions) -> _Plan:
    encoding = detect_encoding(source)
    lines = _head_lines(source, encoding)
    notes = []
    if encoding.label != "UTF-8":
        notes.append(f"read as {encoding.label}")
    if encoding.broken_lines:
        notes.append(f"bytes that are not valid UTF-8 were replaced by � ({line_list(encoding.broken_lines)})")
    skipped = 0
    forced = None
    if lines and (stated := STATED.match(lines[0])):
        forced = stated.group(1).replace("\\t", "\t")
        skipped, lines = 1, lines[1:]
    if not any(line.strip() for line in lines):
        raise InputError(f"{source.name}: the file holds nothing but blank lines", file=source.name)
    _refuse_wide(source, lines)
    dialect = detect_dialect(_without_comments(lines), forced)
    if dialect.kind == "none":
        _refuse_shapeless(source, lines, skipped)
    rows = [Row(row.line + skipped, row.cells, row.broken) for row in sample_rows(lines, dialect)]
    layout = _layout(rows, dialect, options)
    if layout.width > COLUMN_LIMIT:
        raise _too_wide(source, layout.width)
    if layout.start >= len(rows):
        raise InputError(
            f"{source.name}: only a header was found ({layout.width} column{'s' if layout.width > 1 else ''}), no rows",
            file=source.name,
        )
    if layout.above:
        above = [rows[i].line for i in layout.above]
        notes.append(f"{len(above)} line{'s' if len(above) > 1 else ''} above the table left out ({line_list(above)})")
    return _Plan(source, encoding, dialect, layout, rows[layout.start].line, tuple(notes))


def _layout(rows: list[Row], dialect: Dialect, options: ReadOptions) -> Layout:
    """The layout by the usual width; leading comment lines never take part."""
    width = usual_width([row for row in rows if not row.cells[0].startswith("#")]) or usual_width(rows)
    cells = [row.cells for row in rows]
    marked = next((i for i, row in enumerate(cells) if not row[0].startswith(COMMENT)), 0)
    below = [row for row in cells[marked:] if len(row) == width]
    remarks = any(len(row) != width or row[0].lstrip("#%/-").startswith(" ") for row in cells[:marked])
    if remarks and below:  # unless the last of them is the header, as in "#id,name"
        only = marked - 1 if len(cells[marked - 1]) == width and not is_header(below[0], below[1:]) else marked
        cells[:only] = [[] for _ in range(only)]
    return find_layout(cells, width, options.expected)


def _without_comments(lines: list[str]) -> list[str]:
    bare = [line for line in lines if not line.startswith("#")]
    return bare if len(bare) > len(lines) / 2 else lines


def _newline(encoding: Encoding) -> Literal["\n", "\r"]:
    return "\r" if encoding.cr > 2 * (encoding.lf + encoding.crlf) else "\n"


def _open_lines(source: Source, encoding: Encoding) -> io.TextIOWrapper:
    text = open_text(source, encoding)
    text.reconfigure(newline=_newline(encoding))
    return text


def _head_lines(source: Source, encoding: Encoding) -> list[str]:
    """The first lines: about HEAD characters and at least 50 lines, as far as HEAD_LIMIT allows."""
    lines: list[str] = []
    letters = 0
    with _open_lines(source, encoding) as text:
        while letters < HEAD_LIMIT and (letters < HEAD or len(lines) < 50):
            line = text.readline(LINE_LIMIT)
            if not line:
                break
            if len(line) >= LINE_LIMIT:
                raise InputError(
                    f"{source.name}: line {len(lines) + 1} is longer than {LINE_LIMIT:,} characters; is this a table "
                    "with a row on each line?",
                    file=source.name, row=len(lines) + 1,
                )  # fmt: skip
            lines.append(line)
            letters += len(line)
    return lines


def _refuse_wide(source: Source, lines: list[str]) -> None:
    """A quick look for far too many columns, before anything costly."""
    for line in lines[:3]:
        if len(line) > 2 * COLUMN_LIMIT and '"' not in line:
            cells = max(line.count(mark) for mark in ",;\t|") + 1
            if cells > COLUMN_LIMIT:
                raise _too_wide(source, cells)


def _refuse_shapeless(source: Source, lines: list[str], skipped: int) -> None:
    """Values between delimiters in rows that agree in nothing are a damaged table, not one column of text."""
    rows = [(n, line.rstrip("\r\n")) for n, line in enumerate(lines[:400], 1 + skipped) if line.strip()]
    for mark in ",;\t|":
        cells = [(n, line.split(mark)) for n, line in rows]
        several = sum(len(row) > 1 for _, row in cells)
        values = [cell for _, row in cells for cell in row]
        plain = sum(not cell or cell.isalnum() or NUMBER.fullmatch(cell) is not None for cell in values)
        if len(rows) < 4 or len(cells[0][1]) < 3 or several < 0.8 * len(rows) or plain < 0.9 * len(values):
            continue
        header, odd = len(cells[0][1]), next((n, len(row)) for n, row in cells[1:] if len(row) != len(cells[0][1]))
        raise InputError(
            f"{source.name}: the rows differ in length: the first has {header} cells, line {odd[0]} has {odd[1]}, and "
            "no length is usual; write every row with the same number of cells",
            file=source.name, row=odd[0],
        )  # fmt: skip


def _too_wide(source: Source, cells: int) -> InputError:
    return InputError(
        f"{source.name}: the table has {cells:,} columns; at most {COLUMN_LIMIT:,} can be used. Choose the columns "
        "that matter, or turn rows and columns around if each column is one example",
        file=source.name,
    )


def _fast(plan: _Plan) -> bool:
    dialect, encoding = plan.dialect, plan.encoding
    return (
        dialect.kind == "char" and not dialect.escape and not dialect.skip_space and dialect.delimiter.isascii()
        and encoding.cr == 0 and (dialect.quote is None or dialect.quote.isascii())
    )  # fmt: skip


def _byte_blocks(plan: _Plan) -> Iterator[bytes]:
    """The file as UTF-8 bytes without its mark."""
    encoding = plan.encoding
    if encoding.codec == "utf-8" and encoding.errors == "strict":
        with plan.source.open() as stream:
            while block := stream.read(BLOCK):
                yield block
        return
    with open_text(plan.source, encoding) as text:
        while piece := text.read(BLOCK):
            yield piece.encode("utf-8", "surrogatepass")


def _read_fast(plan: _Plan, columns: TextColumns, irregular: Irregular, options: ReadOptions) -> None:
    """Block by block with the C parser, each block's shape known beforehand. Raises _Doubt."""
    rest, line, skip = b"", 1, plan.data_line - 1
    fitter = RowFitter(plan.layout.width, irregular)
    blocks = itertools.chain(_byte_blocks(plan), [b""])
    for block in blocks:
        data, last = rest + block, not block
        if skip:
            data, passed = _skip_lines(data, skip)
            skip, line = skip - passed, line + passed
            if skip and not last:
                rest = data
                continue
        if not data:
            break
        found = find_structure(
            data, ord(plan.dialect.delimiter), ord(plan.dialect.quote) if plan.dialect.quote else None,
            plan.layout.width, last,
        )  # fmt: skip
        if found is None or (found.cut == 0 and len(data) > BLOCK_LIMIT):
            raise _Doubt
        if len(found.starts):
            _add_block(plan, data[: found.cut], found, line, columns, irregular, fitter)
        rest, line = data[found.cut :], line + found.newlines
        options.say(f"{plan.source.name}: {columns.seen:,} rows read")
    _add_rows(plan, list(fitter.finish()), columns, irregular)


def _skip_lines(data: bytes, count: int) -> tuple[bytes, int]:
    position = passed = 0
    while passed < count and (found := data.find(b"\n", position)) >= 0:
        position, passed = found + 1, passed + 1
    return data[position:], passed


def _add_block(
    plan: _Plan, data: bytes, found: Structure, line: int, columns: TextColumns, irregular: Irregular, fitter: RowFitter
) -> None:
    """One block of whole records: with the C parser if all are as wide as the table, else row by row."""
    blank = found.starts == found.ends
    if ((found.widths == plan.layout.width) | blank).all() and not (blank & (plan.layout.width == 1)).any():
        block = _parsed(plan, data, found, line, blank)
        if block is not None:
            _add_rows(plan, list(fitter.release()), columns, irregular)
            columns.add(_sifted(block, plan.layout, irregular))
            return
    rows = iterate_rows(io.StringIO(data.decode(), newline="\n"), plan.dialect, plan.layout.width, line)
    _add_rows(plan, list(fitter.fit(rows)), columns, irregular)


def _parsed(plan: _Plan, data: bytes, found: Structure, line: int, blank: Any) -> Block | None:
    """The block by the C parser; None where it does not see the records that are there."""
    quote = plan.dialect.quote
    quoted = quote is not None and quote.encode() in data
    frame = pd.read_csv(  # type: ignore[call-overload]  # the stubs do not know quotechar with a variable
        io.BytesIO(data), sep=plan.dialect.delimiter, header=None, names=list(range(plan.layout.width)), dtype=object,
        quotechar=quote if quoted else '"', quoting=0 if quoted else 3, keep_default_na=False, na_filter=False,
        encoding="utf-8", low_memory=False, engine="c", index_col=False, skip_blank_lines=True,
    )  # fmt: skip
    lines = found.lines[~blank] + line
    if len(frame) != len(lines):
        return None
    pairs = []
    for name in frame.columns:
        codes, texts = pd.factorize(frame[name].to_numpy(object))
        pairs.append((codes.astype(np.int32), np.asarray(texts, object)))
    return Block(pairs, lines.astype(np.int64))


def _add_rows(
    plan: _Plan, rows: list[tuple[int, list[str | None]]], columns: TextColumns, irregular: Irregular
) -> None:
    if rows:
        block = block_from_cells([cells for _, cells in rows], [line for line, _ in rows], plan.layout.width)
        columns.add(_sifted(block, plan.layout, irregular))


def _sifted(block: Block, layout: Layout, irregular: Irregular) -> Block:
    """The block without rows that hold nothing but white space, and without repeats of the header."""
    void = _rows_where(block, [_is_hollow] * layout.width, absent=True)
    irregular.empty.extend(block.lines[void].tolist())
    if layout.header and layout.width > 1:
        again = _rows_where(block, [partial(_is_named, name) for name in layout.names], absent=False)
        irregular.repeated.extend(block.lines[again].tolist())
        void |= again
    if not void.any():
        return block
    return Block([(codes[~void], texts) for codes, texts in block.columns], block.lines[~void])


def _is_hollow(text: str) -> bool:
    """Blank, or a piece of a ruled line as Markdown draws it below the header."""
    text = text.strip()
    return not text or (len(text) > 2 and not text.strip(":-") and "--" in text)


def _is_named(name: str, text: str) -> bool:
    return text.strip() == name


def _rows_where(block: Block, tests: Sequence[Callable[[str], bool]], absent: bool) -> npt.NDArray[np.bool_]:
    """Which rows pass the test of every column, (rows,); `absent` says whether an absent cell passes."""
    passed = np.ones(len(block.lines), bool)
    for (codes, texts), test in zip(block.columns, tests, strict=True):
        good = [code for code, text in enumerate(texts) if test(text)]
        passed &= np.isin(codes, [-1, *good] if absent else good)
        if not passed.any():
            break
    return passed


def _read_carefully(plan: _Plan, columns: TextColumns, irregular: Irregular, options: ReadOptions) -> None:
    """Row by row, for quotes and delimiters that need thought."""
    width = plan.layout.width
    # Where spaces separate, a missing cell leaves no trace: a short row does not tell which one is absent.
    fitter = RowFitter(width, irregular, padding=plan.dialect.kind not in ("spaces", "aligned"))
    with _open_lines(plan.source, plan.encoding) as text:
        for _ in range(plan.data_line - 1):
            text.readline()
        rows = fitter.fit(iterate_rows(text, plan.dialect, width, plan.data_line))
        while batch := list(itertools.islice(rows, CAREFUL_ROWS)):
            _add_rows(plan, batch, columns, irregular)
            options.say(f"{plan.source.name}: {columns.seen:,} rows read")
    _add_rows(plan, list(fitter.finish()), columns, irregular)


def _without_blank_columns(frame: pd.DataFrame, layout: Layout) -> tuple[pd.DataFrame, list[str]]:
    """A nameless column without any value comes from a delimiter at the end of the lines."""
    void = [
        name for position, name in enumerate(frame.columns, 1)
        if (not layout.header or name == f"column_{position}") and frame.shape[1] > 1 and _is_void(frame[name])
    ]  # fmt: skip
    if not void or len(void) == frame.shape[1] or not len(frame):
        return frame, []
    if not layout.header and void != [frame.columns[-1]]:
        return frame, []
    return frame.drop(columns=void), [
        f"{len(void)} nameless column{'s' if len(void) > 1 else ''} without values left out"
    ]


def _is_void(column: pd.Series[Any]) -> bool:
    return not any(isinstance(text, str) and text.strip() for text in column.unique())


def digest(source: Source) -> str:
    """SHA-256 of the unpacked content."""
    digest = hashlib.sha256()
    with source.open() as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
