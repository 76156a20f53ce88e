"""Proposes the next candidate: the portfolio in order, then tuning of what did best.

A pure function of what has been tried: a search that was killed and resumed is the same search. It knows nothing of
processes or files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..domain.run import Candidate, TrialResult

NET_EVERY = 4  # every fourth tuned candidate comes from the other kind of model
MUTATED_SHARE = 0.4  # of a candidate's parameters change in a mutation


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
    """The candidate of trial number `len(history)`, or None when `trials` are done or nothing is left to tune."""
    number = len(history)
    if trials is not None and number >= trials:
        return None
    if number < len(portfolio):
        return portfolio[number]
    return None
