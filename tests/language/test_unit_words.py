"""Units that an answer is asked for in, times that one answer may take, and numbers that go on about a share."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request, TaskSpec
from traineragent.language.reading import Reading
from traineragent.language.task import understand
from traineragent.language.unit_words import units_asked

from .tables import ROWS, table


def read(words: str, columns: str) -> TaskSpec:
    return understand(Request(words), table(columns, ROWS), ROWS, kind="table")


@pytest.mark.parametrize(
    ("words", "units"),
    [
        ("How many kilos of tomatoes will a row give?", [("mass", "kg")]),
        ("Ripening time of a wheel in days", [("time", "d")]),
        ("Wie viele Tage dauert es?", [("time", "d")]),
        ("Off by 6 kg is fine", []),
        ("An answer within 20 days of the order", []),
    ],
)
def test_a_unit_without_a_number_is_what_the_answer_is_in(words: str, units: list[tuple[str, str]]) -> None:
    assert list(units_asked(Reading.of(words))) == units


@pytest.mark.parametrize(
    ("words", "columns", "target"),
    [
        (
            "How many kilos of tomatoes will a row give this week?",
            "row:id, light:float 0..9, plants:int 90..120, harvest_kg:float 8..190, crates:int 1..90",
            "harvest_kg",
        ),
        (
            "Maturing of a wheel in days.",
            "wheel:id, fat:float 2..50, ripe_days:int 28..420, price_eur:int 5..99",
            "ripe_days",
        ),
    ],
)
def test_a_column_in_the_unit_asked_for_is_meant(words: str, columns: str, target: str) -> None:
    assert read(words, columns).data_info.target == target


EGGS = "weight:float 40..90, crack_len:float 0..9, state:cat intact|cracked"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Catch 80 percent of the cracked ones ideally, 60 is the minimum.", {"recall": 0.6}),
        ("F1 of 0.9 on the cracked ones... no wait, we agreed on 0.78.", {"f1": 0.78}),
        ("I'd be pleased with 80% but anything from 72% up I will use.", {"accuracy": 0.72}),
        ("The belt brings 20 eggs past the camera each second.", {"latency_ms_p95": 50.0}),
        ("It has to judge 20 eggs a second.", {"throughput_rows_s": 20.0}),
        ("Half a minute an item is fine.", {"latency_ms_p95": 30000.0}),
        ("An egg is ten minutes old, 90% accuracy.", {"accuracy": 0.9}),
    ],
)
def test_numbers_that_follow_and_times_apiece(words: str, expected: dict[str, float]) -> None:
    task = read("Tell which eggs are cracked. " + words, EGGS)
    assert {r.name: round(r.limit, 4) for r in task.requirements if r.stated_as} == expected
