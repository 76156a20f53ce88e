"""Which things are one, told pair by pair: a disjoint-set forest with path halving (Tarjan and van Leeuwen 1984)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Unions:
    """`things` things, numbered from 0, each alone at first."""

    def __init__(self, things: int) -> None:
        self._root = np.arange(things, dtype=np.int64)

    def find(self, i: int) -> int:
        """The least number of those that are one with `i`."""
        root = self._root
        while root[i] != i:
            root[i] = root[root[i]]
            i = int(root[i])
        return i

    def join(self, i: int, j: int) -> None:
        a, b = self.find(i), self.find(j)
        self._root[max(a, b)] = min(a, b)

    def numbers(self) -> NDArray[np.int64]:
        """A number a thing, equal for those that are one. Shape (things,)."""
        return np.array([self.find(i) for i in range(len(self._root))], dtype=np.int64)
