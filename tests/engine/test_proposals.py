"""A proposed candidate is tried only where its family suits and its parameters lie in the family's space."""

from __future__ import annotations

from typing import Any

import pytest

from traineragent.domain.run import Candidate, Operation
from traineragent.engine.proposals import check_candidate, fresh
from traineragent.errors import InvalidAnswer

OFFERS: dict[str, dict[str, Any]] = {
    "trees": {
        "suits": True,
        "card": {"interpretable": False},
        "space": {"leaves": ("int", 4, 64, True), "rate": ("float", 0.01, 0.1, True), "kind": ("choice", "a", None)},
    },
    "line": {"suits": True, "card": {"interpretable": True}, "space": {}},
    "giant": {"suits": False, "card": {"interpretable": False}, "space": {}},
}


def proposed(family: str, **args: Any) -> Operation:
    return Operation("answer", "try", {"family": family, **args}, "")


def test_what_lies_in_the_space_can_be_tried() -> None:
    check_candidate(proposed("trees", params={"leaves": 8, "rate": 0.05, "kind": None}, share=0.3), OFFERS, False)
    check_candidate(proposed("line"), OFFERS, True)


@pytest.mark.parametrize(
    ("operation", "interpretable", "why"),
    [
        (proposed("giant"), False, "does not suit this data; these do: line, trees"),
        (proposed("nothing"), False, "does not suit"),
        (proposed("trees"), True, "interpretable"),
        (proposed("trees", share=0.9), False, "share"),
        (proposed("trees", params={"depth": 3}), False, "no parameter 'depth'; it has|no parameter 'depth' to set"),
        (proposed("trees", params={"leaves": 65}), False, "between 4 and 64"),
        (proposed("trees", params={"leaves": 8.5}), False, "whole number"),
        (proposed("trees", params={"leaves": "8"}), False, "between"),
        (proposed("trees", params={"rate": True}), False, "between"),
        (proposed("trees", params={"rate": float("nan")}), False, "between"),
        (proposed("trees", params={"kind": "z"}), False, "is one of"),
        (proposed("line", params={"x": 1}), False, "it has none"),
    ],
)
def test_what_does_not_is_refused_with_the_reason(operation: Operation, interpretable: bool, why: str) -> None:
    with pytest.raises(InvalidAnswer, match=why):
        check_candidate(operation, OFFERS, interpretable)


def test_what_was_tried_or_said_twice_is_not_new() -> None:
    tried = [Candidate("trees", {"leaves": 8, "rate": 0.05})]
    said = [
        proposed("trees", params={"rate": 0.05, "leaves": 8}),
        proposed("line"),
        proposed("line", params={}),
        proposed("trees", params={"leaves": 9}),
    ]
    assert fresh(said, tried) == [said[1], said[3]]
