"""How a box is chosen is learned on pictures kept back, and what is learned is what is served."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.engine.grounding.training import ALONE, _best_choice
from traineragent.engine.grounding.words import reading_of
from traineragent.serve.grounding.finder import Choice, Finder, with_choice
from traineragent.serve.grounding.phrases import PhraseReader
from traineragent.serve.grounding.scene import Calibration

BOXES = np.array([[0.1, 0.1, 0.3, 0.5], [0.6, 0.2, 0.9, 0.6]], np.float32)  # left, right
READING = reading_of(["the king", "the rightmost king"] * 5)


@pytest.mark.parametrize(
    ("logits", "meant", "alone"),
    [
        ((0.7, -0.8), 1, ALONE[0]),  # two kings, one of them unsure
        ((2.5, -0.1), 0, 1.0),  # said of the only king, beside one that looks a little like it
    ],
)
def test_how_readily_the_only_one_is_called_the_rightmost_is_learned(
    logits: tuple[float, float], meant: int, alone: float
) -> None:
    thing = PhraseReader(**READING).read("the rightmost king")
    maps = {thing.words: (np.array(logits, np.float32), BOXES)}
    true = np.repeat(BOXES[[meant]].astype(np.float64), 3, axis=0)
    choice, scores = _best_choice([thing] * 3, [maps] * 3, true, "accuracy_iou50", [0.0])
    assert (choice.alone, scores["accuracy_iou50"]) == (alone, 1.0)


def test_what_is_learned_is_what_is_served() -> None:
    settings = {"side": 32, "words": ["king"], "reading": READING}
    choice = Choice(Calibration(1.6, -2.0), 0.3, 0.02)
    assert Finder(None, with_choice(settings, choice)).choice == choice
    before = {"scale": 1.0, "shift": 0.0, "whole": 0.0}  # of bundles that know nothing of it
    assert Finder(None, {**settings, "choice": before}).choice.alone == 1.0
