"""Curves keep their shape when thinned, and their areas are scikit-learn's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn import metrics as sk

from traineragent.engine.curves import MOST_CURVES, calibration, ranking_curves, thin, threshold_table


def scored(rows: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    y = (rng.random(rows) < 0.2).astype(np.float64)
    p = np.clip(0.3 * y + 0.7 * rng.random(rows), 0, 1)
    return y, np.column_stack([1 - p, p])


def test_thinning_keeps_both_ends_and_hardly_moves_the_area() -> None:
    y, p = scored()
    x, height, _ = sk.roc_curve(y, p[:, 1])
    points = np.array(thin(x, height, 100))
    assert len(points) <= 100
    assert points[0].tolist() == [0, 0]
    assert points[-1].tolist() == [1, 1]
    assert np.trapezoid(points[:, 1], points[:, 0]) == pytest.approx(sk.roc_auc_score(y, p[:, 1]), abs=0.003)


def test_two_classes_give_one_curve_of_the_positive_class() -> None:
    y, p = scored()
    roc, pr = ranking_curves(y, p, ["no", "yes"], positive=1)
    assert [c["label"] for c in roc] == ["yes"]
    assert roc[0]["area"] == pytest.approx(sk.roc_auc_score(y, p[:, 1]), abs=1e-4)
    assert pr[0]["area"] == pytest.approx(sk.average_precision_score(y, p[:, 1]), abs=1e-4)
    assert pr[0]["points"][-1][0] == 1.0
    assert pr[0]["share"] == pytest.approx(y.mean(), abs=1e-4)


def test_many_classes_show_the_worst_first_and_no_class_of_three_rows() -> None:
    rng = np.random.default_rng(0)
    y = np.concatenate([rng.integers(0, 9, 900), [9, 9, 9]]).astype(np.float64)
    p = rng.random((903, 10))
    p[np.arange(903), y.astype(int)] += np.linspace(0.1, 0.9, 10)[y.astype(int)]
    roc, _ = ranking_curves(y, p / p.sum(axis=1, keepdims=True), [str(k) for k in range(10)], positive=1)
    assert len(roc) == MOST_CURVES
    areas = [c["area"] for c in roc]
    assert areas == sorted(areas)
    assert "9" not in {c["label"] for c in roc}


def test_calibrated_probabilities_have_a_small_error_and_boastful_ones_a_large_one() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    y = (rng.random(20_000) < p).astype(np.float64)
    honest = calibration(y, np.column_stack([1 - p, p]), positive=1)
    boast = np.where(p > 0.5, 0.99, 0.01)
    loud = calibration(y, np.column_stack([1 - boast, boast]), positive=1)
    assert honest["ece"] < 0.02
    assert loud["ece"] > 0.2
    assert sum(b["rows"] for b in honest["bins"]) == 20_000
    assert honest["brier"] == pytest.approx(sk.brier_score_loss(y, p))


def test_many_classes_are_calibrated_by_the_answer_given() -> None:
    p = np.array([[0.8, 0.1, 0.1]] * 10)
    y = np.array([0.0] * 8 + [1.0, 2.0])
    found = calibration(y, p, positive=1)
    assert found["of"] == "answer"
    assert found["ece"] == pytest.approx(0.0, abs=1e-9)
    assert found["brier"] == pytest.approx(0.8 * (0.04 + 0.01 + 0.01) + 0.2 * (0.64 + 0.81 + 0.01))


def test_thresholds_end_where_hardly_a_row_is_called_positive() -> None:
    y, p = scored()
    p[:, 1] *= 0.62
    table = threshold_table(y, p, positive=1)
    assert table[-1]["threshold"] == pytest.approx(0.6)
    assert all(a["recall"] >= b["recall"] for a, b in itertools.pairwise(table))
