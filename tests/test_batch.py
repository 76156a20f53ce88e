"""Answers become files that programs and spreadsheets read alike."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from traineragent.batch import _in_a_file, write_answers
from traineragent.domain.data import Column, NumberFormat
from traineragent.errors import RowError


def as_csv(answers: list[dict[str, Any]]) -> list[str]:
    out = StringIO()
    write_answers(answers, out)
    return out.getvalue().splitlines()


def test_probabilities_become_columns_of_their_own() -> None:
    assert as_csv([{"label": "no", "probabilities": {"no": 0.75, "yes": 0.25}}]) == [
        "label,probability:no,probability:yes",
        "no,0.75,0.25",
    ]


@pytest.mark.parametrize("label", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1"])
def test_a_label_that_a_spreadsheet_would_run_gets_an_apostrophe(label: str) -> None:
    assert as_csv([{"label": label}])[1].strip('"').startswith("'")


@pytest.mark.parametrize("label", ["-1", "+1", "-0.5", "1", "no"])
def test_a_label_that_is_a_number_stays_as_it_is(label: str) -> None:
    assert as_csv([{"label": label}]) == ["label", label]


def test_a_forecast_has_a_line_a_step() -> None:
    answer = {"series": "Ulm", "values": [1.0, 2.0], "interval": [[0, 2], [1, 3]], "times": ["2026-01", "2026-02"]}
    assert as_csv([answer]) == [
        "series,step,time,value,interval_low,interval_high",
        "Ulm,1,2026-01,1.0,0,2",
        "Ulm,2,2026-02,2.0,1,3",
    ]


def test_json_lines_hold_the_answers_as_served(tmp_path: Path) -> None:
    write_answers([{"label": "=é"}], tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == '{"label": "=é"}\n'


@pytest.mark.parametrize(
    ("decimal", "got", "remedy"),
    [
        (",", "3.14", "the numbers learned from have their decimals behind ',': write '3,14'"),
        (".", "-3,5", "the numbers learned from have their decimals behind '.': write '-3.5'"),
        (".", "old", "correct it"),
        (",", "3,1,4", "correct it"),
    ],
)
def test_numbers_written_in_another_manner_get_their_remedy(decimal: str, got: str, remedy: str) -> None:
    error = RowError(row=0, column="price", expected="number", got=got, fix="send a JSON number")
    column = Column("price", "number", number=NumberFormat(decimal=decimal))
    assert _in_a_file(error, column) == f"expected number, got {got!r}; {remedy}"
