"""What the process that can be killed gives back: facts for the procedure, then arrays with their folds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from traineragent.agents.preparation import examine, make
from traineragent.data.frames import write_frame
from traineragent.data.target import target_of
from traineragent.domain.data import Target
from traineragent.engine.dataset import TrainingData
from traineragent.errors import InputError
from traineragent.store.files import write_json

OPERATIONS = [
    {"do": "parse_number", "args": {"column": "age"}, "why": "numbers", "step": "numbers"},
    {"do": "parse_category", "args": {"column": "plan"}, "why": "categories", "step": "categories"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder as it is once the hold-out is sealed."""
    rng = np.random.default_rng(0)
    age, plan = rng.integers(18, 80, 120), rng.choice(["basic", "pro"], 120)
    left = np.where(age + rng.normal(0, 5, 120) > 50, "yes", "no")
    code = np.where(left == "yes", "x1", "x2")
    frame = pd.DataFrame({"age": age.astype(str), "plan": plan, "code": code, "left": left})
    (tmp_path / "data").mkdir()
    write_frame(frame, tmp_path / "data" / "train.parquet")
    target = target_of(frame, "left", "class", None)
    write_json(tmp_path / "data" / "target.json", TypeAdapter(Target).dump_python(target, mode="json"))
    write_json(tmp_path / "data" / "split.json", {"notes": ["a note"], "group": None, "time": None})
    return tmp_path


def test_examined_facts_are_json_and_name_what_gives_the_answer_away(folder: Path) -> None:
    found = examine(str(folder), [], 0)
    assert json.loads(json.dumps(found)) == found
    assert (found["rows"], found["classes"], found["dropped"]) == (120, 2, ["code"])
    assert [c["name"] for c in found["columns"]] == ["age", "plan", "code"]
    assert "a note" in json.loads((folder / "data" / "profile.json").read_text())["warnings"]


def test_columns_that_are_excluded_are_not_looked_at_for_leaks(folder: Path) -> None:
    assert examine(str(folder), ["code"], 0)["dropped"] == []


def test_made_arrays_hold_the_columns_in_the_order_of_the_table(folder: Path) -> None:
    examine(str(folder), [], 0)
    made = make(str(folder), OPERATIONS[::-1], 0)
    table = TrainingData.load(folder / "data" / "prepared")
    assert table.names == ("age", "plan")
    assert (made["facts"]["rows"], made["facts"]["features"], table.classes) == (120, 2, 2)
    assert len(np.unique(table.folds)) >= 5
    assert all((folder / name).is_file() for name in made["files"])


def test_made_in_another_process_than_examined_they_are_the_same(folder: Path) -> None:
    from traineragent.agents import preparation

    hashes = []
    for _ in range(2):
        examine(str(folder), [], 0)
        if hashes:
            preparation._opened.cache_clear()
        make(str(folder), OPERATIONS, 0)
        hashes.append([(folder / "data" / "prepared" / n).read_bytes() for n in ("x.npy", "folds.npy", "table.json")])
    assert hashes[0] == hashes[1]


def test_operation_on_a_column_that_is_not_there_is_bad_input(folder: Path) -> None:
    examine(str(folder), [], 0)
    with pytest.raises(InputError, match="no column 'wage'") as caught:
        make(str(folder), [{**OPERATIONS[0], "args": {"column": "wage"}}], 0)
    assert caught.value.column == "wage"
