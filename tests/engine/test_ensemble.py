"""What is delivered: members that help, within limits, and the default model where nothing beats it for certain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from traineragent.domain.run import Candidate, TrialResult
from traineragent.engine.ensemble import Limits, select
from traineragent.engine.metrics import scorer

ROWS = 1500


class Case:
    """Regression trials whose predictions are the truth plus errors that we choose."""

    def __init__(self, *errors: NDArray[np.float64], families: tuple[str, ...] = (), cost: float = 100.0) -> None:
        rng = np.random.default_rng(0)
        self.y = rng.normal(0, 3.0, len(errors[0]))
        self.oof = [(self.y + e).astype(np.float32) for e in errors]
        self.folds = (np.arange(len(self.y)) % 5).astype(np.int8)
        self.trials = []
        for i, p in enumerate(self.oof):
            family = families[i] if families else f"f{i}"
            score = -scorer("rmse")(self.y, np.nan_to_num(p.astype(np.float64)))
            self.trials.append(TrialResult(i, Candidate(family), "done", score, size_mb=1.0, predict_us=cost * (i + 1)))

    def select(self, limits: Limits | None = None, **more: object):  # type: ignore[no-untyped-def]
        return select(self.trials, lambda i: self.oof[i], self.y, self.folds, "rmse", limits, **more)  # type: ignore[arg-type]


def noise(size: float, seed: int, rows: int = ROWS) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, size, rows)


def test_models_with_different_errors_are_combined_and_beat_the_best() -> None:
    case = Case(noise(1.3, 9), noise(1.0, 1), noise(1.05, 2), noise(1.1, 3))
    chosen = case.select()
    assert len(chosen.members) >= 3
    assert sum(m.weight for m in chosen.members) == pytest.approx(1)
    together = sum(m.weight * case.oof[m.trial].astype(np.float64) for m in chosen.members)
    assert chosen.score == pytest.approx(-scorer("rmse")(case.y, together))
    assert chosen.score > max(t.score or -9 for t in case.trials)


def test_a_copy_of_the_best_is_not_paid_for_twice() -> None:
    same = noise(1.0, 1)
    chosen = Case(noise(30.0, 5), same, same.copy()).select()
    assert [m.trial for m in chosen.members if m.weight > 0.1] == [1]


def test_the_default_keeps_half_the_weight_when_it_is_not_beaten_for_certain() -> None:
    default, other = noise(1.0, 1, 120), noise(1.0, 2, 120)
    better = 0.93 * default + 0.3 * other
    case = Case(default, better)
    weights = {m.trial: m.weight for m in case.select().members}
    assert weights.get(0, 0.0) >= 0.5


def test_limits_on_latency_and_size_are_kept() -> None:
    case = Case(*(noise(1.0 + 0.01 * i, i) for i in range(6)))
    fast = case.select(Limits(latency_us=350))
    assert sum(case.trials[m.trial].predict_us for m in fast.members) <= 350
    small = case.select(Limits(size_mb=2.0))
    assert sum(case.trials[m.trial].size_mb for m in small.members) <= 2
    assert len(case.select(Limits(max_members=1)).members) == 1
    assert len(case.select(Limits(max_members=3)).members) <= 3


def test_when_nothing_keeps_the_limits_the_lightest_is_taken_and_it_is_said() -> None:
    chosen = Case(noise(1.0, 1), noise(0.5, 2)).select(Limits(latency_us=10))
    assert [m.trial for m in chosen.members] == [0]
    assert "no model keeps the limits" in chosen.why


def test_a_much_better_model_may_cost_more_than_usual_where_no_limit_is_stated() -> None:
    case = Case(noise(1.0, 1), noise(1.02, 2), noise(0.5, 3))
    ceiling = Limits(latency_us=250)
    assert 2 not in {m.trial for m in case.select(ceiling).members}
    (only,) = case.select(replace(ceiling, usual=True)).members
    assert only.trial == 2
    slightly = Case(noise(1.0, 1), noise(1.02, 2), noise(0.93, 3))  # better, but not much
    assert 2 not in {m.trial for m in slightly.select(replace(ceiling, usual=True)).members}
    far = Case(noise(0.5, 3), noise(1.0, 1), cost=100_000).select(Limits(latency_us=1000, usual=True))
    assert "comes nearest" in far.why
    dear = Case(noise(1.0, 1), noise(0.5, 3), cost=1000).select(Limits(latency_us=500, usual=True))
    assert [m.trial for m in dear.members] == [1]


def test_a_model_that_is_no_better_than_chance_gives_way_to_one_many_times_as_fast() -> None:
    def chosen(slow: NDArray[np.float64], limits: Limits) -> set[int]:
        case = Case(noise(1.0, 1), slow)
        case.trials[1] = replace(case.trials[1], predict_us=4000.0)
        return {m.trial for m in case.select(limits).members}

    usual = Limits(latency_us=30_000, usual=True)
    alike = 0.999 * noise(1.0, 1) + 0.02 * noise(1.0, 2)
    assert chosen(alike, usual) == {0}
    assert 1 in chosen(noise(0.7, 2), usual)
    assert 1 in chosen(noise(0.7, 2), Limits(latency_us=30_000))


@pytest.mark.parametrize(("cost", "members"), [(100.0, 2), (3000.0, 1)])
def test_an_ensemble_whose_price_is_noticed_must_be_better_for_certain(cost: float, members: int) -> None:
    default = noise(1.0, 1, 150)
    case = Case(default, 0.5 * default + noise(0.5, 2, 150), cost=cost)  # together better in 74 % of resamples
    assert len(case.select().members) == members


def test_an_interpretable_model_is_one_model_of_an_interpretable_family() -> None:
    case = Case(noise(1.0, 1), noise(1.5, 2), noise(1.4, 3), families=("trees", "linear", "linear"))
    chosen = case.select(Limits(interpretable=True), interpretable=lambda family: family == "linear")
    assert [m.trial for m in chosen.members] == [2]


def test_a_model_of_one_fold_stands_in_only_until_others_cover_all_rows() -> None:
    quick = np.where(np.arange(ROWS) % 5 == 0, noise(0.1, 1), np.nan)
    assert [m.trial for m in Case(quick).select().members] == [0]
    assert {m.trial for m in Case(quick, noise(1.0, 2), noise(1.1, 3)).select().members} <= {1, 2}


def test_a_model_of_one_fold_joins_where_it_helps_the_best_though_no_better_itself() -> None:
    few = np.where(np.arange(ROWS) % 5 == 0, noise(1.02, 4), np.nan)
    case = Case(noise(1.0, 2), noise(1.3, 3), few)
    case.trials[2] = replace(case.trials[2], candidate=Candidate("f2", {"folds": 1}))
    assert {0, 2} <= {m.trial for m in case.select().members}


@pytest.mark.parametrize(("enough", "taken"), [(60, False), (40, True)])
def test_on_few_rows_only_a_lead_beyond_doubt_counts(enough: int, taken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traineragent.engine.ensemble.ENOUGH_ROWS", enough)
    few = np.where(np.arange(400) % 10 == 0, 0.95 * noise(1.0, 2, 400) + noise(0.3, 6, 400), np.nan)  # it helps in 88 %
    case = Case(noise(1.0, 2, 400), noise(1.02, 2, 400), few)
    case.trials[2] = replace(case.trials[2], candidate=Candidate("f2", {"folds": 1}))
    assert (2 in {m.trial for m in case.select().members}) == taken


def test_failed_and_dropped_trials_are_never_delivered() -> None:
    case = Case(noise(1.0, 1), noise(0.1, 2))
    case.trials[1] = TrialResult(1, Candidate("f1"), "pruned", -0.1)
    assert [m.trial for m in case.select().members] == [0]
    case.trials[0] = TrialResult(0, Candidate("f0"), "failed")
    with pytest.raises(ValueError, match="no trial"):
        case.select()


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "accuracy", "f1", "average_precision"])
@pytest.mark.parametrize("classes", [2, 3])
def test_classifiers_are_combined_on_every_kind_of_metric(metric: str, classes: int) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, classes, 900).astype(np.float64)
    oof = []
    for seed in range(4):
        raw = 1.2 * np.eye(classes)[y.astype(int)] + np.random.default_rng(seed).normal(0, 1, (900, classes))
        p = np.exp(raw)
        oof.append((p / p.sum(axis=1, keepdims=True)).astype(np.float32))
    measure = scorer(metric)
    scores = [measure.utility(measure(y, p.astype(np.float64))) for p in oof]
    trials = [TrialResult(i, Candidate(f"f{i}"), "done", s) for i, s in enumerate(scores)]
    chosen = select(trials, lambda i: oof[i], y, (np.arange(900) % 5).astype(np.int8), metric)
    assert len(chosen.members) >= 2
    assert chosen.score > max(scores)


def test_the_same_history_gives_the_same_selection() -> None:
    case = Case(*(noise(1.0 + 0.02 * i, i) for i in range(5)))
    assert case.select() == case.select()


def test_a_model_that_is_good_on_one_row_alone_gets_no_weight_for_it() -> None:
    usual, odd = noise(1.0, 1), noise(1.8, 2)
    usual[7] = 300.0  # one row far off: odd wins by squared error and loses on all other rows
    case = Case(usual, odd)
    weights = {m.trial: m.weight for m in case.select().members}
    assert (case.trials[1].score or 0) > (case.trials[0].score or 0)
    assert weights.get(0, 0.0) > weights.get(1, 0.0)
