"""Trains one candidate that draws, and compares what it draws with pictures that were kept back.

It runs in the process that may be killed and writes into the trial's folder; it knows nothing of plans or agents.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .. import registry
from ..domain.run import Trial, TrialResult
from ..ports import Card
from ..serve.manifest import file_sha256
from ..serve.painter import GRAPH, Painter
from ..serve.sampling import MOST_SEED, TOGETHER, Paint, Pixels
from ..store.files import write_json
from .accelerator import in_words
from .likeness import Judge, Likeness
from .pictureset import PictureSet
from .seeding import seed_of

STEPS = 16  # of the sampler, where a family does not say otherwise
DRAWN = 120  # pictures drawn to compare by
FEWEST_DRAWN = 64
FEWEST_AT_ALL = 16  # where each takes long
SAVING_SHARE = 0.12  # of a trial's time, kept for export and for drawing
LEAST_SAVING_S = 15.0  # but so many seconds at least, and never more than half
MOST_SLOWNESS = 5.0


@dataclass(frozen=True)
class DrawContext:
    """What a fit may know beside its pictures. `folder` is for checkpoints and for the files of `Drawing`; `judged`
    tells how good what is painted so is beside the pictures kept back, larger is better. `end` is when all must be
    over, export and comparison too, on time.monotonic()."""

    seed: int
    threads: int
    folder: Path
    end: float | None = None
    progress: Callable[[float], None] = lambda share: None
    judged: Callable[[Paint], float] | None = None
    start: float = field(default_factory=time.monotonic)
    start_cpu: float = field(default_factory=time.process_time)

    @property
    def deadline(self) -> float | None:
        """When learning must stop, so that time is left for what comes after: sooner on a machine that is busy with
        other things, where that takes as much longer as learning did."""
        if self.end is None:
            return None
        whole, spent = self.end - self.start, time.monotonic() - self.start
        worked = max(time.process_time() - self.start_cpu, 1e-3)
        slowness = min(max(spent / worked, 1.0), MOST_SLOWNESS) if spent > 1.0 else 1.0
        return self.end - min(max(SAVING_SHARE * whole, LEAST_SAVING_S * slowness), 0.5 * whole)


@dataclass(frozen=True)
class Drawing:
    """A trained model that draws: ONNX `graph` (x, t, words) -> y as `serve.sampling` takes it, or none where the fit
    wrote it itself. `files` it wrote into its folder; `latent` is what `serve.painter` must know of them."""

    graph: bytes
    shape: tuple[int, int, int]
    parameters: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    steps: int = STEPS
    files: tuple[str, ...] = ()
    latent: Mapping[str, Any] | None = None

    def painter(self, folder: Path) -> Painter:
        """What draws with the files of this model in `folder`, where its graph is written, too."""
        if self.graph:
            (folder / GRAPH).write_bytes(self.graph)
        return Painter(folder, GRAPH, self.settings)

    @property
    def settings(self) -> dict[str, Any]:
        """What the server must know, but for the names."""
        channels, height, width = self.shape
        size: dict[str, Any] = {"channels": channels, "height": height, "width": width, "steps": self.steps}
        return size if self.latent is None else {**size, "latent": dict(self.latent)}


class DrawingFamily(Protocol):
    """A kind of model that draws: one file in `families/` whose card names "image_generation"."""

    card: Card

    def lacks(self) -> str:
        """What must be installed first, "" if nothing."""

    def space(self, pictures: PictureSet) -> Mapping[str, Any]: ...

    def fit(self, params: Mapping[str, Any], pictures: PictureSet, context: DrawContext) -> Drawing: ...


def train(
    data: Path,
    trial: Trial,
    *,
    metric: str,
    seed: int,
    threads: int,
    folder: Path,
    deadline: float | None = None,
    rivals: Mapping[str, float] | None = None,
    progress: Callable[[int, int, float | None], None] | None = None,
) -> TrialResult:
    """Learns from the pictures that are not held back, saves the graphs and drawing.json, and measures the likeness
    of what it draws."""
    start = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    pictures = PictureSet.load(data)
    family: DrawingFamily = registry.get("families", trial.candidate.family)
    told = (lambda share: None) if progress is None else lambda share: progress(int(100 * share), 100, None)
    compare = _Comparison(pictures, seed)

    def judged(paint: Paint) -> float:
        return utility(metric, compare(paint, FEWEST_DRAWN, context.deadline)[0])

    context = DrawContext(seed_of(seed, trial.index), threads, folder, trial.end(start, deadline), told, judged)
    drawing = family.fit(trial.candidate.params, pictures.part(~pictures.held), context)
    painter = drawing.painter(folder)
    start_drawing = time.perf_counter()
    most = int(np.clip(pictures.held.sum(), FEWEST_DRAWN, DRAWN))
    likeness, count = compare(painter.paint, most, context.end)
    us = (time.perf_counter() - start_drawing) / count * 1e6
    served = (GRAPH, *drawing.files)
    facts = {"parameters": drawing.parameters, "steps": drawing.steps, **drawing.facts}
    facts |= {"likeness": asdict(likeness), "served": drawing.settings, "files": served}
    write_json(folder / "drawing.json", facts)
    return TrialResult(
        index=trial.index,
        candidate=trial.candidate,
        status="done",
        score=utility(metric, likeness),
        seconds=time.monotonic() - start,
        files={name: file_sha256(folder / name) for name in (*served, "drawing.json")},
        size_mb=sum((folder / name).stat().st_size for name in served) / 1e6,
        predict_us=us,
        note=_note(likeness) + in_words(drawing.facts.get("speed_up"), threads),
    )


def utility(metric: str, likeness: Likeness) -> float:
    """Larger is better. Fréchet distance decides unless the asked class was asked for; a model that copies, or draws
    another class than was asked, loses by as much."""
    if metric == "asked_class" and likeness.asked_class is not None:
        return likeness.asked_class - likeness.copied
    astray = 0.0 if likeness.asked_class is None else 1.0 - likeness.asked_class
    return -likeness.frechet * (1.0 + likeness.copied + astray)


def wanted(pictures: PictureSet, count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64], list[int]]:
    """What to draw for a comparison: (words (count, k), class of each, seeds). Every class alike; where captions name
    several things, what real captions name."""
    rng = np.random.default_rng([seed, 11])
    if pictures.several:
        pick = rng.integers(0, len(pictures.words), count)
        return pictures.words[pick], pictures.y[pick], _seeds(rng, count)
    y = np.arange(count) % len(pictures.names)
    return np.eye(len(pictures.names), dtype=np.float32)[y], y, _seeds(rng, count)


def _seeds(rng: np.random.Generator, count: int) -> list[int]:
    return [int(s) for s in rng.integers(0, MOST_SEED, count)]


class _Comparison:
    """Draws and compares with the pictures kept back; the judge learns once."""

    def __init__(self, pictures: PictureSet, seed: int) -> None:
        self._pictures, self._seed = pictures, seed
        self._held = pictures.part(pictures.held)

    @cached_property
    def _judge(self) -> Judge:
        learned = self._pictures.part(~self._pictures.held)
        return Judge(learned.pixels, learned.y, self._seed)

    def __call__(self, paint: Paint, most: int, end: float | None) -> tuple[Likeness, int]:
        """(likeness, how many were drawn): `most`, or fewer where they would take longer than until about `end`."""
        words, asked, seeds = wanted(self._pictures, most, self._seed)
        start, count = time.monotonic(), 0
        parts: list[Pixels] = []
        while count < most:
            some = slice(count, count + TOGETHER)
            parts.append(as_learned(paint(words[some], seeds[some]), self._pictures.shape))
            count += len(parts[-1])
            now = time.monotonic()
            if end is not None and count >= FEWEST_AT_ALL and now + (now - start) * TOGETHER / count > end:
                break
        return self._judge.likeness(np.concatenate(parts), asked[:count], self._held.pixels, self._held.y), count


def as_learned(pictures: Pixels, shape: tuple[int, int, int]) -> Pixels:
    """Drawn pictures in the size and with the channels of those learned from, for one judge to look at both."""
    channels, height, width = shape
    if pictures.shape[1:3] != (height, width):
        area = Image.Resampling.BOX
        small = [Image.fromarray(p[..., 0] if p.shape[2] == 1 else p).resize((width, height), area) for p in pictures]
        pictures = np.stack([np.asarray(p).reshape(height, width, -1) for p in small])
    if channels < pictures.shape[3]:
        grey = pictures.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
        return np.rint(grey).astype(np.uint8)[..., None]
    return pictures


def _note(likeness: Likeness) -> str:
    asked = "" if likeness.asked_class is None else f"{likeness.asked_class:.0%} taken for what was asked, "
    return f"{asked}Fréchet distance {likeness.frechet:.3g} (real pictures {likeness.floor:.3g})"
