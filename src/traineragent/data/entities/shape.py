"""Tells annotated texts from other data by the first bytes of a file, cheaply and only where it is sure."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from typing import Any, Literal

from traineragent.data.entities.bracketed import is_bracketed
from traineragent.data.entities.conll import find_columns
from traineragent.data.entities.marked import Repairs
from traineragent.data.entities.spanned import TAGS, TEXTS, TOKENS, annotated, listed, tagged_record
from traineragent.data.entities.tags import SURE, is_tag, tag_share
from traineragent.data.sources import Source

Shape = Literal["conll", "json", "tokens", "lists", "brackets"]
"""conll: a token a line. json: texts with spans, or lists of tokens and tags. tokens: a table with a token a row.
lists: a table with a sentence a row, its tokens and tags as lists or words. brackets: a text a line, its entities as
"[Boston](city)" or "<city>Boston</city>"."""
HEAD = 65_536
BRACKETED = 400  # lines that are looked at for marks in place
PAIRS = (
    (".in", ".out"),
    (".words", ".tags"),
    (".words", ".labels"),
    (".tokens", ".tags"),
    (".text", ".tags"),
    (".src", ".tgt"),
)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a]")


def shape_of(source: Source) -> Shape | None:
    """What kind of annotated texts a file holds; None if it is anything else."""
    raw = source.head(HEAD)
    if _BINARY.search(raw[:2000]) and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace").lstrip("\ufeff")
    whole = len(raw) < HEAD
    if text.lstrip().startswith(("{", "[")):
        return "json" if _is_json(text.lstrip()) else None
    lines = text.splitlines() if whole else text.splitlines()[:-1]
    if any(not line.strip() or line.startswith("-DOCSTART-") for line in lines[:-1]) and find_columns(lines):
        return "conll"
    plain = source.name.lower().endswith((".txt", ".text", ".md"))
    return "brackets" if plain and is_bracketed(lines[:BRACKETED]) else _table_shape(lines)


def _is_json(text: str) -> bool:
    """Whether the first records are texts with spans or tokens with tags."""
    for record in _first_records(text):
        if annotated(record) is not None:
            return True
        tagged = tagged_record(record, 0, Repairs())
        if tagged is not None and tagged.tags:
            share, marks = tag_share(tagged.tags)
            if share >= SURE and marks:
                return True
    return False


def _first_records(text: str, most: int = 50) -> list[Any]:
    decoder = json.JSONDecoder()
    at, out = 1 if text.startswith("[") and text[1:].lstrip()[:1] in ("{", "[") else 0, list[Any]()
    while at < len(text) and len(out) < most:
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
        try:
            record, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        out.append(record)
    return out


def _table_shape(lines: Sequence[str]) -> Shape | None:
    for delimiter in ",;\t|":
        try:
            rows = [row for row in csv.reader(lines[:400], delimiter=delimiter) if row]
        except csv.Error:
            continue
        if len(rows) < 3 or len(rows[0]) < 2:
            continue
        rows = [row for row in rows if len(row) == len(rows[0])]
        if columns_of_tokens([[*column] for column in zip(*rows[1:], strict=True)]):
            return "tokens"
        if columns_of_lists(rows[0], rows[1:]):
            return "lists"
    return None


def columns_of_tokens(columns: Sequence[Sequence[str]]) -> int | None:
    """The column whose cells are a tag each, if there is one."""
    best: tuple[int, int] | None = None
    for number, cells in enumerate(columns):
        filled = [c.strip() for c in cells if c and c.strip()]
        share, marks = tag_share(filled)
        outside = sum(c == "O" for c in filled)
        if (
            share >= SURE
            and marks
            and outside
            and len(filled) >= 0.9 * len(cells)
            and (best is None or marks > best[0])
        ):
            best = (marks, number)
    return None if best is None else best[1]


def columns_of_lists(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[int, int] | None:
    """(column of tokens, column of tags) of a table with a sentence a row."""
    by_name = {name.strip().lower(): place for place, name in enumerate(names)}
    for tags in (by_name[n] for n in TAGS if n in by_name):
        for tokens in (by_name[n] for n in (*TOKENS, *TEXTS) if n in by_name and by_name[n] != tags):
            pairs = [(listed(row[tokens]), listed(row[tags])) for row in rows[:200]]
            good = [b for a, b in pairs if a and b and len(a) == len(b) and all(map(is_tag, b))]
            if pairs and len(good) >= 0.9 * len(pairs) and any(t != "O" for b in good for t in b):
                return tokens, tags
    return None


def pairs_of(sources: Sequence[Source]) -> list[tuple[Source, Source]] | None:
    """Files of words beside files of tags, by their names or, for two files, by what they hold; None without any."""
    by_name = {s.name: s for s in sources}
    for left, right in PAIRS:
        pairs = [(s, by_name[n.removesuffix(left) + right]) for n, s in by_name.items()
                 if n.endswith(left) and n.removesuffix(left) + right in by_name]  # fmt: skip
        if pairs and all(_parallel(a, b) for a, b in pairs):
            return pairs
    if len(sources) == 2:
        for a, b in (sources, sources[::-1]):
            if _parallel(a, b):
                return [(a, b)]
    return None


def _parallel(words: Source, tags: Source) -> bool:
    """Whether the first lines of `tags` are a tag for each word of `words`."""
    heads = [s.head(HEAD).decode("utf-8", "replace").splitlines() for s in (words, tags)]
    pairs = list(zip(*heads, strict=False))[:200][: -1 if len(heads[0]) > 1 else None]
    counts = [(one.split(), two.split()) for one, two in pairs]
    marks = [t for _, two in counts for t in two]
    same = sum(len(one) == len(two) for one, two in counts)
    return bool(marks) and same >= 0.98 * len(counts) and tag_share(marks)[0] >= SURE and tag_share(marks)[1] > 0
