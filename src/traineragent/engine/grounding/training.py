"""Trains one candidate that finds what phrases describe, and learns how to choose with it on pictures kept back.

It runs in the process that may be killed and writes into the trial's folder; it knows nothing of plans or agents.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ... import registry
from ...domain.run import Trial, TrialResult
from ...ports import Card
from ...serve.grounding.finder import Choice, Finder, Maps, Query, found_in, meant, with_choice
from ...serve.grounding.phrases import Thing
from ...serve.grounding.pieces import TOKENIZER
from ...serve.grounding.scene import Calibration
from ...serve.manifest import file_sha256
from ...store.files import write_json
from ..accelerator import in_words
from ..seeding import seed_of
from .phraseset import PhraseSet
from .scoring import METRICS, each

GRAPH, FACTS = "model.onnx", "grounding.json"
MOST_JUDGED, FEWEST_JUDGED = 250, 24  # phrases that the way to choose is learned from
SAVING_SHARE, LEAST_SAVING_S = 0.07, 15.0  # of a trial's time, kept for export and for judging; at most half of it
WHOLES = (0.0, 0.3, 0.6, 1.0)
ALONE = (0.1, 0.02, 1.0)  # "the leftmost king" mostly says that there are several; the first of equally good ones
CALIBRATIONS = tuple(Calibration(scale, shift) for scale in (1.0, 1.6) for shift in (0.0, 2.0, -2.0))
TIMED = 15


@dataclass(frozen=True)
class GroundingContext:
    """What a fit may know beside its phrases. `deadline` is on time.monotonic(); `folder` is for checkpoints."""

    seed: int
    threads: int
    folder: Path
    deadline: float | None = None
    progress: Callable[[float], None] = lambda share: None


@dataclass(frozen=True)
class Grounder:
    """A trained model: ONNX `graph` (pixels, tokens) -> logits, boxes as `serve.grounding.finder` takes it, or None
    where `settings` give a fixed box; `tokenizer`: the content of a tokenizer.json, where the graph reads word pieces;
    `parity`: largest difference between graph and model on `parity_rows` phrases."""

    graph: bytes | None
    settings: Mapping[str, Any]
    parameters: int
    parity: float = 0.0
    parity_rows: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    tokenizer: str | None = None


class GroundingFamily(Protocol):
    """A kind of model that finds things: one file in `families/` whose card names "visual_grounding"."""

    card: Card

    def lacks(self) -> str:
        """What must be installed first, "" if nothing."""

    def space(self, phrases: PhraseSet) -> Mapping[str, Any]: ...

    def fit(self, params: Mapping[str, Any], phrases: PhraseSet, context: GroundingContext) -> Grounder:
        """Learns from the pictures that are not held."""


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
    """Fits the candidate, saves GRAPH and FACTS, and scores it on the pictures kept back."""
    start = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    phrases = PhraseSet.load(data)
    family: GroundingFamily = registry.get("families", trial.candidate.family)
    told = (lambda share: None) if progress is None else lambda share: progress(int(100 * share), 100, None)
    end = trial.end(start, deadline)
    context = GroundingContext(seed_of(seed, trial.index), threads, folder, _until(start, end), told)
    model = family.fit(trial.candidate.params, phrases, context)
    settings, scores, us = chosen(model, phrases, metric, seed, end)
    names = [FACTS]
    if model.graph is not None:
        (folder / GRAPH).write_bytes(model.graph)
        names.append(GRAPH)
    if model.tokenizer is not None:
        (folder / TOKENIZER).write_text(model.tokenizer, encoding="utf-8")
        names.append(TOKENIZER)
    facts = {k: v for k, v in asdict(model).items() if k not in ("graph", "settings", "tokenizer")}
    write_json(folder / FACTS, {**facts, "settings": settings, "scores": scores, "us": us})
    (folder / "checkpoint.safetensors").unlink(missing_ok=True)
    return TrialResult(
        index=trial.index,
        candidate=trial.candidate,
        status="done",
        score=scores[metric if metric in scores else METRICS[0]],
        seconds=time.monotonic() - start,
        files={name: file_sha256(folder / name) for name in names},
        size_mb=len(model.graph or b"") / 1e6,
        predict_us=us,
        note=f"{scores['accuracy_iou50']:.1%} of boxes right, overlap {scores['mean_iou']:.2f}, on pictures kept back"
        + in_words(model.facts.get("speed_up"), threads),
    )


def chosen(
    model: Grounder, phrases: PhraseSet, metric: str, seed: int, deadline: float | None = None
) -> tuple[dict[str, Any], dict[str, float], float]:
    """(settings with the best way to choose, scores on the pictures kept back, microseconds an answer). A slow model is
    judged on as many phrases as there is time for until `deadline`, and on FEWEST_JUDGED at least."""
    rows = np.flatnonzero(phrases.phrase_held)
    rows = np.random.default_rng([seed, 2]).permutation(rows)[:MOST_JUDGED]
    settings = dict(model.settings)
    if "fixed" in settings:
        true = phrases.boxes[rows].astype(np.float64)
        given = np.broadcast_to(np.array(settings["fixed"], np.float64), true.shape)
        return settings, {m: float(each(m, given, true).mean()) for m in METRICS}, 1.0
    finder = Finder(model.graph, settings, tokenizer=model.tokenizer)
    maps: list[dict[Query, Maps]] = []
    for i in rows:
        if deadline is not None and len(maps) >= FEWEST_JUDGED and time.monotonic() > deadline:
            break
        maps.append(finder.maps(phrases.pixels[phrases.of[i]], phrases.things[i], phrases.phrases[i]))
    rows = rows[: len(maps)]
    true = phrases.boxes[rows].astype(np.float64)
    wholes = [float(settings["whole_only"])] if "whole_only" in settings else list(WHOLES)
    finder.choice, scores = _best_choice([phrases.things[i] for i in rows], maps, true, metric, wholes)
    return with_choice(settings, finder.choice), scores, _cost(finder, phrases, rows)


def _best_choice(
    things: Sequence[Thing],
    maps: Sequence[dict[Query, Maps]],
    true: NDArray[np.float64],
    metric: str,
    wholes: list[float],
) -> tuple[Choice, dict[str, float]]:
    """The way to choose with the best score, and all its scores. What "the leftmost king" says of how many kings there
    are is tried last, since it matters to few phrases."""
    found = {c: [found_in(m, c) for m in maps] for c in CALIBRATIONS}

    def judged(choice: Choice) -> tuple[float, Choice, dict[str, float]]:
        pairs = zip(things, found[choice.calibration], strict=True)
        given = np.array([meant(thing, f, choice.whole, choice.alone).box for thing, f in pairs])
        scores = {m: float(each(m, given, true).mean()) for m in METRICS}
        return scores.get(metric, scores["accuracy_iou50"]) + 0.1 * scores["mean_iou"], choice, scores

    best = max((judged(Choice(c, w, ALONE[0])) for c in CALIBRATIONS for w in wholes), key=itemgetter(0))
    others = [judged(replace(best[1], alone=alone)) for alone in ALONE[1:]]
    return max([best, *others], key=itemgetter(0))[1:]


def _cost(finder: Finder, phrases: PhraseSet, rows: NDArray[np.intp]) -> float:
    """Microseconds for one phrase, the median of some."""
    times = []
    for i in rows[:TIMED]:
        start = time.perf_counter()
        finder.find(phrases.pixels[phrases.of[i]], phrases.phrases[i])
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e6


def _until(start: float, end: float | None) -> float | None:
    """When learning must stop, so that time is left to export and to judge."""
    if end is None:
        return None
    whole = end - start
    return start + whole - min(max(SAVING_SHARE * whole, LEAST_SAVING_S), 0.5 * whole)
