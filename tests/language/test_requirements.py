"""Limits in words: which number bounds what, and which numbers bound nothing."""

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
        ("auc .85+", {"roc_auc": 0.85}),
        ("F1 of 88 at the very least", {"f1": 0.88}),
        ("average precision 0.9", {"average_precision": 0.9}),
        ("macro F1 above 0.6", {"f1_macro": 0.6}),
        ("it has to catch at least 8 in 10 thefts", {"recall": 0.8}),
        ("no more than 1 in 50 leaks may be missed", {"recall": 0.98}),
        ("when it raises an alarm it should be right 70% of the time", {"precision": 0.7}),
        ("at most one alert in four may be false", {"precision": 0.75}),
        ("false alarms at most 1 in 1000", {"false_positive_rate": 0.001}),
        ("97 out of 100 correct", {"accuracy": 0.97}),
        ("p99 below 80 ms", {"latency_ms_p99": 80}),
        ("an answer within a tenth of a second", {"latency_ms_p95": 100}),
        ("training no longer than a quarter of an hour", {"train_minutes": 15}),
        ("get by on 64 KB RAM and 256 KB of flash", {"memory_mb": 0.064, "size_mb": 0.256}),
        ("500 rows per second", {"throughput_rows_s": 500}),
        ("AUC: ideally 0.95, has to be 0.88", {"roc_auc": 0.88}),
        ("replies in 20 ms - sorry, I meant 200 ms", {"latency_ms_p95": 200}),
        ("under 10 ms would be nice but isn't a must", {}),
        ("don't come back with 99% accuracy", {}),
        ("we have 4300 members and 12 shops", {}),
        ("about 9% of them are positive", {}),
        ("who will leave within the next 30 days", {}),
        ("our rules get an F1 of 0.61 and anything that doesn't beat that is pointless", {"f1": 0.61}),
        ("I don't care about speed", {}),
    ],
)
def test_reads_limits_of_classification(words: str, expected: dict[str, float]) -> None:
    assert limits(words) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("mae < $2", {"mae": 2}),
        ("out by more than fifteen grand on average is no use", {"mae": 15000}),
        ("mean error no greater than 30 g", {"mae": 30}),
        ("12% average percentage error tops", {"mape": 0.12}),
        ("R squared .85", {"r2": 0.85}),
        ("our formula has an RMSE of 40 kWh, I want that a tenth lower", {"rmse": 36}),
        ("within 200 g on average", {"mae": 200}),
    ],
)
def test_reads_limits_of_regression(words: str, expected: dict[str, float]) -> None:
    assert limits(words, "regression") == pytest.approx(expected)


def test_directions_follow_the_name() -> None:
    reading = Reading.of("recall 0.9, latency 20 ms, log loss 0.4, 100 rows per second")
    found = {x.name: x.direction for x in find_limits(reading, find_metrics(reading), "classification")}
    assert found == {"recall": ">=", "latency_ms_p95": "<=", "log_loss": "<=", "throughput_rows_s": ">="}
