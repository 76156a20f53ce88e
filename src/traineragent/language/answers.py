"""What kind of answer a column can give: a yes or no, an amount, one of a few; and which ones hold free text.

Sees the profile of one column. Knows nothing of requests.
"""

from __future__ import annotations

import re

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .moments import holds_years
from .phrases import matches
from .words import WIDE, fold, name_tokens

_WORDY = 4.0  # characters of a script without spaces, or thirds of Latin ones, that a label seldom has
_NUMBERED = re.compile(r"([a-z]+)[\s_-]?\d+(?:[\s_./-]\d+)*|([a-z]{1,3})[\s_-][a-z]")
_YES_NO = frozenset(
    {"yes", "no", "true", "false", "0", "1", "y", "n", "t", "f", "ja", "nein", "si", "oui", "non", "sim", "nao"}
)


def holds_text(column: ColumnProfile) -> bool:
    """Free text, also where few different ones are in the data: called a text, and longer than labels are."""
    if column.meaning == "text":
        return True
    if column.meaning != "category" or not column.top:
        return False
    if not matches(lexicon("tasks")["text_names"], " ".join(name_tokens(column.name))):
        return False
    widths = [len(v) if re.search(f"[{WIDE}]", v) else len(v) / 3 for v, _ in column.top]
    return sum(widths) / len(widths) >= _WORDY


def amount_points(column: ColumnProfile, many: bool, pointed: bool) -> float:
    """How well numbers answer how much; years say when."""
    if holds_years(column) and not pointed:
        return -3.0
    return 1.0 if many else (0.2 if column.meaning == "number" else -3.0)


def flag_points(column: ColumnProfile) -> float:
    """How well two values answer a yes/no question."""
    return -3.0 if numbered(column) else 1.9 if yes_or_no(column) else 1.5


def numbered(column: ColumnProfile) -> bool:
    """Values that number things, such as K1 and K9 or WT-A and WT-B: they say which thing, and never whether something
    happens to it."""
    found = [_NUMBERED.fullmatch(fold(v).strip()) for v, _ in column.top]
    return bool(found) and all(found) and len({m[1] or m[2] for m in found if m}) == 1


def yes_or_no(column: ColumnProfile) -> bool:
    return column.meaning == "boolean" or {fold(v) for v, _ in column.top} <= _YES_NO


def fits(column: ColumnProfile, wish: str | None) -> bool:
    number = column.meaning == "number" and column.distinct > 10
    if wish == "flag":
        return column.distinct == 2 and not numbered(column)
    if wish == "amount":
        return number
    return wish == "choice" and 2 <= column.distinct <= 60 and not number


def is_whole(column: ColumnProfile) -> bool:
    """Whether a column of numbers holds whole ones only, as far as its profile tells."""
    values = [v for v, _ in column.top]
    if values:
        return all(is_number(v) and float(v) == int(float(v)) for v in values)
    return all(
        float(column.stats[k]) == int(float(column.stats[k])) for k in ("min", "max", "median") if k in column.stats
    )


def is_number(text: str) -> bool:
    """Whether a value as written is a plain number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
