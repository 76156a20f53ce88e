"""Decisions must hold on rows they were not learned from, and be left alone where nothing is to be gained."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import f1_score, fbeta_score, precision_recall_curve, precision_score, recall_score

from traineragent.domain.preference import Preference, in_words
from traineragent.domain.run import Decision
from traineragent.domain.task import Requirement
from traineragent.engine.decide import _reached, calibrate, class_weights, decide, intervals, tempered, threshold
from traineragent.engine.metrics import log_loss


def binary(rows: int = 6000, shift: float = -2.0, sharpness: float = 1.0, seed: int = 0):
    """(y, probabilities, folds): `sharpness` above 1 makes the probabilities overconfident."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(size=rows) * 1.5 + shift
    y = (rng.random(rows) < expit(logit)).astype(float)
    p = expit(logit * sharpness)
    return y, np.column_stack([1 - p, p]), (np.arange(rows) % 5).astype(np.int8)


@pytest.mark.parametrize("sharpness", [2.0, 0.5])
def test_temperature_undoes_a_wrong_sharpness(sharpness: float) -> None:
    y, p, folds = binary(sharpness=sharpness)
    temperature, why = calibrate(y, p, folds)
    assert temperature == pytest.approx(sharpness, rel=0.1)
    assert ("overconfident" in why) == (sharpness > 1)
    fresh_y, fresh_p, _ = binary(sharpness=sharpness, seed=1)
    assert log_loss(fresh_y, tempered(fresh_p, temperature)) < log_loss(fresh_y, fresh_p)


@pytest.mark.parametrize("seed", range(5))
def test_calibrated_probabilities_are_left_alone(seed: int) -> None:
    y, p, folds = binary(rows=1500, seed=seed)
    temperature, _ = calibrate(y, p, folds)
    assert temperature == 1.0


def test_threshold_for_f1_raises_it_on_new_rows() -> None:
    y, p, folds = binary()
    found = decide(y, p, folds, classes=2, metric="f1", positive=1)
    cut = found.decision.threshold
    assert cut is not None
    assert cut < 0.45
    fresh_y, fresh_p, _ = binary(seed=1)
    assert f1_score(fresh_y, fresh_p[:, 1] >= cut) > f1_score(fresh_y, fresh_p[:, 1] >= 0.5) + 0.02
    assert found.score == pytest.approx(f1_score(y, tempered(p, found.temperature)[:, 1] >= cut))


def test_accuracy_of_calibrated_probabilities_needs_no_threshold() -> None:
    y, p, folds = binary(rows=3000)
    found = decide(y, p, folds, classes=2, metric="accuracy", positive=1)
    if found.decision.threshold is not None:
        assert found.decision.threshold == pytest.approx(0.5, abs=0.06)


def test_accuracy_of_few_rows_moves_no_threshold_by_chance() -> None:
    """Where probabilities are right, a threshold that was moved is moved by chance."""
    moved = 0
    for seed in range(30):
        y, p, folds = binary(rows=200, seed=seed)
        moved += threshold(y, p, folds, metric="accuracy")[0].threshold is not None
    assert moved <= 4


@pytest.mark.parametrize("positive", [0, 1])
def test_recall_is_the_highest_at_a_stated_precision(positive: int) -> None:
    y, p, folds = binary(shift=-0.5 if positive else 0.5)
    limit = Requirement("precision", ">=", 0.8)
    decision, why = threshold(y, p, folds, metric="recall", requirements=[limit], positive=positive)
    assert decision.threshold is not None
    fresh_y, fresh_p, _ = binary(shift=-0.5 if positive else 0.5, seed=1)
    said, truth = fresh_p[:, positive] >= decision.threshold, fresh_y == positive
    assert 0.8 - 0.02 <= precision_score(truth, said) < 0.88
    assert recall_score(truth, said) > 0.2
    assert "precision >= 0.8" in why


def test_precision_is_the_highest_at_a_stated_recall_whatever_the_metric() -> None:
    y, p, folds = binary()
    limit = Requirement("recall", ">=", 0.9)
    decision, _ = threshold(y, p, folds, metric="roc_auc", requirements=[limit], positive=1)
    assert decision.threshold is not None
    assert 0.9 <= recall_score(y, p[:, 1] >= decision.threshold) < 0.95


