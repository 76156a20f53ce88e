"""Trains one tagger: validates on folds, chooses how readily to mark, then learns from all texts what is delivered.

It runs inside a worker process and writes into the trial's folder; it knows nothing of processes, plans or agents.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import registry
from ...domain.run import Trial, TrialResult
from ...ports import FitContext, FittedTagger, TaggerFamily
from ...serve.manifest import file_sha256
from ..seeding import seed_of
from .dataset import MarkedTexts, Run, runs_of_bio
from .decoding import paths
from .schemes import labels_of
from .scoring import counts, f1

MODEL, SWEEP = "model.npz", "sweep.json"
OWN = ("folds",)  # parameters that training itself reads
OUTSIDE = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
"""Taken from the score of marking nothing. Likelihood marks too little where entities are rare; what is best for F1 is
found on validation texts (Minkov et al. 2006, NER systems that suit user's preferences)."""
FEW_TEXTS = 1500  # below, one fold is too noisy: all folds are used
REFIT_SHARE = 0.9  # of the time of a fold must be left to learn from all texts; a fit stops in time by itself
TIMED = 20  # texts whose marking is timed
FIT_SHARE, SAFE_SHARE = 0.4, 0.8  # of the time limit: for the first fit; after which no fit may go on

Progress = Callable[[int, int, float | None], None]  # (fits done, fits planned, best F1 so far)


@dataclass
class _Validated:
    """Counts (shifts, labels, 3) over the validated texts, and each fold's own best F1."""

    counts: NDArray[np.int64]
    folds: list[float]


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
    progress: Progress | None = None,
) -> TrialResult:
    """Fits and validates the candidate; saves MODEL, learned from all texts where the time allows, and SWEEP: what was
    right, given and true (shifts, labels, 3) by how readily it marks."""
    start = time.monotonic()
    deadline = trial.end(start, deadline)
    folder.mkdir(parents=True, exist_ok=True)
    texts = opened(data, (data / "texts.json").stat().st_mtime_ns)
    family: TaggerFamily = registry.get("families", trial.candidate.family)
    params = {k: v for k, v in trial.candidate.params.items() if k not in OWN}
    safe = None if deadline is None else start + SAFE_SHARE * (deadline - start)
    context = context_for(texts, metric, seed_of(seed, trial.index), threads, safe, data)
    found, model, took, planned = _validate(family, params, trial, texts, context, progress)
    model, whole = _of_all(family, params, texts, context, model, took)
    best = int(f1(found.counts.sum(axis=1)).argmax())
    model.save(folder / MODEL)
    swept = {"outside": OUTSIDE, "counts": found.counts.tolist(), "labels": texts.labels}
    (folder / SWEEP).write_text(json.dumps(swept), encoding="utf-8")
    notes = [] if whole else ["learned from the training folds only, as the time was short"]
    if len(found.folds) < planned:
        notes.append(f"{len(found.folds)} of {planned} fits in time")
    return TrialResult(
        trial.index,
        trial.candidate,
        "done" if len(found.folds) == planned else "timeout",
        score=float(f1(found.counts.sum(axis=1))[best]),
        fold_scores=tuple(found.folds),
        seconds=time.monotonic() - start,
        files={name: file_sha256(folder / name) for name in (MODEL, SWEEP)},
        note="; ".join(notes),
        **_cost(model, texts, data),
    )


@lru_cache(maxsize=1)
def opened(data: Path, changed_ns: int) -> MarkedTexts:
    """The prepared texts, read once a process."""
    return MarkedTexts.load(data)


def context_for(
    texts: MarkedTexts, metric: str, seed: int, threads: int, deadline: float | None = None, folder: Path | None = None
) -> FitContext:
    """What a family may know besides its texts; `folder` is that of the prepared data."""
    return FitContext((), (), len(texts.labels), metric, seed, threads, deadline, folder=folder)


