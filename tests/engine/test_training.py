"""One trial: every row is predicted by a model that never saw it, in time, and the same again next time."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from patience import patience
from traineragent.domain.run import Candidate, Trial, TrialResult
from traineragent.engine.dataset import TrainingData
from traineragent.engine.metrics import scorer
from traineragent.engine.training import RACE_FROM_ROWS, load_models, train_trial
from traineragent.serve.manifest import file_sha256


def data(rows: int = 200, classes: int = 2, folds: int = 5, seed: int = 0) -> TrainingData:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4)).astype(np.float32)
    signal = x[:, 0] + 0.5 * x[:, 1] + rng.normal(0, 0.5, rows)
    y = signal if classes == 0 else np.searchsorted(np.quantile(signal, np.linspace(0, 1, classes + 1)[1:-1]), signal)
    parts = (rng.permutation(rows) % folds).astype(np.int8)
    return TrainingData(x, y.astype(np.float64), parts, tuple("abcd"), ("number",) * 4, (0,) * 4, classes)


def train(table: TrainingData, folder: Path, family: str = "linear", **more: object) -> TrialResult:
    params = more.pop("params", {})
    metric = "rmse" if table.classes == 0 else "log_loss"
    trial = Trial(int(more.pop("index", 0)), Candidate(family, params), more.pop("time_limit_s", None))  # type: ignore[arg-type,call-overload]
    return train_trial(table, trial, metric=metric, seed=1, threads=1, folder=folder, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_out_of_fold_predictions_cover_all_rows_and_give_the_score(tmp_path: Path, classes: int) -> None:
    table = replace(data(classes=classes), bound=True)
    result = train(table, tmp_path)
    oof = np.load(tmp_path / "oof.npy")
    assert result.status == "done"
    assert oof.dtype == np.float32
    assert oof.shape == ((200, classes) if classes else (200,))
    metric = scorer("log_loss" if classes else "rmse")
    assert result.score == pytest.approx(-metric(table.y, oof.astype(np.float64)), rel=1e-5)
    assert len(result.fold_scores) == 5
    assert all(file_sha256(tmp_path / name) == digest for name, digest in result.files.items())


def test_a_row_is_never_predicted_by_a_model_that_learned_from_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = replace(data(600, folds=3), y=rng.permutation(np.arange(600) % 2.0), bound=True)
    train(noise, tmp_path, "random_forest", params={"trees": 20, "min_samples_leaf": 1, "max_leaf_nodes": 600})
    oof = np.load(tmp_path / "oof.npy")[:, 1]
    assert 0.4 < scorer("accuracy")(noise.y, np.stack([1 - oof, oof], 1)) < 0.6


def test_saved_models_predict_their_validation_rows_as_recorded(tmp_path: Path) -> None:
    table = replace(data(), bound=True)
    result = train(table, tmp_path, "lightgbm", params={"rounds": 30})
    oof = np.load(tmp_path / "oof.npy")
    models = load_models(table, result, tmp_path, "log_loss")
    assert len(models) == 5
    for fold, model in enumerate(models):
        rows = table.folds == fold
        np.testing.assert_allclose(model.predict(table.x[rows]), oof[rows], atol=1e-6)


def test_small_sets_draw_their_folds_again_unless_rows_are_bound(tmp_path: Path) -> None:
    free = train(data(), tmp_path / "free")
    bound = train(replace(data(), bound=True), tmp_path / "bound")
    assert (len(free.fold_scores), len(bound.fold_scores)) == (15, 5)


def test_ten_folds_are_enough_even_for_small_sets(tmp_path: Path) -> None:
    assert len(train(data(folds=10), tmp_path).fold_scores) == 10


def test_the_same_trial_gives_the_same_files(tmp_path: Path) -> None:
    table = replace(data(100, folds=2), bound=True)
    for family in ("lightgbm", "mlp", "random_forest"):
        params = (
            {"trees": 20} if family == "random_forest" else {"rounds": 30} if family == "lightgbm" else {"epochs": 3}
        )
        first = train(table, tmp_path / f"{family}1", family, params=params)
        second = train(table, tmp_path / f"{family}2", family, params=params)
        assert first.files == second.files, family
        assert first.score == second.score


def test_rows_without_a_fold_are_learned_from_but_not_scored(tmp_path: Path) -> None:
    table = data()
    table = replace(table, folds=np.where(np.arange(200) < 120, np.int8(-1), np.int8(0)).astype(np.int8))
    result = train(table, tmp_path)
    known = np.isfinite(np.load(tmp_path / "oof.npy")).all(axis=1)
    np.testing.assert_array_equal(known, table.folds == 0)
    assert len(result.fold_scores) == 1


def test_a_candidate_may_ask_for_one_fold_only(tmp_path: Path) -> None:
    result = train(data(), tmp_path, params={"folds": 1})
    assert (result.status, len(result.fold_scores)) == ("done", 1)


def test_a_time_limit_keeps_what_was_finished(tmp_path: Path) -> None:
    start = time.monotonic()
    slow = {"rounds": 100_000, "patience": 0, "learning_rate": 0.001}
    result = train(data(1000), tmp_path, "lightgbm", params=slow, time_limit_s=1.5)
    assert time.monotonic() - start < patience(4)
    assert result.status in ("done", "timeout")
    assert result.score is not None
    assert len(result.fold_scores) >= 1


def test_a_candidate_far_behind_its_family_is_dropped_after_one_fold(tmp_path: Path) -> None:
    table = data(RACE_FROM_ROWS, classes=0)
    good = train(table, tmp_path / "good")
    bad = {"rivals": {"linear": good.fold_scores[0] * 0.8}}
    assert train(table, tmp_path / "raced", **bad).status == "pruned"
    assert train(table, tmp_path / "near", rivals={"linear": good.fold_scores[0] * 0.99}).status == "done"
    assert train(table, tmp_path / "alone", rivals={"lightgbm": 0.0}).status == "done"


def test_a_fold_whose_error_is_that_of_one_row_drops_nobody(tmp_path: Path) -> None:
    table = data(RACE_FROM_ROWS, classes=0)
    first = np.flatnonzero(table.folds == 0)[0]
    y = table.y.copy()
    y[first] += 1000 * y.std()
    good = train(replace(table, y=y), tmp_path / "good")
    behind = {"rivals": {"linear": good.fold_scores[0] * 0.8}}
    assert train(replace(table, y=y), tmp_path / "raced", **behind).status == "done"


def test_cost_counts_all_models_that_would_be_served(tmp_path: Path) -> None:
    few = train(replace(data(), bound=True), tmp_path / "few", "lightgbm", params={"rounds": 50, "patience": 0})
    many = train(data(), tmp_path / "many", "lightgbm", params={"rounds": 50, "patience": 0})
    assert many.size_mb == pytest.approx(3 * few.size_mb, rel=0.05)
    assert few.predict_us > 0


def test_progress_is_told_fit_by_fit(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    train(replace(data(), bound=True), tmp_path, progress=lambda done, planned, score: told.append((done, planned)))
    assert told == [(k, 5) for k in range(1, 6)]


def test_the_positive_class_is_the_one_that_is_scored(tmp_path: Path) -> None:
    table = replace(data(300), y=(np.arange(300) % 10 == 0).astype(np.float64), bound=True)
    trial = Trial(0, Candidate("dummy"))
    kept = [
        train_trial(
            replace(table, positive=p), trial, metric="recall", seed=0, threads=1, folder=tmp_path / str(p)
        ).score
        for p in (0, 1)
    ]
    assert kept == [1.0, 0.0]
