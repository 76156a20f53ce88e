"""Tags of tokens as spans, whatever the scheme: IOB1, IOB2 (BIO), IOBES, BILOU, or labels without a prefix.

Knows nothing of files. Schemes after Ramshaw and Marcus (1995) and Ratinov and Roth (2009).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from traineragent.data.entities.marked import Marked, Repairs, Span, Tagged
from traineragent.serve.spans.tokens import is_unspaced

PREFIXED = re.compile(r"^([BIELSUMbielsum])[-_:](\S.*)$")
SUFFIXED = re.compile(r"^(\S.*)[-_:]([BIELSUM])$")
OUTSIDE = frozenset({"O", "o", "0", "OUT", "OTHER", "_", "-"})
SURE = 0.97
"""So large a share of the cells must be tags for a column to be one of tags."""
Style = Literal["prefix", "suffix", "plain"]


@dataclass(frozen=True)
class Scheme:
    """How tags are written. `inside_first`: entities begin with I, and B only parts neighbours (IOB1). `each`: every
    token has a label of its own, as parts of speech do, so equal neighbours are not one span. `tight`: tokens are
    single letters of a script without spaces."""

    style: Style
    inside_first: bool = False
    each: bool = False
    tight: bool = False


def is_tag(cell: str) -> bool:
    """Whether a cell is surely written as a tag: outside, or a label with a prefix."""
    return cell == "O" or PREFIXED.match(cell) is not None


def tag_share(cells: Sequence[str]) -> tuple[float, int]:
    """(share of cells that are tags of one style, number of those that mark something)."""
    best = (0.0, 0)
    for pattern in (PREFIXED, SUFFIXED):
        marked = sum(pattern.match(c) is not None for c in cells)
        outside = sum(c == "O" for c in cells)
        best = max(best, ((marked + outside) / max(len(cells), 1), marked))
    return best


def scheme_of(sentences: Iterable[Tagged]) -> Scheme:
    """How the tags of a whole file are written."""
    sentences = list(sentences)
    tight = _is_tight(sentences)
    tags = Counter(tag for s in sentences for tag in s.tags)
    marked = Counter({t: n for t, n in tags.items() if t not in OUTSIDE})
    total = max(sum(marked.values()), 1)
    styles: tuple[tuple[Style, re.Pattern[str], int], ...] = (("prefix", PREFIXED, 1), ("suffix", SUFFIXED, 2))
    for style, pattern, place in styles:
        found = {tag: pattern.match(tag) for tag in marked}
        if sum(marked[t] for t, m in found.items() if m) >= 0.9 * total:
            first = sum(marked[t] for t, m in found.items() if m and m[place].upper() in "BSU")
            return Scheme(style, inside_first=first < 0.1 * total, tight=tight)
    return Scheme("plain", each=total == sum(tags.values()), tight=tight)


def _is_tight(sentences: Sequence[Tagged]) -> bool:
    """Whether nearly every token is one letter, most of them of scripts without spaces."""
    tokens = [t for s in sentences[:2000] for t in s.tokens]
    single = sum(len(t) == 1 for t in tokens)
    return single > 0.8 * len(tokens) and sum(is_unspaced(t[:1]) for t in tokens) > 0.5 * len(tokens)


def _taken_apart(tag: str, style: Style) -> tuple[str, str] | None:
    """(prefix, label); None for a tag that marks nothing known."""
    if style == "prefix":
        found = PREFIXED.match(tag)
        return (found[1].upper(), found[2].strip()) if found else None
    if style == "suffix":
        found = SUFFIXED.match(tag)
        return (found[2], found[1].strip()) if found else None
    return ("I", tag)


def marked_of(sentence: Tagged, scheme: Scheme, repairs: Repairs) -> Marked:
    """The sentence as a text, its tags as spans of it."""
    text, places = joined(sentence.tokens, scheme.tight)
    spans: list[Span] = []
    open_: Span | None = None
    for tag, (start, end), line in zip(sentence.tags, places, sentence.lines, strict=True):
        part = None if tag in OUTSIDE else _taken_apart(tag, scheme.style)
        if part is None:
            if tag not in OUTSIDE:
                repairs.note(f"the tag {tag[:40]!r} is none of the scheme and was read as outside", line)
            _close(spans, open_)
            open_ = None
            continue
        prefix, label = part
        goes_on = open_ is not None and open_.label == label and prefix in "IELM" and not scheme.each
        if not goes_on and scheme.style != "plain" and prefix in "IEM" and not scheme.inside_first:
            repairs.note("a tag goes on with an entity that was not begun, and begins one instead", line)
        if goes_on and open_ is not None:
            open_ = Span(label, open_.start, end)
        else:
            _close(spans, open_)
            open_ = Span(label, start, end)
        if prefix in "ELSU":
            _close(spans, open_)
            open_ = None
    _close(spans, open_)
    return Marked(text, tuple(spans), sentence.lines[0] if sentence.lines else 0)


def _close(spans: list[Span], open_: Span | None) -> None:
    if open_ is not None:
        spans.append(open_)


def joined(tokens: Sequence[str], tight: bool = False) -> tuple[str, list[tuple[int, int]]]:
    """Tokens as a text, with the place of each: a space between them, except in scripts that are written without;
    `tight` never puts one."""
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    at = 0
    for number, token in enumerate(tokens):
        if number and not tight and not (is_unspaced(tokens[number - 1][-1:]) and is_unspaced(token[:1])):
            pieces.append(" ")
            at += 1
        pieces.append(token)
        places.append((at, at + len(token)))
        at += len(token)
    return "".join(pieces), places
