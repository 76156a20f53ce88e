"""Intervals of shares hold the truth also near 1 and with few rows, where percentiles of a bootstrap do not."""

from __future__ import annotations

import numpy as np
import pytest

from traineragent.engine.grounding.scoring import interval
from traineragent.engine.intervals import from_resamples, is_share, of_share, wilson
from traineragent.engine.metrics import bootstrap_interval, bootstrap_values, scorer


@pytest.mark.parametrize("metric", ["roc_auc", "f1_macro"])
def test_a_high_score_of_forty_rows_is_held_nineteen_times_of_twenty(metric: str) -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(20_000) < 0.3).astype(float)
    p = 1 / (1 + np.exp(-(rng.normal(size=20_000) + 3.5 * y - 2) * 3))
    p = np.stack([1 - p, p], axis=1)
    true, held = scorer(metric)(y, p), 0
    for i in range(100):
        pick = rng.integers(0, len(y), 40)
        low, high = bootstrap_interval(metric, y[pick], p[pick], seed=i, n=60)
        held += low <= true <= high
    assert held >= 90  # percentiles: 54 of the AUC, 83 of F1


def test_a_rare_class_is_ranked_with_the_doubt_that_its_few_rows_leave() -> None:
    rng = np.random.default_rng(3)
    y = (rng.random(50_000) < 0.04).astype(float)
    p = 1 / (1 + np.exp(-(rng.normal(size=50_000) + 3 * y - 3)))
    p = np.stack([1 - p, p], axis=1)
    true, held = scorer("roc_auc")(y, p), 0
    for i in range(60):
        pick = rng.integers(0, len(y), 400)
        low, high = bootstrap_interval("roc_auc", y[pick], p[pick], seed=i, n=60)
        held += low <= true <= high
    assert held >= 54  # 51 if every row counted as an answer


def test_classes_of_two_or_three_rows_leave_doubt_where_every_class_counts_alike() -> None:
    rng, held = np.random.default_rng(4), 0
    right = np.array([0.999, 0.999, 0.97, 0.95, 0.95, 0.9])
    y = np.repeat(np.arange(6.0), (900, 300, 5, 3, 2, 2))
    for i in range(60):
        said = np.where(rng.random(len(y)) < right[y.astype(int)], y, (y + rng.integers(1, 6, len(y))) % 6)
        low, high = bootstrap_interval("balanced_accuracy", y, said, seed=i, n=60)
        held += low <= right.mean() <= high
    assert held >= 54  # 25 if every row counted as an answer


def test_boxes_of_few_pictures_are_held_nineteen_times_of_twenty() -> None:
    rng, held = np.random.default_rng(1), 0
    for i in range(100):
        of = np.repeat(np.arange(27), rng.integers(1, 5, 27))
        hits = (rng.random(len(of)) < rng.beta(3.8, 0.2, 27)[of]).astype(float)
        found = interval("accuracy_iou50", hits, of, i)
        assert found is not None
        held += found[0] <= 0.95 <= found[1]
    assert held >= 88


def test_many_rows_leave_the_bootstrap_as_it_is() -> None:
    rng = np.random.default_rng(2)
    right = (rng.random(20_000) < 0.8).astype(float)
    draws = rng.binomial(20_000, right.mean(), 2000) / 20_000
    low, high = from_resamples("accuracy", right.mean(), draws, 20_000)
    assert (low, high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])), abs=5e-4)


def test_no_more_answers_are_counted_than_there_are() -> None:
    assert of_share(0.9, 1e-9, 30) == pytest.approx(wilson(0.9, 30))
    wide, plain = of_share(0.9, 0.09 / 10, 30), wilson(0.9, 30)
    assert wide == pytest.approx(wilson(0.9, 10))
    assert wide[0] < plain[0]


def test_errors_keep_their_percentiles_and_a_part_of_the_rows_is_scaled() -> None:
    draws = np.linspace(3.0, 5.0, 201)
    assert from_resamples("mae", 4.0, draws, 100) == pytest.approx((3.05, 4.95))
    assert from_resamples("mae", 4.1, draws, 400, part=0.25, middle=4.0) == pytest.approx((4.1 - 0.475, 4.1 + 0.475))


@pytest.mark.slow
def test_an_error_of_few_rows_may_be_larger_than_they_show() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=400_000)
    answers = y + 0.7 * rng.standard_t(4, size=len(y))
    true, above, above_percentiles = scorer("rmse")(y, answers), 0, 0
    for i in range(300):
        pick = rng.integers(0, len(y), 70)
        above += true > bootstrap_interval("rmse", y[pick], answers[pick], seed=i, n=300)[1]
        draws = bootstrap_values("rmse", y[pick], answers[pick], seed=i, n=300)
        above_percentiles += true > np.quantile(draws, 0.975)
    assert above <= 0.75 * above_percentiles  # 36 and 56


@pytest.mark.parametrize("metric", ["rmse", "mae", "r2", "log_loss"])
def test_an_interval_of_errors_holds_what_was_measured(metric: str) -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=60) if metric != "log_loss" else (rng.random(60) < 0.4).astype(float)
    answers = y + rng.normal(size=60) if metric != "log_loss" else np.full((60, 2), 0.5)
    low, high = bootstrap_interval(metric, y, answers, n=300)
    assert low <= scorer(metric)(y, answers) <= high


def test_a_metric_that_cannot_be_scored_has_no_interval() -> None:
    assert np.isnan(from_resamples("roc_auc", float("nan"), np.full(5, np.nan), 10)).all()


@pytest.mark.parametrize(("metric", "share"), [("top5_accuracy", True), ("mcc", False), ("r2", False), ("rmse", False)])
def test_shares_are_told_from_other_metrics(metric: str, share: bool) -> None:
    assert is_share(metric) is share