def test_unreachable_limit_comes_as_near_as_can_be_and_says_so() -> None:
    y, p, folds = binary(rows=2000)
    limits = [Requirement("precision", ">=", 0.95), Requirement("recall", ">=", 0.95)]
    decision, why = threshold(y, p, folds, metric="f1", requirements=limits, positive=1)
    assert decision.threshold is not None
    assert "no threshold" in why


@pytest.mark.parametrize("metric", ["precision", "recall"])
def test_one_sided_metric_does_not_end_in_a_trivial_threshold(metric: str) -> None:
    y, p, folds = binary()
    decision, why = threshold(y, p, folds, metric=metric, positive=1)
    said = p[:, 1] >= (0.5 if decision.threshold is None else decision.threshold)
    assert 0.02 < said.mean() < 0.9
    assert decision.threshold is None or "best when" in why


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision"])
def test_a_rare_class_that_is_sought_is_answered_more_often_than_at_one_half(metric: str) -> None:
    y, p, folds = binary()
    decided = decide(y, p, folds, classes=2, metric=metric, positive=1)
    assert decided.decision.threshold is not None
    assert f1_score(y == 1, p[:, 1] >= decided.decision.threshold) > f1_score(y == 1, p[:, 1] >= 0.5)
    assert "is what is sought" in " ".join(decided.why)


def test_a_frequent_class_and_log_loss_keep_the_more_probable_one() -> None:
    y, p, folds = binary()
    assert decide(y, p, folds, classes=2, metric="log_loss", positive=1).decision == Decision()
    assert decide(y, p, folds, classes=2, metric="roc_auc", positive=0).decision == Decision()


