"""Trained candidates are compared by another metric without training any again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss

from traineragent.engine.dataset import TrainingData
from traineragent.engine.rescore import rescore


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    """(folder, answers, probabilities) of a table with one trial that lacks the last row."""
    r = np.random.default_rng(0)
    y = (r.random(60) < 0.4).astype(np.float64)
    p = np.clip(0.5 * y + 0.5 * r.random(60), 0.01, 0.99)
    oof = np.stack([1 - p, p], axis=1)
    oof[-1] = np.nan
    folds = (np.arange(60) % 3).astype(np.int8)
    TrainingData(np.zeros((60, 1), np.float32), y, folds, ("a",), ("number",), (0,), 2).save(tmp_path / "data")
    (tmp_path / "trials" / "0004").mkdir(parents=True)
    np.save(tmp_path / "trials" / "0004" / "oof.npy", oof.astype(np.float32))
    return tmp_path, y, p


def test_a_score_is_that_of_the_kept_predictions(kept: tuple[Path, np.ndarray, np.ndarray]) -> None:
    folder, y, p = kept
    found = rescore(str(folder / "data"), str(folder / "trials"), [4], "average_precision")["4"]
    assert found["score"] == pytest.approx(average_precision_score(y[:-1], p[:-1]), abs=1e-6)
    first = np.arange(60) % 3 == 0
    assert found["fold_scores"][0] == pytest.approx(average_precision_score(y[first], p[first]), abs=1e-6)
    assert len(found["fold_scores"]) == 3


def test_an_error_counts_as_the_higher_the_better(kept: tuple[Path, np.ndarray, np.ndarray]) -> None:
    folder, y, p = kept
    found = rescore(str(folder / "data"), str(folder / "trials"), [4], "log_loss")["4"]
    assert found["score"] == pytest.approx(-log_loss(y[:-1], p[:-1]), abs=1e-6)
