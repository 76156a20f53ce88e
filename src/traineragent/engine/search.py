"""Proposes the next candidate: the portfolio in order, then tuning of what did best.

A pure function of what has been tried: a search that was killed and resumed is the same search. It knows nothing of
processes or files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..domain.run import Candidate, TrialResult

OTHER_KIND_EVERY = 4  # every fourth tuned candidate comes from a family that is not the leader
CHANGED = 0.4  # probability that a mutation changes a parameter its parent sets
ADDED = 0.15  # probability that it sets one its parent leaves at the default
STEP = 0.25  # of a parameter's (log) range: standard deviation of a change
TUNED_SHARE = 0.2
PORTFOLIO = "portfolio"  # the origin of its candidates
ATTEMPTS = 20  # to find parameters that were not tried yet


@dataclass(frozen=True)
class Tunable:
    """A family that may be tuned with its space: name -> ("float" | "int", low, high, log) | ("choice", *values)."""

    family: str
    space: Mapping[str, Any]


def propose(
    history: Sequence[TrialResult],
    portfolio: Sequence[Candidate],
    tunable: Sequence[Tunable],
    *,
    seed: int,
    trials: int | None = None,
) -> Candidate | None:
    """The candidate of trial number `len(history)`, or None when `trials` are done or nothing is left to tune.

    After the portfolio, Optuna's TPE and mutations of the two best take turns on the leading family; every fourth
    candidate comes from another family, because ensembles live on difference."""
    number = len(history)
    if trials is not None and number >= trials:
        return None
    origins = {PORTFOLIO, *(c.origin for c in portfolio)}  # what is recalled from earlier runs is a part of it
    begun = sum(r.candidate.origin in origins for r in history)
    if begun < len(portfolio):
        return portfolio[begun]
    rng = np.random.default_rng([seed, number])
    turn = number - len(portfolio)
    chosen = _family(history, tunable, turn, rng)
    if chosen is None:
        return None
    seen = {_key(r.candidate) for r in history}
    for attempt in range(ATTEMPTS):
        if turn % 2 == 0 and attempt == 0:
            params, origin = _tpe(history, chosen, int(rng.integers(2**31))), "tpe"
        else:
            params, origin = _mutation(history, chosen, rng), "mutation"
        candidate = Candidate(chosen.family, params, origin, TUNED_SHARE)
        if _key(candidate) not in seen:
            return candidate
    return None


def _key(candidate: Candidate) -> str:
    return f"{candidate.family} {sorted(candidate.params.items(), key=str)}"


def _scored(history: Sequence[TrialResult], family: str) -> list[TrialResult]:
    """Usable trials of a family, best first."""
    found = [r for r in history if r.candidate.family == family and r.status == "done" and r.score is not None]
    return sorted(found, key=lambda r: (-(r.score or 0.0), r.index))


def _family(
    history: Sequence[TrialResult], tunable: Sequence[Tunable], turn: int, rng: np.random.Generator
) -> Tunable | None:
    """The family with the best trial; every fourth turn one of the others, better ones more often."""
    ranked = [t for t in tunable if t.space and _scored(history, t.family)]
    ranked.sort(key=lambda t: -(_scored(history, t.family)[0].score or 0.0))
    if not ranked:
        return None
    if turn % OTHER_KIND_EVERY == OTHER_KIND_EVERY - 1 and len(ranked) > 1:
        chance = 0.5 ** np.arange(1, len(ranked))
        return ranked[1 + int(rng.choice(len(ranked) - 1, p=chance / chance.sum()))]
    return ranked[0]


# ------------------------------------------------------------------------------------------------------------ mutation
def _mutation(history: Sequence[TrialResult], tunable: Tunable, rng: np.random.Generator) -> dict[str, Any]:
    """One of the family's two best candidates with some parameters changed."""
    parents = _scored(history, tunable.family)[:2]
    parent = parents[int(rng.integers(len(parents)))].candidate.params
    params = {name: value for name, value in parent.items() if name != "folds"}
    for name, space in tunable.space.items():
        if name in params and rng.random() < CHANGED:
            params[name] = _near(params[name], space, rng)
        elif name not in params and rng.random() < ADDED:
            params[name] = _any(space, rng)
    return params


def _any(space: Sequence[Any], rng: np.random.Generator) -> Any:
    if space[0] == "choice":
        return space[1 + int(rng.integers(len(space) - 1))]
    return _at(space, rng.random())


def _near(value: Any, space: Sequence[Any], rng: np.random.Generator) -> Any:
    if space[0] == "choice" or not isinstance(value, (int, float)):
        return _any(space, rng)
    low, high, log = (float(v) for v in space[1:])
    place = (np.log(max(value, 1e-12) / low) / np.log(high / low)) if log else (value - low) / (high - low)
    return _at(space, float(np.clip(place + rng.normal(0, STEP), 0, 1)))


def _at(space: Sequence[Any], place: float) -> Any:
    """The value at `place` in [0, 1] of a numeric range, rounded so that reports stay readable."""
    kind, low, high, log = space
    value = low * (high / low) ** place if log else low + (high - low) * place
    return round(value) if kind == "int" else float(f"{value:.3g}")


# ----------------------------------------------------------------------------------------------------------------- TPE
def _tpe(history: Sequence[TrialResult], tunable: Tunable, seed: int) -> dict[str, Any]:
    """Parameters by a tree-structured Parzen estimator (Bergstra et al. 2011), its study rebuilt from the history.

    What the space does not name is taken from the family's best candidate."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ranges = {name: _distribution(optuna.distributions, space) for name, space in tunable.space.items()}
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=4)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for result in _scored(history, tunable.family):
        params = {n: v for n, v in result.candidate.params.items() if n in ranges and _inside(v, tunable.space[n])}
        if params:
            used = {name: ranges[name] for name in params}
            study.add_trial(optuna.trial.create_trial(params=params, distributions=used, value=result.score))
    drawn = study.ask(ranges).params
    best = _scored(history, tunable.family)[0].candidate.params
    kept = {name: value for name, value in best.items() if name not in tunable.space and name != "folds"}
    return {**kept, **{n: float(f"{v:.3g}") if isinstance(v, float) else v for n, v in drawn.items()}}


def _distribution(distributions: Any, space: Sequence[Any]) -> Any:
    if space[0] == "choice":
        return distributions.CategoricalDistribution(list(space[1:]))
    kind = distributions.IntDistribution if space[0] == "int" else distributions.FloatDistribution
    return kind(space[1], space[2], log=bool(space[3]))


def _inside(value: Any, space: Sequence[Any]) -> bool:
    if space[0] == "choice":
        return value in space[1:]
    return isinstance(value, int | float) and space[1] <= value <= space[2]
