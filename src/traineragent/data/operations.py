"""The Data agent's catalogue: what may be done to a training table, one small function an operation.

A procedure chooses the operations; here they are carried out in order and what they remove is counted. Nothing is
dropped without an operation that says so, and it knows nothing of who chose them or why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..domain.data import Column, Removal, RichInput, TableProfile, Target, ViewSpec
from ..domain.run import Operation
from ..errors import InputError
from ..ports import OperationSpec
from ..serve.inputs.terms import joined_texts
from .levels import levels_of
from .meaning import joint, read_columns
from .prepare import Parsing, build_columns
from .terms import fit_terms
from .tokens import fit_tokens

Keep = NDArray[np.bool_]

MOST_PIXEL_BYTES = 1_500_000_000  # of all pictures together; more of them are held smaller
LEAST_SIDE, SIDE_STEP = 32, 16


@dataclass(frozen=True)
class Prepared:
    """Training rows after the operations, with the declarations of the columns that are used.
    `dropped`: column -> why; `removed`: rows taken out; `differences`: pairs of date columns, the first minus the
    second; `place` int64 (rows,): where each row stood before. `inputs` and `views`: rich inputs and what may be seen
    of them; `side_files`: what inputs need, by path."""

    frame: pd.DataFrame
    y: NDArray[np.float64]
    columns: tuple[Column, ...]
    place: NDArray[np.int64]
    removed: tuple[Removal, ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()
    differences: tuple[tuple[str, str], ...] = ()
    inputs: tuple[RichInput, ...] = ()
    views: tuple[ViewSpec, ...] = ()
    side_files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass
class _Table:
    """The table at work: rows still in it, parsings and drops chosen so far."""

    frame: pd.DataFrame
    y: NDArray[np.float64]
    target: Target
    seed: int
    place: NDArray[np.int64]
    parsings: dict[str, Parsing] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    differences: dict[tuple[str, str], None] = field(default_factory=dict)
    rich: dict[str, dict[str, Any]] = field(default_factory=dict)  # kind of rich input -> columns and settings
    views: dict[str, ViewSpec] = field(default_factory=dict)

    def keep(self, rows: Keep) -> int:
        """Keeps the marked rows; returns how many went."""
        self.frame, self.y = self.frame.loc[rows].reset_index(drop=True), self.y[rows]
        self.place = self.place[rows]
        return int(len(rows) - rows.sum())

    @property
    def inputs(self) -> list[str]:
        return [str(c) for c in self.frame.columns if c != self.target.name and c not in self.dropped]


Act = Callable[..., "tuple[int, str]"]
_MOST_TOLD = 5  # columns that are named where none is left
_ACTS: dict[str, Act] = {}
CATALOGUE: dict[str, OperationSpec] = {}


def _operation(does: str, **arguments: str) -> Callable[[Act], Act]:
    def register(act: Act) -> Act:
        _ACTS[act.__name__] = act
        CATALOGUE[act.__name__] = OperationSpec(arguments, does)
        return act

    return register


def apply(
    operations: Sequence[Operation],
    frame: pd.DataFrame,
    y: NDArray[np.float64],
    target: Target,
    *,
    seed: int = 0,
) -> Prepared:
    """Carries out the operations in order on training rows and declares the columns that are left.

    `y` float64 (rows,): class index or value, NaN where there is none. The frame is not modified. Raises InputError
    for an unknown operation or column, and when no column or fewer than two rows are left."""
    table = _Table(frame.reset_index(drop=True), np.asarray(y, dtype=np.float64), target, seed, np.arange(len(y)))
    removed: list[Removal] = []
    for operation in operations:
        if operation.do not in _ACTS:
            raise InputError(f"step {operation.step!r}: there is no operation {operation.do!r} in the catalogue")
        rows, what = _ACTS[operation.do](table, **_arguments(operation, table))
        if rows:
            removed.append(Removal(what, rows, operation.why))
    parsings = [p for name, p in table.parsings.items() if name not in table.dropped]
    if not parsings:
        raise _nothing_left(table.dropped)
    if len(table.y) < 2:
        raise InputError(f"{len(table.y)} training rows are left; at least 2 are needed")
    columns = build_columns(table.frame, parsings)
    differences = tuple(pair for pair in table.differences if not set(pair) & set(table.dropped))
    inputs, side_files = _inputs(table)
    names = {i.name for i in inputs}
    views = tuple(v for v in table.views.values() if names.issuperset(v.inputs))
    return Prepared(
        table.frame, table.y, columns, table.place, tuple(removed), tuple(table.dropped.items()), differences,
        inputs, views, side_files,
    )  # fmt: skip


def _nothing_left(dropped: Mapping[str, str]) -> InputError:
    """The error that says which columns were left out, and why each."""
    told = "; ".join(f"{name!r}: {why}" for name, why in list(dropped.items())[:_MOST_TOLD])
    more = f"; and {len(dropped) - _MOST_TOLD} more" if len(dropped) > _MOST_TOLD else ""
    return InputError(
        "no input column is left to learn from: every column is empty, constant, an identifier, excluded or gives "
        f"the answer away{f' ({told}{more})' if told else ''}. Add columns that describe the rows."
    )


def _inputs(table: _Table) -> tuple[tuple[RichInput, ...], dict[str, bytes]]:
    """The rich inputs that were asked for, fitted on the rows that are left, and their side files."""
    inputs: list[RichInput] = []
    files: dict[str, bytes] = {}
    for kind, settings in table.rich.items():
        columns = [c for c in settings["columns"] if c not in table.dropped]
        if columns:
            spec, more = _FITTERS[kind](table, columns, settings)
            inputs.append(spec)
            files |= more
    return tuple(inputs), files


def _fitted_terms(table: _Table, columns: Sequence[str], settings: Mapping[str, Any]) -> Fitting:
    spec, content = fit_terms(row_texts(table.frame, columns), columns, most=settings["most"], seed=table.seed)
    return spec, {spec.files[0]: content}


def _fitted_pixels(table: _Table, columns: Sequence[str], settings: Mapping[str, Any]) -> Fitting:
    side = int(settings["side"])
    while side > LEAST_SIDE and len(table.y) * side * side * 3 > MOST_PIXEL_BYTES:
        side -= SIDE_STEP
    options = {"width": side, "height": side, "fit": str(settings["fit"])}
    return RichInput("pixels", "pixels", (columns[0],), options=options), {}


def row_texts(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """The text of each row, as the service will join it."""
    return joined_texts([frame[c].astype(object).where(frame[c].notna(), None).tolist() for c in columns], lenient=True)


def _fitted_tokens(table: _Table, columns: Sequence[str], settings: Mapping[str, Any]) -> Fitting:
    return fit_tokens(row_texts(table.frame, columns), columns, Path(settings["encoder"]), seed=table.seed)


Fitting = tuple[RichInput, dict[str, bytes]]
_FITTERS: dict[str, Callable[[_Table, Sequence[str], Mapping[str, Any]], Fitting]] = {
    "terms": _fitted_terms,
    "tokens": _fitted_tokens,
    "pixels": _fitted_pixels,
}


def _arguments(operation: Operation, table: _Table) -> dict[str, Any]:
    args = dict(operation.args)
    column = args.get("column")
    if column is not None and column not in table.frame.columns:
        raise InputError(f"step {operation.step!r}: there is no column {column!r} in the data", column=column)
    if operation.do == "drop_column":
        args["why"] = operation.why
    return args


def column_facts(profile: TableProfile) -> list[dict[str, Any]]:
    """What a procedure may ask about each input column: name, meaning, missing_share, distinct, distinct_share, rows,
    relation (0 where unmeasured), leak and leak_action ("" where none), leak_evidence, mean_characters."""
    leaks = {leak.column: leak for leak in reversed(profile.leaks)}
    facts = []
    for column in profile.columns:
        if column.name == profile.target:
            continue
        leak = leaks.get(column.name)
        facts.append(
            {
                "name": column.name,
                "meaning": column.meaning,
                "missing_share": column.missing_share,
                "distinct": column.distinct,
                "distinct_share": column.distinct / max(profile.rows, 1),
                "rows": profile.rows,
                "relation": column.relation or 0.0,
                "digits": column.meaning == "boolean" and all(t[:1] in "01" for t, _ in column.top),
                "leak": leak.kind if leak else "",
                "leak_action": leak.action if leak else "",
                "leak_evidence": leak.evidence if leak else "",
            }
        )
    return facts


# ---------------------------------------------------------------------------------------------- columns
@_operation("leaves a column out of the model", column="string")
def drop_column(table: _Table, column: str, why: str = "") -> tuple[int, str]:
    table.dropped[column] = why
    return 0, ""


@_operation("reads a column as numbers, in the format found in it", column="string")
def parse_number(table: _Table, column: str) -> tuple[int, str]:
    table.parsings[column] = Parsing(column, "number")
    return 0, ""


@_operation("reads a column as yes or no", column="string")
def parse_boolean(table: _Table, column: str) -> tuple[int, str]:
    table.parsings[column] = Parsing(column, "boolean")
    return 0, ""


@_operation(
    "reads a column as one of its values; those in fewer rows than `fewest`, or beyond the `most` frequent, are one",
    column="string",
    most="integer?",
    fewest="integer?",
)
def parse_category(table: _Table, column: str, most: int | None = None, fewest: int | None = None) -> tuple[int, str]:
    table.parsings[column] = Parsing(column, "category", most, fewest)
    return 0, ""


@_operation("reads a column as dates and makes a feature of each part that varies", column="string")
def parse_date(table: _Table, column: str) -> tuple[int, str]:
    table.parsings[column] = Parsing(column, "date")
    return 0, ""


@_operation(
    "gives models the days from the `second` date column to the `first`, which trees cannot work out themselves",
    first="string",
    second="string",
)
def derive_difference(table: _Table, first: str, second: str) -> tuple[int, str]:
    for name in (first, second):
        parsing = table.parsings.get(name)
        if parsing is None or parsing.parse != "date":
            raise InputError(
                f"a difference needs two columns that are read as dates, and {name!r} is not; parse it as a date first",
                column=name,
            )
        table.parsings[name] = replace(parsing, days=True)
    table.differences[first, second] = None
    return 0, ""


@_operation(
    "reads a column as text: its length and the `most` frequent words and pairs that stand in at least `fewest` rows",
    column="string",
    most="integer?",
    fewest="integer?",
)
def parse_text(table: _Table, column: str, most: int | None = None, fewest: int | None = None) -> tuple[int, str]:
    table.parsings[column] = Parsing(column, "text", most, fewest)
    return 0, ""


@_operation(
    "counts the words and character runs of a text column, at most `most` different ones for all such columns together",
    column="string",
    most="integer?",
)
def count_terms(table: _Table, column: str, most: int = 60_000) -> tuple[int, str]:
    _add_rich(table, "terms", column, most=most)
    return 0, ""


@_operation(
    "cuts a text column into tokens of the pretrained encoder in the folder `encoder`",
    column="string",
    encoder="string",
)
def cut_tokens(table: _Table, column: str, encoder: str) -> tuple[int, str]:
    _add_rich(table, "tokens", column, encoder=encoder)
    return 0, ""


@_operation(
    "lets models read a rich input as plain numbers, by the view `kind`",
    name="string",
    kind="string",
    input="string",
    options="object?",
)
def see(table: _Table, name: str, kind: str, input: str, options: Mapping[str, Any] | None = None) -> tuple[int, str]:
    table.views[name] = ViewSpec(name, kind, (input,), dict(options or {}))
    return 0, ""


@_operation(
    "reads a column as pictures of `side` pixels; `fit`: squash keeps all of a picture, crop its shape",
    column="string",
    side="integer",
    fit="string?",
)
def take_pictures(table: _Table, column: str, side: int, fit: str = "squash") -> tuple[int, str]:
    table.parsings[column] = Parsing(column, "image")
    _add_rich(table, "pixels", column, side=side, fit=fit)
    return 0, ""


def _add_rich(table: _Table, kind: str, column: str, **settings: Any) -> None:
    """A further column of the rich input of this kind."""
    columns = table.rich.setdefault(kind, {"columns": []})["columns"]
    if column not in columns:
        columns.append(column)
    table.rich[kind] |= settings


# ---------------------------------------------------------------------------------------------- rows
@_operation("takes out rows that have no answer")
def drop_rows_without_target(table: _Table) -> tuple[int, str]:
    return table.keep(np.isfinite(table.y)), "rows without an answer"


@_operation("takes out rows whose inputs are all missing")
def drop_empty_rows(table: _Table) -> tuple[int, str]:
    filled = np.zeros(len(table.y), dtype=bool)
    for name in table.inputs:
        filled |= levels_of(table.frame[name]).codes >= 0
    return table.keep(filled), "rows without any input"


@_operation("keeps at most `copies` (1) of rows that are alike in every column, the answer included", copies="integer?")
def drop_duplicate_rows(table: _Table, copies: int = 1) -> tuple[int, str]:
    key = _alike(table)
    order = np.argsort(key, kind="stable")
    start = np.flatnonzero(np.append(True, np.diff(key[order]) != 0))
    place = np.empty(len(key), dtype=np.int64)
    place[order] = np.arange(len(key)) - np.repeat(start, np.diff(np.append(start, len(key))))
    what = "exact duplicates" if copies == 1 else f"exact duplicates beyond {copies} copies"
    return table.keep(place < copies), what


def _alike(table: _Table) -> NDArray[np.int64]:
    """A number for each row, equal where the whole rows are: ids, dropped columns and the answer count."""
    names = [str(c) for c in table.frame.columns if c != table.target.name]
    readings = read_columns(table.frame[names])
    inputs = joint(readings, tuple(readings))
    answers = np.unique(table.y, return_inverse=True)[1].astype(np.int64)
    return inputs * (int(answers.max()) + 1) + answers


@_operation("keeps a random sample of `most` rows, rare classes whole", most="integer")
def cap_rows(table: _Table, most: int) -> tuple[int, str]:
    rows = len(table.y)
    if rows <= most:
        return 0, ""
    rng = np.random.default_rng(table.seed)
    chosen = np.zeros(rows, dtype=bool)
    if table.target.kind == "class":
        _, place, counts = np.unique(table.y, return_inverse=True, return_counts=True)
        floor = max(2, min(100, most // (2 * len(counts))))
        rank = np.empty(rows, dtype=np.int64)  # a random place within each class
        order = np.lexsort((rng.random(rows), place))
        rank[order] = np.arange(rows) - np.repeat(np.cumsum(counts) - counts, counts)
        chosen = rank < floor
    rest = np.flatnonzero(~chosen)
    chosen[rng.choice(rest, size=max(most - int(chosen.sum()), 0), replace=False)] = True
    return table.keep(chosen), f"rows beyond a random sample of {most:,}"
