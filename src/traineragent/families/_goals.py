"""What a network learns to answer: one of some classes, or a number. Needs torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  its name everywhere


@dataclass(frozen=True)
class Goal:
    """`classes`: how many there are, 0 where a number is asked for. Numbers are taken to be standardised."""

    classes: int

    @property
    def outputs(self) -> int:
        """How many a head gives a row."""
        return self.classes or 1

    def answers(self, y: NDArray[np.float64]) -> Tensor:
        """The labels or numbers y (rows,) as a loss takes them."""
        return torch.from_numpy(y.astype(np.int64 if self.classes else np.float32))

    def loss(self, raw: Tensor, y: Tensor, smoothing: float = 0.0, weight: Tensor | None = None) -> Tensor:
        """Of `raw` (rows, outputs): cross entropy, or the error that counts large ones less (Huber 1964)."""
        if self.classes:
            return F.cross_entropy(raw, y, weight=weight, label_smoothing=smoothing)
        return F.smooth_l1_loss(raw[:, 0], y)

    def taught(self, raw: Tensor, said: Tensor, warmth: float) -> Tensor:
        """How far `raw` is from what a teacher said; `warmth`: the temperature of classes (Hinton et al. 2015)."""
        if not self.classes:
            return F.smooth_l1_loss(raw, said)
        likely = F.softmax(said / warmth, dim=1)
        return F.kl_div(F.log_softmax(raw / warmth, dim=1), likely, reduction="batchmean") * warmth**2
