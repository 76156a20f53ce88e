"""Teaches a pretrained network new classes: first a head on what it sees, then all of it, the slower the nearer to the
pixels (Howard & Ruder 2018; Kumar et al. 2022). A larger network may teach a smaller one (Hinton et al. 2015).

The schedule follows the clock; what was learned is kept on disk, so that a run that was cut off goes on where it was.
Needs torch; knows nothing of graphs or of how a model is served.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  its name everywhere

from ..engine import accelerator
from ..export.network import loaded, preprocessing
from ._goals import Goal
from ._pictures import Pictures, augmented
from ._states import Kept, States

HEAD_RATE = 1e-3
FRONT = 0.1  # of the rate, for the weights next to the pixels
WARM = 0.1  # of the time in which the rates rise
DECAY = 0.02
SMOOTHING = 0.05
BATCH, FEW, SMALL_BATCH = 32, 800, 16  # pictures a step; below so many pictures in all, smaller steps
BLOCK = 32  # pictures looked at together where nothing is learned
MEASURED = 8  # pictures in the step that the clock is read by
ENOUGH_EPOCHS = 10.0  # for which a smaller side is taken where time is short
SHARE_OF_TIME = 0.8  # of the time left goes to steps, the rest to export and validation
HEAD_SHARE = 0.15  # of the time, for looking at pictures before the head is learned
HEAD_PENALTY = 0.02
RIDGE = tuple(10.0**k for k in range(7))
FEWEST_SEEN = 200  # pictures that a head is learned from, at least
CHECKS = (0.0, 0.4, 0.6, 0.8)  # of the training, after which validation pictures are looked at; first the head alone
PATIENCE = 3  # checks without a gain that end the training
SAVE_EVERY_S = 45.0
TAUGHT = 0.7  # weight of a teacher's answers beside the labels
WARMTH = 2.0  # temperature of a teacher's answers


@dataclass(frozen=True)
class Recipe:
    """How to tune. `sides`: pixels a side that may be looked at, the largest first, of which the first is taken that
    time allows; `depth`: share of the network that is kept, from its front."""

    checkpoint: Path
    sides: tuple[int, ...]
    depth: float
    epochs: float
    rate: float
    mirror: bool
    seed: int

    @property
    def settings(self) -> dict[str, Any]:
        """What decides what is learned, but for chance."""
        return {n: v for n, v in vars(self).items() if n not in ("mirror", "seed")}


class Network:
    """A pretrained body and a head that reads its features; `raw` are the scores before a softmax."""

    def __init__(self, checkpoint: Path, depth: float, side: int, goal: Goal, device: torch.device) -> None:
        self.body = loaded(checkpoint, depth).to(device, memory_format=torch.channels_last)
        self.goal, self.side, self.device = goal, side, device
        declared = preprocessing(checkpoint)
        scale, mean, deviation = declared["rescale"] * 255.0, declared["mean"], declared["deviation"]
        self._scale = _column(scale / deviation, device)
        self._shift = _column(mean / deviation, device)
        with torch.no_grad():
            width = self.features(torch.zeros(1, 3, side, side)).shape[1]
        self.head = torch.nn.Linear(width, goal.outputs).to(device)
        self.mean, self.spread = torch.zeros(width, device=device), torch.ones(width, device=device)

    def features(self, pictures: Tensor) -> Tensor:
        """pictures (rows, 3, side, side) in [0, 1] -> (rows, width)."""
        given = (pictures.to(self.device) * self._scale - self._shift).to(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=_half(self.device)):
            found: Tensor = self.body(given)
        return found.float()

    def raw(self, pictures: Tensor) -> Tensor:
        return self.scores(self.features(pictures))

    def scores(self, features: Tensor) -> Tensor:
        found: Tensor = self.head((features - self.mean) / self.spread)
        return found

    @torch.no_grad()
    def seen(self, pictures: Pictures, rows: NDArray[np.int64]) -> Tensor:
        """The features of these pictures, as they are."""
        blocks = [rows[i : i + BLOCK] for i in range(0, len(rows), BLOCK)]
        return torch.cat([self.features(torch.from_numpy(pictures.at(block))) for block in blocks])

    def learn_head(self, features: Tensor, y: Tensor) -> None:
        """A linear model of the features (rows, width) by the answers y (rows,)."""
        self.mean, spread = features.mean(0), features.std(0)
        self.spread = torch.where(spread > 1e-6, spread, torch.full_like(spread, 1e6))
        z = (features - self.mean) / self.spread
        if not self.goal.classes:
            self._learn_ridge(z, y)
            return
        torch.nn.init.zeros_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)
        optimiser = torch.optim.LBFGS(self.head.parameters(), max_iter=120, line_search_fn="strong_wolfe")

        def loss() -> Tensor:
            optimiser.zero_grad()
            wrong = self.goal.loss(self.head(z), y) + HEAD_PENALTY * self.head.weight.square().sum()
            wrong.backward()  # type: ignore[no-untyped-call]
            return wrong

        optimiser.step(loss)  # type: ignore[no-untyped-call]

    def _learn_ridge(self, z: Tensor, y: Tensor) -> None:
        """The penalty is the one with the smallest error on rows left out one by one (Golub et al. 1979)."""
        from sklearn.linear_model import RidgeCV

        found = RidgeCV(alphas=RIDGE).fit(z.double().cpu().numpy(), y.double().cpu().numpy())
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(found.coef_)[None])
            self.head.bias.fill_(float(found.intercept_))

    def linear(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The head on plain features: weight (width, outputs), bias (outputs,)."""
        weight = (self.head.weight / self.spread).detach()
        bias = (self.head.bias - weight @ self.mean).detach()
        return weight.T.cpu().numpy().astype(np.float32).copy(), bias.cpu().numpy().astype(np.float32)

    def state(self) -> dict[str, Tensor]:
        """All that was learned, by name."""
        found = {f"body.{n}": v for n, v in self.body.state_dict().items()}
        found |= {f"head.{n}": v for n, v in self.head.state_dict().items()}
        found |= {"mean": self.mean, "spread": self.spread}
        return {n: v.detach().cpu().clone().contiguous() for n, v in found.items()}

    def take(self, state: Mapping[str, Tensor]) -> None:
        """Goes back to a `state`."""
        for part, module in (("body.", self.body), ("head.", self.head)):
            module.load_state_dict({n.removeprefix(part): v for n, v in state.items() if n.startswith(part)})
        self.mean, self.spread = state["mean"].to(self.device), state["spread"].to(self.device)


