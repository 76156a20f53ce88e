"""Cautions: said where the numbers call for them, silent where they do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from run_example import example

from traineragent.report.cautions import cautions


def said(evaluation: dict[str, Any], importance: list[dict[str, Any]] | None = None) -> str:
    return " ".join(cautions({"evaluation": evaluation, "importance": importance or []}))


@pytest.mark.parametrize("kind", ["values", "many"])
def test_a_sound_evaluation_draws_no_caution_on_classes_or_coverage(kind: str) -> None:
    _, evidence = example(kind)
    words = " ".join(cautions(evidence))
    assert "never answered" not in words
    assert "intervals" not in words
    assert "chance" not in words


def test_a_class_that_is_never_answered_is_named() -> None:
    per_class = [
        {"label": "No", "precision": 0.7, "recall": 1.0, "support": 1036},
        {"label": "Yes", "precision": None, "recall": 0.0, "support": 373},
    ]
    assert "“Yes” (373 rows) is never answered" in said({"per_class": per_class, "labels": ["No", "Yes"]})


def test_a_class_that_does_not_occur_is_not_missed() -> None:
    assert said({"per_class": [{"label": "x", "precision": None, "recall": None, "support": 0}]}) == ""


@pytest.mark.parametrize(
    ("name", "interval", "baseline", "chance"),
    [
        ("roc_auc", [0.49, 0.6], 0.5, True),
        ("roc_auc", [0.55, 0.6], 0.5, False),
        ("rmse", [9.0, 10.5], 10.0, True),
        ("rmse", [8.0, 9.0], 10.0, False),
    ],
)
def test_an_interval_that_reaches_the_baseline_may_be_chance(
    name: str, interval: list[float], baseline: float, chance: bool
) -> None:
    metric = {"name": name, "value": float(np.mean(interval)), "interval": interval, "baseline": baseline}
    assert ("may be chance" in said({"metric": metric})) == chance


def test_overconfident_probabilities_and_narrow_intervals_are_told() -> None:
    assert "off by 11 %" in said({"calibration": {"ece": 0.11}})
    assert said({"calibration": {"ece": 0.02}}) == ""
    assert "promise 90 % and hold 80 %" in said({"residuals": {"interval": {"goal": 0.9, "coverage": 0.8}}})


def test_a_column_that_carries_the_whole_score_is_pointed_at() -> None:
    metric = {"name": "roc_auc", "value": 0.99, "interval": [0.98, 1.0], "baseline": 0.5}
    drops = [{"column": "refund_date", "drop": 0.45}, {"column": "a", "drop": 0.01}, {"column": "b", "drop": 0.0}]
    assert "from the column refund_date" in said({"metric": metric}, drops)
    assert "refund_date" not in said({"metric": metric}, [{**d, "drop": 0.1} for d in drops])


def test_few_rows_make_rough_numbers() -> None:
    assert "Only 40 rows" in said({"rows": 40})
