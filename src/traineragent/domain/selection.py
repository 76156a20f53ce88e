"""Which rows are to count: conditions on one column each, and the constraint words that they are written as."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Operator = Literal["=", "!=", ">=", "<=", ">", "<"]
ROWS, HELD = "rows:", "holdout:"
"""What constraint words begin with that say which rows count, and which of them are held out."""
FEWEST_CHOSEN = 10
"""Of rows that the words choose, fewer are none to learn from."""
_OPERATOR = re.compile(r"!=|>=|<=|=|>|<")
_SAID = {"=": "is", "!=": "is not", ">=": "is at least", "<=": "is at most", ">": "is above", "<": "is below"}


@dataclass(frozen=True)
class RowCondition:
    """Rows count of which `column` compares so with `value`: a text for = and != (a year, month or day of a date), else
    a number or a date in ISO 8601."""

    column: str
    operator: Operator
    value: str

    def word(self, prefix: str = ROWS) -> str:
        return f"{prefix}{self.column}{self.operator}{self.value}"

    @property
    def words(self) -> str:
        """For people: "'city' is 'Ulm'"."""
        return f"{self.column!r} {_SAID[self.operator]} {self.value!r}"


def held_share(constraints: Iterable[str]) -> float | None:
    """The share of the rows that is to be held out, where a constraint word says so."""
    said = [w.removeprefix(HELD) for w in constraints if re.fullmatch(rf"{HELD}0?\.\d+", w)]
    return float(said[0]) if said else None


def conditions_of(constraints: Iterable[str], columns: Sequence[str], prefix: str = ROWS) -> tuple[RowCondition, ...]:
    """The conditions among constraint words, of columns that there are. Longer names first: a name may hold a sign."""
    out = []
    for word in constraints:
        if not word.startswith(prefix):
            continue
        rest = word.removeprefix(prefix)
        for column in sorted(columns, key=len, reverse=True):
            found = _OPERATOR.match(rest, len(column)) if rest.startswith(column) else None
            if found:
                out.append(RowCondition(column, found[0], rest[found.end() :]))  # type: ignore[arg-type]
                break
    return tuple(out)


def in_words(constraint: str) -> str | None:
    """A constraint word about rows for people; None for any other."""
    if (share := held_share([constraint])) is not None:
        return f"{share:.0%} of the rows held out"
    prefix = next((p for p in (ROWS, HELD) if constraint.startswith(p)), "")
    found = _OPERATOR.search(constraint, len(prefix) + 1) if prefix else None
    if found is None:
        return None
    said = RowCondition(constraint[len(prefix) : found.start()], found[0], constraint[found.end() :])  # type: ignore[arg-type]
    return f"only rows where {said.words}" if prefix == ROWS else f"held out where {said.words}"
