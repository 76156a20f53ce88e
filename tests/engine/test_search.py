"""The search is a function of what was tried: portfolio first, then tuning, the same after every restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from traineragent.domain.run import Candidate, TrialResult
from traineragent.engine.search import Tunable, propose

TREES = Tunable(
    "trees",
    {
        "rate": ("float", 0.01, 0.1, True),
        "leaves": ("int", 4, 128, True),
        "share": ("float", 0.3, 1.0, False),
        "kind": ("choice", "a", "b", "c"),
    },
)
NET = Tunable("net", {"width": ("int", 8, 64, True)})
PORTFOLIO = [Candidate("trees", {"leaves": 15, "fixed": 7}), Candidate("net"), Candidate("trees", {"rate": 0.05})]


def done(index: int, candidate: Candidate, score: float) -> TrialResult:
    return TrialResult(index, candidate, "done", score, (score,))


def searched(trials: int, seed: int = 0) -> list[TrialResult]:
    """A search in which more leaves are better and the net always comes second."""
    history: list[TrialResult] = []
    for index in range(trials):
        candidate = propose(history, PORTFOLIO, [TREES, NET], seed=seed)
        assert candidate is not None
        leaves = candidate.params.get("leaves", 15)
        history.append(done(index, candidate, -1.0 / leaves if candidate.family == "trees" else -0.5))
    return history


def test_the_portfolio_comes_first_and_in_order() -> None:
    assert [r.candidate for r in searched(3)] == PORTFOLIO


def test_candidates_from_earlier_runs_are_tried_once_like_the_rest() -> None:
    recalled = [PORTFOLIO[0], Candidate("trees", {"rate": 0.02}, "memory"), *PORTFOLIO[1:]]
    history: list[TrialResult] = []
    for index in range(len(recalled)):
        candidate = propose(history, recalled, [TREES, NET], seed=0)
        assert candidate is not None
        history.append(done(index, candidate, -0.5))
    assert [r.candidate for r in history] == recalled


def test_a_search_that_was_cut_anywhere_goes_on_as_if_it_had_not_been() -> None:
    whole = searched(14)
    for cut in range(14):
        assert propose(whole[:cut], PORTFOLIO, [TREES, NET], seed=0) == whole[cut].candidate


def test_another_seed_is_another_search() -> None:
    assert [r.candidate for r in searched(12, seed=1)] != [r.candidate for r in searched(12, seed=0)]


def test_tuned_parameters_stay_within_their_space() -> None:
    for result in searched(30)[3:]:
        space = TREES.space if result.candidate.family == "trees" else NET.space
        for name, value in result.candidate.params.items():
            if name == "fixed":
                continue
            kind, *limits = space[name]
            if kind == "choice":
                assert value in limits
            else:
                assert limits[0] <= value <= limits[1]
                assert isinstance(value, int if kind == "int" else float)


def test_the_leading_family_is_tuned_and_the_other_one_now_and_then() -> None:
    tuned = [r.candidate.family for r in searched(23)[3:]]
    assert tuned.count("net") == 5
    assert {r.candidate.origin for r in searched(23)[3:]} == {"tpe", "mutation"}


def test_nothing_is_tried_twice() -> None:
    keys = [f"{r.candidate.family}{sorted(r.candidate.params.items())}" for r in searched(40)]
    assert len(set(keys)) == 40


def test_tuning_finds_what_is_better_than_the_portfolio() -> None:
    history = searched(30)
    assert max(r.score or -9 for r in history[3:]) > max(r.score or -9 for r in history[:3])


def test_what_a_one_fold_trial_was_told_to_save_is_not_inherited() -> None:
    first = [Candidate("trees", {"folds": 1, "leaves": 15})]
    history = [done(0, first[0], -0.1)]
    for index in range(1, 8):
        candidate = propose(history, first, [TREES], seed=0)
        assert candidate is not None
        assert "folds" not in candidate.params
        history.append(done(index, candidate, -0.2))


def test_stops_after_the_trials_that_were_asked_for() -> None:
    assert propose(searched(3), PORTFOLIO, [TREES, NET], seed=0, trials=3) is None
    assert propose(searched(2), PORTFOLIO, [TREES, NET], seed=0, trials=3) == PORTFOLIO[2]


@pytest.mark.parametrize("status", ["failed", "pruned", "timeout"])
def test_without_a_finished_model_there_is_nothing_to_tune(status: str) -> None:
    failed = [replace(r, status=status, score=None) for r in searched(3)]  # type: ignore[arg-type]
    assert propose(failed, PORTFOLIO, [TREES, NET], seed=0) is None


def test_a_space_of_one_value_ends_when_it_is_used_up() -> None:
    tiny = Tunable("net", {"width": ("int", 8, 9, False)})
    history = [done(0, Candidate("net"), -1.0)]
    for index in range(1, 10):
        candidate = propose(history, [Candidate("net")], [tiny], seed=0)
        if candidate is None:
            break
        history.append(done(index, candidate, -1.0))
    assert len(history) == 3
