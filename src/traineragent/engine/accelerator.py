"""Where networks learn here, and how much faster a GPU makes it. Asks torch, and only where it is installed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

TIMED = 3  # steps, of which the fastest counts, after one that warms up
Step = Callable[[], object]


def accelerated() -> bool:
    """Whether torch is there and sees a GPU."""
    try:
        import torch
    except ImportError:
        return False
    return bool(torch.cuda.is_available())


def device() -> str:
    """Where torch should learn: "cuda" where it sees a GPU, else "cpu"."""
    return "cuda" if accelerated() else "cpu"


def speed_up(step_on: Callable[[str], Step], device: str) -> dict[str, float]:
    """{"speed_up": how many times as fast a step is on `device` as on this machine's processor}; {} where it is that.

    `step_on(device)` makes everything ready there and returns the step, the same work on both."""
    if device == "cpu":
        return {}
    return {"speed_up": _seconds(step_on("cpu")) / max(_seconds(step_on(device)), 1e-9)}


def in_words(speed_up: float | None, threads: int) -> str:
    """What a reader of the report is told of it, "" without a GPU."""
    if speed_up is None:
        return ""
    return f"; a step on the GPU is {speed_up:.3g} times as fast as on {threads} threads of the processor"


def _seconds(step: Step) -> float:
    """The fastest of some, in seconds. A GPU works on after a call returned, so it is waited for."""
    wait: Step = lambda: None  # noqa: E731  a default for machines without one
    if accelerated():
        import torch

        wait = torch.cuda.synchronize
    step()
    best = math.inf
    for _ in range(TIMED):
        wait()
        start = time.perf_counter()
        step()
        wait()
        best = min(best, time.perf_counter() - start)
    return best
