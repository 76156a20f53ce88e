"""The catalogue of what may be done to a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from traineragent.data.operations import CATALOGUE, Prepared, apply, column_facts
from traineragent.data.profile import profile_table
from traineragent.data.target import target_of, target_values
from traineragent.domain.data import Leak
from traineragent.domain.run import Operation
from traineragent.errors import InputError

from .tables import frame


def table() -> pd.DataFrame:
    return frame(
        id=range(1, 13),
        n=["1,5", "2,5", "?", "3,5"] * 3,
        k=["a", "b", "a", "c"] * 3,
        f=["yes", "no", "yes", None] * 3,
        d=["2020-01-01", "2020-02-03", "2020-03-04", "2020-01-09"] * 3,
        t=["a red house", "a blue house", "a red car", "a car"] * 3,
        y=["u", "v", "u", "v"] * 3,
    )


def do(*operations: tuple[str, dict[str, Any]], data: pd.DataFrame | None = None, **more: Any) -> Prepared:
    data = table() if data is None else data
    target = target_of(data, "y", None)
    planned = [Operation(f"step-{i}", name, args, "the reason") for i, (name, args) in enumerate(operations)]
    return apply(planned, data, more.pop("y", target_values(data["y"], target)), target, **more)


NUMBER = ("parse_number", {"column": "n"})


def test_every_parsing_declares_its_column_in_order() -> None:
    kinds = ("number", "category", "boolean", "date", "text")
    done = do(*((f"parse_{k}", {"column": c}) for k, c in zip(kinds, "nkfdt", strict=True)))
    assert [(c.name, c.kind) for c in done.columns] == list(zip("nkfdt", kinds, strict=True))
    assert done.columns[0].number.decimal == ","


def test_arguments_reach_the_declaration() -> None:
    done = do(("parse_category", {"column": "k", "most": 1}), ("parse_text", {"column": "t", "most": 2, "fewest": 1}))
    assert done.columns[0].categories == ("a",)
    assert len(done.columns[1].words) == 2


def test_a_dropped_column_is_gone_and_its_reason_kept() -> None:
    done = do(NUMBER, ("parse_category", {"column": "k"}), ("drop_column", {"column": "k"}))
    assert [c.name for c in done.columns] == ["n"]
    assert done.dropped == (("k", "the reason"),)


def test_whole_copies_are_counted_out_and_ids_make_a_difference() -> None:
    with_ids = do(NUMBER, ("drop_duplicate_rows", {}))
    assert len(with_ids.y) == 12
    data = table().drop(columns="id")
    assert len(do(NUMBER, ("drop_duplicate_rows", {}), data=data).y) == 4
    two = do(NUMBER, ("drop_duplicate_rows", {"copies": 2}), data=data)
    assert len(two.y) == len(two.frame) == 8
    assert (two.removed[0].rows, two.removed[0].why) == (4, "the reason")


def test_rows_without_answer_or_inputs_are_taken_out() -> None:
    data = table().drop(columns="id")
    data.loc[0, "y"] = None
    data.loc[1, ["n", "k", "f", "d", "t"]] = None
    done = do(NUMBER, ("drop_rows_without_target", {}), ("drop_empty_rows", {}), data=data)
    assert [r.rows for r in done.removed] == [1, 1]
    assert np.isfinite(done.y).all()


def test_a_sample_keeps_rare_classes() -> None:
    y = ["rare"] * 20 + ["usual"] * 5000
    data = frame(x=range(5020), y=y)
    done = do(("parse_number", {"column": "x"}), ("cap_rows", {"most": 500}), data=data, seed=4)
    assert len(done.y) == 500
    assert (done.frame["y"] == "rare").sum() == 20
    again = do(("parse_number", {"column": "x"}), ("cap_rows", {"most": 500}), data=data, seed=4)
    assert again.frame.equals(done.frame)


def test_the_given_table_is_not_touched() -> None:
    data = table()
    before = data.copy()
    do(NUMBER, ("drop_duplicate_rows", {}), ("cap_rows", {"most": 3}), ("drop_column", {"column": "k"}), data=data)
    assert data.equals(before)


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (("parse_number", {"column": "nope"}), "no column 'nope'"),
        (("burn", {}), "no operation 'burn'"),
        (("drop_column", {"column": "n"}), "no input column is left"),
    ],
)
def test_refuses_what_cannot_be_done(operation: tuple[str, dict[str, Any]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        do(operation)


def test_every_operation_says_what_it_does() -> None:
    for name, spec in CATALOGUE.items():
        assert len(spec.does) > 10, name
        assert all(
            kind.rstrip("?") in ("string", "integer", "number", "array", "object") for kind in spec.arguments.values()
        )


def test_facts_carry_leaks_and_relations_and_leave_the_answer_out() -> None:
    data = table()
    profile = profile_table(data, target_of(data, "y", "class"))
    profile = replace(profile, leaks=(Leak("k", "holds_target", "measured so", "dropped"),))
    facts = {f["name"]: f for f in column_facts(profile)}
    assert set(facts) == {"id", "n", "k", "f", "d", "t"}
    assert (facts["k"]["leak"], facts["k"]["leak_action"]) == ("holds_target", "dropped")
    assert facts["id"]["meaning"] == "id"
    assert facts["n"]["missing_share"] == 0.25
    assert all(0 <= f["relation"] <= 1 for f in facts.values())
