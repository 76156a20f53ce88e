"""Numbers that bound something in one breath with numbers that only tell how things are."""

from __future__ import annotations

from typing import Any

import pytest

from traineragent.domain.task import Request
from traineragent.language.quantities import find_quantities
from traineragent.language.task import understand

from .tables import ROWS, table

PUMPS = "oil_c:float 40..90, shift:cat day|night, failed:flag"
EGGS = "belt:int 1..9, shell:cat cracked|whole"
TRIPS = "dist_km:float 1..30, depot:cat N|S, minutes:float 5..90"
FAT = "liters:float 1..30, season:cat a|b, fat_pct:float 8..14"


def limits(words: str, columns: str) -> dict[str, Any]:
    task = understand(Request(words), table(columns, ROWS), ROWS, kind="table")
    return {r.name: round(r.limit, 4) for r in task.requirements}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Only some 3 % ever break down. Precision of at least .7", {"precision": 0.7}),
        ("Pumps cost 900 euros, and 12% fail.", {}),
        ("Failures make up 2 % of the rows. How good? 90 % recall.", {"recall": 0.9}),
        ("Failed pumps are about 4 %. How fast? 50 ms at most.", {"latency_ms_p95": 50}),
        ("Failures missed are 5 % at most.", {"recall": 0.95}),
        ("Les pannes représentent 2 % des lignes. Rappel de 85 % au moins.", {"recall": 0.85}),
        ("Nine calls in ten have to be answered within 40 ms.", {"latency_ms_p95": 40}),
        ("99 of 100 queries inside 60 ms, precision three quarters.", {"latency_ms_p99": 60, "precision": 0.75}),
        ("I don't want the file to be more than 40 megs.", {"size_mb": 40}),
        ("We wouldn't accept more than 2 % of the healthy pumps being stopped.", {"false_positive_rate": 0.02}),
        ("A tenth of a second is all it gets.", {"latency_ms_p95": 100}),
        ("It runs on a graphics card with 8 GB, its memory use must stay below 3 GB.", {"gpu_memory_mb": 3000}),
        (
            "50,000 readings arrive each night and they must all be through in ten minutes.",
            {"throughput_rows_s": 83.3333},
        ),
        ("All 90,000 in an hour and a half.", {"throughput_rows_s": 16.6667}),
        ("The camera runs at 25 fps, but an answer may take 200 ms.", {"latency_ms_p95": 200}),
        ("A false alarm stops us for 25 minutes, so 85% of alarms have to be right.", {"precision": 0.85}),
        ("Refitting must not go on for more than 5 minutes.", {"train_minutes": 5}),
        ("No less than .8 for precision and at least .7 in recall.", {"precision": 0.8, "recall": 0.7}),
        ("Out of any ten pumps you flag, nine must truly fail.", {"precision": 0.9}),
        ("A failing pump should rank above a sound one in 88 of 100 pairs.", {"roc_auc": 0.88}),
        ("Recall the same for day and night (shift), no more than 0.03 apart.", {"recall_gap": 0.03}),
        ("Sensors are 5 m apart, readings 10 minutes apart. Recall 0.8.", {"recall": 0.8}),
        ("Data from the 1990s and from the 2000s.", {}),
        ("Fläche unter der Precision-Recall-Kurve mindestens 0,6.", {"average_precision": 0.6}),
        ("Die Vorhersagegenauigkeit soll mind. 85 % sein.", {"accuracy": 0.85}),
        ("Two sites, and 3% fail. Get 17 of every 20 calls right.", {"accuracy": 0.85}),
        ("The model may take 1/4 MB on the disk, not a byte more.", {"size_mb": 0.25}),
        ("99 percent of the readings have to be done in 0.3 s.", {"latency_ms_p99": 300}),
        ("At most four points of recall between day and night (shift).", {"recall_gap": 0.04}),
        ("Our rule has an accuracy of 71 percent and we want more than that.", {"accuracy": 0.71}),
        ("No more than 5 gigabytes of graphics memory.", {"gpu_memory_mb": 5000}),
        ("Everything must be ready in 20 minutes.", {"train_minutes": 20}),
    ],
)
def test_limits_beside_background(words: str, expected: dict[str, float]) -> None:
    assert limits("Predict failed. " + words, PUMPS) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Of the whole ones no more than 1 in 50 may be called cracked.", {"false_positive_rate": 0.02}),
        ("When there's a cracked one we want it seen in 9 cases out of 10.", {"recall": 0.9}),
        ("3 % of whole eggs get thrown away now.", {}),
    ],
)
def test_the_other_label_is_the_good_one(words: str, expected: dict[str, float]) -> None:
    assert limits("Which eggs are cracked (shell)? " + words, EGGS) == expected


@pytest.mark.parametrize(
    ("words", "columns", "expected"),
    [
        ("Prédire fat_pct, en moyenne pas plus d'un demi-point d'erreur.", FAT, {"mae": 0.5}),
        ("Predice fat_pct con un error medio de medio punto como mucho.", FAT, {"mae": 0.5}),
        ("Sag fat_pct vorher, im Mittel höchstens einen halben Punkt daneben.", FAT, {"mae": 0.5}),
        ("Predecir minutes; de media no más de minuto y medio de error.", TRIPS, {"mae": 1.5}),
        ("Prever minutes. Erro médio de no máximo minuto e meio.", TRIPS, {"mae": 1.5}),
        ("Predict minutes. How far off on average? 4 minutes at most.", TRIPS, {"mae": 4}),
        ("Predict minutes, give or take plus minus 4 minutes on average.", TRIPS, {"mae": 4}),
        ("Predict minutes and explain no less than 70 % of the spread.", TRIPS, {"r2": 0.7}),
        ("Estimar minutes; que explique como poco el 70 % de la variabilidad.", TRIPS, {"r2": 0.7}),
        ("Predict minutes. Will it rain tomorrow? 83 in 100 say no.", TRIPS, {}),
    ],
)
def test_errors_in_words(words: str, columns: str, expected: dict[str, float]) -> None:
    assert limits(words, columns) == expected


def test_a_decade_is_no_time() -> None:
    assert [q.kind for q in find_quantities("cards from the 1950s, 30s each", ("en",))] == ["number", "time"]


@pytest.mark.parametrize("words", ["Predict anomaly (0/1), recall 80%.", "anomaly flag (col anomaly 0/1), recall 80%."])
def test_a_column_called_anomaly_holds_the_answer(words: str) -> None:
    task = understand(Request(words), table("volt:float 24..33, anomaly:flag", ROWS), ROWS, kind="table")
    assert task.verdict.decision == "accept"
    assert [r.positive_label for r in task.requirements] == ["1"]
