"""Which rows words want to count, and which to be held out; what only sounds so changes nothing."""

from __future__ import annotations

import pytest

from traineragent.domain.selection import HELD, RowCondition, conditions_of, held_share, in_words
from traineragent.domain.task import Request
from traineragent.language.columns import Columns
from traineragent.language.followup import read_follow_up
from traineragent.language.holdouts import holdout_asked
from traineragent.language.reading import Reading
from traineragent.language.rows import find_rows, still_chosen
from traineragent.language.task import understand

from .tables import table

SHOP = table(
    "id:id, city:cat Ulm|Bonn|Leeds|New York, status:cat active|cancelled|test, age:int 18..90, amount:float 0..400, "
    "contract:cat Month-to-month|One year|Two year, joined:date, churn:flag yes|no"
)


def asked(words: str) -> list[str]:
    return [c.word() for r in find_rows(Columns(Reading.of(words), SHOP)) for c in r.conditions]


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("Predict churn, only customers in Ulm", ["city=Ulm"]),
        ("Who will churn? Just for the Leeds branch please.", ["city=Leeds"]),
        ("Predict churn for our Ulm and Bonn customers only.", ["city=Ulm", "city=Bonn"]),
        ("predict churn where city = Bonn", ["city=Bonn"]),
        ("Predict churn, ignore cancelled contracts.", ["status!=cancelled"]),
        ("Predict churn, without the test accounts, on New York customers only", ["status!=test", "city=New York"]),
        ("Use the rows where status isn't cancelled and predict churn", ["status!=cancelled"]),
        ("test accounts don't count. predict churn", ["status!=test"]),
        ("Predict churn for one year contracts only", ["contract=One year"]),
        ("Only patients over 60 please: who churns?", ["age>60"]),
        ("Predict churn, only rows with amount > 100", ["amount>100"]),
        ("predict churn; only those whose amount is at least 50", ["amount>=50"]),
        ("Predict churn, train on data from 2023 on", ["joined>=2023-01-01"]),
        ("Predict churn; ignore everything before 2023.", ["joined>=2023-01-01"]),
        ("Predict churn using only 2023 data", ["joined=2023"]),
        ("Predict churn, use only data from 2021 and 2023", ["joined=2021", "joined=2023"]),
        ("Predict churn, use only data from 2021 to 2023", ["joined>=2021-01-01", "joined<2024-01-01"]),
        ("Predict churn, only data between 2021 and 2023", ["joined>=2021-01-01", "joined<2024-01-01"]),
        ("Predict churn, ignore 2020 and 2022", ["joined!=2020", "joined!=2022"]),
        ("Sag voraus, wer kündigt (churn), nur Kunden aus Ulm.", ["city=Ulm"]),
        ("Prédis churn, uniquement les clients de Bonn", ["city=Bonn"]),
        ("Predice churn solo para clientes de Leeds", ["city=Leeds"]),
        ("预测churn,只用Ulm的数据", ["city=Ulm"]),
    ],
)
def test_rows_that_alone_are_to_count(words: str, rows: list[str]) -> None:
    assert asked(words) == [f"rows:{r}" for r in rows]


@pytest.mark.parametrize(
    "words",
    [
        "Predict churn. We only ship to Ulm on Mondays.",
        "Predict churn, we only have 3 shops in Ulm.",
        "Answer only yes or no: does the customer churn?",
        "Predict churn. Our only shop is in Leeds and latency must be under 20 ms.",
        "Predict churn; only 5 % of alarms may be false, in Ulm we are stricter.",
        "Predict churn with at least 90 % recall, only the amount and age columns",
        "Which contracts (month-to-month, one year, two year) do people churn from?",
        "Customers who are active only pay later. Predict churn.",
        "Predict churn not only in Ulm",
        "Train on 2022-2023 and test on 2024, churn",
        "How much they will spend after 2024: predict the amount",
        "Predict churn at over 60 requests per second",
    ],
)
def test_what_only_sounds_so_chooses_no_rows(words: str) -> None:
    assert asked(words) == []


