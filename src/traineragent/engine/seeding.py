"""Where the randomness of a trial comes from, so that a search that is resumed is the same search."""

from __future__ import annotations

import numpy as np


def seed_of(seed: int, index: int) -> int:
    """The seed of a trial: everything random in it derives from the run's seed and its index."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1)[0] % 2**31)
