"""Our metrics are scikit-learn's, with intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as reference

from traineragent.engine.counts import counts_at_thresholds
from traineragent.engine.metrics import SCORERS, bootstrap_interval, bootstrap_values, paired_gain, scorer
from traineragent.errors import InputError

Array = NDArray[np.float64]


def case(classes: int, rows: int = 400, seed: int = 0) -> tuple[Array, Array]:
    """Truth and probabilities that know something of it, rounded so that ties occur."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, rows).astype(np.float64)
    raw = rng.random((rows, classes)) + 0.7 * np.eye(classes)[y.astype(int)]
    p = np.round(raw / raw.sum(axis=1, keepdims=True), 2) + 1e-9
    return y, p / p.sum(axis=1, keepdims=True)


LABELLED = {
    "accuracy": reference.accuracy_score,
    "balanced_accuracy": reference.balanced_accuracy_score,
    "f1": reference.f1_score,
    "precision": reference.precision_score,
    "recall": reference.recall_score,
    "f1_macro": lambda y, g: reference.f1_score(y, g, average="macro"),
    "f1_weighted": lambda y, g: reference.f1_score(y, g, average="weighted"),
    "mcc": reference.matthews_corrcoef,
    "specificity": lambda y, g: reference.recall_score(y, g, pos_label=0),
    "false_positive_rate": lambda y, g: 1 - reference.recall_score(y, g, pos_label=0),
    "quadratic_kappa": lambda y, g: reference.cohen_kappa_score(y, g, weights="quadratic"),
    "hamming_loss": reference.hamming_loss,
    "f2": lambda y, g: reference.fbeta_score(y, g, beta=2),
    "f0_5": lambda y, g: reference.fbeta_score(y, g, beta=0.5),
    "jaccard": reference.jaccard_score,
    "negative_predictive_value": lambda y, g: reference.precision_score(y, g, pos_label=0),
    "youden_j": lambda y, g: reference.balanced_accuracy_score(y, g, adjusted=True),
    "g_mean": lambda y, g: (reference.recall_score(y, g) * reference.recall_score(y, g, pos_label=0)) ** 0.5,
}


@pytest.mark.parametrize("name", LABELLED)
def test_metrics_of_two_labels_are_those_of_scikit_learn(name: str) -> None:
    y, p = case(2)
    assert scorer(name)(y, p) == pytest.approx(LABELLED[name](y, (p[:, 1] > 0.5).astype(float)))


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "mcc", "quadratic_kappa"])
def test_metrics_of_four_labels_are_those_of_scikit_learn(name: str) -> None:
    y, p = case(4)
    assert scorer(name)(y, p) == pytest.approx(LABELLED[name](y, p.argmax(axis=1)))


@pytest.mark.parametrize("name", ["f1", "precision", "recall"])
def test_with_more_than_two_classes_f1_and_its_parts_are_macro_means(name: str) -> None:
    y, p = case(3)
    wanted = getattr(reference, f"{name}_score")(y, p.argmax(axis=1), average="macro")
    assert scorer(name)(y, p) == pytest.approx(wanted)


@pytest.mark.parametrize("classes", [2, 4])
def test_metrics_of_probabilities_are_those_of_scikit_learn(classes: int) -> None:
    y, p = case(classes)
    many = {"multi_class": "ovr"} if classes > 2 else {}
    assert scorer("roc_auc")(y, p) == pytest.approx(reference.roc_auc_score(y, p if many else p[:, 1], **many))
    assert scorer("log_loss")(y, p) == pytest.approx(reference.log_loss(y, p))
    truth = np.eye(classes)[y.astype(int)]
    wanted = reference.average_precision_score(truth if many else y, p if many else p[:, 1])
    assert scorer("average_precision")(y, p) == pytest.approx(wanted)


def test_brier_is_that_of_scikit_learn() -> None:
    y, p = case(2)
    assert scorer("brier_score")(y, p) == pytest.approx(reference.brier_score_loss(y, p[:, 1]))


