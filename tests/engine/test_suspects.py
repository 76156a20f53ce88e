"""Labels that contradict what held-out models see are named, the surest first."""

from __future__ import annotations

import numpy as np

from traineragent.engine.suspects import suspects


def rows(n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels of three classes and probabilities of a good model."""
    r = np.random.default_rng(seed)
    y = r.integers(0, 3, n).astype(np.float64)
    logits = r.normal(0, 0.7, (n, 3))
    logits[np.arange(n), y.astype(int)] += 3.0
    p = np.exp(logits)
    return y, p / p.sum(axis=1, keepdims=True)


def test_swapped_labels_are_found_and_little_else() -> None:
    y, p = rows()
    swapped = np.array([3, 50, 77, 120])
    y[swapped] = (y[swapped] + 1) % 3
    found = suspects(y, p)
    assert len(set(swapped.tolist()) & {s.row for s in found}) >= 3  # one of them the model is not sure of itself
    assert len(found) <= len(swapped) + 4
    assert all(s.p_likely - s.p_given >= 0.2 for s in found)
    assert [s.p_likely - s.p_given for s in found] == sorted((s.p_likely - s.p_given for s in found), reverse=True)


def test_a_weak_model_accuses_nobody() -> None:
    y, _ = rows()
    p = np.random.default_rng(1).dirichlet(np.ones(3), len(y))
    assert suspects(y, p) == []


def test_rows_that_no_model_predicted_are_left_out() -> None:
    y, p = rows()
    y[5] = (y[5] + 1) % 3
    p[5] = np.nan
    assert 5 not in {s.row for s in suspects(y, p)}
