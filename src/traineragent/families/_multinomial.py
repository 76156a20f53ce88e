"""Logistic regression of many classes or labels on wide dense features, a path of penalties in one go.

Products in float32 and sums in float64: a quarter of the time of a solver in float64, and each penalty starts from the
last solution. It knows nothing of rows' columns or of how features are encoded.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

STEPS = 60  # of L-BFGS for each penalty
GAIN = 1e-5  # of the loss, below which a step is the last


@dataclass(frozen=True)
class Weights:
    """score = features @ weight + bias; weight (features, outputs). `c`: the inverse penalty that was chosen."""

    weight: Float64
    bias: Float64
    c: float


def fit_path(
    z: Float32,
    y: NDArray[np.int64],
    outputs: int,
    path: Sequence[float],
    held: tuple[Float32, NDArray[np.int64]] | None,
    deadline: float | None = None,
) -> Weights:
    """The weights that the held rows like best along `path`, ascending inverse penalties (as C of LIBLINEAR): from its
    middle in the direction that helps, as long as it helps. Without held rows the middle stands. `y`: the class of each
    row, or yes and no to each label (rows, outputs).

    Minimises the log-loss with an L2 penalty by L-BFGS (Liu & Nocedal 1989). When the deadline passes, what was reached
    stands."""
    problem = _Problem(np.ascontiguousarray(z, dtype=np.float32), y, outputs, deadline)
    middle = len(path) // 2
    best = _measured(problem, np.zeros((z.shape[1] + 1) * outputs), path[middle], held)
    for some in (path[middle + 1 :], path[:middle][::-1]):
        before = best
        for c in some:
            if held is None or problem.late:
                break
            found = _measured(problem, best.at, c, held)
            if found.loss >= best.loss:
                break
            best = found
        if best is not before:
            break
    weight = best.at.reshape(-1, outputs)
    return Weights(weight[:-1].copy(), weight[-1].copy(), best.c)


@dataclass(frozen=True)
class _Solution:
    """A point, flat (features + 1, outputs), with what the held rows lose there."""

    at: Float64
    c: float
    loss: float


def _measured(problem: _Problem, start: Float64, c: float, held: tuple[Float32, NDArray[np.int64]] | None) -> _Solution:
    at = problem.solved(start, c)
    weight = at.reshape(-1, problem.outputs).astype(np.float32)
    loss = 0.0 if held is None else log_loss(held[0] @ weight[:-1] + weight[-1], held[1])
    return _Solution(at, c, loss)


def log_loss(raw: NDArray[np.floating], y: NDArray[np.int64]) -> float:
    """Mean negative log-likelihood of scores (rows, outputs): of the row's class, or summed over labels."""
    if y.ndim == 2:
        return float((np.logaddexp(0.0, raw) - y * raw).sum(axis=1).mean())
    top = raw.max(axis=1)
    total = top + np.log(np.exp(raw - top[:, None]).sum(axis=1))
    return float(np.mean(total - raw[np.arange(len(y)), y]))


class _Late(Exception):
    """The time is up; the last point stands."""


class _Problem:
    """The loss and its gradient over fixed rows."""

    def __init__(self, z: Float32, y: NDArray[np.int64], outputs: int, deadline: float | None) -> None:
        self.z, self.y, self.outputs, self.deadline = z, y, outputs, deadline
        self.rows = np.arange(len(y))
        self.late = False

    def solved(self, start: Float64, c: float) -> Float64:
        """The weights, flat (features + 1, outputs), for an inverse penalty of `c` a row's loss."""
        last = [start]

        def done(at: Float64) -> None:
            last[0] = at.copy()
            if self.deadline is not None and time.monotonic() > self.deadline:
                self.late = True
                raise _Late

        try:
            options = {"maxiter": STEPS, "ftol": GAIN, "gtol": 1e-6, "maxcor": 10}
            found = minimize(self._loss, start, args=(c,), jac=True, method="L-BFGS-B", callback=done, options=options)
        except _Late:
            return last[0]
        return np.asarray(found.x, dtype=np.float64)

    def _loss(self, flat: Float64, c: float) -> tuple[float, Float64]:
        weight = flat.reshape(-1, self.outputs).astype(np.float32)
        raw = self.z @ weight[:-1] + weight[-1]  # (rows, outputs)
        loss = self._of_labels(raw) if self.y.ndim == 2 else self._of_classes(raw)
        loss += 0.5 * float(np.square(weight[:-1], dtype=np.float64).sum()) / c
        gradient = np.concatenate([self.z.T @ raw + weight[:-1] / np.float32(c), raw.sum(axis=0, keepdims=True)])
        return loss / len(self.y), gradient.astype(np.float64).ravel() / len(self.y)

    def _of_classes(self, raw: Float32) -> float:
        """The summed loss; the scores become its derivative by them."""
        raw -= raw.max(axis=1, keepdims=True)
        own = raw[self.rows, self.y].astype(np.float64)
        np.exp(raw, out=raw)
        total = raw.sum(axis=1)
        raw /= total[:, None]
        raw[self.rows, self.y] -= 1
        return float((np.log(total, dtype=np.float64) - own).sum())

    def _of_labels(self, raw: Float32) -> float:
        """As `_of_classes`, each output a yes or no of its own."""
        loss = float((np.logaddexp(np.float32(0), raw) - self.y * raw).sum(dtype=np.float64))
        expit(raw, out=raw)
        raw -= self.y
        return loss
