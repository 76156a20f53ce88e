"""Tagged tokens in text files: a token a line (CoNLL and its relatives), or tokens and tags in two parallel files.

Knows nothing of schemes of tags beyond telling a column of tags from others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from traineragent.data.encoding import detect_encoding, open_text
from traineragent.data.entities.marked import Repairs, Tagged
from traineragent.data.entities.tags import OUTSIDE, SURE, tag_share
from traineragent.data.sources import Source
from traineragent.errors import InputError

DOCUMENT = re.compile(r"^-(DOCSTART|X)-")
HEADERS = frozenset({"tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags", "bio", "iob", "entity"})
LOOKED_AT = 5_000  # lines that decide what the columns are
BROKEN_SHARE = 0.02
PLAIN_LABELS = 60
MOST_MARKED = 0.7  # share of tokens: a column that marks more holds phrases


@dataclass(frozen=True)
class Columns:
    """Where token and tag stand in a line of `width` fields that `tab` or any space separates."""

    tab: bool
    width: int
    token: int
    tag: int

    def fields(self, line: str) -> list[str]:
        return _fields(line, self.tab)


def _fields(line: str, tab: bool) -> list[str]:
    return [f.strip() for f in line.split("\t")] if tab else line.split()


def find_columns(lines: Iterable[str]) -> Columns | None:
    """What the columns of tagged tokens are; None if `lines` (of a whole file or its beginning) are none."""
    full = [line.rstrip("\r\n") for line in lines]
    used = [line for line in full if line.strip() and not DOCUMENT.match(line) and not line.startswith("# ")]
    used = used[:LOOKED_AT]
    if len(used) < 3:
        return None
    tab = sum("\t" in line for line in used) > 0.9 * len(used)
    rows = [_fields(line, tab) for line in used]
    widths = [len(row) for row in rows]
    width = max(set(widths), key=widths.count)
    rows = [row for row in rows if len(row) == width]
    if width < 2 or len(rows) < 0.9 * len(used):
        return None
    blank = any(not line.strip() for line in full)
    tag = _tag_column(rows, width, blank)
    if tag is None:
        return None
    numbered = width > 2 and all(row[0].isdigit() for row in rows[:200])
    return Columns(tab, width, 1 if numbered and tag != 1 else (0 if tag else 1), tag)


def _tag_column(rows: Sequence[Sequence[str]], width: int, blank: bool) -> int | None:
    """The column of tags that marks most, but not nearly everything, as phrases beside names do; labels without prefix
    only count where blank lines part sentences."""
    found = []
    for column in range(width):
        share, marks = tag_share([row[column] for row in rows])
        if share >= SURE and marks:
            found.append((marks <= MOST_MARKED * len(rows), marks, column))
    if found:
        return max(found)[2]
    last = [row[-1] for row in rows]
    outside = sum(tag in ("O", "o") for tag in last)
    if blank and 0.3 * len(last) <= outside < len(last) and len(set(last)) <= PLAIN_LABELS:
        return width - 1
    return None


def read_conll(source: Source, repairs: Repairs) -> list[Tagged]:
    """The sentences of a file with a token a line. Raises InputError naming file and line."""
    with open_text(source, detect_encoding(source)) as text:
        lines = [line.rstrip("\r\n").lstrip("\ufeff") for line in text.read().split("\n")]
    columns = find_columns(lines)
    if columns is None:
        raise InputError(
            f'{source.name}: expected a token and its tag in each line (as in "Paris B-LOC") and a blank line between '
            "sentences; no column of tags was found",
            file=source.name,
        )  # fmt: skip
    sentences = [s for s in _sentences(lines, columns, source, repairs) if s.tokens]
    if not sentences:
        raise InputError(f"{source.name}: holds no tagged sentence", file=source.name)
    return sentences


def _sentences(lines: Sequence[str], columns: Columns, source: Source, repairs: Repairs) -> Iterator[Tagged]:
    tokens: list[tuple[str, str, int]] = []
    broken: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or DOCUMENT.match(line):
            yield _sentence(tokens)
            tokens = []
            continue
        fields = columns.fields(line)
        if line.startswith("# ") and len(fields) != columns.width:
            continue
        if len(fields) != columns.width:
            broken.append(number)
            _refuse_many(broken, len(lines), source, columns)
            fields = _mended(fields, columns)
        token, tag = fields[columns.token], fields[columns.tag]
        if number == 1 and tag.lower() in HEADERS:
            continue
        if token:
            tokens.append((token, tag, number))
        elif tag not in OUTSIDE:
            repairs.note("a line has a tag and no token, and was left out", number)
    yield _sentence(tokens)
    for number in broken:
        repairs.note(f"a line has not {columns.width} fields; its token counts as outside unless a tag follows", number)


def _refuse_many(broken: Sequence[int], lines: int, source: Source, columns: Columns) -> None:
    if len(broken) > max(20, BROKEN_SHARE * lines):
        raise InputError(
            f"{source.name}: line {broken[0]} and {len(broken) - 1} more have not the {columns.width} fields of the "
            f"other lines, separated by {'tabs' if columns.tab else 'spaces'}; write token and tag in each",
            file=source.name, row=broken[0],
        )  # fmt: skip


def _mended(fields: Sequence[str], columns: Columns) -> list[str]:
    """A line with too few or too many fields: token where it should be, a tag only if the last field is one."""
    token = fields[min(columns.token, len(fields) - 1)]
    sure = len(fields) > 1 and tag_share([fields[-1]])[0] == 1.0
    out = [""] * columns.width
    out[columns.token], out[columns.tag] = token, fields[-1] if sure else "O"
    return out


def _sentence(tokens: Sequence[tuple[str, str, int]]) -> Tagged:
    return Tagged(tuple(t for t, _, _ in tokens), tuple(g for _, g, _ in tokens), tuple(n for _, _, n in tokens))


def read_parallel(words: Source, tags: Source, repairs: Repairs) -> list[Tagged]:
    """Sentences of two files, one with tokens and one with tags, a sentence a line. Raises InputError."""
    left, right = _lines(words), _lines(tags)
    if len(left) != len(right):
        raise InputError(
            f"{words.name} has {len(left):,} lines and {tags.name} {len(right):,}; each line of tags must belong to "
            "the line of words with the same number",
            file=tags.name,
        )  # fmt: skip
    out, uneven = [], []
    for number, (one, two) in enumerate(zip(left, right, strict=True), 1):
        tokens, marks = one.split(), two.split()
        if len(tokens) != len(marks):
            uneven.append(number)
            repairs.note("a line has another number of tokens than of tags, and was left out", number)
        elif tokens:
            out.append(Tagged(tuple(tokens), tuple(marks), (number,) * len(tokens)))
    if len(uneven) > max(5, BROKEN_SHARE * len(left)):
        raise InputError(
            f"{words.name}: line {uneven[0]} has another number of tokens than that of {tags.name} has tags, and so "
            f"have {len(uneven) - 1} more",
            file=words.name, row=uneven[0],
        )  # fmt: skip
    return out


def _lines(source: Source) -> list[str]:
    with open_text(source, detect_encoding(source)) as text:
        lines = text.read().lstrip("\ufeff").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines
