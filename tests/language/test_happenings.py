"""Counts of rows are asked for in words, unless a column holds the numbers."""

from __future__ import annotations

import pytest

from traineragent.domain.data import ColumnProfile
from traineragent.language.happenings import counting_asked
from traineragent.language.reading import Reading

LOG = (
    ColumnProfile("ticket_id", "id", 0.0, 7000),
    ColumnProfile("opened_at", "date", 0.0, 6900, stats={"first": "2023-01-01", "last": "2023-11-30"}),
    ColumnProfile("channel", "category", 0.0, 3, top=(("mail", 3000), ("phone", 2000), ("web", 2000))),
    ColumnProfile("order_value", "number", 0.0, 5000, stats={"min": 0.5, "max": 99.25}),
)


@pytest.mark.parametrize(
    ("words", "step", "keys"),
    [
        ("how many tickets a day will we get over the next two weeks", "day", ()),
        ("Forecast the number of tickets per channel for the next 14 days.", "day", ("channel",)),
        ("Wie viele Tickets kommen in den nächsten 6 Monaten?", "week", ()),
        ("combien de tickets par semaine pour les 8 prochaines semaines ?", "week", ()),
        ("cuántos tickets llegarán cada mes en los próximos 6 meses", "month", ()),
        ("how many calls will come in over the next 24 hours", "hour", ()),
        ("forecast how many orders we get, two years ahead", "month", ()),
    ],
)
def test_what_is_counted_and_how_often_is_said(words: str, step: str, keys: tuple[str, ...]) -> None:
    asked = counting_asked(Reading.of(words), LOG, 7000)
    assert asked is not None
    assert (asked.step, asked.keys) == (step, keys)


def test_nothing_is_counted_where_no_count_is_asked_for() -> None:
    assert counting_asked(Reading.of("forecast the order value for the next 14 days"), LOG, 7000) is None


def test_a_column_that_holds_the_numbers_is_the_answer() -> None:
    tickets = ColumnProfile("tickets", "number", 0.0, 60, stats={"min": 0.0, "max": 71.0, "median": 9.0})
    asked = counting_asked(Reading.of("how many tickets will we get in the next 14 days"), (*LOG, tickets), 7000)
    assert asked is None


def test_a_price_that_is_whole_at_both_ends_is_no_count() -> None:
    fare = ColumnProfile("fare", "number", 0.0, 220, stats={"min": 1.0, "max": 150.0, "median": 9.5})
    riders = ColumnProfile("passengers", "number", 0.0, 7, stats={"min": 0.0, "max": 6.0, "median": 1.0})
    words = "how many taxi rides per hour will start in the next 2 days"
    asked = counting_asked(Reading.of(words), (*LOG, fare, riders), 7000)
    assert asked is not None
    assert asked.step == "hour"
