"""Features made of typed columns, at the end of the matrix: computed alike in training and inside the graph.

Trees cannot subtract two dates, and a function that somebody wrote may know more than the columns; the service sends
only what the columns declare. It knows nothing of models or raw values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .traced import Traced

Float32 = NDArray[np.float32]


class Difference(NamedTuple):
    """x[:, first] - x[:, second] + offset; `offset` is the distance of the two columns' origins, in days."""

    first: int
    second: int
    offset: float


Derived = Difference | Traced
"""One more column of the matrix, made of typed ones. Differences stand before traced functions."""


def extend(x: Float32, derived: Sequence[Derived]) -> Float32:
    """(rows, typed features) -> (rows, typed features + derived), float32; NaN where it cannot be computed."""
    if not derived:
        return x
    differences = [d for d in derived if isinstance(d, Difference)]
    blocks = [x]
    if differences:
        first, second = [d.first for d in differences], [d.second for d in differences]
        offset = np.array([d.offset for d in differences], dtype=np.float32)
        blocks.append((x[:, first] - x[:, second]) + offset)
    blocks += [d(x)[:, None] for d in derived if isinstance(d, Traced)]
    return np.concatenate(blocks, axis=1)


def derived_to_json(derived: Derived) -> Any:
    return derived.to_json() if isinstance(derived, Traced) else list(derived)


def derived_from_json(value: Any) -> Derived:
    """What `derived_to_json` gave."""
    return Traced.from_json(value) if isinstance(value, Mapping) else Difference(*value)
