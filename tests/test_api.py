"""The Python interface: what it takes, what it refuses in words, and the report as a mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import traineragent as ta
from product import WORDS, churn, write_csv
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
