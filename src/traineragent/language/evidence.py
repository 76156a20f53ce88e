"""What speaks for and against a column as the answer, gathered piece by piece.

Knows no words and no columns' contents.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..domain.data import ColumnProfile


@dataclass(frozen=True)
class Candidate:
    """A column with its score as the target and the evidence, strongest first."""

    column: str
    score: float
    why: tuple[str, ...]
    pointed: bool = False  # the words point at it: by name, as "column X", or by place
    spoken: bool = False  # something in the words speaks for it
    meant: bool = False  # so does its name or its values, and not its place or type alone


@dataclass
class Evidence:
    column: ColumnProfile
    score: float = 0.0
    why: list[tuple[float, str]] = field(default_factory=list)
    pointed: bool = False
    spoken: bool = False  # something in the words speaks for it
    outcome: bool = False  # called after what comes of things
    given: bool = False  # called after what things are
    meant: bool = False  # its name or its values speak for it

    def add(self, points: float, why: str, spoken: bool = False) -> None:
        self.score += points
        self.spoken |= spoken and points > 0
        if points:
            self.why.append((points, why))
