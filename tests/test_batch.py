"""Answers become files that programs and spreadsheets read alike."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from serve.small import write_small
from traineragent.batch import _answer_pictures, _in_a_file, answer_file, check_out, write_answers
from traineragent.domain.data import Column, NumberFormat
from traineragent.errors import InputError, RowError
from traineragent.serve.predictor import CHUNK
from traineragent.serve.served import Field, PlainServed


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


def test_entities_have_a_line_each_with_the_number_of_their_text() -> None:
    found = [{"label": "PER", "start": 0, "end": 3, "text": "Ann", "score": 0.9}]
    assert as_csv([{"entities": found * 2}, {"entities": []}]) == [
        "row,label,start,end,text,score",
        "1,PER,0,3,Ann,0.9",
        "1,PER,0,3,Ann,0.9",
        "2,,,,,",
    ]


def test_a_box_has_a_column_for_each_side() -> None:
    assert as_csv([{"box": [1.0, 2.0, 3.5, 4.0], "score": 0.5}]) == ["x0,y0,x1,y1,score", "1.0,2.0,3.5,4.0,0.5"]


def test_a_file_is_written_as_its_name_ends(tmp_path: Path) -> None:
    for name in ("out.json", "out.tsv", "OUT.TSV"):
        write_answers([{"label": "a", "score": 1}, {"label": "b", "score": 2}], tmp_path / name)
    assert json.loads((tmp_path / "out.json").read_text())[1] == {"label": "b", "score": 2}
    assert (tmp_path / "OUT.TSV").read_text() == (tmp_path / "out.tsv").read_text() == "label\tscore\na\t1\nb\t2\n"


def test_what_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("a\n1\n")
    refused = {"out.xlsx": "not as .xlsx", "no/out.csv": "there is no folder", ".": "it is a folder", rows.name: "rows"}
    for name, why in refused.items():
        with pytest.raises(InputError, match=re.escape(why)):
            check_out(tmp_path / name, str(rows))
    check_out(tmp_path / "out.2026", str(rows))
    assert rows.read_text() == "a\n1\n"


class Recorded(PlainServed):
    """A model that takes three rows at once, knows one column, and refuses one value."""

    most_at_once = 3

    def __init__(self) -> None:
        self.asked: list[int] = []

    @property
    def fields(self) -> tuple[Field, ...]:
        return ()

    def form(self) -> dict[str, Any]:
        return {}

    def respond(self, rows: Sequence[Any]) -> tuple[list[dict[str, Any]], list[str]]:
        self.asked.append(len(rows))
        for i, row in enumerate(rows):
            if row["a"] == "bad":
                raise RowError(row=i, column="a", expected="number", got="bad", fix="")
        return [{"value": r["a"]} for r in rows], ["b is not used"]


def test_many_rows_are_answered_in_parts_with_each_warning_told_once() -> None:
    served, told = Recorded(), list[str]()
    assert [a["value"] for a in served.predict([{"a": i} for i in range(7)], told.append)] == list(range(7))
    assert served.asked == [3, 3, 1]
    assert told == ["b is not used"]


def test_a_bad_row_is_counted_among_all_rows() -> None:
    rows = [{"a": "bad" if i == 5 else i} for i in range(7)]
    with pytest.raises(RowError) as error:
        Recorded().predict(rows)
    assert error.value.row == 5
    assert "row 5" in str(error.value)


ROWS = pd.DataFrame({"age": [40, 41], "income": [1200.5, None], "city": ["Oslo", "Bergen"]})


def test_numbers_of_a_workbook_are_numbers_however_the_column_was_written_in_training(tmp_path: Path) -> None:
    bundle, told = write_small(tmp_path), list[str]()
    ROWS.to_excel(tmp_path / "new.xlsx", index=False)
    ROWS.to_json(tmp_path / "new.jsonl", orient="records", lines=True)
    (tmp_path / "new.csv").write_text("age;income;city\n40;1 200,5 €;Oslo\n41;;Bergen\n")
    answers = [answer_file(bundle, str(tmp_path / f"new.{kind}"), told.append) for kind in ("csv", "xlsx", "jsonl")]
    assert answers[0] == answers[1] == answers[2]
    assert "new.xlsx has no column 'member'; it counts as empty in every row" in told
    (tmp_path / "point.csv").write_text("age;income;city\n40;1200.5;Oslo\n")
    with pytest.raises(InputError, match="write '1200,5'"):
        answer_file(bundle, str(tmp_path / "point.csv"))


def test_what_the_model_makes_of_a_file_is_told(tmp_path: Path) -> None:
    told = list[str]()
    ROWS.assign(city=["Oslo", "Rome"], id=1).to_csv(tmp_path / "new.csv", index=False, decimal=",", sep=";")
    answer_file(write_small(tmp_path), str(tmp_path / "new.csv"), told.append)
    assert "column 'id' is not used by this model and was ignored" in told
    assert any("'Rome' was never seen in training" in sentence for sentence in told)


def test_a_file_that_is_refused_is_told_of_once(tmp_path: Path) -> None:
    told = list[str]()
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="columns of this model"):
        answer_file(write_small(tmp_path), str(tmp_path / "other.csv"), told.append)
    assert told == []


def test_the_line_of_a_bad_value_is_named_however_many_rows_stand_before_it(tmp_path: Path) -> None:
    lines = [f"{18 + i % 60};Oslo" for i in range(CHUNK + 10)]
    lines[CHUNK + 5] = "old;Oslo"
    (tmp_path / "many.csv").write_text("\n".join(["age;city", *lines]) + "\n")
    with pytest.raises(InputError) as error:
        answer_file(write_small(tmp_path), str(tmp_path / "many.csv"))
    assert error.value.row == CHUNK + 5 + 2  # the header is line 1


class Seeing(Recorded):
    """Knows a file that begins with "JPEG"."""

    def respond(self, rows: Sequence[Any]) -> tuple[list[dict[str, Any]], list[str]]:
        if not base64.b64decode(rows[0]["image"]).startswith(b"JPEG"):
            raise RowError(row=0, column="image", expected="a picture", got="x", fix="found a text; send a picture")
        return [{"label": "cat"}], []


def test_a_damaged_picture_is_named_and_stops_no_other(tmp_path: Path) -> None:
    told = list[str]()
    for name, content in (("a.jpg", "JPEG"), ("b.jpg", "text"), ("c.jpg", "JPEG")):
        (tmp_path / name).write_text(content)
    files = [(p.name, p) for p in sorted(tmp_path.iterdir())]
    assert [a["file"] for a in _answer_pictures(Seeing(), "image", files, told.append)] == ["a.jpg", "c.jpg"]
    assert told == ["b.jpg: found a text; it has no answer"]
    with pytest.raises(InputError, match=r"b\.jpg: found a text; repair"):
        _answer_pictures(Seeing(), "image", files[1:2], told.append)
