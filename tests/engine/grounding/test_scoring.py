"""Scores of boxes, their intervals, and rules without eyes."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.engine.grounding.scoring import best_trivial, each, interval, ious, trivial

TRUE = np.array([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 10.0]])
GIVEN = np.array([[0.0, 0.0, 10.0, 10.0], [5.0, 0.0, 15.0, 10.0], [20.0, 20.0, 30.0, 30.0]])


def test_overlap_hits_and_pointing_agree_with_their_definitions() -> None:
    assert ious(GIVEN, TRUE).tolist() == pytest.approx([1.0, 1 / 3, 0.0])
    assert each("accuracy_iou50", GIVEN, TRUE).tolist() == [1.0, 0.0, 0.0]
    assert each("pointing_accuracy", GIVEN, TRUE).tolist() == [1.0, 1.0, 0.0]
    assert each("mean_iou", GIVEN, TRUE).mean() == pytest.approx(4 / 9)


def test_intervals_are_wider_where_phrases_share_their_picture() -> None:
    rng = np.random.default_rng(0)
    hits = np.repeat(rng.random(40) < 0.6, 10).astype(float)  # ten phrases a picture that are all right or all wrong
    alone = interval("accuracy_iou50", hits, np.arange(400), 0)
    together = interval("accuracy_iou50", hits, np.repeat(np.arange(40), 10), 0)
    assert alone is not None
    assert together is not None
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])


def test_the_best_rule_without_eyes_is_the_baseline() -> None:
    rng = np.random.default_rng(1)
    corner = np.array([0.0, 0.0, 0.3, 0.3]) + rng.uniform(0, 0.02, (80, 4))
    rules = trivial(corner)
    assert best_trivial("accuracy_iou50", rules, corner) == 1.0
    assert set(rules) == {"the whole picture", "the mean box", "the most likely box"}
