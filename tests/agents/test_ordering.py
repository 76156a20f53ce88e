"""Which files are taken to stand in order of time, and which were shuffled, sorted or put together by class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from traineragent.agents.ordering import end_of_texts
from traineragent.data.meaning import read_columns
from traineragent.data.order import EndOfFile
from traineragent.data.rawtable import RawTable
from traineragent.data.reading import read_table
from traineragent.domain.task import DataInfo, TaskSpec

RNG = np.random.default_rng(0)


def _read(path: Path, target: str) -> tuple[RawTable, TaskSpec]:
    task = TaskSpec("text_classification", metrics=(), data_info=DataInfo("table", target=target))
    return read_table((str(path),)), task


def _end(table: RawTable, task: TaskSpec) -> EndOfFile | None:
    return end_of_texts(table, task, read_columns(table.frame))


def _stream(rows: int = 1000) -> list[tuple[str, str]]:
    """Texts whose words come and go with time, and labels in no order."""
    out = []
    for i in range(rows):
        words = [f"word{k}" for k in RNG.integers(2 * i, 2 * i + 400, 10)]
        out.append((" ".join(words), str(RNG.choice(["yes", "no"]))))
    return out


def _file(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    return path


def test_a_stream_of_texts_is_newer_at_its_end(tmp_path: Path) -> None:
    found = _end(*_read(_file(tmp_path / "a.csv", _stream()), "label"))
    assert found is not None
    assert found.ratio > 1.2
    assert found.deviations > 4


@pytest.mark.parametrize("key", [lambda row: row[1], lambda row: row[0], lambda row: len(row[0])])
def test_a_sorted_file_tells_nothing(tmp_path: Path, key: object) -> None:
    rows = sorted(_stream(), key=key)  # type: ignore[arg-type]
    assert _end(*_read(_file(tmp_path / "a.csv", rows), "label")) is None


def test_several_files_tell_nothing(tmp_path: Path) -> None:
    table, task = _read(_file(tmp_path / "a.csv", _stream()), "label")
    assert _end(replace(table, files=table.files * 2), task) is None


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("text/sms_spam/sms.csv", "label"),
        ("text/sst2/train.csv", "label"),
        ("text/ag_news/ag_news.csv", "label"),
        ("text/banking77/train.csv", "category"),
        ("text/go_emotions_multilabel/dev.csv", "labels"),
        ("text/thucnews_titles_zh/dev.csv", "label"),
        ("text/thucnews_titles_zh/test.csv", "label"),
    ],
)
def test_no_alarm_on_texts_in_no_order_of_time(shared_data: Path, file: str, target: str) -> None:
    found = _end(*_read(shared_data / file, target))
    assert found is None or found.ratio < 1.2 or found.deviations < 4
