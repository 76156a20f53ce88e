from __future__ import annotations

import numpy as np
import pandas as pd

from traineragent.data.captions import names_of, sayings
from traineragent.domain.data import Target


def test_labels_become_names_with_other_words_for_them() -> None:
    frame = pd.DataFrame({"label": ["7", "3", "7"]})
    names, words, y, several = names_of(frame, Target("label", "class", ("3", "7")))
    assert [n["label"] for n in names] == ["3", "7"]
    assert "seven" in names[1]["said"]
    assert words.tolist() == [[0, 1], [1, 0], [0, 1]]
    assert y.tolist() == [1, 0, 1]
    assert not several


def test_a_word_that_is_another_label_is_not_taken() -> None:
    taken = {("shirt",), ("blouse",)}
    assert "blouse" not in sayings("shirt", taken)


def test_captions_become_the_words_that_recur() -> None:
    captions = ["a red circle", "a blue circle", "a red square", "a blue square"] * 5
    frame = pd.DataFrame({"image": range(20), "caption": captions})
    names, words, y, several = names_of(frame, Target("picture", "class"))
    assert several
    assert {n["label"] for n in names} == {"red", "blue", "circle", "square"}
    assert words.sum(axis=1).tolist() == [2.0] * 20
    assert (y == -1).all()


def test_pictures_without_words_are_all_one_thing() -> None:
    names, words, y, several = names_of(pd.DataFrame({"image": range(4)}), Target("picture", "class"))
    assert [n["label"] for n in names] == ["picture"]
    assert np.array_equal(words, np.ones((4, 1)))
    assert not several
    assert set(y.tolist()) == {0}
