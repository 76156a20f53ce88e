"""The scale on which a regression target is learned: standardised as it is, or its logarithm when it is skewed.

Fitted on the rows of one fold and part of the served graph. It knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..export.builder import GraphBuilder

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class TargetScale:
    """value = undo(raw): raw * spread + centre, then (`log`) exp(...) - `shift`, then kept within [`low`, `high`]."""

    log: bool
    centre: float
    spread: float
    shift: float
    low: float
    high: float

    def forward(self, y: Float64) -> Float64:
        value = np.log(np.maximum(y + self.shift, 1e-9)) if self.log else y
        return (value - self.centre) / self.spread

    def undo(self, raw: Float64) -> Float64:
        value = raw * self.spread + self.centre
        if self.log:
            value = np.exp(np.minimum(value, 80.0)) - self.shift
        return np.clip(value, self.low, self.high)

    def write(self, graph: GraphBuilder, raw: str) -> str:
        """Nodes for `undo`."""
        value = graph.add("Add", graph.add("Mul", raw, graph.floats(self.spread)), graph.floats(self.centre))
        if self.log:
            value = graph.add("Exp", graph.add("Min", value, graph.floats(80.0)))
            value = graph.add("Sub", value, graph.floats(self.shift))
        return graph.add("Clip", value, graph.floats(self.low), graph.floats(self.high))

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"target": np.array([self.log, self.centre, self.spread, self.shift, self.low, self.high])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> TargetScale:
        log, *rest = arrays["target"].tolist()
        return cls(bool(log), *rest)


def fit_target(y: Float64, how: str = "plain") -> TargetScale:
    """`how`: "plain" or "log" (of y + 1 where zeros occur; a target with negative values stays plain).

    Predictions are kept within the range seen, widened by a tenth: a net extrapolating must not ruin an average."""
    low, high = float(y.min()), float(y.max())
    margin = 0.1 * (high - low)
    log = how == "log" and low >= 0
    shift = (1.0 if low < 1e-3 * max(float(np.median(y)), 1e-9) or low == 0 else 0.0) if log else 0.0
    value = np.log(y + shift) if log else y
    spread = float(value.std()) or 1.0
    bottom = max(low - margin, 0.0) if low >= 0 else low - margin
    return TargetScale(log, float(value.mean()), spread, shift, bottom, high + margin)
