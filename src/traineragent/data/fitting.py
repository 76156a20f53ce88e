"""Rows made as wide as their table: padded, cut, or set aside with their line, so that nothing is lost silently.

Knows nothing of files; used for delimited text and for sheets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from traineragent.data.header import NUMBER
from traineragent.data.part import line_list
from traineragent.data.rows import Row
from traineragent.errors import InputError

COMMENT = ("#", "//", "%", "--")
FOOTER = re.compile(
    r"\W*(?:(?:grand |sub-?)?totals?|sum|summe|gesamt|average|mean|sources?|quelle|notes?|footnotes?|generated|"
    r"exported|created|printed|copyright|end of|eof|records?|rows?|\(?\d+ (?:rows?|records?|lines?))\b", re.IGNORECASE,
)  # fmt: skip
KEPT_LINES = 10_000


@dataclass
class Irregular:
    """Lines of one file that were not as wide as its table, by what was done with them."""

    padded: list[int] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    aside: list[tuple[int, int]] = field(default_factory=list)  # line, cells
    aside_count: int = 0
    comments: list[int] = field(default_factory=list)
    footers: list[int] = field(default_factory=list)
    quotes: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)

    def notes(self, width: int) -> list[str]:
        found = []
        if self.aside:
            lines = [line for line, _ in self.aside]
            found.append(
                f"{_count(self.aside_count, 'row')} did not have {width} cells and could not be read "
                f"({line_list(lines)}); a delimiter inside a cell must be quoted"
            )
        if self.padded:
            found.append(
                f"{_count(len(self.padded), 'short row')} got absent cells at the end ({line_list(self.padded)})"
            )
        if self.cut:
            found.append(
                f"{_count(len(self.cut), 'row')} had extra blank cells, which were cut ({line_list(self.cut)})"
            )
        if self.quotes:
            found.append(
                f"{_count(len(self.quotes), 'row')} had quotes that are not well formed and were read as they most "
                f"likely are meant ({line_list(self.quotes)})"
            )
        if self.comments:
            found.append(
                f"{_count(len(self.comments), 'comment')} between the rows left out ({line_list(self.comments)})"
            )
        if self.footers:
            found.append(
                f"{_count(len(self.footers), 'closing remark')} below the table left out ({line_list(self.footers)})"
            )
        if self.repeated:
            found.append(f"the header is repeated inside the table and was left out there ({line_list(self.repeated)})")
        if self.empty:
            found.append(f"{_count(len(self.empty), 'row')} without any value left out ({line_list(self.empty)})")
        return found


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class RowFitter:
    """Turns rows into lists of exactly `width` cells (None: absent) with their lines."""

    def __init__(self, width: int, irregular: Irregular, padding: bool = True) -> None:
        self._width, self._irregular, self._padding = width, irregular, padding
        self._waiting: list[Row] = []

    def fit(self, rows: Iterable[Row]) -> Iterator[tuple[int, list[str | None]]]:
        """Fitted rows in order. Short rows wait until a full one follows: at the end they may be remarks."""
        for row in rows:
            if row.broken:
                self._irregular.quotes.append(row.line)
            if len(row.cells) == self._width:
                yield from self.release()
                yield row.line, list(row.cells)
            elif len(row.cells) < self._width:
                self._take_short(row)
            else:
                yield from self.release()
                if (cells := self._long(row)) is not None:
                    yield row.line, cells

    def finish(self) -> Iterator[tuple[int, list[str | None]]]:
        """The short rows at the very end, but for remarks."""
        while self._waiting and self._is_footer(self._waiting[-1]):
            self._irregular.footers.insert(0, self._waiting.pop().line)
        yield from self.release()

    def _take_short(self, row: Row) -> None:
        if row.cells[0].lstrip().startswith(COMMENT) and not NUMBER.fullmatch(row.cells[0].strip()):
            self._irregular.comments.append(row.line)
        else:
            self._waiting.append(row)

    def release(self) -> Iterator[tuple[int, list[str | None]]]:
        """The short rows that wait, padded; to be called before full rows are added in another way."""
        for row in self._waiting:
            if not self._padding:
                self._set_aside(row)
                continue
            self._irregular.padded.append(row.line)
            yield row.line, [*row.cells, *[None] * (self._width - len(row.cells))]
        self._waiting.clear()

    def _is_footer(self, row: Row) -> bool:
        filled = [cell.strip() for cell in row.cells if cell.strip()]
        if not filled:
            return True
        if FOOTER.match(filled[0]):
            return True
        return self._width >= 3 and len(row.cells) == 1 and not NUMBER.fullmatch(filled[0])

    def _long(self, row: Row) -> list[str | None] | None:
        if row.cells[0].lstrip().startswith("#"):
            self._irregular.comments.append(row.line)
            return None
        if not any(cell.strip() for cell in row.cells[self._width :]):
            self._irregular.cut.append(row.line)
            return list(row.cells[: self._width])
        self._set_aside(row)
        return None

    def _set_aside(self, row: Row) -> None:
        self._irregular.aside_count += 1
        if len(self._irregular.aside) < KEPT_LINES:
            self._irregular.aside.append((row.line, len(row.cells)))


def refuse_ragged(name: str, irregular: Irregular, rows: int, width: int, delimiter: str) -> None:
    """Raise InputError when more than 1 % of the rows (of a small file: more than ten or half) had to be set aside."""
    total = rows + irregular.aside_count
    if irregular.aside_count > max(0.01 * total, min(10, 0.5 * total)):
        line, cells = irregular.aside[0]
        raise InputError(
            f"{name}: line {line:,} has {cells:,} cells, expected {width:,} as in most rows "
            f"({irregular.aside_count:,} of {total:,} rows are like this); put cells that contain {delimiter} "
            "in double quotes",
            file=name, row=line,
        )  # fmt: skip
