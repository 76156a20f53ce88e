"""Labels that stand in an order are classes in that order."""

from __future__ import annotations

import pandas as pd
import pytest

from traineragent.data.scales import places
from traineragent.data.target import target_of
from traineragent.knowledge.lexicons import lexicon


@pytest.mark.parametrize(
    ("labels", "order"),
    [
        (["high", "low", "medium"], ["low", "medium", "high"]),
        (["Good", "Fair", "Ideal", "Premium", "Very Good"], ["Fair", "Good", "Very Good", "Premium", "Ideal"]),
        (["hoch", "mittel", "sehr_hoch", "niedrig"], ["niedrig", "mittel", "hoch", "sehr_hoch"]),
        (["XL", "S", "M", "L"], ["S", "M", "L", "XL"]),
        (["Severe", "No", "Mild", "Moderate"], ["No", "Mild", "Moderate", "Severe"]),
        (["élevé", "faible", "moyen"], ["faible", "moyen", "élevé"]),
    ],
)
def test_words_of_one_scale_have_places(labels: list[str], order: list[str]) -> None:
    steps = places(labels)
    assert steps is not None
    assert [label for _, label in sorted(zip(steps, labels, strict=True))] == order


@pytest.mark.parametrize(
    "labels", [["cat", "dog", "owl"], ["low", "high"], ["low", "medium", "blue"], ["low", "lower", "high"]]
)
def test_other_labels_have_none(labels: list[str]) -> None:
    assert places(labels) is None


def test_classes_of_a_target_stand_in_their_order() -> None:
    frame = pd.DataFrame({"risk": ["high", "low", "medium", "low", "high", "medium"]})
    assert target_of(frame, "risk", "class").labels == ("low", "medium", "high")


def test_no_scale_says_a_word_twice() -> None:
    for scale in lexicon("scales")["scales"]:
        words = [word for same in scale for word in same]
        assert len(words) == len(set(words))
