"""Texts with their entities in brackets, "fly from [Boston](city) to …", a text a line, as people mark them by hand.

Knows nothing of files: one line in, one text out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from traineragent.data.entities.marked import Marked, Span

OFTEN = 0.2  # of the lines must hold a mark, for a file to be marked so
FEWEST = 3  # lines with marks
_MARK = re.compile(r"\[(?P<text>[^\[\]\n]+)\]\((?P<label>[A-Za-z_][\w.:-]*)\)")
_BULLET = re.compile(r"^\s*[-*]\s+")


def is_bracketed(lines: Sequence[str]) -> bool:
    """Whether lines of plain text hold marks; links and pictures of Markdown are none, since addresses have slashes."""
    filled = [line for line in lines if line.strip()]
    marked = sum(bool(_MARK.search(line)) for line in filled)
    return marked >= max(FEWEST, OFTEN * len(filled))


def bracketed_line(line: str, number: int) -> Marked | None:
    """The text without its marks, and where they stood; None for an empty line or a heading."""
    line = _BULLET.sub("", line.rstrip("\n")).strip()
    if not line or line.startswith("#"):
        return None
    text, spans, at = "", [], 0
    for mark in _MARK.finditer(line):
        text += line[at : mark.start()]
        start = len(text) + len(mark["text"]) - len(mark["text"].lstrip())
        text += mark["text"]
        end = start + len(mark["text"].strip())
        if end > start:
            spans.append(Span(mark["label"], start, end))
        at = mark.end()
    return Marked(text + line[at:], tuple(spans), number)
