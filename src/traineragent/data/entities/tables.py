"""Tagged tokens in tables: a token a row with the sentence it belongs to, or a sentence a row with lists.

Knows nothing of files; takes the table as it was read.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from traineragent.data.entities.marked import Repairs, Tagged
from traineragent.data.entities.shape import columns_of_lists, columns_of_tokens
from traineragent.data.entities.spanned import listed
from traineragent.errors import InputError

TOKEN_NAMES = ("word", "token", "words", "tokens", "text", "form", "surface")
SENTENCE_NAMES = re.compile(r"sent|utt|line|doc|^id$|_id$|^#|post|tweet|text_?id", re.IGNORECASE)
ENDINGS = frozenset(".!?。！？")
LONGEST = 200
"""Tokens after which a sentence ends in a table that does not say where sentences end."""


def tags_called(frame: pd.DataFrame, shape: Literal["tokens", "lists"]) -> str | None:
    """The name of the column that holds the tags, as whoever made the table calls it."""
    cells = [_texts(frame[c].head(5000)) for c in frame.columns]
    if shape == "tokens":
        place = columns_of_tokens(cells)
    else:
        places = columns_of_lists([str(c) for c in frame.columns], list(zip(*cells, strict=True)))
        place = places[1] if places else None
    return None if place is None else str(frame.columns[place])


def read_tokens(frame: pd.DataFrame, lines: Sequence[int], name: str, repairs: Repairs) -> list[Tagged]:
    """The sentences of a table with a token a row. Raises InputError where no column holds tokens."""
    cells = [_texts(frame[c]) for c in frame.columns]
    tag = columns_of_tokens([c[:5000] for c in cells])
    if tag is None:
        raise InputError(f"{name}: no column holds tags such as O, B-PER and I-PER", file=name)
    names = [str(c).strip().lower() for c in frame.columns]
    rest = [c for c in range(len(cells)) if c != tag]
    token = next((c for n in TOKEN_NAMES for c in rest if names[c] == n), None)
    if token is None:
        able = [c for c in rest if _one_a_row(cells[c])] or rest
        token = max(able, key=lambda c: _wordiness(cells[c]), default=None)
    if token is None:
        raise InputError(f"{name}: no column holds the tokens that are tagged", file=name)
    sentence = _sentence_column(names, cells, [c for c in rest if c != token])
    ends = _ends(cells, token, tag, sentence)
    tokens, tags = cells[token], [t or "O" for t in cells[tag]]
    for number in np.flatnonzero([not t for t in tokens]).tolist():
        repairs.note("a row has no token and was left out", int(lines[number]))
    out, first = [], 0
    for end in ends:
        kept = [i for i in range(first, end) if tokens[i]]
        if kept:
            out.append(
                Tagged(tuple(tokens[i] for i in kept), tuple(tags[i] for i in kept), tuple(int(lines[i]) for i in kept))
            )
        first = end
    return out


def _texts(column: pd.Series[Any]) -> list[str]:
    return ["" if v is None else str(v).strip() for v in column.astype(object).where(column.notna(), None)]


def _wordiness(cells: Sequence[str]) -> float:
    """Distinct cells that are no numbers: words are the most varied."""
    sample = {c.casefold() for c in cells[:20_000] if c}
    return sum(not c.isnumeric() and ":" not in c[:-1] for c in sample)


def _one_a_row(cells: Sequence[str]) -> bool:
    """Whether nearly every row has a cell, and mostly another one than the row above: so words do, sentences do not."""
    others = sum(a != b for a, b in itertools.pairwise(cells))
    return sum(map(bool, cells)) >= 0.9 * len(cells) and others >= 0.6 * (len(cells) - 1)


def _sentence_column(names: Sequence[str], cells: Sequence[Sequence[str]], rest: Sequence[int]) -> int | None:
    """The column that says which sentence a row belongs to: made of runs, and named so or with a value for each run."""
    found = []
    for c in rest:
        ids = _filled_down(cells[c])
        starts = [b for a, b in zip(["", *ids], ids, strict=False) if a != b]
        named = bool(SENTENCE_NAMES.search(names[c]))
        if (named or len(set(starts)) == len(starts)) and 1 < len(starts) < 0.7 * len(ids):
            found.append(("sent" in names[c], named, len(starts), c))
    return max(found)[-1] if found else None


def _ends(cells: Sequence[Sequence[str]], token: int, tag: int, sentence: int | None) -> list[int]:
    """Behind which rows sentences end; an empty cell in the column of sentences belongs to the one above."""
    size = len(cells[token])
    if sentence is not None:
        ids = _filled_down(cells[sentence])
        return [*(i for i in range(1, size) if ids[i] != ids[i - 1]), size]
    ends, begun = [], 0
    for i in range(1, size):
        outside = cells[tag][i - 1] == "O"
        if outside and (cells[token][i - 1] in ENDINGS or i - begun >= LONGEST):
            ends.append(i)
            begun = i
    return [*ends, size]


def _filled_down(column: Sequence[str]) -> list[str]:
    """Each cell, or where it is empty the one above."""
    out: list[str] = []
    for cell in column:
        out.append(cell or (out[-1] if out else ""))
    return out


def read_lists(frame: pd.DataFrame, lines: Sequence[int], name: str, repairs: Repairs) -> list[Tagged]:
    """The sentences of a table with a sentence a row."""
    rows = list(zip(*(_texts(frame[c]) for c in frame.columns), strict=True))
    places = columns_of_lists([str(c) for c in frame.columns], rows)
    if places is None:
        raise InputError(f"{name}: no two columns hold tokens and as many tags", file=name)
    out = []
    for row, line in zip(rows, lines, strict=True):
        tokens, tags = listed(row[places[0]]) or [], listed(row[places[1]]) or []
        if len(tokens) != len(tags):
            repairs.note("a row has another number of tokens than of tags, and was left out", int(line))
        elif tokens:
            out.append(Tagged(tuple(tokens), tuple(tags), (int(line),) * len(tokens)))
    return out
