"""What the words alone decline is declined before any data is looked at, and would be with every kind of data."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from traineragent.domain.data import ColumnProfile
from traineragent.domain.task import Request
from traineragent.language.task import declined_unseen, understand

BOOKS = [yaml.safe_load(p.read_text(encoding="utf-8")) for p in (Path(__file__).parent / "verdicts").glob("*.yaml")]
NUMBER = ColumnProfile("amount", "number", 0.0, 300, {"min": 0.5, "median": 40.5, "max": 90.0})
FLAG = ColumnProfile("flag", "category", 0.0, 2, top=(("yes", 300), ("no", 200)))
DAY = ColumnProfile("day", "date", 0.0, 500, {"first": "2020-01-01T00:00:00", "last": "2021-05-01T00:00:00"})
TEXT = ColumnProfile("message", "text", 0.0, 480)
TABLES = ((NUMBER, FLAG), (DAY, NUMBER), (TEXT, FLAG))


def requests(kind: str) -> list[str]:
    return [words for book in BOOKS for words in book[kind]]


@pytest.mark.slow
@pytest.mark.parametrize("words", requests("decline")[::6] + requests("serve")[::12])
def test_nothing_is_declined_that_would_be_served_once_its_data_was_read(words: str) -> None:
    if declined_unseen(words):
        for columns in TABLES:
            for target in (None, columns[-1].name):
                assert understand(Request(words, target=target), columns, 500).verdict.decision == "decline"


@pytest.mark.slow
def test_nearly_all_that_may_not_be_done_needs_no_data_to_be_declined() -> None:
    asked = requests("decline")
    assert sum(map(declined_unseen, asked)) > 0.97 * len(asked)


@pytest.mark.parametrize(
    ("words", "declined"),
    [
        ("Tell me the day I will die from my horoscope.", True),
        ("Predict which customers leave with a recall of 100 %.", True),
        ("Translate our manuals into French.", True),
        ("Cluster our customers.", False),  # a column may hold the groups
        ("Predict which patients die within 30 days.", False),
        ("Which accounts were hijacked? Find 90 % of them.", False),
    ],
)
def test_only_what_no_data_could_change_is_declined(words: str, declined: bool) -> None:
    assert declined_unseen(words) is declined