class Tuning:
    """The training of one network on `pictures`, a function from pixels a side to them, with the answers y (rows,)."""

    def __init__(
        self,
        recipe: Recipe,
        pictures: Mapping[int, Pictures],
        y: NDArray[np.float64],
        goal: Goal,
        states: States,
        deadline: float | None,
        valid: tuple[Mapping[int, Pictures], NDArray[np.float64]] | None = None,
    ) -> None:
        self.recipe, self.pictures, self.states, self.valid = recipe, pictures, states, valid
        self.device = torch.device(accelerator.device())
        self.goal, self.y, self.rows = goal, goal.answers(y), len(y)
        self.batch = SMALL_BATCH if self.rows < FEW else BATCH
        self.rng = np.random.default_rng(recipe.seed)
        self.began = time.monotonic()
        self.ends = None if deadline is None else self.began + SHARE_OF_TIME * (deadline - self.began)
        self.kept = states.read()
        side = self.kept.side if self.kept else recipe.sides[-1]
        self.network = Network(recipe.checkpoint, recipe.depth, side, goal, self.device)
        self.teacher: Network | None = None
        self.epochs = self.kept.epochs if self.kept else 0.0  # that were made
        self._best: tuple[float, dict[str, Tensor], int] | None = None

    @property
    def over(self) -> bool:
        """Whether all of it was made before."""
        return self.kept is not None and self.kept.share >= 1

    def run(self) -> Network:
        """The tuned network; at once where it was tuned before."""
        if self.kept:
            self.network.take(self.kept.state)
            if self.over:
                return self.network
        else:
            self._begin()
        self._tune(self.kept.share if self.kept else 0.0)
        if self._best is not None and self._best[1]:
            self.network.take(self._best[1])
        self._write(1.0)
        return self.network

    def taught_by(self, teacher: Network, known: bool) -> None:
        """Lets `teacher` answer for each picture beside its label; one that does not know these classes yet learns a
        head."""
        if not known:
            self._learn_head(teacher, self._cost(teacher))
        for weight in (*teacher.body.parameters(), *teacher.head.parameters()):
            weight.requires_grad_(False)
        self.teacher = teacher

    # ------------------------------------------------------------------ what time allows
    def _begin(self) -> None:
        """Chooses the side by the clock and learns the head."""
        each = self._cost(self.network) / self.network.side**2
        self.network.side = self._side(each)
        self._learn_head(self.network, each * self.network.side**2)

    def _cost(self, network: Network) -> float:
        """Seconds that one step takes a picture."""
        given = torch.rand(MEASURED, 3, network.side, network.side)
        took = math.inf
        for _ in range(2):
            start = time.monotonic()
            network.features(given).square().mean().backward()  # type: ignore[no-untyped-call]
            if self.device.type == "cuda":
                torch.cuda.synchronize()  # else the clock is read before the work is done
            took = min(took, time.monotonic() - start)
        for weight in network.body.parameters():
            weight.grad = None
        return took / MEASURED

    def _side(self, each: float) -> int:
        """The largest at which enough epochs fit; `each`: seconds a pixel."""
        if self.ends is None:
            return self.recipe.sides[0]
        left = self.ends - time.monotonic()
        wanted = min(ENOUGH_EPOCHS, self.recipe.epochs) * self.rows
        return next((s for s in self.recipe.sides if each * s * s * wanted <= left), self.recipe.sides[-1])

    def _learn_head(self, network: Network, each: float) -> None:
        """From as many pictures as a part of the time is enough to look at; `each`: seconds a step takes a picture."""
        rows = self.rng.permutation(self.rows)
        if self.ends is not None:
            fitting = int(HEAD_SHARE * (self.ends - time.monotonic()) / max(each / 3, 1e-6))
            rows = rows[: max(fitting, FEWEST_SEEN)]
        network.learn_head(network.seen(self.pictures[network.side], rows), self.y[rows].to(self.device))

    # ------------------------------------------------------------------ the loop
    def _tune(self, done: float) -> None:
        """Steps until the epochs or the time are over; `done`: the share that was made before."""
        groups = self._groups()
        optimiser = torch.optim.AdamW(groups, weight_decay=DECAY)
        peaks = [group["lr"] for group in groups]
        checks, saved = [c for c in CHECKS if c >= done], time.monotonic()
        for share, rows in self._steps(done):
            while checks and share >= checks[0]:
                checks.pop(0)
                if self._checked():
                    return
            if time.monotonic() - saved > SAVE_EVERY_S:
                self._write(share)
                saved = time.monotonic()
            for group, peak in zip(optimiser.param_groups, peaks, strict=True):
                group["lr"] = peak * _cycle(share)
            loss = self._loss(rows)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_([p for group in groups for p in group["params"]], 1.0)
            optimiser.step()
            self.epochs += len(rows) / self.rows
        self._checked()

    def _write(self, share: float) -> None:
        self.states.write(Kept(self.network.state(), share, self.network.side, self.epochs))

    def _groups(self) -> list[dict[str, Any]]:
        """Weights in the order in which pictures meet them, each with its rate."""
        body = [p for p in self.network.body.parameters() if p.requires_grad]
        last = max(len(body) - 1, 1)
        rates = [self.recipe.rate * FRONT ** (1 - i / last) for i in range(len(body))]
        groups: list[dict[str, Any]] = [{"params": [p], "lr": rate} for p, rate in zip(body, rates, strict=True)]
        return [*groups, {"params": list(self.network.head.parameters()), "lr": HEAD_RATE}]

    def _steps(self, done: float) -> Iterator[tuple[float, NDArray[np.int64]]]:
        """(share of the training that is over, rows of the next step)."""
        began = time.monotonic()
        total = max(1, int((1 - done) * self.recipe.epochs * self.rows / self.batch))
        step = 0
        while True:
            order = self.rng.permutation(self.rows)
            for rows in np.array_split(order, max(1, self.rows // self.batch)):
                share = step / total
                if self.ends is not None:
                    share = max(share, (time.monotonic() - began) / max(self.ends - began, 1e-3))
                if share >= 1 and step:
                    return
                yield done + (1 - done) * min(share, 1.0), rows
                step += 1

    def _loss(self, rows: NDArray[np.int64]) -> Tensor:
        side = self.network.side if self.teacher is None else max(self.teacher.side, self.network.side)
        given = torch.from_numpy(self.pictures[side].at(rows)) - 0.5
        given = augmented(torch, given, self.rng, self.recipe.mirror, gently=not self.goal.classes) + 0.5
        y = self.y[rows].to(self.device)
        raw = self.network.raw(_resized(given, self.network.side))
        plain = self.goal.loss(raw, y, SMOOTHING)
        if self.teacher is None:
            return plain
        with torch.no_grad():
            said = self.teacher.raw(_resized(given, self.teacher.side))
        return TAUGHT * self.goal.taught(raw, said, WARMTH) + (1 - TAUGHT) * plain

    def _checked(self) -> bool:
        """Looks at the validation pictures and keeps what was best; True where going on is of no use."""
        if self.valid is None:
            return False
        pictures, y = self.valid
        with torch.no_grad():
            scores = self.network.scores(self.network.seen(pictures[self.network.side], np.arange(len(y))))
            loss = float(self.goal.loss(scores.cpu(), self.goal.answers(y)))
        if self._best is None or loss < self._best[0]:
            self._best = (loss, self.network.state(), 0)
            return False
        self._best = (self._best[0], self._best[1], self._best[2] + 1)
        return self._best[2] >= PATIENCE


def _resized(pictures: Tensor, side: int) -> Tensor:
    if pictures.shape[2] == side:
        return pictures
    return F.interpolate(pictures, size=(side, side), mode="bilinear", antialias=True, align_corners=False)


def _cycle(share: float) -> float:
    """The rates' share of their peak: up in a line, down along a cosine."""
    if share < WARM:
        return 0.05 + 0.95 * share / WARM
    return max(0.5 * (1 + math.cos(math.pi * (share - WARM) / (1 - WARM))), 0.01)


def _half(device: torch.device) -> bool:
    """Whether 16-bit numbers are faster there."""
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)
    return device.type == "cuda" or bool(known())


def _column(values: Any, device: torch.device) -> Tensor:
    return torch.tensor(np.asarray(values, dtype=np.float32).reshape(1, -1, 1, 1), device=device)


def sides_below(largest: int, held: int, sides: Sequence[int]) -> tuple[int, ...]:
    """The pixels a side that may be looked at, the largest first: small pictures gain nothing from being blown up more
    than twice."""
    most = min(largest, max(2 * held, sides[-1]))
    return tuple(dict.fromkeys([most, *(s for s in sides if s < most)]))
