"""Differences of two date features, added at the end of the matrix: computed alike in training and inside the graph.

Trees cannot subtract, and the service sends only what the columns declare. It knows nothing of models or raw values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


class Difference(NamedTuple):
    """x[:, first] - x[:, second] + offset; `offset` is the distance of the two columns' origins, in days."""

    first: int
    second: int
    offset: float


def extend(x: Float32, differences: Sequence[Difference]) -> Float32:
    """(rows, features) -> (rows, features + differences), float32; NaN where either side is missing."""
    if not differences:
        return x
    first, second = [d.first for d in differences], [d.second for d in differences]
    offset = np.array([d.offset for d in differences], dtype=np.float32)
    return np.concatenate([x, (x[:, first] - x[:, second]) + offset], axis=1)