VALUED = {
    "rmse": reference.root_mean_squared_error,
    "mse": reference.mean_squared_error,
    "mae": reference.mean_absolute_error,
    "median_absolute_error": reference.median_absolute_error,
    "max_error": reference.max_error,
    "mape": reference.mean_absolute_percentage_error,
    "r2": reference.r2_score,
    "rmsle": reference.root_mean_squared_log_error,
    "wape": lambda y, v: np.abs(y - v).sum() / y.sum(),
    "median_absolute_percentage_error": lambda y, v: np.median(np.abs(y - v) / np.abs(y)),
    "rmspe": lambda y, v: np.mean(((y - v) / y) ** 2) ** 0.5,
    "bias": lambda y, v: abs(v.mean() - y.mean()),
    "spearman_correlation": lambda y, v: stats.spearmanr(y, v).statistic,
    "pearson_correlation": lambda y, v: stats.pearsonr(y, v).statistic,
}


@pytest.mark.parametrize("name", VALUED)
def test_metrics_of_values_are_those_of_scikit_learn(name: str) -> None:
    rng = np.random.default_rng(1)
    y = rng.gamma(2.0, 50.0, 300)
    v = y * rng.lognormal(0, 0.2, 300)
    assert scorer(name)(y, v) == pytest.approx(VALUED[name](y, v))


@pytest.mark.parametrize("classes", [2, 3])
def test_the_ks_statistic_is_the_distance_of_the_scores_of_a_class_from_those_of_the_rest(classes: int) -> None:
    y, p = case(classes)
    wanted = [stats.ks_2samp(p[y == k, k], p[y != k, k]).statistic for k in range(classes)]
    assert scorer("ks_statistic")(y, p) == pytest.approx(wanted[1] if classes == 2 else np.mean(wanted))


def test_the_positive_class_may_be_the_first() -> None:
    y, p = case(2)
    assert scorer("recall")(y, p, None, 0) == pytest.approx(reference.recall_score(1 - y, p[:, 0] > 0.5))
    assert scorer("average_precision")(y, p, None, 0) == pytest.approx(
        reference.average_precision_score(1 - y, p[:, 0])
    )
    assert scorer("roc_auc")(y, p, None, 0) == pytest.approx(scorer("roc_auc")(y, p))


def test_a_threshold_moves_recall_against_precision() -> None:
    y, p = case(2)
    low, high = (scorer("recall")(y, p, t) for t in (0.3, 0.7))
    assert low > scorer("recall")(y, p) > high
    assert scorer("precision")(y, p, 0.3) < scorer("precision")(y, p, 0.7)


@pytest.mark.parametrize("name", SCORERS)
def test_a_perfect_model_has_no_error_and_the_best_utility(name: str) -> None:
    measure = scorer(name)
    if measure.needs == "values":
        y = np.linspace(1, 9, 50)
        perfect, poor = y, y[::-1]
    else:
        y = np.arange(50) % 2.0
        perfect = np.eye(2)[y.astype(int)]
        poor = perfect[:, ::-1]
    assert measure.error(measure(y, perfect)) == pytest.approx(0, abs=1e-6)
    assert measure.utility(measure(y, perfect)) > measure.utility(measure(y, poor))


def test_an_unknown_metric_is_named_with_those_that_are_known() -> None:
    with pytest.raises(InputError, match=r"'rocauc'.*roc_auc"):
        scorer("rocauc")


def test_the_fast_auc_of_a_resample_is_the_slow_one() -> None:
    y, p = case(2)
    fast = bootstrap_values("roc_auc", y, p, seed=3, n=50)
    rng = np.random.default_rng(3)
    for value in fast[:5]:
        pick = rng.integers(0, len(y), len(y))
        assert value == pytest.approx(reference.roc_auc_score(y[pick], p[pick, 1]))


