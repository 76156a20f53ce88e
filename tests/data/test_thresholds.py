"""A column of numbers becomes an answer of yes and no, unless hardly any row lies on one side."""

from __future__ import annotations

import pandas as pd

from traineragent.data.meaning import read_columns
from traineragent.data.rawtable import RawTable
from traineragent.data.reading import from_frame
from traineragent.data.thresholds import cut_in_two
from traineragent.domain.data import Cut


def cut(value: float, side: str = ">=") -> RawTable:
    prices = [None if i == 3 else f"{i},50 €" for i in range(60)]
    table = from_frame(pd.DataFrame({"room": [f"r{i % 7}" for i in range(60)], "price": prices}))
    return cut_in_two(table, Cut("price", side, value, "the words"), read_columns(table.frame))


def test_numbers_give_way_to_yes_and_no() -> None:
    table = cut(20.5)
    assert table.target == "price >= 20.5"
    assert list(table.frame.columns) == ["room", "price >= 20.5"]
    answers = table.frame["price >= 20.5"]
    assert answers[answers == "yes"].index.tolist() == list(range(20, 60))
    assert pd.isna(answers[3])
    assert "40 rows say yes, 19 no" in table.notes[-1]


def test_a_line_beyond_nearly_all_rows_is_not_drawn() -> None:
    assert list(cut(55.5).frame.columns) == ["room", "price"]
