"""Whatever a table holds, looking at it and preparing it either works or says in a sentence what is wrong."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from traineragent.data.folds import cv_folds
from traineragent.data.leaks import find_leaks
from traineragent.data.meaning import profile_columns, read_columns
from traineragent.data.operations import apply, column_facts
from traineragent.data.profile import profile_table
from traineragent.data.split import duplicate_keys, find_groups, find_time, split_holdout
from traineragent.data.target import target_of, target_values
from traineragent.domain.run import Operation
from traineragent.errors import InputError
from traineragent.serve.codecs.table import TableCodec

CELLS = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "?", "NA", " ", "yes", "No", "TRUE", "1", "0", "1.5", "-3", "$2.39 ", "2 343,00 $", "1e400", "(7)"]
    ),
    st.sampled_from(
        ["2020-01-31", "31/12/1999", "12:30", "9999-12-31", "0001-01-01", "5 May 2020", "20200230", "1583020800"]
    ),
    st.sampled_from(
        ["a b c", "[x, [y]]", "号码", "é", "'", "{}", "x" * 300, "12 kg", "9" * 30, "0007", "nan", "inf", "+", "-"]
    ),
    st.integers(-5, 5).map(str),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.text(max_size=12),
)
KINDS = st.sampled_from(["any", "few", "count", "float", "word", "date", "copy"])


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(10, 120))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    columns: dict[str, list[str | None]] = {}
    for i in range(draw(st.integers(2, 5))):
        columns[f"c{i}"] = _column(draw(KINDS), rows, rng, draw(st.lists(CELLS, min_size=1, max_size=6)), columns)
    return pd.DataFrame({n: pd.Series(v, dtype=object) for n, v in columns.items()})


def _column(
    kind: str, rows: int, rng: np.random.Generator, cells: list[str | None], before: dict[str, list[str | None]]
) -> list[str | None]:
    """A column of one kind into which some arbitrary cells fell."""
    if kind == "copy" and before:
        made: list[str | None] = list(next(iter(before.values())))
    elif kind == "count":
        made = [str(i) for i in range(rows)]
    elif kind == "float":
        made = [f"{v:.3f}" for v in rng.normal(size=rows)]
    elif kind == "word":
        made = [f"word {v} of many" for v in rng.integers(0, 50, rows)]
    elif kind == "date":
        made = [f"2021-{v % 12 + 1:02d}-{v % 28 + 1:02d}" for v in rng.integers(0, 300, rows)]
    elif kind == "few":
        made = [str(v) for v in rng.choice(["a", "b", "c"], rows)]
    else:
        return [cells[i] for i in rng.integers(0, len(cells), rows)]
    for place in rng.integers(0, rows, int(rng.integers(0, 4))):
        made[place] = cells[int(rng.integers(0, len(cells)))]
    return made


@pytest.mark.slow
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(tables(), st.sampled_from([None, "class", "number"]))
def test_any_table_is_prepared_or_refused_with_a_sentence(table: pd.DataFrame, wanted: str | None) -> None:
    before = table.copy()
    profile_columns(table)
    with contextlib.suppress(InputError):
        _prepare(table, wanted)
    assert table.equals(before)


def _prepare(table: pd.DataFrame, wanted: str | None) -> None:
    target = target_of(table, "c0", wanted)  # type: ignore[arg-type]
    find_groups(table, "c0")
    find_time(table, "c0")
    held = split_holdout(table, target)
    assert not set(held.train) & set(held.holdout)
    train = table.iloc[held.train].reset_index(drop=True)
    y = target_values(train["c0"], target)
    profile = profile_table(train, target)
    leaks = find_leaks(train, target, profile)
    names = {leak.column for leak in leaks if leak.action == "dropped"}
    kinds = {n: r.kind for n, r in read_columns(train).items() if r.meaning not in ("empty", "constant", "id")}
    plan = [
        Operation("p", f"parse_{kinds[f['name']]}", {"column": f["name"]}, "")
        for f in column_facts(profile)
        if f["name"] in kinds
    ]
    done = apply([p for p in plan if p.args["column"] not in names], train, y, target)
    x = TableCodec(done.columns).encode_frame(done.frame)
    assert x.shape[0] == len(done.y)
    assert not np.isinf(x).any()
    folds = cv_folds(done.y, classes=len(target.labels), duplicates=duplicate_keys(done.frame, "c0"))
    assert folds.shape == done.y.shape
