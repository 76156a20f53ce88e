"""Shares by whom they are told of: the cases, what is reported, or the good; neighbours are told of something else."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request
from traineragent.language.task import understand

from .tables import ROWS, table

MACHINES = "machine_id:id, oil_temp:float 40..90, shift:cat day|night, failed:flag"
CUSTOMERS = "customer:id, tenure:int 0..72, plan:cat basic|plus, cancelled:cat no|yes"


def shares(words: str, columns: str = MACHINES) -> dict[str, float]:
    task = understand(Request(words), table(columns, ROWS), ROWS, kind="table")
    return {r.name: round(r.limit, 4) for r in task.requirements}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Of ten failures, nine should show up on the dashboard beforehand.", {"recall": 0.9}),
        ("I can live with one breakdown in ten catching us by surprise, not more.", {"recall": 0.9}),
        ("Only one failure in fifty may go by without a word from you.", {"recall": 0.98}),
        ("Three quarters of all failures should ring the bell.", {"recall": 0.75}),
        ("For nine failing machines out of ten there should be a warning.", {"recall": 0.9}),
        ("The share of failures it doesn't see has to stay below 10 percent.", {"recall": 0.9}),
        ("Of the machines that break it should name 85 from 100.", {"recall": 0.85}),
        ("When it raises its hand, it should be right four times out of five.", {"precision": 0.8}),
        ("If a mechanic drives out, in 60% of the cases something must really be broken.", {"precision": 0.6}),
        ("Of the machines on the list at most 10% should turn out fine.", {"precision": 0.9}),
        ("I don't want more than half of the alerts to be rubbish.", {"precision": 0.5}),
        ("Machines that are fine must not be flagged more often than 3% of the time.", {"false_positive_rate": 0.03}),
        ("Not more than 1 healthy machine in 2,000 may be stopped.", {"false_positive_rate": 0.0005}),
        ("At least 99% of the healthy machines must be left alone.", {"specificity": 0.99}),
        ("About 3% of the machines fail in a year.", {}),
        ("Half of the machines are new.", {}),
    ],
)
def test_a_share_bounds_what_is_told_of_its_population(words: str, expected: dict[str, float]) -> None:
    assert shares("Tell which machines fail. " + words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Of those who really leave, eight in ten must have been named by you before.", {"recall": 0.8}),
        ("At least 70% of the leavers should be in your list.", {"recall": 0.7}),
        ("Every second customer we ring should really have been about to go.", {"precision": 0.5}),
        ("Out of 10 names on the list, 6 have to be right.", {"precision": 0.6}),
        ("The list must not contain more than 20% of people who would have stayed.", {"precision": 0.8}),
        ("At most 5% of the loyal ones may get a call.", {"false_positive_rate": 0.05}),
    ],
)
def test_whoever_leaves_is_a_case_and_whoever_stays_is_none(words: str, expected: dict[str, float]) -> None:
    assert shares("Predict which customers cancel. " + words, CUSTOMERS) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("So of the ones that break, nineteen in twenty have to be on your list.", {"recall": 0.95}),
        ("False alarms on at most one failing machine in 1000.", {"false_positive_rate": 0.001}),
        ("We look at each machine once in a while, and once a day at night.", {}),
    ],
)
def test_whom_a_share_is_of_may_stand_first_and_a_false_alarm_is_none_of_a_case(
    words: str, expected: dict[str, float]
) -> None:
    assert shares("Tell which machines fail. " + words) == expected
