"""The dialect of a delimited text, chosen by trying: rows of one width with clean cells win.

The score follows the idea of van den Burg, Nazábal & Sutton, "Wrangling messy CSV files by detecting row and type
patterns" (2019): consistency of the row widths times the share of cells that look like values. Knows no files.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from traineragent.data.rows import Dialect, Row, iterate_rows

TRIED = "comma, semicolon, tab, pipe, space and rarer delimiters"
SINGLE = {",": 1.0, ";": 1.0, "\t": 1.0, "|": 1.0, "^": 0.9, "~": 0.9, "\x01": 0.95, "\x1f": 0.95, " ": 0.7, ":": 0.45}
STRINGS = ("::", "||", "~|~", ";;", "&&")
SAMPLE_ROWS = 400
SAMPLE_LINES = 20_000
NUMBER = re.compile(
    r"\s*[-+(]?\s*[$€£¥₹]?\s*\d(?:[\d., '\u00a0\u202f]*\d)?\.?(?:[eE][-+]?\d+)?\s*(?:[%$€£¥₹)]|[A-Za-z]{1,3})?\s*"
)
STAMP = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?.{0,6})?\s*")
TIME = re.compile(r"\b\d{1,2}:\d{2}\b")
FOREIGN = re.compile(r"[,;\t|^~\x01\x1f]")
JOINED = re.compile(r"[\w.\"'][,;\t|^~][\w.\"']")
DECIMAL_COMMA = re.compile(r"\s*-?\d+,\d+\s*")


def detect_dialect(lines: Sequence[str], forced: str | None = None) -> Dialect:
    """The likeliest dialect of `lines` (with line ends). `forced` is a delimiter stated by the file itself."""
    lines = list(lines[:SAMPLE_LINES])
    text = "".join(lines)
    if forced is not None:
        return _completed(Dialect("char", forced), lines, text)
    candidates = [Dialect("char", mark) for mark in SINGLE if mark in text]
    if sum(bool(TIME.search(line)) for line in lines) > len(lines) / 3:
        candidates = [candidate for candidate in candidates if candidate.delimiter != ":"]
    candidates += [Dialect("string", mark) for mark in STRINGS if text.count(mark) >= len(lines) // 2 > 0]
    if "  " in text:
        candidates += [Dialect("spaces", " "), Dialect("aligned", "  ")]
    candidates = [_completed(candidate, lines, text) for candidate in candidates]
    scored = [(score(candidate, lines), candidate) for candidate in candidates]
    best_score, best = max(scored, key=lambda pair: pair[0], default=(0.0, Dialect("none")))
    if best_score < 0.12 and '"' in text:  # no quote closes where it should: perhaps they are letters
        bare = [replace(candidate, quote=None, escape=False) for candidate in candidates if candidate.kind == "char"]
        best_score, best = max(((score(c, lines), c) for c in bare), key=lambda pair: pair[0], default=(0.0, best))
    least = 0.25 if best.delimiter.strip(" ") == "" else 0.12
    if best_score < least or _decimal_column(best, lines):
        quote = '"' if '"' in text else None
        return Dialect("none", "", quote)
    return best


def score(dialect: Dialect, lines: Sequence[str]) -> float:
    """Consistency of widths times cleanness of cells, in [0, 1]."""
    rows = sample_rows(lines, dialect)
    width = usual_width(rows)
    if width < 2:
        return 0.0
    first = next(i for i, row in enumerate(rows) if len(row.cells) == width)
    rows = rows[min(first, len(rows) // 2) :]
    share = sum(len(row.cells) == width for row in rows) / len(rows)
    broken = sum(row.broken for row in rows) / len(rows)
    cells = [cell for row in rows if len(row.cells) == width for cell in row.cells]
    clean = sum(map(cleanness, cells)) / max(1, len(cells))
    prior = {"string": 1.1, "spaces": 0.69, "aligned": 0.75}.get(dialect.kind, SINGLE.get(dialect.delimiter, 0.9))
    if dialect.kind == "char" and dialect.delimiter == " " and _spaced_runs(rows):
        prior *= 0.5
    if first:
        prior *= 0.85  # a header is worth more than a title
    if first and dialect.delimiter.isspace() and dialect.delimiter != "\t":
        prior *= 0.6  # words of a sentence now and then agree in number; the first line seldom does
    return float(share**2 * (width - 1) / width * clean * prior * (1 - 0.5 * broken))


def _spaced_runs(rows: Sequence[Row]) -> bool:
    """Runs of spaces leave empty cells between: the mark of aligned columns."""
    return sum("" in row.cells for row in rows) > len(rows) / 2


def sample_rows(lines: Sequence[str], dialect: Dialect, limit: int = SAMPLE_ROWS) -> list[Row]:
    rows: list[Row] = []
    for row in iterate_rows(lines, dialect):
        rows.append(row)
        if len(rows) >= limit:
            break
    return rows


def usual_width(rows: Sequence[Row]) -> int:
    """The most frequent number of cells; among equals the larger. 0 if there are no rows."""
    counts = Counter(len(row.cells) for row in rows)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def cleanness(cell: str) -> float:
    """How much a cell looks like one value, in [0, 1]."""
    if not cell or cell.isalnum():
        return 1.0
    if "\t" in cell:
        return 0.2
    if len(cell) < 60 and (NUMBER.fullmatch(cell) or STAMP.fullmatch(cell)):
        return 1.0
    if cell[0] in "\"'" or cell[-1] in "\"'" or cell.count('"') % 2:
        return 0.3
    if not FOREIGN.search(cell):
        return 1.0
    return 0.1 if JOINED.search(cell) else 0.8


def _completed(dialect: Dialect, lines: Sequence[str], text: str) -> Dialect:
    """The dialect with its quote, escape and space rule, as far as the text shows them."""
    if dialect.kind == "aligned":
        return replace(dialect, quote=None)
    mark = re.escape(dialect.delimiter)
    double = len(re.findall(rf'(?:^|{mark}) *"|" *(?:{mark}|$)', text, re.MULTILINE))
    single = re.findall(rf"(?:^|{mark})'(?:[^'\r\n]|'')*'(?={mark}|\r?$)", text, re.MULTILINE)
    if len(single) > max(double, len(lines) // 3, 1):
        dialect = replace(dialect, quote="'")
    if dialect.kind in ("string", "spaces"):
        return dialect
    quote = dialect.quote or '"'
    if re.search(rf"{mark} +{quote}", text) and not re.search(rf"{mark}{quote}", text) and dialect.delimiter != " ":
        dialect = replace(dialect, skip_space=True)
    return _escaped(dialect, lines, text)


def _escaped(dialect: Dialect, lines: Sequence[str], text: str) -> Dialect:
    """Backslash escapes: if they occur, quotes are not doubled as well, and the rows agree at least as well with it."""
    quote, mark = dialect.quote or '"', dialect.delimiter
    protected = "\\" + quote in text
    if not protected and "\\" + mark not in text:
        return dialect
    if protected and re.search(rf"[^{re.escape(mark)}\r\n\\{quote}]{quote}{quote}", text):
        return dialect
    with_escape = replace(dialect, escape=True)
    plain, escaped = (_agreement(d, lines) for d in (dialect, with_escape))
    return with_escape if escaped > plain or (protected and escaped == plain) else dialect


def _agreement(dialect: Dialect, lines: Sequence[str]) -> float:
    rows = sample_rows(lines, dialect)
    width = usual_width(rows)
    return sum(len(row.cells) == width and not row.broken for row in rows) / max(
        1, sum(1 + row.cells[0].count("\n") for row in rows)
    )


def _decimal_column(dialect: Dialect, lines: Sequence[str]) -> bool:
    """One column of numbers with a decimal comma looks like two columns."""
    filled = [line.rstrip("\r\n") for line in lines if line.strip()]
    if dialect.delimiter != "," or len(filled) < 3 or "," in filled[0]:
        return False
    return all(DECIMAL_COMMA.fullmatch(line) for line in filled[1:])
