"""A limit as it is read, before it is final. Knows no words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .metrics import direction_of
from .quantities import Quantity

_LOWER = frozenset(
    {"latency_ms_p50", "latency_ms_p95", "latency_ms_p99", "size_mb", "memory_mb", "gpu_memory_mb", "train_minutes"}
)


@dataclass(frozen=True)
class Limit:
    """A limit before it is final: the requirement's name and value, the quantity behind it, where it was said."""

    name: str
    value: float
    quantity: Quantity
    at: int
    described: bool = False  # by an idiom, not by the metric's name
    soft: bool = False
    baseline: bool = False
    settled: bool = False  # worked out from today's figure, or told by a denial that is no retraction

    @property
    def direction(self) -> Literal["<=", ">="]:
        if self.name == "throughput_rows_s":
            return ">="
        if self.name in _LOWER:
            return "<="
        return ">=" if direction_of(self.name) == "maximize" else "<="
