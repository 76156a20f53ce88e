"""Columns of a table that are called alike, because they tell the same of several things or one thing in many parts.

Looks at names and labels only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .words import name_tokens

MANY_ALIKE = 8  # columns numbered alike that describe a thing together
FEWEST_CROSSED = 3  # things of which two facts at least are told in columns of their own
_TWO_PARTS = re.compile(r"(.*[^\W_])[._: -]+([^\W_]+)")


def called_alike(names: Sequence[str]) -> frozenset[str]:
    """Names that are numbered alike ("pixel_0" to "pixel_63"), or that tell several facts of each of several things
    ("price.coke", "price.pepsi", "offer.coke", "offer.pepsi")."""
    kind = {n: numberless(n) for n in names}
    sizes = Counter(k for name, k in kind.items() if k != name)
    return frozenset(n for n in names if sizes[kind[n]] >= MANY_ALIKE) | _crossed(names)


def has_twin(column: ColumnProfile, columns: Sequence[ColumnProfile]) -> bool:
    """Whether another column ends in the same word and holds the same two labels: "leak_check" beside "paint_check"."""
    mine = name_tokens(column.name)
    labels = {value for value, _ in column.top}
    return len(mine) > 1 and any(
        other.name != column.name
        and column.distinct == other.distinct == 2
        and len(tokens := name_tokens(other.name)) > 1
        and tokens[-1] == mine[-1]
        and {value for value, _ in other.top} == labels
        for other in columns
    )


def numberless(name: str) -> str:
    """A name with a sign in place of each number."""
    return re.sub(r"\d+", "#", name)


def before_and_after(words: Mapping[str, str]) -> frozenset[str]:
    """Names that another one equals but for "before" or "after" in them, such as fares before and after tax. `words`:
    the words of each name."""
    sides = {w for listed in lexicon("series")["before_or_after"].values() for w in listed}
    rests = {n: tuple(w for w in text.split() if w not in sides) for n, text in words.items()}
    kinds = Counter(rests.values())
    return frozenset(n for n, rest in rests.items() if rest != tuple(words[n].split()) and rest and kinds[rest] > 1)


def _crossed(names: Sequence[str]) -> frozenset[str]:
    """Names made of a first and a second part, of which each first one stands with the same second ones as another."""
    parts = {n: m.groups() for n in names if (m := _TWO_PARTS.fullmatch(n))}
    seconds: dict[str, set[str]] = {}
    for first, second in parts.values():
        seconds.setdefault(first, set()).add(second)
    many = {first: found for first, found in seconds.items() if len(found) >= FEWEST_CROSSED}
    shared = [(a, b, many[a] & many[b]) for a in many for b in many if a < b]
    cells = {(first, s) for a, b, both in shared if len(both) >= FEWEST_CROSSED for first in (a, b) for s in both}
    return frozenset(n for n, cell in parts.items() if cell in cells)
