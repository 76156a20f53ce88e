"""Which of the things in a picture a phrase means, by arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.engine.grounding.words import reading_of
from traineragent.serve.grounding.phrases import PhraseReader
from traineragent.serve.grounding.scene import Calibration, Found, chances, iou, things

KINGS = np.array([[0.1, 0.1, 0.2, 0.2], [0.4, 0.5, 0.6, 0.8], [0.75, 0.2, 0.85, 0.3]])  # the middle one is the largest
QUEENS = np.array([[0.25, 0.1, 0.35, 0.2], [0.8, 0.7, 0.9, 0.8]])
FOUND = {
    ("king",): Found(KINGS, np.array([0.9, 0.8, 0.7])),
    ("queen",): Found(QUEENS, np.array([0.9, 0.9])),
}


@pytest.mark.parametrize(
    ("phrase", "meant"),
    [
        ("the king", 0),
        ("the leftmost king", 0),
        ("the rightmost king", 2),
        ("the bottommost king", 1),
        ("the largest king", 1),
        ("the second king from the left", 1),
        ("the third king from the left", 2),
        ("the king in the middle", 1),
        ("the king left of the leftmost queen", 0),
        ("the king right of the leftmost queen", 2),
        ("the king above the bottommost queen", 2),
        ("the king below the leftmost queen", 1),
        ("the king next to the leftmost queen", 0),
        ("the king between two queens", 1),
    ],
)
def test_the_thing_that_is_meant_is_the_likeliest(phrase: str, meant: int) -> None:
    reader = PhraseReader(**reading_of(["the king", "the queen"] * 5))
    likely = chances(reader.read(phrase), FOUND)
    assert int(likely.argmax()) == meant


def test_an_unsure_thing_further_out_leaves_the_next_its_chance() -> None:
    reader = PhraseReader(**reading_of(["the king", "the queen"] * 5))
    found = {("king",): Found(KINGS, np.array([0.05, 0.9, 0.9]))}
    likely = chances(reader.read("the leftmost king"), found)
    assert int(likely.argmax()) == 1
    assert likely[1] == pytest.approx(0.9 * 0.95, abs=0.01)


@pytest.mark.parametrize(("alone", "meant"), [(0.1, 2), (1.0, 0)])
def test_who_says_the_rightmost_sees_several(alone: float, meant: int) -> None:
    reader = PhraseReader(**reading_of(["the king", "the queen"] * 5))
    found = {("king",): Found(KINGS, np.array([0.7, 0.01, 0.3]))}
    assert int(chances(reader.read("the rightmost king"), found, alone).argmax()) == meant


def test_the_only_one_may_be_called_the_rightmost() -> None:
    reader = PhraseReader(**reading_of(["the king", "the queen"] * 5))
    found = {("king",): Found(KINGS, np.array([0.9, 0.02, 0.05]))}
    assert int(chances(reader.read("the rightmost king"), found, 0.1).argmax()) == 0


def test_peaks_of_one_thing_are_one_box_and_others_stay() -> None:
    boxes = np.array([[0.1, 0.1, 0.3, 0.3], [0.11, 0.1, 0.31, 0.3], [0.6, 0.6, 0.8, 0.8]], np.float32)
    found = things(np.array([2.0, 1.9, 1.0], np.float32), boxes, Calibration())
    assert len(found.boxes) == 2
    assert found.boxes[0][0] == pytest.approx(0.105, abs=0.002)
    assert found.sure[0] == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_overlap_of_boxes() -> None:
    one = np.array([[0.0, 0.0, 1.0, 1.0]])
    assert iou(one, np.array([[0.5, 0.0, 1.5, 1.0], [2.0, 2.0, 3.0, 3.0]]))[0].tolist() == pytest.approx([1 / 3, 0.0])
