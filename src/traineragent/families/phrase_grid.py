"""Finds what a phrase describes: a small detector that is told words, on top of a pretrained network or from scratch.

The words of the thing are learned; places, sizes and relations are left to arithmetic (`serve.grounding.scene`), and
the phrase as it stands is learned beside them for wordings that no rule knows. Needs the extra `vision`.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.accelerator import device, speed_up
from ..engine.grounding.phraseset import PhraseSet
from ..engine.grounding.training import Grounder, GroundingContext
from ..engine.grounding.words import mirrored
from ..errors import MissingExtra
from ..ports import Card
from ..serve.grounding.finder import FIRST_WORD, PADDING, WHOLE
from ._packages import lacking

BATCH, BATCH_ON_GPU = 8, 16  # pictures a step
HEADS = 2  # of the words of a picture, asked for at once
ANYTHING = 0.2  # share of pictures that are also asked for anything at all
WARM_UP, HIGHEST_EMA = 0.03, 0.998
MOST_VIEWS = 8  # of a picture
VIEWS_SHARE = 0.08  # of the time at most to make views and to look at them with the pretrained network
VIEWS_BYTES = 700_000_000
SAVING_CPU_S = 12.0  # to export a network and to judge it, beyond what is always kept back on an idle machine
SETTLED = 0.25  # of the training, after which the pretrained network learns with what reads it (Kumar et al. 2022)
MEASURED, FEWEST_TUNED = 2, 150  # steps by which the time is measured, and how many of them are of use at least
SLOWER = 0.2  # of the rate, for the pretrained network
BOX_WEIGHT = 1.5
STEPS = 1500  # where no time is given
AGREEMENT = 2e-2  # largest difference of a logit between graph and network
PROVED = 8


class PhraseGrid:
    card = Card(
        name="phrase_grid",
        title="Detector told by words",
        tasks=("visual_grounding",),
        min_rows=20,
        licence="Apache-2.0",
        source="Tian et al. 2019, FCOS; Perez et al. 2018, FiLM; Lin et al. 2017, Feature Pyramid Networks",
    )

    def lacks(self) -> str:
        """What must be installed first, "" if nothing."""
        return lacking(("torch",), "vision")

    def space(self, phrases: PhraseSet) -> Mapping[str, Any]:
        return {"learning_rate": ("float", 8e-4, 4e-3, True), "width": ("choice", 48, 64, 96)}

    def fit(self, params: Mapping[str, Any], phrases: PhraseSet, context: GroundingContext) -> Grounder:
        """Learns until `context.deadline` (or for `steps` steps), going on from a checkpoint in `context.folder`.

        params: checkpoint (folder of a pretrained network; none: from scratch), width, learning_rate, reading ("rules",
        or "whole": only the phrase as it stands). Raises MissingExtra without torch."""
        if self.lacks():
            raise MissingExtra("torch", "vision", "finding things in pictures")
        return _Training(params, phrases, context).run()


@dataclass(frozen=True)
class _Query:
    """Tokens, the row of the batch they are asked of, and what they should find there."""

    tokens: list[int]
    row: int
    marks: Any


class _Training:
    """One training, from the start or from its checkpoint: first on what a pretrained network sees of some views, which
    is computed once, then with that network itself, on new views all the time. `settled`: whether it was decided if
    there is time for that, `tuned`: if so."""

    def __init__(self, params: Mapping[str, Any], phrases: PhraseSet, context: GroundingContext) -> None:
        import torch

        from ._grid_lessons import Course, finest_of
        from ._grid_net import GridNet
        from ._saved_training import SavedTraining

        self.torch, self.params, self.context, self.phrases = torch, dict(params), context, phrases
        torch.set_num_threads(context.threads)
        torch.manual_seed(context.seed)
        self.start, self.begun_cpu = time.monotonic(), time.process_time()
        self.device = device()
        self.batch = BATCH if self.device == "cpu" else BATCH_ON_GPU
        self.features = self._features()
        channels = self.features.channels if self.features else ()
        width = int(params.get("width", 64))
        self.net = GridNet(channels, len(phrases.words) + FIRST_WORD, width, finest_of(phrases)).to(self.device)
        self.ids = {w: i + FIRST_WORD for i, w in enumerate(phrases.words)}
        self.rate = float(params.get("learning_rate", 2e-3))
        self._let_learn()
        self.step, self.spent = 0, 0.0
        self.tuned = self.features is None  # nothing of a view can be computed once
        self.settled = self.tuned or not params.get("tune", True)
        self.random = torch.Generator().manual_seed(context.seed)
        belongs = {"params": self.params, "seed": context.seed, "words": len(self.ids)}
        self.saved = SavedTraining(context.folder, belongs)
        pictures = np.flatnonzero(~phrases.held)
        self.course = Course(phrases, pictures, mirrored(phrases.reading["places"]))
        self.pictures = np.array([p for p in pictures if self.course.scenes[int(p)].things], dtype=np.int64)

    def _features(self) -> Any:
        from ._grid_features import Features

        checkpoint = self.params.get("checkpoint")
        return Features(Path(checkpoint), self.phrases.side).to(self.device) if checkpoint else None

    def _let_learn(self) -> None:
        """Everything that learns, its moving average, and the rates."""
        torch = self.torch
        seen = self.features.learn(self.phrases.side) if self.features else []
        self.whole = torch.nn.ModuleDict({"net": self.net, **({"features": self.features} if self.features else {})})
        if self.features:
            self.features.to(memory_format=torch.channels_last)
        self.learned = {n: p for n, p in self.whole.named_parameters() if p.requires_grad}
        self.mean = {n: p.detach().clone() for n, p in self.learned.items()}
        groups = [{"params": list(self.net.parameters()), "peak": self.rate}]
        groups += [{"params": seen, "peak": SLOWER * self.rate}] if seen else []
        self.optimiser = torch.optim.AdamW(groups, lr=self.rate, weight_decay=0.02, betas=(0.9, 0.99))

    # ------------------------------------------------------------------ the loop
    def run(self) -> Grounder:
        facts = self.saved.go_on(self.learned, self.mean, self.optimiser, self.random)
        if facts is not None:
            self.step, self.spent, self.tuned, self.settled = (facts[n] for n in ("step", "spent", "tuned", "settled"))
        if not self.tuned:
            self._make_views()
        self.gained = speed_up(self._step_on, self.device)
        start = time.monotonic() - self.spent
        while (done := self._share(start)) < 1.0:
            if done >= SETTLED and not self.settled:
                self.settled, self.tuned = True, self.tuned or self._tunes()
            self._learn(done)
            if self.saved.due(done):
                self.spent = time.monotonic() - start
                reached = {"step": self.step, "spent": self.spent, "tuned": self.tuned, "settled": self.settled}
                self.saved.keep(done, self.learned, self.mean, self.optimiser, self.random, **reached)
                self.context.progress(done)
        self.spent = time.monotonic() - start
        with self.torch.no_grad():
            for name, value in self.mean.items():
                self.learned[name].copy_(value)
        return self._grounder()

    def _share(self, start: float) -> float:
        """How much of the training is done: by the clock where there is a deadline, by steps where they are counted. On
        a busy machine what comes after takes longer too, and must begin earlier."""
        counted = self.step / int(self.params.get("steps", STEPS))
        if self.context.deadline is None:
            return counted
        now = time.monotonic()
        alone = (time.process_time() - self.begun_cpu) / max(now - self.start, 1e-3)  # of the time, on a processor
        late = SAVING_CPU_S * (1.0 / float(np.clip(alone, 0.05, 1.0)) - 1.0) if now - self.start > 1.0 else 0.0
        whole = self.context.deadline - start
        timed = (now - start) / max(whole - min(late, 0.5 * whole), 1.0)
        return max(timed, counted) if "steps" in self.params else timed

    def _tunes(self) -> bool:
        """Whether the pretrained network learns as well from now on: if there is time for steps enough of it."""
        deadline = self.context.deadline
        if deadline is None:
            return True
        self.tuned, took = True, math.inf
        for _ in range(MEASURED):
            start = time.monotonic()
            self._error().backward()
            took = min(took, time.monotonic() - start)
        self.tuned = False
        return (deadline - time.monotonic()) / took >= FEWEST_TUNED

    def _make_views(self) -> None:
        """Views of all pictures, with what the pretrained network sees of each, made once: as many of each picture as
        time and memory allow."""
        from ._grid_views import View, pixels_of, views_of

        begun, side = time.monotonic(), self.phrases.side
        rng = np.random.default_rng([self.context.seed, 17])
        self.views: list[View] = []
        pixels, seen = [], []
        for number in range(self._most_views()):
            views = views_of(self.pictures, number, rng)
            made = np.empty((len(views), side, side, 3), np.uint8)
            for i, view in enumerate(views):
                made[i] = pixels_of(view, self.phrases.pixels[view.of])
            self.views += views
            pixels.append(made)
            seen.append(self._looked_at(made))
            took = time.monotonic() - begun
            ahead = took * (number + 2) / (number + 1)
            if self.context.deadline is not None and ahead > VIEWS_SHARE * (self.context.deadline - begun):
                break
        self.pixels = np.concatenate(pixels)
        self.seen = [self.torch.cat([one[level] for one in seen]) for level in range(len(seen[0]))]

    def _most_views(self) -> int:
        """Views of a picture that fit into memory."""
        side = self.phrases.side
        channels = zip(self.features.channels, (8, 16, 32), strict=True)
        each = side * side * 3 + sum(2 * c * (side // stride) ** 2 for c, stride in channels)
        return int(np.clip(VIEWS_BYTES / max(len(self.pictures) * each, 1), 1, MOST_VIEWS))

    def _looked_at(self, pixels: NDArray[np.uint8]) -> list[Any]:
        """What the pretrained network sees in all views, in half precision."""
        from ._grid_features import tensor_of

        torch, out = self.torch, []
        with torch.inference_mode(), self._half(self.device):
            for i in range(0, len(pixels), 16):
                seen = self.features(tensor_of(pixels[i : i + 16]).to(self.device))
                out.append([h.half().cpu() for h in seen])
        return [torch.cat([o[level] for o in out]) for level in range(len(out[0]))]

    def _half(self, device: str) -> Any:
        """16-bit numbers, where they are faster."""
        kind, known = self.torch.device(device).type, getattr(self.torch.cpu, "_is_avx512_bf16_supported", bool)
        return self.torch.autocast(kind, self.torch.bfloat16, enabled=kind == "cuda" or bool(known()))

    def _learn(self, done: float) -> None:
        """One step on a batch of views and what is asked of them."""
        torch = self.torch
        for group in self.optimiser.param_groups:
            warm = min(1.0, (done + 1e-4) / WARM_UP)
            group["lr"] = group["peak"] * warm * (0.01 + 0.5 * (1.0 + math.cos(math.pi * done)))
        self.optimiser.zero_grad(set_to_none=True)
        self._error().backward()
        torch.nn.utils.clip_grad_norm_(self.learned.values(), 2.0)
        self.optimiser.step()
        self.step += 1
        decay = min(HIGHEST_EMA, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.mean.values()), list(self.learned.values()), 1.0 - decay)

    def _error(self) -> Any:
        """The loss of a new batch."""
        return self._error_of(self.whole, *self._batch())

    def _batch(self) -> tuple[Any, list[Any], Any, Any, list[Any]]:
        """(pixels, what the pretrained network sees of them, tokens, the row that each is asked of, what should be
        found) of a step."""
        views, pixels, seen = self._met()
        rng = np.random.default_rng(int(self.torch.randint(2**31, (1,), generator=self.random)))
        queries = [q for row, view in enumerate(views) for q in self._asked(view, row, rng)]
        of = self.torch.tensor([q.row for q in queries], device=self.device)
        return pixels, seen, self._padded([q.tokens for q in queries]), of, [q.marks for q in queries]

    def _error_of(self, whole: Any, pixels: Any, seen: Sequence[Any], tokens: Any, of: Any, marks: list[Any]) -> Any:
        """The loss of a batch on the device where it and `whole`, the networks, are."""
        with self._half(pixels.device.type):
            seen = whole["features"](pixels) if self.tuned and self.features else seen
            logits, boxes = whole["net"](pixels, seen, tokens, of)
        return self._loss(logits.float(), boxes.float(), marks)

    def _step_on(self, device: str) -> Callable[[], None]:
        """A step that teaches copies of the networks on `device`."""
        whole = copy.deepcopy(self.whole).to(device)
        pixels, seen, tokens, of, marks = self._batch()
        there = (pixels.to(device), [h.to(device) for h in seen], tokens.to(device), of.to(device))
        return lambda: self._error_of(whole, *there, marks).backward()

    def _met(self) -> tuple[list[Any], Any, list[Any]]:
        """(views, their pixels, what the pretrained network sees of them) of a step; nothing is seen yet where that
        learns."""
        from ._grid_features import tensor_of
        from ._grid_views import pixels_of, view_of

        torch = self.torch
        if not self.tuned:
            pick = torch.randint(len(self.views), (min(self.batch, len(self.views)),), generator=self.random).tolist()
            seen = [h[pick].float().to(self.device) for h in self.seen]
            return [self.views[i] for i in pick], tensor_of(self.pixels[pick]).to(self.device), seen
        count = min(self.batch, len(self.pictures))
        rng = np.random.default_rng(int(torch.randint(2**31, (1,), generator=self.random)))
        views = [view_of(int(p), rng) for p in rng.choice(self.pictures, count, replace=False)]
        pixels = np.stack([pixels_of(v, self.phrases.pixels[v.of]) for v in views])
        return views, tensor_of(pixels).to(self.device), []

    def _padded(self, rows: Sequence[Sequence[int]]) -> Any:
        longest = max(1, *map(len, rows))
        padded = [[*r, *[PADDING] * (longest - len(r))] for r in rows]
        return self.torch.tensor(padded, dtype=self.torch.int64, device=self.device)

    def _asked(self, view: Any, row: int, rng: np.random.Generator) -> list[_Query]:
        """What is asked of a view: words of its things, words of none of them, and a phrase as it stands."""
        scene, side = self.course.scenes[view.of], self.phrases.side
        lessons = [scene.lessons[i] for i in rng.permutation(len(scene.lessons))[:HEADS]]
        absent = self.course.absent(scene, rng)
        lessons += [absent] if absent is not None else []
        lessons += [scene.anything] if rng.random() < ANYTHING else []
        out = []
        if self.params.get("reading") != "whole":
            out = [_Query(self._ids(x.words), row, self.course.marks(scene, x, view, side)) for x in lessons]
        phrase = scene.phrases[int(rng.integers(len(scene.phrases)))]
        words = self.course.phrase_in(phrase, view)
        if words is not None:
            marks = self.course.marks(scene, phrase, view, side)
            if (marks.thing >= 0).any():
                out.append(_Query([WHOLE, *self._ids(words)], row, marks))
        return out

    def _ids(self, words: Sequence[str]) -> list[int]:
        return [self.ids[w] for w in words if w in self.ids]

    # ------------------------------------------------------------------ the loss
    def _loss(self, logits: Any, boxes: Any, marks: Sequence[Any]) -> Any:
        """Scores learn the overlap that their box has (Zhang et al. 2021, VarifocalNet), boxes the generalised overlap
        (Rezatofighi et al. 2019)."""
        torch, device = self.torch, logits.device
        thing = torch.from_numpy(np.stack([m.thing for m in marks])).to(device)
        weight = torch.from_numpy(np.stack([m.weight for m in marks])).to(device)
        query, cell = torch.nonzero(thing >= 0, as_tuple=True)
        target = torch.zeros_like(logits)
        count = max(len(query), 1)
        box_loss = logits.sum() * 0.0
        if len(query):
            first = np.cumsum([0, *(len(m.boxes) for m in marks[:-1])])
            known = torch.from_numpy(np.concatenate([m.boxes for m in marks])).to(device)
            true = known[torch.from_numpy(first).to(device)[query] + thing[query, cell]]
            overlap, general = _overlaps(boxes[query, cell], true, torch)
            box_loss = (1.0 - general).mean()
            target[query, cell] = 0.3 + 0.7 * overlap.detach()
        chance = torch.sigmoid(logits)
        focus = torch.where(target > 0, torch.ones_like(target), chance.detach() ** 2)
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        return (entropy * focus * weight).sum() / count + BOX_WEIGHT * box_loss

    # ------------------------------------------------------------------ what is delivered
    def _grounder(self) -> Grounder:
        from ._grid_export import exported
        from ._grid_net import parameters

        net, features = self.net.to("cpu").eval(), None if self.features is None else self.features.to("cpu").eval()
        if features is not None:
            features.to(memory_format=self.torch.contiguous_format)
        graph, parity = exported(net, features, self.phrases, self.ids)
        if parity > AGREEMENT:
            raise ValueError(f"the exported graph differs from the network by {parity:.3g} in a score")
        settings: dict[str, Any] = {
            "side": self.phrases.side,
            "words": list(self.phrases.words),
            "reading": dict(self.phrases.reading),
            "choice": {"scale": 1.0, "shift": 0.0, "whole": 0.0},
        }
        if self.params.get("reading") == "whole":
            settings["whole_only"] = 1.0
        count = parameters(net) + (0 if features is None else parameters(features))
        facts = {
            "steps trained": self.step,
            "seconds trained": self.spent,
            "pretrained network": "learned, too" if self.tuned else "as it was",
            "device": self.device,
            "batch": self.batch,
            **self.gained,
        }
        return Grounder(graph, settings, count, parity, PROVED, facts)


def _overlaps(given: Any, true: Any, torch: Any) -> tuple[Any, Any]:
    """(IoU, generalised IoU) of pairs of boxes (n, 4)."""
    low, high = torch.maximum(given[:, :2], true[:, :2]), torch.minimum(given[:, 2:], true[:, 2:])
    shared = (high - low).clamp(min=0).prod(dim=1)
    area = (given[:, 2:] - given[:, :2]).clamp(min=0).prod(dim=1) + (true[:, 2:] - true[:, :2]).prod(dim=1) - shared
    around = torch.maximum(given[:, 2:], true[:, 2:]) - torch.minimum(given[:, :2], true[:, :2])
    hull = around.clamp(min=0).prod(dim=1)
    overlap = shared / area.clamp(min=1e-9)
    return overlap, overlap - (hull - area) / hull.clamp(min=1e-9)


PLUGIN = PhraseGrid()
