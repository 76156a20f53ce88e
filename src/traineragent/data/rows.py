"""Lines of text to rows of cells: strict quoting first, then the likeliest reading of broken quotes.

Knows nothing of files, headers or meaning. Cells are returned exactly as written, without their quotes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

OPEN_LINES = 5_000
OPEN_CHARACTERS = 2_000_000
"""A quoted cell that runs over more than this was never closed: its quote is read as a letter."""
ALIGNED = re.compile(r" {2,}|\t+")

csv.field_size_limit(2**31 - 1)  # Python's own limit of 131,072 letters a cell is smaller than some real texts


@dataclass(frozen=True)
class Dialect:
    """How cells are separated. `kind`: "char" one character, "string" several (`::`), "spaces" runs of spaces,
    "aligned" two or more spaces, "none" one column. `escape`: a backslash protects quotes and delimiters."""

    kind: Literal["char", "string", "spaces", "aligned", "none"] = "char"
    delimiter: str = ","
    quote: str | None = '"'
    escape: bool = False
    skip_space: bool = False

    @property
    def shown(self) -> str | None:
        """The delimiter as reported; None for one column."""
        return {"none": None, "spaces": " ", "aligned": "  "}.get(self.kind, self.delimiter)


@dataclass(frozen=True, slots=True)
class Row:
    """Cells and the line (from 1) they begin in. `broken`: the quotes were not well formed."""

    line: int
    cells: list[str]
    broken: bool = False


def iterate_rows(lines: Iterable[str], dialect: Dialect, width: int | None = None, first: int = 1) -> Iterator[Row]:
    """Rows of `lines` (with their line ends); blank lines are left out. `width` helps to read broken quotes."""
    source = _Pushable(lines, first)
    while (line := source.take()) is not None:
        number, text = source.line, line.rstrip("\r\n")
        if not text.strip(" \r" if dialect.delimiter == "\t" else None):
            continue
        cells, strict = split_line(text, dialect)
        if cells is not None:
            yield Row(number, cells, not strict)
            continue
        yield _open_row(source, line, dialect, width)


def _open_row(source: _Pushable, line: str, dialect: Dialect, width: int | None) -> Row:
    """A row whose quote is still open at the end of the line: join lines until it closes, if it sensibly does."""
    number, taken = source.line, [line]
    literal = _literal(line.rstrip("\r\n"), dialect)
    letters, quotes, tries = len(line), _quotes(line, dialect), 0
    while len(taken) < OPEN_LINES and letters < OPEN_CHARACTERS and (more := source.take()) is not None:
        taken.append(more)
        letters, quotes = letters + len(more), quotes + _quotes(more, dialect)
        if quotes % 2 or not _quotes(more, dialect):  # a quote is surely open still
            continue
        cells, strict = split_line("".join(taken).rstrip("\r\n"), dialect)
        tries += 1
        if cells is None and tries < 3:
            continue
        if cells is None:
            break
        if (strict and (width is None or len(cells) == width or len(literal) != width)) or (
            len(cells) == width and len(literal) != width
        ):
            return Row(number, cells, not strict)
        break
    source.push(taken[1:])
    return Row(number, literal, True)


def _quotes(line: str, dialect: Dialect) -> int:
    quote = dialect.quote or '"'
    return line.count(quote) - (line.count("\\" + quote) if dialect.escape else 0)


class _Pushable:
    """Lines that can be put back, with the number of the line taken last."""

    def __init__(self, lines: Iterable[str], first: int) -> None:
        self._lines, self._back, self.line = iter(lines), list[str](), first - 1

    def take(self) -> str | None:
        line = self._back.pop() if self._back else next(self._lines, None)
        self.line += line is not None
        return line

    def push(self, lines: list[str]) -> None:
        self._back.extend(reversed(lines))
        self.line -= len(lines)


def split_line(text: str, dialect: Dialect) -> tuple[list[str] | None, bool]:
    """Cells of one record and whether its quoting was well formed; None if a quote is still open at its end."""
    if dialect.kind == "none":
        return _one_cell(text, dialect), True
    if dialect.kind == "aligned":
        return ALIGNED.split(text.strip()), True
    delimiter = dialect.delimiter
    if dialect.kind == "spaces":
        text = text.strip(" \t\r").replace("\t", " ")
    elif dialect.kind == "string":
        text, delimiter = text.replace(delimiter, "\x1f"), "\x1f"
    quote = dialect.quote
    has_quote = quote is not None and quote in text
    if not has_quote and not (dialect.escape and "\\" in text):
        return _plain(text, delimiter, dialect), True
    if dialect.escape or "\r" in text.replace("\r\n", ""):
        return _tokens(text, delimiter, dialect), True
    try:
        rows = list(
            csv.reader([text], delimiter=delimiter, quotechar=quote, strict=True,
                       skipinitialspace=dialect.skip_space or dialect.kind == "spaces")
        )  # fmt: skip
        return rows[0], True
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None, True
        return _tokens(text, delimiter, dialect), False


def _plain(text: str, delimiter: str, dialect: Dialect) -> list[str]:
    if dialect.kind == "spaces":
        return text.split()
    cells = text.split(delimiter)
    return [cell.lstrip(" ") for cell in cells] if dialect.skip_space else cells


def _one_cell(text: str, dialect: Dialect) -> list[str] | None:
    quote = dialect.quote
    if quote and text.startswith(quote):
        body = text[1:]
        if len(body) >= 1 and body.endswith(quote) and (len(body) - len(body.rstrip(quote))) % 2 == 1:
            return [body[:-1].replace(quote * 2, quote)]
        if text.count(quote) % 2 == 1:
            return None
    return [text]


def _literal(text: str, dialect: Dialect) -> list[str]:
    """Cells when no quote is special at the place that never closes; well-formed quoted cells before it keep theirs."""
    if dialect.kind == "none":
        return [text]
    if dialect.kind == "spaces":
        return text.split()
    cells = _tokens(text, dialect.delimiter, dialect, give_up=False)
    return cells if cells is not None else text.split(dialect.delimiter)


def _tokens(text: str, delimiter: str, dialect: Dialect, give_up: bool = True) -> list[str] | None:
    """Cells where a quote closes only before a delimiter or the end; None if one is open at the end.

    `give_up=False` reads such a quote as a letter instead."""
    cells: list[str] = []
    position, end = 0, len(text)
    while True:
        start = position
        if dialect.skip_space or dialect.kind == "spaces":
            while start < end and text[start] == " ":
                start += 1
        quoted = dialect.quote is not None and start < end and text[start] == dialect.quote
        found = _quoted_cell(text, start, delimiter, dialect) if quoted else None
        if quoted and found is None and give_up:
            return None
        cell, position = found if found is not None else _bare_cell(text, start, delimiter, dialect)
        cells.append(cell)
        if position >= end:
            return cells
        position += len(delimiter)
        if position >= end:
            return [*cells, ""]


def _quoted_cell(text: str, start: int, delimiter: str, dialect: Dialect) -> tuple[str, int] | None:
    """The cell that opens at `start` and where it ends; None if it does not close."""
    quote = dialect.quote or '"'
    for doubled in (True, False):
        parts: list[str] = []
        position = start + 1
        while position < len(text):
            letter = text[position]
            following = text[position + 1 : position + 2]
            if dialect.escape and letter == "\\" and following in (quote, delimiter, "\\"):
                parts.append(following)
                position += 2
            elif letter != quote:
                parts.append(letter)
                position += 1
            elif doubled and following == quote and not dialect.escape:
                parts.append(quote)
                position += 2
            elif following in ("", delimiter):
                return "".join(parts), position + 1
            else:
                parts.append(quote)
                position += 1
    return None


def _bare_cell(text: str, start: int, delimiter: str, dialect: Dialect) -> tuple[str, int]:
    if not dialect.escape:
        end = text.find(delimiter, start)
        end = len(text) if end < 0 else end
        return text[start:end], end
    parts: list[str] = []
    position = start
    while position < len(text) and text[position] != delimiter:
        if text[position] == "\\" and text[position + 1 : position + 2] in (delimiter, dialect.quote or '"', "\\"):
            position += 1
        parts.append(text[position : position + 1])
        position += 1
    return "".join(parts), position
