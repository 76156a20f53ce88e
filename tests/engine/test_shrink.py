"""A selection gives up as little as the limits demand, and says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from traineragent.domain.run import REFITTED, Candidate, Member, Selection, TrialResult
from traineragent.engine.shrink import models_of, shrink


def trial(index: int, size_mb: float, predict_us: float, models: int = 5) -> TrialResult:
    files = {f"model_{k:02d}.npz": "" for k in range(models)} | {"oof.npy": ""}
    return TrialResult(index, Candidate("f"), "done", 0.9, size_mb=size_mb, predict_us=predict_us, files=files)


RESULTS = {0: trial(0, 5.0, 50.0), 1: trial(1, 1.0, 100.0), 2: trial(2, 0.1, 10.0)}
SELECTION = Selection((Member(0, 0.5), Member(1, 0.3), Member(2, 0.2)), 0.9, 0, "three models together")


def test_selection_within_its_limits_stays() -> None:
    found = shrink(SELECTION, RESULTS, size_mb=7.0, latency_us=200.0)
    assert found is not None
    assert found.selection == SELECTION
    assert (found.size_mb, found.latency_us) == pytest.approx((6.1, 160.0))


@pytest.mark.parametrize("limit", [5.0, 2.0, 1.0, 0.15, 0.03])
def test_size_limit_is_met_with_as_little_loss_as_needed(limit: float) -> None:
    found = shrink(SELECTION, RESULTS, size_mb=limit)
    assert found is not None
    assert found.size_mb <= limit
    members = found.selection.members
    assert sum(m.weight for m in members) == pytest.approx(1.0)
    assert all(m.models is None or 1 <= m.models <= 5 for m in members)
    assert "models are kept" in found.selection.why
    assert found.selection.single_best in {m.trial for m in members}


def test_latency_limit_takes_from_the_slow_member_first() -> None:
    found = shrink(SELECTION, RESULTS, latency_us=120.0)
    assert found is not None
    assert found.latency_us <= 120.0
    counts = {m.trial: models_of(m, RESULTS[m.trial]) for m in found.selection.members}
    assert counts[1] < 5
    assert counts[2] == 5


def test_measured_scale_counts() -> None:
    free = shrink(SELECTION, RESULTS, latency_us=90.0, latency_scale=0.5)
    assert free is not None
    assert free.selection == SELECTION


def test_limit_below_one_model_cannot_be_met() -> None:
    assert shrink(SELECTION, RESULTS, size_mb=0.001) is None


def test_a_model_of_all_rows_counts_once_so_that_a_slow_member_goes_whole() -> None:
    """Its fold models are not served: giving one of them up would change nothing."""
    refitted = {i: replace(r, files=r.files | {REFITTED: ""}) for i, r in RESULTS.items()}
    found = shrink(SELECTION, refitted, latency_us=120.0)
    assert found is not None
    assert {m.trial for m in found.selection.members} == {0, 2}
    assert "2 of 3 models are kept" in found.selection.why