def test_the_answers_to_be_told_apart_are_no_choice_of_rows() -> None:
    task = understand(Request("Predict the contract: only Month-to-month or Two year."), SHOP, 2000)
    assert task.data_info.target == "contract"
    assert not [c for c in task.constraints if c.startswith("rows:")]


def test_rows_are_an_assumption_that_people_read_and_no_column_is_left_out_for_them() -> None:
    task = understand(Request("Predict churn, ignore cancelled contracts."), SHOP, 2000)
    assert "rows:status!=cancelled" in task.constraints
    assert not task.data_info.ignored
    assert any(a.what == "rows" and "'status' is not 'cancelled'" in a.value for a in task.assumptions)


@pytest.mark.parametrize(
    ("words", "held"),
    [
        ("predict churn, keep 30 % for testing", "0.3"),
        ("churn with an 80/20 split", "0.2"),
        ("predict churn. Use a test set of 25%.", "0.25"),
        ("predict churn, hold back a quarter of the rows", "0.25"),
        ("churn vorhersagen, 30 % zum Testen", "0.3"),
        ("prédire churn, garde 20 % pour le test", "0.2"),
        ("predecir churn, reserva el 15 % para validar", "0.15"),
        ("Learn churn from 2022 to 2023 and be judged on the years after.", "joined>=2024-01-01"),
        ("Train on 2022 and test on 2023: churn", "joined>=2023-01-01"),
    ],
)
def test_what_is_to_be_held_out(words: str, held: str) -> None:
    found = holdout_asked(Columns(Reading.of(words), SHOP))
    assert found is not None
    assert found.word == f"{HELD}{held}"
    task = understand(Request(words), SHOP, 2000)
    assert found.word in task.constraints
    assert not task.requirements


@pytest.mark.parametrize(
    "words",
    [
        "predict churn with 90 % recall",
        "predict churn, 95 % of test results within 20 ms",
        "a 50/50 chance is what we have today, predict churn",
        "predict churn; it must hold on the test of the auditors",
        "In 2022 we trained our staff; predict churn",
    ],
)
def test_other_shares_and_years_hold_nothing_out(words: str) -> None:
    assert holdout_asked(Columns(Reading.of(words), SHOP)) is None


def test_forecasts_say_that_they_are_measured_in_their_own_way() -> None:
    sales = table("day:date, sales:float 0..500")
    task = understand(Request("Forecast sales for the next 14 days, keep 30 % for testing"), sales, 900)
    assert not [c for c in task.constraints if c.startswith(HELD)]
    assert any(a.what == "holdout" and "windows" in a.why for a in task.assumptions)


def test_constraint_words_are_read_back_as_they_were_written() -> None:
    names = ["a", "a>b", "when"]
    conditions = (RowCondition("a>b", ">=", "3"), RowCondition("when", "=", "2021"), RowCondition("a", "!=", "x=y"))
    assert conditions_of([c.word() for c in conditions], names) == conditions
    assert conditions_of(["rows:gone=1", "exclude:a"], names) == ()
    assert held_share(["intervals", "holdout:0.3"]) == pytest.approx(0.3)
    assert held_share(["holdout:when>=2021"]) is None


def test_a_follow_up_chooses_other_rows_and_says_so() -> None:
    task = understand(Request("Predict churn, only customers in Ulm"), SHOP, 2000)
    found = read_follow_up("only customers in Bonn, and keep 40 % for testing", task, SHOP)
    assert found.constraints == ("rows:city=Bonn", "holdout:0.4")
    assert not found.unread
    names = [c.name for c in SHOP]
    assert still_chosen((*task.constraints, "holdout:0.2", "intervals"), found.constraints, names) == ("intervals",)
    assert in_words("rows:city=Bonn") == "only rows where 'city' is 'Bonn'"
    assert in_words("holdout:0.4") == "40% of the rows held out"
    assert in_words("holdout:year>=2021") == "held out where 'year' is at least '2021'"
    assert in_words("intervals") is None
