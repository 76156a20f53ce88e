"""What a table holds: how raw values are parsed, what each column means, and what was found in the data.

`Column` is shared by training and serving, so what is served parses values exactly as training did. Typed arrays are
one float32 matrix `x` of shape (rows, features); each column contributes the features listed by `Column.features`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["number", "boolean", "category", "date", "text", "image"]
FeatureKind = Literal["number", "category", "count"]

DEFAULT_MISSING = ("", "na", "n/a", "nan", "null", "none", "?", "-", "--", "#n/a", "nil", "<na>", "#null!", "missing")
"""Texts that mean "no value", compared stripped and case-folded."""


YEARS = (1500, 2200)


def are_years(low: float | None, high: float | None) -> bool:
    """Whether whole numbers from `low` to `high` are years, which nobody writes with separators between thousands."""
    if low is None or high is None or not float(low).is_integer() or not float(high).is_integer():
        return False
    return YEARS[0] <= low <= high <= YEARS[1]


@dataclass(frozen=True)
class NumberFormat:
    """How a number is written: "2 343,00 $" has decimal ",", thousands " " and affix "$".

    `affixes` are units, currency or percent signs removed at either end; the value keeps its written scale
    ("12 %" is 12). Accounting negatives "(12.5)" and trailing minus "12.5-" are understood always. `clock`: durations
    instead, in seconds; see `serve.durations`."""

    decimal: str = "."
    thousands: str = ""
    affixes: tuple[str, ...] = ()
    clock: Literal["", "h:m", "m:s", "units"] = ""

    @property
    def unit(self) -> str | None:
        """The unit that the values are in, where their texts say it."""
        return "s" if self.clock else self.affixes[0] if self.affixes else None


@dataclass(frozen=True)
class Column:
    """One input column of the served model: how its raw values become features.

    number    one feature, NaN where missing
    boolean   one feature: 1 for `true_words`, 0 for `false_words` (case-folded), NaN where missing
    category  one feature: index into `categories`, `len(categories)` for any value not listed, NaN where missing
    date      one feature a part in `date_parts`; NaN where missing or (when `nullable`) not a date
    text      character count, word count, then one count per entry of `words`
    image     none: pictures reach a model through a `RichInput` only

    `missing` extends DEFAULT_MISSING. `nullable`: a missing value was seen in training, so one may be served.
    `example` is a typical (never personal) value for documentation."""

    name: str
    kind: Kind
    number: NumberFormat = field(default_factory=NumberFormat)
    integer: bool = False
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    date_formats: tuple[str, ...] = ()  # tried in order; see serve.values.parse_date
    date_parts: tuple[str, ...] = ()  # days, year, month, day, weekday, hour, minute, week
    date_origin: str = "1970-01-01"  # `days` counts from here, so that float32 keeps minutes
    words: tuple[str, ...] = ()  # case-folded tokens, "a b" for a pair of neighbours
    missing: tuple[str, ...] = ()
    nullable: bool = False
    low: float | None = None  # smallest and largest value seen in training, for drift and documentation
    high: float | None = None
    example: str | float | int | bool | None = None

    @property
    def features(self) -> tuple[str, ...]:
        if self.kind == "image":
            return ()
        if self.kind == "date":
            return tuple(f"{self.name}:{part}" for part in self.date_parts)
        if self.kind == "text":
            return (f"{self.name}:characters", f"{self.name}:words", *(f"{self.name}:has {w}" for w in self.words))
        return (self.name,)

    @property
    def years(self) -> bool:
        return self.kind == "number" and self.integer and are_years(self.low, self.high)

    @property
    def feature_kinds(self) -> tuple[FeatureKind, ...]:
        kinds: list[FeatureKind] = ["category"] if self.kind == "category" else ["number"] * len(self.features)
        if self.kind == "text":
            kinds[2:] = ["count"] * len(self.words)
        return tuple(kinds)


@dataclass(frozen=True)
class RichInput:
    """A further input of the graph beside "x": what columns hold that no fixed row of numbers can, such as the words of
    a text or the pixels of a picture.

    name     of the tensor; a ragged one (terms, tokens) has a second tensor NAME.weights beside it, 0 where padded
    kind     how it is read: a module of `serve/inputs`
    columns  the columns it reads, in order; texts are joined
    files    side files (vocabulary, tokenizer), paths below the prepared data and, the same, below the bundle
    options  further settings of the kind, plain JSON"""

    name: str
    kind: str
    columns: tuple[str, ...]
    files: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ViewSpec:
    """Rich inputs seen as plain numbers: a matrix (rows, width) that a fixed graph computes from `inputs`, made by the
    plug-in `kind` of `views/`. A candidate names the views it reads in its parameter "views"."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """The answer column. `labels` (classification) are JSON values in class-index order, `raw_labels` the texts that
    stand for each in the file; `number` parses a regression target. `separator`: a cell holds several labels, parted by
    it ("json": a list)."""

    name: str
    kind: Literal["class", "number"]
    labels: tuple[str | int | float | bool, ...] = ()
    raw_labels: tuple[tuple[str, ...], ...] = ()
    positive: int | None = None  # index of the positive class in a binary task
    number: NumberFormat = field(default_factory=NumberFormat)
    unit: str | None = None
    integer: bool = False
    nonnegative: bool = False
    separator: str = ""

    @property
    def several(self) -> bool:
        """Whether a row may have any number of the labels."""
        return bool(self.separator)


@dataclass(frozen=True)
class Cut:
    """A question of yes or no about a column of numbers: is it `side` ("<", "<=", ">", ">=") of `value`? `said` is how
    the words put it."""

    column: str
    side: str
    value: float
    said: str

    @property
    def name(self) -> str:
        return f"{self.column} {self.side} {self.value:.10g}"


@dataclass(frozen=True)
class Removal:
    """Rows that were taken out, and why: {"what": "exact duplicates", "rows": 12, "why": "…"}."""

    what: str
    rows: int
    why: str


@dataclass(frozen=True)
class Leak:
    """A column that gives the target away. `action`: "dropped" or "warned". `evidence` states the measurement."""

    column: str
    kind: str  # holds_target, sums_to_target, orders_target, after_the_fact, duplicate_rows, time_order
    evidence: str
    action: Literal["dropped", "warned"]


def ties_rows(leak: Mapping[str, Any]) -> bool:
    """Whether a leak, as JSON, tells how rows hang together and not that a column knows the answer."""
    return leak.get("kind") in ("duplicate_rows", "time_order") or leak.get("column") == "(rows)"


@dataclass(frozen=True)
class ColumnProfile:
    """Facts about one column, measured on training rows only. `meaning` is the reading by content."""

    name: str
    meaning: Literal["id", "constant", "category", "number", "boolean", "date", "text", "image", "target", "empty"]
    missing_share: float
    distinct: int
    stats: dict[str, Any] = field(default_factory=dict)  # numbers: min/median/max/mean/std/outliers; dates: first/last
    top: tuple[tuple[str, int], ...] = ()  # most frequent values with counts, empty for ids and text
    histogram: dict[str, Any] = field(default_factory=dict)  # {"edges": [...], "counts": [...]}
    relation: float | None = None  # strength of the relation to the target in [0, 1]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableProfile:
    """Facts about the training table; everything agents and brains see of the data."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    target: str
    target_kind: Literal["class", "number"]
    class_counts: tuple[tuple[str, int], ...] = ()
    target_stats: dict[str, Any] = field(default_factory=dict)
    duplicate_rows: int = 0
    leaks: tuple[Leak, ...] = ()
    warnings: tuple[str, ...] = ()
    drift: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class PreparedFacts:
    """What the Model agent perceives of the prepared training data."""

    rows: int
    features: int
    numbers: int
    categories: int
    counts: int  # word-count features
    classes: int  # 0 for regression
    max_categories: int
    smallest_class: int
    missing_share: float
    target_skew: float
    target_positive: bool
    time_ordered: bool = False
    grouped: bool = False
    several: bool = False  # a row may have several labels
    inputs: tuple[str, ...] = ()  # kinds of rich inputs: "terms", "tokens", "pixels"
    views: tuple[str, ...] = ()  # names of views that a candidate may read
    networks: tuple[str, ...] = ()  # those of whole pretrained networks for pictures, which can be tuned
    strange_share: float = 0.0  # of the pieces that the pretrained encoder of texts has hardly ever read
