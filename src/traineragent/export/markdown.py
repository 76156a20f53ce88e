"""Markdown for documents: neat tables, and values from data made harmless in text, code and cells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]+")


def plain(value: Any) -> str:
    """A value as running text: one line, no markup of its own."""
    return re.sub(r"([\\`*<\[|])", r"\\\1", _CONTROL.sub(" ", str(value)).strip())


def code(value: Any) -> str:
    """A value as inline code."""
    text = _CONTROL.sub(" ", str(value)).strip().replace("`", "'")
    return f"`{text}`" if text else '`""`'


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[int] = ()) -> str:
    """A Markdown table whose columns line up in a plain text editor. `right`: columns of numbers.

    Cells are Markdown; a bar inside one is escaped. An empty table is empty text."""
    body = [[_cell(c) for c in row] for row in rows]
    if not body:
        return ""
    cells = [[_cell(h) for h in head], *body]
    widths = [max(3, *(_width(row[i]) for row in cells)) for i in range(len(head))]
    rule = ["-" * (w - 1) + ":" if i in right else "-" * w for i, w in enumerate(widths)]
    lines = [_line(row, widths, right) for row in cells]
    return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])


def _cell(value: Any) -> str:
    text = _CONTROL.sub(" ", str(value)).strip()
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    cells = []
    for i, (text, width) in enumerate(zip(row, widths, strict=True)):
        space = " " * (width - _width(text))
        cells.append(space + text if i in right else text + space)
    return "| " + " | ".join(cells) + " |"


def _width(text: str) -> int:
    """Columns a text takes in a terminal: East Asian characters take two, marks none."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)