def many(rows: int = 4000, seed: int = 0):
    """Three classes of 90, 7 and 3 %."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, 3)) + np.log([0.9, 0.07, 0.03])
    p = softmax(logits, axis=1)
    y = (rng.random(rows)[:, None] > p.cumsum(axis=1)).sum(axis=1).astype(float)
    return y, p, (np.arange(rows) % 5).astype(np.int8)


def test_class_weights_raise_macro_f1_on_new_rows() -> None:
    y, p, folds = many()
    decision, why = class_weights(y, p, folds, metric="f1_macro")
    assert len(decision.weights) == 3
    assert max(decision.weights) == 1.0
    fresh_y, fresh_p, _ = many(seed=1)
    guess = (fresh_p * np.array(decision.weights)).argmax(axis=1)
    plain = fresh_p.argmax(axis=1)
    assert f1_score(fresh_y, guess, average="macro") > f1_score(fresh_y, plain, average="macro") + 0.02
    assert "f1_macro" in why


@pytest.mark.parametrize("metric", ["log_loss", "accuracy"])
def test_metrics_that_count_rows_need_no_class_weights(metric: str) -> None:
    y, p, folds = many()
    assert class_weights(y, p, folds, metric=metric)[0] == Decision()


def values(rows: int, seed: int = 0, uneven: bool = True):
    rng = np.random.default_rng(seed)
    guess = rng.gamma(2.0, 100.0, rows)
    spread = guess * 0.2 if uneven else np.full(rows, 20.0)
    return guess + rng.normal(size=rows) * spread, guess, (np.arange(rows) % 5).astype(np.int8)


@pytest.mark.parametrize("rows", [60, 400, 5000])
@pytest.mark.parametrize("uneven", [False, True])
def test_intervals_hold_the_stated_share_of_new_rows(rows: int, uneven: bool) -> None:
    shares = []
    for seed in range(8):
        y, guess, folds = values(rows, seed, uneven)
        found, _ = intervals(y, guess, folds)
        fresh_y, fresh, _ = values(4000, 100 + seed, uneven)
        at = np.searchsorted(np.array(found.edges), fresh, side="right")
        error = fresh_y - fresh
        shares.append(np.mean((error >= np.array(found.low)[at]) & (error <= np.array(found.high)[at])))
    assert 0.88 <= np.mean(shares) <= 0.96


def test_intervals_are_wider_where_errors_are_larger() -> None:
    found, why = intervals(*values(5000))
    width = np.array(found.high) - np.array(found.low)
    assert len(width) >= 5
    assert width[-1] > 3 * width[0]
    assert "ranges of the value" in why


def test_even_errors_get_few_widths() -> None:
    found, _ = intervals(*values(1000, uneven=False))
    assert len(found.low) <= 3


def test_rows_never_predicted_are_left_out() -> None:
    y, guess, folds = values(500)
    guess[:100], folds[:100] = np.nan, -1
    found = decide(y, guess, folds, classes=0, metric="rmse")
    assert found.interval is not None
    assert np.isfinite(found.interval.low).all()


def test_few_rows_and_a_single_fold_still_give_decisions() -> None:
    y, guess, folds = values(8)
    assert decide(y, guess, folds * 0, classes=0, metric="rmse").interval is not None
    y, p, folds = binary(rows=12, shift=0.0)
    decide(y, p, folds * 0, classes=2, metric="f1", positive=1)


def test_a_floor_under_the_metric_itself_leaves_the_rest_to_its_counterpart() -> None:
    y, p, folds = binary()
    floor = Requirement("recall", ">=", 0.6)
    decision, why = threshold(y, p, folds, metric="recall", requirements=[floor], positive=1)
    assert decision.threshold is not None
    found = p[y == 1, 1] >= decision.threshold
    assert 0.6 <= found.mean() < 0.75
    assert "only asked to reach its limit" in why


@pytest.mark.parametrize(("prefer", "goal"), [("recall", 2.0), ("precision", 0.5)])
@pytest.mark.parametrize("metric", ["average_precision", "log_loss", "accuracy"])
def test_what_matters_more_moves_the_threshold_on_new_rows(metric: str, prefer: str, goal: float) -> None:
    y, p, folds = binary()
    cut = decide(y, p, folds, classes=2, metric=metric, positive=1, prefer=Preference(prefer))
    plain = decide(y, p, folds, classes=2, metric=metric, positive=1)
    fresh_y, fresh_p, _ = binary(seed=1)
    said, usual = (
        fresh_p[:, 1] >= (0.5 if d.decision.threshold is None else d.decision.threshold) for d in (cut, plain)
    )
    assert fbeta_score(fresh_y, said, beta=goal) >= fbeta_score(fresh_y, usual, beta=goal) - 0.015
    if prefer == "recall":
        assert recall_score(fresh_y, said) > recall_score(fresh_y, usual) + 0.1
        assert "missing one was said to be worse" in cut.why[1]


def test_a_stated_limit_counts_for_more_than_a_preference() -> None:
    y, p, folds = binary()
    limit = Requirement("precision", ">=", 0.8)
    decided = decide(y, p, folds, classes=2, metric="f1", requirements=[limit], positive=1, prefer=Preference("recall"))
    assert precision_score(y, p[:, 1] >= decided.decision.threshold) >= 0.8


@pytest.mark.parametrize("first", ["recall", "precision"])
def test_of_limits_at_odds_the_first_stated_is_kept(first: str) -> None:
    y, p, folds = binary(rows=4000)
    limits = [Requirement("recall", ">=", 0.9), Requirement("precision", ">=", 0.65)]
    limits = limits if first == "recall" else limits[::-1]
    decided = decide(y, p, folds, classes=2, metric="average_precision", requirements=limits, positive=1)
    said = tempered(p, decided.temperature)[:, 1] >= decided.decision.threshold
    kept = {"recall": recall_score(y, said) >= 0.9, "precision": precision_score(y, said) >= 0.65}
    assert kept == {first: True, ({"recall", "precision"} - {first}).pop(): False}
    assert f"keeps {first} >=" in decided.why[1]
    assert "comes nearest to" in decided.why[1]
    other = precision_score(y, said) if first == "recall" else recall_score(y, said)
    assert other > 0.15  # as near to the other as the first allows, not anywhere


def test_limits_at_odds_are_offered_as_a_choice_with_true_numbers() -> None:
    y, p, folds = binary(rows=4000)
    limits = [Requirement("recall", ">=", 0.9), Requirement("precision", ">=", 0.8)]
    said = decide(y, p, folds, classes=2, metric="f1", requirements=limits, positive=1).tradeoff
    first, second = re.fullmatch(
        r"recall of at least 0\.9 comes with precision (0\.\d\d); "
        r"precision of at least 0\.8 comes with recall (0\.\d\d)",
        said,
    ).groups()
    precision, recall, _ = precision_recall_curve(y, p[:, 1])
    assert float(first) == pytest.approx(precision[recall >= 0.9].max(), abs=0.01)
    assert float(second) == pytest.approx(recall[precision >= 0.8].max(), abs=0.01)


def test_a_limit_out_of_reach_names_the_best_there_is() -> None:
    y, p, folds = binary(rows=2000, sharpness=1.0)
    limit = Requirement("f1", ">=", 0.99)
    said = decide(y, p, folds, classes=2, metric="f1", requirements=[limit], positive=1).tradeoff
    best = max(f1_score(y, p[:, 1] >= t) for t in np.linspace(0.05, 0.95, 181))
    assert said.startswith("f1 of at least 0.99 is out of reach: it comes to ")
    assert float(said.rsplit(" ", 1)[1]) == pytest.approx(best, abs=0.01)


def test_a_limit_that_can_be_kept_offers_no_choice() -> None:
    y, p, folds = binary()
    limit = Requirement("recall", ">=", 0.9)
    assert decide(y, p, folds, classes=2, metric="f1", requirements=[limit], positive=1).tradeoff == ""
    assert decide(y, p, folds, classes=2, metric="f1", positive=1).tradeoff == ""


@pytest.mark.parametrize(
    ("constraint", "cut", "said"),
    [
        ("costs:190:10", 0.05, "a missed case costs 190, a false alarm 10"),
        ("costs:1:3", 0.75, "a missed case costs 1, a false alarm 3"),
        ("threshold:0.3", 0.3, "answered from a probability of 0.3 on"),
    ],
)
def test_words_settle_from_where_on_a_case_is_answered_unless_a_limit_is_stated(
    constraint: str, cut: float, said: str
) -> None:
    assert in_words(constraint) == said
    y, p, folds = binary()
    prefer = Preference.of(["interpretable", constraint])
    found = decide(y, p, folds, classes=2, metric="roc_auc", positive=1, prefer=prefer)
    assert found.decision.threshold == pytest.approx(cut)
    limit = Requirement("recall", ">=", 0.9)
    both = decide(y, p, folds, classes=2, metric="roc_auc", requirements=[limit], positive=1, prefer=prefer)
    assert both.decision.threshold != pytest.approx(cut)


@pytest.mark.parametrize("costs", [(190.0, 10.0), (1.0, 4.0)])
def test_told_costs_lower_what_mistakes_cost_on_new_rows(costs: tuple[float, float]) -> None:
    y, p, folds = binary()
    prefer = Preference.of([f"costs:{costs[0]:g}:{costs[1]:g}"])
    found = decide(y, p, folds, classes=2, metric="log_loss", positive=1, prefer=prefer)
    assert "a row, answering the more probable class" in found.why[1]
    fresh_y, fresh_p, _ = binary(seed=1)

    def cost(cut: float) -> float:
        called, case = fresh_p[:, 1] >= cut, fresh_y == 1
        return float(costs[0] * (case & ~called).mean() + costs[1] * (~case & called).mean())

    assert found.decision.threshold is not None
    assert cost(found.decision.threshold) < 0.9 * cost(0.5)


def test_words_that_settle_nothing_prefer_nothing() -> None:
    assert Preference.of(["interpretable", "prefer:recall"]) == Preference("recall")
    assert Preference.of(["threshold:0.2", "costs:5:5"]).threshold == pytest.approx(0.2)
    assert in_words("prefer:recall") is None


def test_what_is_to_be_small_is_said_to_be_lowest() -> None:
    assert _reached("false_positive_rate", (), ()) == "lowest false_positive_rate out of fold"
    assert _reached("f1", (), ()) == "highest f1 out of fold"
