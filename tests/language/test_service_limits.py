"""Times, sizes and rates: which of them bound the service, in which part of the answers, and which bound nothing."""

from __future__ import annotations

import pytest

from traineragent.language.metrics import find_metrics
from traineragent.language.reading import Reading
from traineragent.language.requirements import find_limits


def limits(words: str, task: str = "classification") -> dict[str, float]:
    reading = Reading.of(words)
    return {x.name: round(x.value, 6) for x in find_limits(reading, find_metrics(reading), task)}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("The controller has 128 MB of RAM, of which the model may take 24.", {"memory_mb": 24}),
        ("2 GB of RAM, a quarter of which is free for us.", {"memory_mb": 500}),
        ("There are 8 GB of RAM, half of that is already taken.", {"memory_mb": 4000}),
        ("Der Rechner hat 4 GB Arbeitsspeicher, davon darf das Modell ein Achtel belegen.", {"memory_mb": 500}),
        ("1 Go de RAM dont 200 Mo pour le modèle.", {"memory_mb": 200}),
        ("Hay 512 MB de memoria, de los cuales el modelo puede usar 64 MB.", {"memory_mb": 64}),
        ("Memory at most 64 MB, file 3 MB.", {"memory_mb": 64, "size_mb": 3}),
        ("The workshop computer's card has 8 GB.", {"gpu_memory_mb": 8000}),
        ("We have a GPU with 24 GB.", {}),
    ],
)
def test_of_a_whole_the_part_for_the_model_counts(words: str, expected: dict[str, float]) -> None:
    assert limits(words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Train on all nine million rows in half a second in total.", {"train_minutes": 0.008333}),
        ("Trainiere mit allen Bildern in einer halben Sekunde insgesamt.", {"train_minutes": 0.008333}),
        ("Train something that answers in at most half a second.", {"latency_ms_p95": 500}),
    ],
)
def test_less_than_a_second_for_all_the_work_is_a_time_of_training(words: str, expected: dict[str, float]) -> None:
    assert limits(words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("98 of 100 right, 99 of 100 replies back within eight milliseconds.", {"accuracy": 0.98, "latency_ms_p99": 8}),
        ("ninety-nine percent of them inside 250 ms", {"latency_ms_p99": 250}),
        ("99 % der Anfragen unter 40 ms", {"latency_ms_p99": 40}),
        ("en 99 de cada 100 consultas, menos de 30 ms", {"latency_ms_p99": 30}),
        ("99 % accuracy and 20 ms an answer", {"accuracy": 0.99, "latency_ms_p95": 20}),
    ],
)
def test_a_share_of_answers_says_of_which_part_a_time_is_told(words: str, expected: dict[str, float]) -> None:
    assert limits(words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("flights that will take off more than 25 min late", {}),
        ("a breakdown within 30 min, seen from the sensors", {}),
        ("pictures fit for four-year-olds", {}),
        ("der Bus wird mehr als 10 Minuten zu spät kommen", {}),
        ("each answer must take no more than 2 minutes", {"latency_ms_p95": 120000}),
        ("all three million transfers within an hour", {"throughput_rows_s": 833.333333}),
        ("all 300 patients within 30 days", {}),
    ],
)
def test_a_time_of_what_happens_is_none_of_an_answer(words: str, expected: dict[str, float]) -> None:
    assert limits(words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("error nine tenths of a second on average at worst", {"mae": 900}),
        ("within 2 seconds on average", {"mae": 2000}),
        ("answers within 2 seconds", {"latency_ms_p95": 2000}),
        ("off by 20 ms on average at most", {"mae": 20}),
        ("MAE 5, replies within 20 ms on average", {"mae": 5, "latency_ms_p95": 20}),
    ],
)
def test_a_short_time_is_an_error_where_words_say_so(words: str, expected: dict[str, float]) -> None:
    assert limits(words, "regression") == expected
