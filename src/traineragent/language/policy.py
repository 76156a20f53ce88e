"""May it be done, and can it be done, judged from the words by rules kept as data (knowledge/policy). Decides by
purpose, persons concerned and effect; a scary word alone never declines. Knows nothing of cells and headers."""

from __future__ import annotations

from ..domain.task import Verdict
from .reading import Reading


def judge_reading(reading: Reading, task_type: str, target: str | None) -> Verdict:
    return Verdict()
