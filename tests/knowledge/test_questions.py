"""What agents ask is declared, so that a procedure can be checked before anything runs."""

from __future__ import annotations

import pytest

from traineragent.agents.inforce import catalogue, procedure
from traineragent.knowledge.expression import ExpressionError, kind_of
from traineragent.knowledge.questions import kinds_asked, question
from traineragent.knowledge.sop import AGENTS

FACTS = {"rows": "number", "name": "text", "many": {"[]": "text"}, "it": {"size": "number"}, "sure": "truth"}


@pytest.mark.parametrize("agent", AGENTS)
def test_the_procedures_that_ship_stand_the_check(agent: str) -> None:
    assert set(procedure(agent, None).questions) == set(kinds_asked(agent))


@pytest.mark.parametrize("agent", AGENTS)
def test_every_operation_that_may_answer_exists(agent: str) -> None:
    for kind in kinds_asked(agent):
        asked = question(agent, kind)
        assert asked is not None
        assert set(asked.operations or ()) <= set(catalogue(agent, kind)), kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("rows > 3 and name == 'a'", "truth"),
        ("it.size * 2 + len(many)", "number"),
        ("name in many", "truth"),
        ("name if sure else None", "any"),
        ("max(rows, it.size) - round(rows / 2)", "number"),
        ("rows is not None", "truth"),
        ("['a', 'b']", {"[]": "text"}),
    ],
)
def test_the_kind_of_an_expression_follows_from_the_kinds_of_its_facts(text: str, kind: object) -> None:
    assert kind_of(text, FACTS) == kind


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("row > 3", "unknown fact 'row'; did you mean 'rows'"),
        ("it.sise > 3", "unknown fact 'it.sise'; did you mean 'size'"),
        ("name > 3", "'name' is a text and '3' is a number"),
        ("rows == 'many'", "they can never be equal"),
        ("name + 1", "'name' is a text, not a number"),
        ("rows in many", "'rows' is a number and 'many' is a list"),
        ("len(rows) > 1", "which has no length"),
        ("open('x')", "not allowed in a procedure"),
        ("rows >", "cannot read"),
        ("min()", r"min\(\) needs an argument"),
    ],
)
def test_what_would_fail_on_any_facts_is_refused_at_once(text: str, problem: str) -> None:
    with pytest.raises(ExpressionError, match=problem):
        kind_of(text, FACTS)
