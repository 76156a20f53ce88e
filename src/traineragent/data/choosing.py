"""Whether operations chosen for a table make sense together: what must stay out stays out, and every column is met.

Knows nothing of who chose them; for a procedure that a user wrote the operations are carried out as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from ..domain.run import Operation
from ..errors import InvalidAnswer
from ..ports import ANSWERED

READS = {
    "parse_number": ("number", "boolean"),
    "parse_boolean": ("boolean",),
    "parse_date": ("date",),
    "parse_category": ("category", "boolean", "number", "text", "id"),
    "parse_text": ("text", "category", "id"),
}
"""Operation -> meanings of a column that can be read so."""
MOST_CATEGORIES = 1000


def check_operations(operations: Sequence[Operation], columns: Sequence[Mapping[str, Any]]) -> None:
    """Raises InvalidAnswer in words. `columns` as `operations.column_facts` gives them, with "excluded"."""
    chosen: dict[str, set[str]] = {c["name"]: set() for c in columns}
    answered: dict[str, str] = {}
    for operation in operations:
        name = operation.args.get("column")
        if name not in chosen:
            continue
        chosen[name].add(operation.do)
        if operation.step == ANSWERED and answered.setdefault(name, operation.do) != operation.do:
            raise InvalidAnswer(f"column {name!r} has two operations, {answered[name]} and {operation.do}; give one")
    for column in columns:
        _check_column(column, chosen[column["name"]])
    if all("drop_column" in acts for acts in chosen.values()):
        raise InvalidAnswer("no column would be left to learn from")
    if not any(o.do == "drop_rows_without_target" for o in operations):
        raise InvalidAnswer("drop_rows_without_target may not be left out: a row without an answer teaches nothing")
    dates = {name for name, acts in chosen.items() if "parse_date" in acts and "drop_column" not in acts}
    for o in operations:
        if o.do == "derive_difference" and not {o.args["first"], o.args["second"]} <= dates:
            raise InvalidAnswer(
                f"derive_difference needs two columns read as dates; {o.args['first']!r} or {o.args['second']!r} is "
                "not: omit the step, or read both with parse_date"
            )


def _check_reading(do: str, column: Mapping[str, Any]) -> None:
    meanings = READS.get(do)
    if meanings is not None and column["meaning"] not in meanings and not (do == "parse_number" and column["digits"]):
        raise InvalidAnswer(f"{do}: column {column['name']!r} holds {column['meaning']} values, not {meanings[0]}")
    if do == "parse_category" and column["distinct"] > MOST_CATEGORIES:
        raise InvalidAnswer(f"parse_category: column {column['name']!r} has {column['distinct']} values, too many")


def _check_column(column: Mapping[str, Any], acts: AbstractSet[str]) -> None:
    """A column that is dropped may be read as well, which a procedure does by its nature: it is dropped."""
    name, dropped = column["name"], "drop_column" in acts
    if not acts:
        raise InvalidAnswer(f"column {name!r} has no operation; drop it or read it")
    if column.get("excluded") and not dropped:
        raise InvalidAnswer(f"column {name!r} was asked to be left out; it stays out")
    if column["leak_action"] == "dropped" and not dropped:
        raise InvalidAnswer(f"column {name!r} gives the answer away; it stays out")
    for do in () if dropped else acts:
        _check_reading(do, column)
