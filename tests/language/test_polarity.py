"""The label that is looked for when the words ask for the opposite of what a column is called after."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request
from traineragent.language.task import understand

from .tables import ROWS, table

RENEWALS = "customer:id, segment:cat a|b|c, orders:int 0..90, tickets:int 0..9, Renewed:flag Yes|No"


@pytest.mark.parametrize(
    ("words", "columns", "label"),
    [
        ("Which customers will not renew?", RENEWALS, "No"),
        ("Sage voraus, welche Kunden nicht verlängern", RENEWALS, "No"),
        ("Who refuses to renew, catch at least 80% of those who leave", RENEWALS, "No"),
        ("Which customers will renew?", RENEWALS, "Yes"),
        ("Predict whether or not customers renew", RENEWALS, "Yes"),
        ("Who is going to churn?", RENEWALS, "No"),
        ("Which clients are unlikely to renew their plan?", RENEWALS, "No"),
        ("Predict Renewed", RENEWALS, "Yes"),
        ("Find customers who won't be renewing", RENEWALS, "No"),
        ("Quels clients ne renouvelleront pas ?", RENEWALS, "No"),
        ("¿Qué clientes no renovarán?", RENEWALS, "No"),
        ("Quais clientes não vão renovar?", RENEWALS, "No"),
        ("Quali clienti non rinnoveranno?", RENEWALS, "No"),
        ("哪些客户不会续费?", RENEWALS, "No"),
        ("どの顧客が更新しないか予測して", RENEWALS, "No"),
        ("Which passengers died?", "pclass:int 1..3, sex:cat male|female, survived:flag 0|1", "0"),
        ("Which passengers survived?", "pclass:int 1..3, sex:cat male|female, survived:flag 0|1", "1"),
        (
            "Predict survival of patients; missing a death is worse than a false alarm",
            "age:int 1..99, bp:int 60..200, DEATH_EVENT:flag 0|1",
            "1",
        ),
        ("Which parcels will not arrive?", "weight:float 0..90, country:cat a|b, arrived:flag no|yes", "no"),
        ("Who will not leave us?", "age:int 18..90, plan:cat a|b|c, churn:flag no|yes", "no"),
        ("Which customers will leave?", "age:int 18..90, plan:cat a|b|c, churn:flag no|yes", "yes"),
        ("Which bookings are cancelled?", "nights:int 1..9, is_canceled:flag 0|1", "1"),
        ("Which bookings will not be delivered?", "nights:int 1..9, not_delivered:flag 0|1", "1"),
        (
            "Which members will leave?",
            "age:int 18..90, plan:cat a|b|c, outcome:cat left|stayed, stayed:flag no|yes",
            "no",
        ),
        ("Who will leave? Column status.", "age:int 18..90, plan:cat a|b|c, status:cat churned|retained", "churned"),
        ("Who won't show up?", "age:int 0..99, day:cat mo|tu, no_show:flag No|Yes", "Yes"),
        ("Who won't show up?", "age:int 0..99, day:cat mo|tu, attended:flag No|Yes", "No"),
        ("Who will pass the exam? don't use name", "name:text, hours:int 0..90, passed:flag no|yes", "yes"),
        (
            "Welche Schüler fallen durch, also bestehen nicht?",
            "stunden:int 0..90, fehltage:int 0..30, bestanden:flag ja|nein",
            "nein",
        ),
        ("Which machines will fail?", "temp:float 0..90, site:cat a|b|c, failed:flag FALSE|TRUE", "TRUE"),
        ("Will the tumour come back? Do not miss any.", "size:float 0..9, grade:cat a|b, recurred:flag no|yes", "yes"),
        ("Don't use income. Predict who defaults", "income:float 0..9, purpose:cat a|b, default:flag no|yes", "yes"),
    ],
)
def test_finds_the_label_that_is_asked_for(words: str, columns: str, label: str) -> None:
    assert understand(Request(words), table(columns), ROWS).data_info.positive_label == label


def test_a_limit_is_about_the_opposite_too() -> None:
    task = understand(Request("Which customers will not renew? Find 80 % of them."), table(RENEWALS), ROWS)
    assert [(r.name, r.positive_label) for r in task.requirements] == [("recall", "No")]
    assert any(a.what == "positive_label" and "not renew" in a.why for a in task.assumptions)
