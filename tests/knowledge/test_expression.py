"""The language of procedures computes facts and nothing else."""

from __future__ import annotations

import pytest

from traineragent.knowledge.expression import ExpressionError, evaluate

FACTS = {"rows": 100, "name": "age", "column": {"kind": "number", "missing": 0.5}, "names": ["a", "b"], "none": None}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("rows > 50 and not column.missing >= 0.9", True),
        ("50 < rows <= 100", True),
        ("column.kind in ['number', 'date']", True),
        ("min(10, rows / 20) if none is None else 0", 5.0),
        ("len(names) + -1", 1),
        ("rows > 1000 or name == 'age'", True),
    ],
)
def test_facts_are_compared_and_computed(text: str, value: object) -> None:
    assert evaluate(text, FACTS) == value


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "column.__class__",
        "[x for x in names]",
        "open('/etc/passwd')",
        "names[0]",
        "(lambda: 1)()",
        "rows ** 9999999",
        "f'{rows}'",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, FACTS)


def test_an_unknown_fact_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ExpressionError, match=r"unknown fact 'row'; known are column, name, names, none, rows"):
        evaluate("row > 3", FACTS)
