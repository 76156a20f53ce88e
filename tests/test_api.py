"""The Python interface: what it takes, what it refuses in words, and the report as a mapping."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import traineragent as ta
from product import WORDS, churn, write_csv
from serve.small import write_small
from traineragent.agents.hub import Hub
from traineragent.api import MOST_WORDS
from traineragent.result import Report


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_csv(churn(60), tmp_path / "customers.csv")


@pytest.mark.parametrize(
    ("data", "got"), [(5, "got int"), ({"a": [1]}, "got dict"), ([{"a": 1}], "got list of dict; make it a table")]
)
def test_data_that_is_neither_path_nor_table_is_refused_in_words(data: Any, got: str) -> None:
    with pytest.raises(ta.InputError, match=got):
        ta.plan(WORDS, data)


@pytest.mark.parametrize("words", ["", "  ", None])
def test_a_request_needs_words(words: Any, table: Path) -> None:
    with pytest.raises(ta.InputError, match="the request is empty"):
        ta.plan(words, table)


def test_a_request_that_is_a_book_is_refused_before_it_is_read(table: Path) -> None:
    with pytest.raises(ta.InputError, match=f"at most {MOST_WORDS:,}"):
        ta.plan("Predict left. " + "x " * MOST_WORDS, table)


def test_folders_may_be_named_by_texts(table: Path) -> None:
    with pytest.raises(ta.InputError, match="--config names the folder 'nowhere'"):
        ta.plan(WORDS, table, config="nowhere")
    with pytest.raises(ta.InputError, match="--models names the folder 'nowhere'"):
        ta.plan(WORDS, table, models="nowhere")


def test_a_plan_that_is_stopped_names_nothing_to_go_on_with(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Hub, "run", stop)
    with pytest.raises(ta.TrainerError, match="nothing is kept of a plan") as stopped:
        ta.plan(WORDS, table)
    assert "resume" not in str(stopped.value)


def test_a_report_is_a_mapping() -> None:
    report = Report(Path("run"), {"status": "delivered", "target": "left"})
    assert dict(report) == {"status": "delivered", "target": "left"}
    assert "target" in report
    assert report.get("bundle") is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"minutes": "2"}, "minutes should be a number, got '2'"),
        ({"minutes": True}, "minutes should be a number, got True"),
        ({"trials": 1.5}, "trials should be a whole number, got 1.5"),
        ({"seed": None}, "seed should be a whole number, got None"),
        ({"target": 3}, "target should be the name of a column as text, got 3; write '3'"),
    ],
)
def test_options_of_the_wrong_kind_are_refused_in_words(options: dict[str, Any], said: str, table: Path) -> None:
    for ask in (ta.plan, ta.train):
        with pytest.raises(ta.InputError, match=re.escape(said)):
            ask(WORDS, table, **options)


def test_numbers_of_numpy_are_numbers(table: Path) -> None:
    assert ta.plan(WORDS, table, trials=np.int64(3), minutes=np.float32(2))["budget"]["trials"] == 3


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"age": 3}, "put a single row into a list"),
        (pd.Series({"age": 3}), "put a single row into a list"),
        ("new.csv", "read a file first"),
        (Path("new.csv"), "read a file first"),
        (np.zeros((2, 2)), "columns have names, and not ndarray"),
        (None, "not NoneType"),
    ],
)
def test_rows_that_are_no_table_are_refused_in_words(rows: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(ta.InputError, match=said):
        ta.load(write_small(tmp_path)).predict(rows)


def test_no_rows_have_no_answers_in_the_shape_of_answers(tmp_path: Path) -> None:
    model = ta.load(write_small(tmp_path))
    assert model.predict_proba([]).shape == (0, 2)
    assert model.predict_proba(churn(3)).shape == (3, 2)
    assert len(model.predict(row for row in [{"age": 40}])) == 1


def test_a_report_that_is_looked_at_says_what_became_of_it() -> None:
    assert repr(Report(Path("run"), {"status": "delivered_unmet"})).startswith("<Report of run: delivered unmet;")
