"""How busy the machine is, told by the processor that trials got."""

from __future__ import annotations

import pytest

from traineragent.agents.model import _waiting
from traineragent.domain.run import Candidate, TrialResult


def _trial(seconds: float, cpu_s: float) -> TrialResult:
    return TrialResult(0, Candidate("linear"), "done", 0.5, seconds=seconds, cpu_s=cpu_s)


def test_a_machine_of_our_own_makes_nobody_wait() -> None:
    assert _waiting([]) == 1.0
    assert _waiting([_trial(10, 9.8)]) == pytest.approx(1.02, abs=0.01)


def test_a_quarter_of_a_processor_takes_four_times_as_long() -> None:
    assert _waiting([_trial(40, 10)]) == pytest.approx(4.0)


def test_the_last_trials_tell_how_it_is_now() -> None:
    assert _waiting([_trial(1000, 1000), _trial(90, 30)]) == pytest.approx(3.0)


def test_moments_tell_nothing() -> None:
    assert _waiting([_trial(3, 0.2)]) == 1.0
    assert _waiting([_trial(3, 0.0)]) == 1.0
