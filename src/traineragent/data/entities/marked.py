"""A text with its marked parts, and what went wrong while reading it. Offsets are code points, ends exclusive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from traineragent.data.part import line_list


class Span(NamedTuple):
    label: str
    start: int
    end: int


@dataclass(frozen=True)
class Marked:
    """A text with its spans, in order. `line`: where it begins in its file, counted from 1."""

    text: str
    spans: tuple[Span, ...]
    line: int


@dataclass(frozen=True)
class Tagged:
    """A sentence as tokens with a tag each; `lines` (tokens,) say where each stands in its file."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    lines: tuple[int, ...]


@dataclass
class Repairs:
    """What was mended, by kind, with the lines; becomes sentences for the report."""

    found: dict[str, list[int]] = field(default_factory=dict)

    def note(self, what: str, line: int) -> None:
        self.found.setdefault(what, []).append(line)

    def count(self, what: str) -> int:
        return len(self.found.get(what, ()))

    def sentences(self) -> Iterator[str]:
        for what, lines in self.found.items():
            yield f"{what} ({len(lines):,} {'time' if len(lines) == 1 else 'times'}: {line_list(sorted(lines))})"
