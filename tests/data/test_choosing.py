"""Operations for columns make sense together, or are refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from traineragent.data.choosing import check_operations
from traineragent.domain.run import Operation
from traineragent.errors import InvalidAnswer


def column(name: str, meaning: str, **more: Any) -> dict[str, Any]:
    plain = {"distinct": 9, "digits": False, "excluded": False, "leak_action": ""}
    return {"name": name, "meaning": meaning, **plain, **more}


COLUMNS = [
    column("age", "number"),
    column("plan", "category"),
    column("name", "text", distinct=5000),
    column("total", "number", leak_action="dropped"),
    column("gender", "category", excluded=True),
    column("when", "date"),
]


def do(name: str, column: str | None = None, **args: str) -> Operation:
    return Operation("answer", name, {**({"column": column} if column else {}), **args}, "")


PLAN = {
    "rows": do("drop_rows_without_target"),
    "age": do("parse_number", "age"),
    "plan": do("parse_category", "plan"),
    "name": do("parse_text", "name"),
    "total": do("drop_column", "total"),
    "gender": do("drop_column", "gender"),
    "when": do("parse_date", "when"),
}


def test_a_sensible_plan_passes() -> None:
    check_operations([*PLAN.values()], COLUMNS)


def test_a_procedure_may_drop_what_another_step_reads() -> None:
    twice = Operation("categories", "parse_category", {"column": "gender"}, "")
    check_operations([*PLAN.values(), twice], COLUMNS)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"rows": None}, "drop_rows_without_target may not be left out"),
        ({"age": None}, "column 'age' has no operation"),
        ({"total": do("parse_number", "total")}, "gives the answer away"),
        ({"gender": do("parse_category", "gender")}, "asked to be left out"),
        ({"plan": do("parse_number", "plan")}, "holds category values, not number"),
        ({"name": do("parse_category", "name")}, "5000 values, too many"),
        ({"more": do("parse_boolean", "age")}, "has two operations"),
        ({"more": do("derive_difference", first="when", second="age")}, "two columns read as dates"),
        ({k: do("drop_column", k) for k in ("age", "plan", "name", "when")}, "no column would be left"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Operation | None], why: str) -> None:
    plan = {**PLAN, **changes}
    with pytest.raises(InvalidAnswer, match=why):
        check_operations([o for o in plan.values() if o is not None], COLUMNS)
