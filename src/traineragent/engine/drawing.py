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
import onnxruntime
from numpy.typing import NDArray

from .. import registry
from ..domain.run import Trial, TrialResult
from ..ports import Card
from ..serve.sampling import MOST_SEED, Velocity, draw
from ..store.files import write_json
from .dataset import sha256
from .likeness import Judge, Likeness
from .pictureset import PictureSet
from .seeding import seed_of

STEPS = 25  # of the sampler, where a family does not say otherwise
DRAWN = 120  # pictures drawn to compare by
FEWEST_DRAWN = 64
SAVING_SHARE = 0.12  # of a trial's time, kept for export and for drawing
LEAST_SAVING_S = 15.0  # but so many seconds at least, and never more than half


@dataclass(frozen=True)
class DrawContext:
    """What a fit may know beside its pictures. `deadline` is on time.monotonic(); `folder` is for checkpoints; `judged`
    (velocity, steps) tells how good pictures drawn so are beside those kept back, larger is better."""

    seed: int
    threads: int
    folder: Path
    deadline: float | None = None
    progress: Callable[[float], None] = lambda share: None
    judged: Callable[[Velocity, int], float] | None = None


@dataclass(frozen=True)
class Drawing:
    """A trained model that draws: ONNX `graph` (x, t, words) -> y as `serve.sampling` takes it."""

    graph: bytes
    shape: tuple[int, int, int]
    parameters: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    steps: int = STEPS


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
    """Learns from the pictures that are not held back, saves model.onnx and draws.npz, and measures the likeness of
    what it draws. A fit that fails becomes a result with status "failed"."""
    start = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    pictures = PictureSet.load(data)
    family: DrawingFamily = registry.get("families", trial.candidate.family)
    until = _until(start, trial.time_limit_s, deadline)
    told = (lambda share: None) if progress is None else lambda share: progress(int(100 * share), 100, None)
    compare = _Comparison(pictures, seed)

    def judged(velocity: Velocity, steps: int) -> float:
        return utility(metric, compare(velocity, steps, FEWEST_DRAWN))

    context = DrawContext(seed_of(seed, trial.index), threads, folder, until, told, judged)
    try:
        drawing = family.fit(trial.candidate.params, pictures.part(~pictures.held), context)
    except Exception as error:  # noqa: BLE001  whatever a plug-in raises is a result
        lines = str(error).strip().splitlines()
        note = f"{type(error).__name__}: {lines[0] if lines else 'no message'}"[:300]
        return TrialResult(trial.index, trial.candidate, "failed", seconds=time.monotonic() - start, note=note)
    (folder / "model.onnx").write_bytes(drawing.graph)
    start_drawing = time.perf_counter()
    count = int(np.clip(pictures.held.sum(), FEWEST_DRAWN, DRAWN))
    likeness = compare(velocity_of(drawing.graph), drawing.steps, count)
    us = (time.perf_counter() - start_drawing) / count * 1e6
    facts = {"parameters": drawing.parameters, "steps": drawing.steps, **drawing.facts, "likeness": asdict(likeness)}
    write_json(folder / "drawing.json", facts)
    (folder / "checkpoint.safetensors").unlink(missing_ok=True)
    return TrialResult(
        index=trial.index,
        candidate=trial.candidate,
        status="done",
        score=utility(metric, likeness),
        seconds=time.monotonic() - start,
        files={name: sha256(folder / name) for name in ("model.onnx", "drawing.json")},
        size_mb=len(drawing.graph) / 1e6,
        predict_us=us,
        note=_note(likeness),
    )


def utility(metric: str, likeness: Likeness) -> float:
    """Larger is better. Fréchet distance decides unless the asked class was asked for; a model that copies, or draws
    another class than was asked, loses by as much."""
    if metric == "asked_class" and likeness.asked_class is not None:
        return likeness.asked_class - likeness.copied
    astray = 0.0 if likeness.asked_class is None else 1.0 - likeness.asked_class
    return -likeness.frechet * (1.0 + likeness.copied + astray)


def velocity_of(graph: bytes, threads: int = 1) -> Velocity:
    """The graph as a function, through onnxruntime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return lambda x, t, words: session.run(["y"], {"x": x, "t": t, "words": words})[0]


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


def _until(start: float, limit_s: float | None, deadline: float | None) -> float | None:
    """When learning must stop, so that time is left to export and to compare."""
    ends = [e for e in (deadline, None if limit_s is None else start + limit_s) if e is not None]
    if not ends:
        return None
    whole = min(ends) - start
    return start + whole - min(max(SAVING_SHARE * whole, LEAST_SAVING_S), 0.5 * whole)


class _Comparison:
    """Draws and compares with the pictures kept back; the judge learns once."""

    def __init__(self, pictures: PictureSet, seed: int) -> None:
        self._pictures, self._seed = pictures, seed
        self._held = pictures.part(pictures.held)

    @cached_property
    def _judge(self) -> Judge:
        learned = self._pictures.part(~self._pictures.held)
        return Judge(learned.pixels, learned.y, self._seed)

    def __call__(self, velocity: Velocity, steps: int, count: int) -> Likeness:
        words, asked, seeds = wanted(self._pictures, count, self._seed)
        drawn = draw(velocity, words, seeds, self._pictures.shape, steps)
        return self._judge.likeness(drawn, asked, self._held.pixels, self._held.y)


def _note(likeness: Likeness) -> str:
    asked = "" if likeness.asked_class is None else f"{likeness.asked_class:.0%} taken for what was asked, "
    return f"{asked}Fréchet distance {likeness.frechet:.3g} (real pictures {likeness.floor:.3g})"
