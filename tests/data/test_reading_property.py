"""Random tables in random dialects come back with equal names, shapes and texts; random bytes are read or refused."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from traineragent.data.reading import read_table
from traineragent.errors import InputError

WORDS = st.text(st.sampled_from("abcdefg hijkl mnopßéž京都,;|'\"\n.-/()"), min_size=1, max_size=12).map(
    lambda text: "w" + text.strip() + "w"
)
NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20).map(str), st.floats(-1e6, 1e6, allow_nan=False).map(repr), st.just("")
)
DATES = st.dates().map(str)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Two to six columns, each of one kind, the first numbers, and three to forty rows."""
    kinds = [NUMBERS, *draw(st.lists(st.sampled_from([WORDS, NUMBERS, DATES]), min_size=1, max_size=5))]
    count = draw(st.integers(3, 40))
    columns = [draw(st.lists(kind, min_size=count, max_size=count)) for kind in kinds]
    names = [f"name_{chr(97 + i)}" for i in range(len(kinds))]
    rows = [list(row) for row in zip(*columns, strict=True)]
    for number, row in enumerate(rows):
        row[0] = row[0] or str(number)
    return names, rows


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "delimiter": draw(st.sampled_from([",", ";", "\t", "|"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
        "lineterminator": draw(st.sampled_from(["\n", "\r\n"])),
    }


@pytest.mark.slow
@given(
    tables(),
    dialects(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["", "A title line\n", "\n\n"]),
    st.booleans(),
)
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_random_table_comes_back_as_it_was_written(
    table: tuple[list[str], list[list[str]]], dialect: dict[str, Any], encoding: str, above: str, last_end: bool
) -> None:
    names, rows = table
    out = io.StringIO(newline="")
    out.write(above)
    writer = csv.writer(out, **dialect)
    writer.writerows([names, *rows])
    text = out.getvalue() if last_end else out.getvalue().rstrip("\r\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        path.write_bytes(text.encode(encoding))
        found = read_table([str(path)])
    assert list(found.frame.columns) == names
    got = [["" if pd.isna(c) else c for c in row] for row in found.frame.astype(object).itertuples(index=False)]
    assert got == rows


@given(st.binary(max_size=400), st.sampled_from([".csv", ".tsv", ".json", ".zip", ".xlsx", ".gz", ".parquet"]))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_random_bytes_are_read_or_refused_with_a_sentence(data: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table" + suffix)
        path.write_bytes(data)
        said, rows = "", 0
        try:
            rows = len(read_table([str(path)]).frame)
        except InputError as error:
            said = str(error)
    assert rows >= 2 or (said.startswith("table") and folder not in said)