@pytest.mark.parametrize("name", ["roc_auc", "log_loss", "accuracy", "f1"])
def test_the_interval_holds_the_value_and_narrows_with_rows(name: str) -> None:
    widths = []
    for rows in (200, 3200):
        y, p = case(2, rows)
        low, high = bootstrap_interval(name, y, p, n=300)
        assert low < scorer(name)(y, p) < high
        widths.append(high - low)
    assert widths[1] < 0.5 * widths[0]


def test_the_interval_covers_the_true_error_nineteen_times_of_twenty() -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for i in range(200):
        y = rng.normal(0, 2.0, 150)
        low, high = bootstrap_interval("rmse", y, np.zeros(150), seed=i, n=200)
        hits += low <= 2.0 <= high
    assert 0.88 <= hits / 200 <= 0.98


def test_a_better_model_gains_in_nearly_all_resamples() -> None:
    y, p = case(2, 1000)
    worse = 0.5 * p + 0.5 * np.random.default_rng(1).dirichlet([1, 1], len(p))
    gain, sure = paired_gain("roc_auc", y, p, worse)
    assert gain > 0
    assert sure > 0.95
    assert paired_gain("roc_auc", y, p, p) == (0.0, 0.0)


def test_one_class_alone_has_no_interval() -> None:
    low, high = bootstrap_interval("roc_auc", np.ones(20), np.full((20, 2), 0.5), n=50)
    assert np.isnan(low)
    assert np.isnan(high)


def test_delong_says_what_resampling_says() -> None:
    rng = np.random.default_rng(3)
    y = (rng.random(1500) < 0.3).astype(float)
    better, worse = (1 / (1 + np.exp(-(y * k + rng.normal(0, 1, 1500)))) for k in (1.15, 1.05))
    pair = [np.stack([1 - p, p], axis=1) for p in (better, worse)]
    gain, sure = paired_gain("roc_auc", y, *pair)
    first, second = (bootstrap_values("roc_auc", y, p, n=400) for p in pair)
    assert gain == pytest.approx(scorer("roc_auc")(y, pair[0]) - scorer("roc_auc")(y, pair[1]), abs=1e-9)
    assert sure == pytest.approx(float(np.mean(first > second)), abs=0.06)


def test_kappa_and_the_least_recall_are_those_of_the_reference() -> None:
    rng = np.random.default_rng(3)
    y = rng.integers(0, 4, 300).astype(float)
    guess = np.where(rng.random(300) < 0.6, y, rng.integers(0, 4, 300))
    assert scorer("cohen_kappa")(y, guess) == pytest.approx(reference.cohen_kappa_score(y, guess))
    least = min(reference.recall_score(y, guess, average=None))
    assert scorer("min_class_recall")(y, guess) == pytest.approx(least)


@pytest.mark.parametrize("many", [1, 3, 5])
def test_an_answer_among_the_first_few_counts_for_any_number_of_guesses(many: int) -> None:
    rng = np.random.default_rng(4)
    p = rng.dirichlet(np.ones(8), 200)
    y = rng.integers(0, 8, 200).astype(float)
    expected = reference.top_k_accuracy_score(y, p, k=many, labels=range(8))
    assert scorer(f"top{many}_accuracy")(y, p) == pytest.approx(expected)
    assert scorer(f"top{many}_accuracy").search == "log_loss"


@pytest.mark.parametrize("name", ["cohen_kappa", "min_class_recall"])
def test_metrics_at_thresholds_are_those_of_the_labels_there(name: str) -> None:
    rng = np.random.default_rng(5)
    y = rng.integers(0, 2, 120).astype(float)
    score = np.clip(0.3 * y + rng.random(120) * 0.7, 0, 1)
    cuts, counts = counts_at_thresholds(y == 1, score)
    at = len(cuts) // 2
    assert counts.value(name)[at] == pytest.approx(scorer(name)(y, (score >= cuts[at]).astype(float)))