def _validate(
    family: TaggerFamily, params: Mapping[str, Any], trial: Trial, texts: MarkedTexts, context: FitContext,
    progress: Progress | None,
) -> tuple[_Validated, FittedTagger, float, int]:  # fmt: skip
    """Fits on the other folds, one after the other; (counts, last model, seconds of a fit, fits planned)."""
    ids = [int(k) for k in np.unique(texts.folds) if k >= 0]
    most = int(trial.candidate.params.get("folds", len(ids) if texts.rows < FEW_TEXTS else 1))
    found = _Validated(np.zeros((len(OUTSIDE), len(texts.labels), 3), dtype=np.int64), [])
    model, took, begun = None, 0.0, time.monotonic()
    for number, fold in enumerate(ids[:most]):
        if model is not None and context.deadline is not None and time.monotonic() + 2.5 * took > context.deadline:
            break
        held = texts.folds == fold
        limited = _first(context) if number == 0 else context
        model = family.fit(params, texts.taken(~held), limited)
        swept = sweep(model, texts.taken(held))
        found.counts += swept
        found.folds.append(float(f1(swept.sum(axis=1)).max()))
        took = (time.monotonic() - begun) / (number + 1)
        if progress is not None:
            progress(number + 1, min(most, len(ids)), found.folds[-1])
    if model is None:
        raise ValueError("there is no validation fold")
    return found, model, took, min(most, len(ids))


def _first(context: FitContext) -> FitContext:
    """The context of the first fit: a part of the time, so that there is some to learn from all texts."""
    if context.deadline is None or not np.isfinite(context.deadline):
        return context
    now = time.monotonic()
    return replace(context, deadline=now + FIT_SHARE / SAFE_SHARE * max(context.deadline - now, 0.0))


def _of_all(
    family: TaggerFamily, params: Mapping[str, Any], texts: MarkedTexts, context: FitContext, model: FittedTagger,
    took: float,
) -> tuple[FittedTagger, bool]:  # fmt: skip
    """The model learned from all texts, if the time is enough for it; else the last of the folds."""
    if context.deadline is not None and time.monotonic() + REFIT_SHARE * took > context.deadline:
        return model, False
    try:
        return family.fit(params, texts, context), True
    except ValueError:  # the time turned out to be too short
        return model, False


def sweep(model: FittedTagger, held: MarkedTexts) -> NDArray[np.int64]:
    """Counts (shifts, labels, 3) on texts that the model was not learned from, for each of OUTSIDE."""
    scores, outside = model.scores(held), model.tags.index("O")
    numbers = labels_of(model.tags, held.labels)
    true = held.runs()
    out = []
    for shift in OUTSIDE:
        moved = scores.copy()
        moved[:, outside] -= np.float32(shift)
        given = runs_of_paths(paths(moved, held.starts, model.turns), held, model.tags, numbers)
        out.append(counts(given, true, len(held.labels), lambda run: run.label).sum(axis=0))
    return np.array(out)


def runs_of_paths(
    path: NDArray[np.int64], held: MarkedTexts, tags: tuple[str, ...], numbers: list[int]
) -> list[list[Run]]:
    """What paths of tags mark in each text, by way of BIO numbers."""
    begins = np.array([t[0] in "BS" for t in tags])
    label = np.array(numbers)
    bio = np.where(label[path] < 0, 0, 1 + 2 * label[path] + ~begins[path]).astype(np.int32)
    return [runs_of_bio(bio[a:b]) for a, b in zip(held.starts, held.starts[1:], strict=False)]


def _cost(model: FittedTagger, texts: MarkedTexts, data: Path) -> dict[str, float]:
    """Size of what a bundle holds, and median microseconds of this thread to mark one text, as the server does it: they
    must not be those of other programs."""
    from .building import encoder_files, tagger_of

    size = sum(len(content) for content in model.files().values())
    size += sum(p.stat().st_size for p in encoder_files(model, data))
    with tagger_of(model, texts.level, data) as tagger:
        times = []
        for text in [*texts.texts[:3], *texts.texts[:TIMED]]:
            begun = time.thread_time()
            tagger.find([text])
            times.append(time.thread_time() - begun)
    return {"size_mb": size / 1e6, "predict_us": float(np.median(times[3:] or times)) * 1e6}
