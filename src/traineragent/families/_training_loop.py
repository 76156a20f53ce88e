"""Training step by step, by the clock or by number: warm-up and cosine, moving average, checkpoints.

Knows nothing of what is learned; needs torch.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ._saved_training import SavedTraining


class LoopContext(Protocol):
    """What a loop asks of the context of a fit. `deadline` is on time.monotonic()."""

    @property
    def seed(self) -> int: ...
    @property
    def folder(self) -> Path: ...
    @property
    def deadline(self) -> float | None: ...
    @property
    def progress(self) -> Callable[[float], None]: ...


@dataclass(frozen=True)
class Pace:
    """How a loop goes: `rounds` steps where no time is given; `settled`, the share of the time that is for learning;
    `warm_up`, the share of the training in which the rate rises; `average`, the highest decay of the moving average."""

    rounds: int
    settled: float
    warm_up: float
    average: float


class TrainingLoop(ABC):
    """One training, from the start or from its checkpoint. A subclass calls `begin` and has `learn`."""

    tracked: tuple[str, ...] = ("step", "spent")  # numbers that a checkpoint keeps

    def begin(
        self,
        params: Mapping[str, Any],
        context: LoopContext,
        learned: Mapping[str, Any],
        optimiser: Any,
        pace: Pace,
    ) -> None:
        """`learned`: name -> the tensors that `optimiser` changes in place, and whatever else belongs to the state.
        `rounds` in `params` counts the steps, whatever time there is."""
        import torch

        self._pace, self._context, self._counted = pace, context, "rounds" in params
        self._rounds = int(params.get("rounds", pace.rounds))
        self.learned, self.optimiser = learned, optimiser
        self.mean = {name: value.detach().clone() for name, value in learned.items()}
        self._rates = [group["lr"] for group in optimiser.param_groups]
        self.random = torch.Generator().manual_seed(context.seed)
        self.step, self.spent = 0, 0.0
        self._saved = SavedTraining(context.folder, {"params": dict(params), "seed": context.seed})

    @abstractmethod
    def learn(self) -> None:
        """Gradients of one batch for the optimiser."""

    def go(self) -> dict[str, Any]:
        """Learns until the end, going on from the checkpoint of the same training, if there is one; facts about it."""
        facts = self._saved.go_on(self.learned, self.mean, self.optimiser, self.random)
        for name in self.tracked if facts is not None else ():
            setattr(self, name, facts[name])  # type: ignore[index]
        went_on = {"went on from step": self.step} if self.step else {}
        start, done = time.monotonic() - self.spent, 0.0
        while (done := max(self._share(start), done)) < 1.0:
            self.take_step(done)
            if self._saved.due(done):
                self.spent = time.monotonic() - start
                numbers = {name: getattr(self, name) for name in self.tracked}
                self._saved.keep(done, self.learned, self.mean, self.optimiser, self.random, **numbers)
                self._context.progress(done)
        self.spent = time.monotonic() - start
        return {"steps trained": self.step, "seconds trained": self.spent, **went_on}

    def _share(self, start: float) -> float:
        """How much of the training is done: by steps where their number is set, which a deadline may cut short, or
        there is no deadline; else by the clock."""
        deadline, steps = self._context.deadline, self.step / self._rounds
        if deadline is None:
            return steps
        clock = (time.monotonic() - start) / max(self._pace.settled * (deadline - start), 1.0)
        return clock if not self._counted or clock >= 1.0 else steps

    def take_step(self, done: float) -> None:
        """One step of the optimiser and of the average, when the share `done` of the training is over."""
        import torch

        share = min(1.0, (done + 1e-4) / self._pace.warm_up) * 0.5 * (1.0 + math.cos(math.pi * done))
        for group, rate in zip(self.optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * share
        self.optimiser.zero_grad(set_to_none=True)
        self.learn()
        torch.nn.utils.clip_grad_norm_([p for g in self.optimiser.param_groups for p in g["params"]], 1.0)
        self.optimiser.step()
        self.step += 1
        decay = min(self._pace.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.learned.items():
                self.mean[name].lerp_(value, 1.0 - decay) if value.is_floating_point() else self.mean[name].copy_(value)
