"""Trains one candidate of the rows line: opens the prepared matrix once a process and hands it to the training."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from ..domain.run import Trial, TrialResult
from .dataset import TrainingData
from .training import train_trial


def train(data: Path, trial: Trial, **how: Any) -> TrialResult:
    """`train_trial` on the table in the folder `data`."""
    return train_trial(_opened(data, (data / "table.json").stat().st_mtime_ns), trial, **how)


@lru_cache(maxsize=1)
def _opened(data: Path, changed_ns: int) -> TrainingData:
    return TrainingData.load(data)
