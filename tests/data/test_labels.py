"""Several answers in a cell: found by content, parted, and never seen where a delimiter is part of a name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from traineragent.data.labels import gathered, label_matrix, label_separator, split_labels
from traineragent.data.levels import levels_of
from traineragent.data.reading import from_frame
from traineragent.data.target import answers_of, target_of, target_values

CELLS = ["joy", "joy|surprise", "anger", "anger|joy", "surprise", "surprise|anger", "Joy", "joy"] * 5


@pytest.mark.parametrize("separator", ["|", ";", ",", ", "])
def test_a_delimiter_whose_parts_return_in_other_company_parts_labels(separator: str) -> None:
    cells = pd.Series([c.replace("|", separator) for c in CELLS])
    assert label_separator(levels_of(cells)) == separator.strip()


def test_json_lists_are_lists_of_labels() -> None:
    cells = pd.Series(['["a", "b"]', '["b"]', '["a", "c"]', '["c", "b"]', "[]"] * 5)
    assert label_separator(levels_of(cells)) == "json"
    target = target_of(pd.DataFrame({"t": cells}), "t", "class", several=True)
    assert target.labels == ("a", "b", "c")
    assert answers_of(cells, target)[:5].tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1], [0, 1, 1], [0, 0, 0]]


@pytest.mark.parametrize(
    "cells",
    [
        ["yes", "no", "maybe"] * 10,
        ["Smith, John", "Miller, Ann", "Jones, Bob"] * 10,  # a comma within names
        ["Refund, late", "Refund, wrong item", "Delivery"] * 10,  # only one part returns
        ["1", "2", "3"] * 10,
        ["a b", "b c"] * 10,
    ],
)
def test_one_answer_a_cell_stays_one(cells: list[str]) -> None:
    assert label_separator(levels_of(pd.Series(cells))) == ""


def test_spellings_of_a_label_are_one_and_empty_cells_have_no_answer() -> None:
    series = pd.Series([*CELLS, None, ""])
    target = target_of(pd.DataFrame({"t": series}), "t", "class", several=True)
    assert target.labels == ("anger", "joy", "surprise")
    assert target.separator == "|"
    y = answers_of(series, target)
    assert y[6].tolist() == [0, 1, 0]
    assert np.isnan(y[-2:]).all()


def test_rows_are_dealt_by_their_rarest_label() -> None:
    series = pd.Series(["a", "a|b", "a", "a|c", "b|c", None, "a|b"] * 4)
    target = target_of(pd.DataFrame({"t": series}), "t", "class", several=True)
    found = target_values(series, target)
    assert found[:5].tolist() == [0, 1, 0, 2, 2]
    assert np.isnan(found[5])


def test_a_cell_is_parted_once_a_label_and_without_blanks() -> None:
    assert split_labels(" a | b||a ", "|") == ("a", "b")
    assert split_labels('["x", "y", "x"]', "json") == ("x", "y")
    assert split_labels("no list", "json") == ("no list",)


def test_columns_of_yes_and_no_become_labels_of_a_row() -> None:
    frame = pd.DataFrame({"body": list("abcd"), "joy": ["1", "0", "yes", None], "love": ["1", "0", "no", None]})
    table = gathered(from_frame(frame), ("joy", "love"))
    assert table.target == "labels"
    assert table.frame["labels"].tolist() == ["|joy|love|", "||", "|joy|", None]
    target = target_of(table.frame, "labels", "class", several=True)
    assert target.labels == ("joy", "love")
    np.testing.assert_array_equal(label_matrix(table.frame["labels"], target), [[1, 1], [0, 0], [1, 0], [np.nan] * 2])
    assert "'joy', 'love'" in table.notes[-1]
