"""Texts with their entities marked in place, a text a line, as people write them by hand: "fly from [Boston](city)",
"from <city>Boston</city>", "<ENAMEX TYPE="PLACE">Boston</ENAMEX>" or "<START:city> Boston <END>".

Knows nothing of files: one line in, one text out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from traineragent.data.entities.marked import Marked, Span

OFTEN = 0.2  # of the lines must hold a mark, for a file to be marked so
FEWEST = 3  # lines with marks
_PAGES = (
    "a abbr b big blockquote body br caption center cite code dd del div dl dt em font h1 h2 h3 h4 h5 h6 head html i "
    "img ins kbd label li mark ol option p pre q s samp script select small span strike strong style sub sup svg table "
    "tbody td textarea th thead title tr tt u ul var"
)
HTML = frozenset(_PAGES.split())
"""Tags of pages, which mark no entities."""
_NAME = r"[A-Za-z_][\w.:-]*"
_MARKS = (
    re.compile(rf"\[(?P<text>[^\[\]\n]+)\]\((?P<label>{_NAME})\)"),
    re.compile(
        rf"<(?P<tag>{_NAME})(?:\s+(?:type|label|category|class)\s*=\s*[\"'](?P<label>[^\"'<>]+)[\"'])?\s*>"
        r"(?P<text>[^<>\n]+)</(?P=tag)>",
        re.IGNORECASE,
    ),
    re.compile(rf"<START:(?P<label>{_NAME})>(?P<text>[^<>\n]+)<END>"),
)
_BULLET = re.compile(r"^\s*[-*]\s+")


def is_bracketed(lines: Sequence[str]) -> bool:
    """Whether lines of plain text hold marks; links and pictures of Markdown are none, since addresses have slashes."""
    filled = [line for line in lines if line.strip()]
    marked = sum(bool(_marks(line)) for line in filled)
    return marked >= max(FEWEST, OFTEN * len(filled))


def bracketed_line(line: str, number: int) -> Marked | None:
    """The text without its marks, and where they stood; None for an empty line or a heading."""
    line = _BULLET.sub("", line.rstrip("\n")).strip()
    if not line or line.startswith("#"):
        return None
    text, spans, at = "", [], 0
    for mark in _marks(line):
        text += line[at : mark.start()]
        start = len(text) + len(mark["text"]) - len(mark["text"].lstrip())
        text += mark["text"]
        end = start + len(mark["text"].strip())
        if end > start:
            spans.append(Span(_label(mark), start, end))
        at = mark.end()
    return Marked(text + line[at:], tuple(spans), number)


def _marks(line: str) -> list[re.Match[str]]:
    """The marks of a line in the first way of writing them that it has."""
    for pattern in _MARKS:
        found = [m for m in pattern.finditer(line) if _label(m).casefold() not in HTML]
        if found:
            return found
    return []


def _label(mark: re.Match[str]) -> str:
    parts = mark.groupdict()
    return parts.get("label") or parts.get("tag") or ""
