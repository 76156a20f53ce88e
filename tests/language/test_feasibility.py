"""What light facts of the columns say about whether it can be done."""

from __future__ import annotations

from dataclasses import replace

from traineragent.domain.data import ColumnProfile
from traineragent.domain.task import DataInfo, Requirement, TaskSpec
from traineragent.language.feasibility import feasible

from .tables import table


def task(target: str, inputs: tuple[str, ...] = ("x",), **changes: object) -> TaskSpec:
    spec = TaskSpec("tabular_classification", data_info=DataInfo("table", inputs, target, 1000))
    return replace(spec, **changes)  # type: ignore[arg-type]


def test_declines_a_constant_target() -> None:
    found = feasible(task("failed"), table("x:float 0..1, failed:constant 0"), 1000)
    assert (found[0].action, found[0].about) == ("decline", "constant_target")
    assert "one single value" in found[0].text


def test_declines_an_empty_target() -> None:
    columns = (*table("x:float 0..1"), ColumnProfile("y", "empty", 1.0, 0))
    assert feasible(task("y"), columns, 1000)[0].action == "decline"


def test_declines_a_second_class_of_one_row() -> None:
    columns = (*table("x:float 0..1"), ColumnProfile("y", "boolean", 0.0, 2, top=(("no", 999), ("yes", 1))))
    assert feasible(task("y"), columns, 1000)[0].action == "decline"


def test_warns_of_rare_classes() -> None:
    columns = (*table("x:float 0..1"), ColumnProfile("y", "boolean", 0.0, 2, top=(("no", 980), ("yes", 20))))
    found = feasible(task("y"), columns, 1000)
    assert [f.action for f in found] == ["warn"]
    assert "yes (20)" in found[0].text


def test_counts_rows_of_a_class_after_its_spellings_are_taken_as_one() -> None:
    top = (("High", 500), ("low", 400), ("HIGH", 60), ("LOW ", 20), ("high.", 16), ("medum", 4))
    columns = (*table("x:float 0..1"), ColumnProfile("y", "category", 0.0, 6, top=top))
    (found,) = feasible(task("y"), columns, 1000)
    assert found.text.endswith(": medum (4).")


def test_declines_one_class_in_several_spellings_and_a_stray() -> None:
    columns = (
        *table("x:float 0..1"),
        ColumnProfile("y", "category", 0.0, 3, top=(("no", 900), ("No", 99), ("yes", 1))),
    )
    assert feasible(task("y"), columns, 1000)[0].action == "decline"


def test_declines_when_no_input_is_left() -> None:
    found = feasible(task("y"), table("x:constant 1, y:flag 0|1"), 1000)
    assert found[0].about == "inputs"


def test_warns_when_the_limit_cannot_be_shown() -> None:
    columns = (*table("x:float 0..1"), ColumnProfile("y", "boolean", 0.0, 2, top=(("no", 700), ("yes", 300))))
    asked = task("y", requirements=(Requirement("recall", ">=", 0.99, "99 % caught", "yes"),))
    assert any("300" in f.text and f.about == "recall" for f in feasible(asked, columns, 1000))


def test_is_silent_about_a_sound_table() -> None:
    assert feasible(task("y"), table("x:float 0..1, y:flag 0|1"), 1000) == ()


def test_declines_examples_that_nothing_can_be_shown_on() -> None:
    columns = table("x:float 0..1, y:flag 0|1")
    asked = task("y", requirements=(Requirement("roc_auc", ">=", 0.9, "AUC of .9"),))
    assert [f.about for f in feasible(asked, columns, 12) if f.action == "decline"] == ["rows"]
    assert not [f for f in feasible(task("y"), columns, 12) if f.action == "decline"], "nothing is promised"
    few_texts = replace(asked, task_type="token_classification")
    assert not [f for f in feasible(few_texts, columns, 12) if f.action == "decline"], "they may hold many entities"


def test_declines_a_size_below_that_of_any_model() -> None:
    tiny = task("y", requirements=(Requirement("size_mb", "<=", 0.001, "a kilobyte"),))
    found = feasible(tiny, table("x:float 0..1, y:flag 0|1"), 1000)
    assert (found[0].action, found[0].about) == ("decline", "size_mb")
    assert "1 KB are less than any model" in found[0].text
