"""Evaluation: every number agrees with scikit-learn or with a hand count."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from pydantic import TypeAdapter
from sklearn import metrics as sk

from traineragent.engine.evaluate import Evaluation, evaluate
from traineragent.errors import InputError


def binary(rows: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < 0.3).astype(np.int64)
    p = np.clip(0.35 * y + 0.65 * rng.random(rows), 0.0, 1.0)
    return y, np.column_stack([1 - p, p])


def many(rows: int = 900, classes: int = 7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    y = rng.integers(0, classes, rows)
    p = rng.random((rows, classes))
    p[np.arange(rows), y] += 0.6
    return y, p / p.sum(axis=1, keepdims=True)


def value_of(found: Evaluation, name: str) -> float:
    value = next(m.value for m in (found.metric, *found.others) if m.name == name)
    assert value is not None
    return value


def test_binary_metrics_agree_with_scikit_learn() -> None:
    y, p = binary()
    found = evaluate(
        y, p, metric="roc_auc", labels=("no", "yes"), positive=1, threshold=0.4, baseline=np.array([0.7, 0.3])
    )
    said = p[:, 1] >= 0.4
    assert found.metric.value == pytest.approx(sk.roc_auc_score(y, p[:, 1]))
    assert found.metric.baseline == 0.5
    assert value_of(found, "average_precision") == pytest.approx(sk.average_precision_score(y, p[:, 1]))
    assert value_of(found, "f1") == pytest.approx(sk.f1_score(y, said))
    assert value_of(found, "recall") == pytest.approx(sk.recall_score(y, said))
    assert value_of(found, "log_loss") == pytest.approx(sk.log_loss(y, p), rel=1e-6)
    assert found.confusion == sk.confusion_matrix(y, said).tolist()
    assert found.positive == "yes"


def test_the_positive_class_may_be_the_first() -> None:
    y, p = binary()
    found = evaluate(y, p, metric="f1", labels=("churned", "stayed"), positive=0, threshold=0.8)
    said = (p[:, 0] >= 0.8).astype(int)
    assert found.metric.value == pytest.approx(sk.f1_score(1 - y, said))
    assert found.metric.interval is not None
    assert found.metric.interval[0] < found.metric.value < found.metric.interval[1]
    assert value_of(found, "roc_auc") == pytest.approx(sk.roc_auc_score(1 - y, p[:, 0]))


def test_labels_that_were_answered_count_and_not_the_most_probable() -> None:
    y, p = binary()
    served = np.ones(len(y), dtype=np.int64)
    found = evaluate(y, p, metric="recall", labels=("no", "yes"), positive=1, label_index=served)
    assert found.metric.value == 1.0
    assert found.confusion is not None
    assert [row[0] for row in found.confusion] == [0, 0]


def test_many_classes_have_a_row_each_and_their_confusions_listed() -> None:
    y, p = many()
    labels = [f"c{k}" for k in range(7)]
    found = evaluate(y, p, metric="f1_macro", labels=labels)
    assert found.metric.value == pytest.approx(sk.f1_score(y, p.argmax(axis=1), average="macro"))
    assert found.per_class is not None
    assert [c["support"] for c in found.per_class] == np.bincount(y).tolist()
    recalls = sk.recall_score(y, p.argmax(axis=1), average=None)
    assert [c["recall"] for c in found.per_class] == pytest.approx(recalls.tolist())
    assert found.confused is not None
    assert found.confusion is not None
    top = found.confused[0]
    assert top["rows"] == found.confusion[labels.index(top["true"])][labels.index(top["answer"])]
    assert top["rows"] == max(c["rows"] for c in found.confused)


def test_a_class_that_never_occurs_has_no_recall_instead_of_a_zero() -> None:
    y, p = many()
    keep = y != 3
    found = evaluate(y[keep], p[keep], metric="accuracy", labels=[f"c{k}" for k in range(7)])
    assert found.per_class is not None
    assert found.per_class[3]["recall"] is None
    assert found.per_class[3]["support"] == 0


def test_a_hundred_classes_get_no_matrix_but_their_worst_confusions() -> None:
    y, p = many(rows=2000, classes=100)
    found = evaluate(y, p, metric="accuracy", labels=range(100))
    assert found.confusion is None
    assert found.confused


def test_rows_of_one_class_give_an_undefined_score_and_no_crash() -> None:
    y, p = binary(50)
    found = evaluate(np.zeros_like(y), p, metric="roc_auc", labels=("no", "yes"), positive=1)
    assert found.metric.value is None
    assert found.roc == []
    assert math.isnan(found.score().value)


def test_regression_facts_agree_with_scikit_learn_and_a_count() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(100, 20, 800)
    v = y + rng.normal(3, 5, 800)
    intervals = np.column_stack([v - 8, v + 8])
    found = evaluate(y, v, metric="rmse", intervals=intervals, coverage=0.8, baseline=float(y.mean()))
    assert found.metric.value == pytest.approx(sk.root_mean_squared_error(y, v))
    assert found.metric.baseline == pytest.approx(float(y.std()))
    assert value_of(found, "r2") == pytest.approx(sk.r2_score(y, v))
    assert found.residuals is not None
    assert found.residuals["quantiles"]["0.5"] == pytest.approx(float(np.median(v - y)))
    assert sum(found.residuals["histogram"]["counts"]) == 800
    assert len(found.residuals["sample"]) == 400
    assert found.residuals["interval"]["coverage"] == pytest.approx(np.mean(np.abs(y - v) <= 8))
    assert found.residuals["interval"]["mean_width"] == pytest.approx(16)
    assert sum(part["rows"] for part in found.residuals["by_size"]) == 800


def test_a_perfect_and_constant_regression_still_has_a_picture() -> None:
    y = np.full(60, 5.0)
    found = evaluate(y, y, metric="mae")
    assert found.metric.value == 0.0
    assert found.residuals is not None
    assert found.residuals["by_size"] == []
    assert sum(found.residuals["histogram"]["counts"]) == 60


def test_mape_is_left_out_where_a_true_value_is_zero() -> None:
    y = np.array([0.0, 1.0, 2.0, 3.0])
    found = evaluate(y, y + 1, metric="mae")
    assert "mape" not in {m.name for m in found.others}


@pytest.mark.parametrize("kind", ["binary", "many", "values"])
def test_everything_survives_json_and_comes_back_equal(kind: str) -> None:
    if kind == "values":
        found = evaluate(np.arange(90.0), np.arange(90.0) * 1.1, metric="rmse")
    else:
        y, p = binary() if kind == "binary" else many()
        found = evaluate(y, p, metric="accuracy", labels=[str(k) for k in range(p.shape[1])])
    text = json.dumps(asdict(found), allow_nan=False)
    again = TypeAdapter(Evaluation).validate_python(json.loads(text))
    assert json.dumps(asdict(again)) == text
    assert len(text) < 60_000


def test_the_same_seed_gives_the_same_interval() -> None:
    y, p = binary()
    first, second = (evaluate(y, p, metric="roc_auc", labels=(0, 1), seed=3).metric for _ in range(2))
    assert first == second


def test_an_unknown_metric_is_named_with_those_that_are_known() -> None:
    y, p = binary(20)
    with pytest.raises(InputError, match=r"no metric named 'auroc'.*roc_auc"):
        evaluate(y, p, metric="auroc", labels=(0, 1))


def test_intervals_of_many_rows_shrink_with_their_number() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=90_000)
    v = y + rng.normal(size=90_000)
    widths = []
    for rows in (9_000, 90_000):
        metric = evaluate(y[:rows], v[:rows], metric="rmse").metric
        assert metric.interval is not None
        assert metric.value is not None
        assert metric.interval[0] < metric.value < metric.interval[1]
        widths.append(metric.interval[1] - metric.interval[0])
    assert widths[0] / widths[1] == pytest.approx(10**0.5, rel=0.2)


def test_a_few_right_answers_do_not_prove_that_all_are() -> None:
    y = np.arange(34) % 2
    found = evaluate(y, np.eye(2)[y], metric="accuracy", labels=("cat", "dog"))
    assert found.metric.value == 1.0
    assert found.metric.interval is not None
    assert found.metric.interval == pytest.approx((34 / (34 + 1.96**2), 1.0), abs=1e-3)


@pytest.mark.parametrize("rows", [2, 60, 61, 413, 1999])
def test_the_interval_of_answers_that_are_all_right_holds_their_share_to_the_last_digit(rows: int) -> None:
    truth = np.arange(rows) % 2.0
    right = np.stack([1.0 - truth, truth], axis=1) * 0.8 + 0.1
    found = evaluate(truth, right, metric="accuracy", labels=("a", "b")).metric
    assert found.value == 1.0
    assert found.interval is not None
    assert found.interval[0] < 1.0 <= found.interval[1]


@pytest.mark.parametrize(
    ("metric", "rows"), [("recall", 30), ("specificity", 60), ("precision", 30), ("f1", 30), ("roc_auc", 30)]
)
def test_few_cases_that_are_all_found_do_not_prove_that_all_are(metric: str, rows: int) -> None:
    y = np.array([1.0] * 30 + [0.0] * 60)
    p = np.stack([1 - 0.9 * y, 0.9 * y], axis=1)
    found = evaluate(y, p, metric=metric, labels=("well", "ill"), positive=1, threshold=0.5).metric
    assert found.value == 1.0
    assert found.interval == pytest.approx((rows / (rows + 1.96**2), 1.0), abs=1e-3)


def test_a_false_alarm_rate_of_nothing_has_an_upper_bound() -> None:
    y = np.array([1.0] * 5 + [0.0] * 40)
    found = evaluate(
        y, np.stack([1 - y, y], axis=1), metric="false_positive_rate", labels=("a", "b"), positive=1, threshold=0.5
    )
    assert found.metric.interval == pytest.approx((0.0, 1.96**2 / (40 + 1.96**2)), abs=1e-3)
