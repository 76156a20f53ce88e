"""Columns as distinct values."""

from __future__ import annotations

import numpy as np
import pandas as pd

from traineragent.data.levels import levels_of


def test_counts_stripped_texts_and_takes_the_usual_blanks_for_missing() -> None:
    levels = levels_of(pd.Series(["a ", "a", " b", "?", "NA", "", None, "n/a", "b"], dtype=object))
    assert levels.texts == ("a", "b")
    assert levels.counts.tolist() == [2, 2]
    assert levels.codes.tolist() == [0, 0, 1, -1, -1, -1, -1, -1, 1]
    assert levels.missing_share == 5 / 9


def test_gives_the_same_for_categories_of_text() -> None:
    plain = pd.Series(["x", "y", None, "x", "?"], dtype=object)
    left, right = levels_of(plain.astype("category")), levels_of(plain)
    assert left.codes.tolist() == right.codes.tolist()
    assert left.texts == right.texts


def test_some_blanks_can_be_kept_and_others_added() -> None:
    column = pd.Series(["none", "mild", "unknown"], dtype=object)
    assert levels_of(column, keep=("none",)).texts == ("none", "mild", "unknown")
    assert levels_of(column, ("Unknown",)).texts == ("mild",)


def test_spreads_one_value_a_text_over_the_rows() -> None:
    levels = levels_of(pd.Series(["b", None, "a", "b"], dtype=object))
    assert np.array_equal(levels.spread(np.array([2.0, 1.0])), [2.0, np.nan, 1.0, 2.0], equal_nan=True)


def test_rows_and_texts_can_be_taken_out() -> None:
    levels = levels_of(pd.Series(["a", "b", "c", "a"], dtype=object))
    assert levels.take(np.array([1, 2])).texts == ("b", "c")
    left = levels.without(["B"])
    assert left.texts == ("a", "c")
    assert left.codes.tolist() == [0, -1, 1, 0]
