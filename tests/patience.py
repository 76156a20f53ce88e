"""Time limits of tests: as stated on an idle machine, longer on a busy one by what a fixed piece of work takes now."""

from __future__ import annotations

import time

SPIN_S = 0.1
"""Of the processor; long enough for the scheduler to give others their turn."""


def patience(seconds: float) -> float:
    """So many seconds of an idle machine, and twice what others take of this one on top."""
    wall, cpu = time.monotonic(), time.process_time()
    while time.process_time() - cpu < SPIN_S:
        pass
    return seconds * max(1.0, 2 * (time.monotonic() - wall) / SPIN_S - 1)
