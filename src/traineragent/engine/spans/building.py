"""The files of a bundle from a trained tagger, proved to mark as the model does.

Knows nothing of agents; the bundle itself is written by `export.bundle`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ... import registry
from ...errors import TrainerError
from ...ports import FittedTagger, TaggerFamily
from ...serve.spans.encoder import GRAPH
from ...serve.spans.tagger import Tagger
from ...serve.spans.tokens import Level
from .dataset import ENCODER, MarkedTexts
from .scoring import f1, met, values
from .training import MODEL, SWEEP, context_for

PROVED = 60  # texts on which graph and model must agree
AGREES = 5e-2  # largest difference of a score: sums in another order, and vectors of 16 bits


@dataclass(frozen=True)
class Chosen:
    """How readily the delivered model marks, and what that gave in validation: counts (labels, 3)."""

    outside: float
    counts: np.ndarray
    why: str


@contextmanager
def tagger_of(model: FittedTagger, level: Level, data: Path | None = None) -> Iterator[Tagger]:
    """The model as the server would load it. `data`: the prepared texts, where an encoder lies beside them."""
    with tempfile.TemporaryDirectory(prefix="tagger-") as name:
        folder = Path(name)
        write_files(model, folder, data)
        yield Tagger(folder, {**model.settings(), "level": level}, folder / "model.onnx")


def write_files(model: FittedTagger, folder: Path, data: Path | None = None) -> dict[str, Path]:
    """The files that a bundle of this model needs, by their names in it."""
    folder.mkdir(parents=True, exist_ok=True)
    out = {}
    for name, content in model.files().items():
        (folder / name).write_bytes(content)
        out[name] = folder / name
    for path in encoder_files(model, data):
        shutil.copyfile(path, folder / path.name)
        out[path.name] = folder / path.name
    return out


def encoder_files(model: FittedTagger, data: Path | None) -> list[Path]:
    """The files of the shared encoder that the model reads vectors of; none where it reads none, or brings its own."""
    if not model.encoder or GRAPH in model.files():
        return []
    assert data is not None, "the encoder lies beside the prepared texts"
    return sorted((data / ENCODER).iterdir())


def choose(folder: Path, requirements: Sequence[Mapping[str, Any]]) -> Chosen:
    """By the F1 of the validation, among the ways that keep the stated limits or come nearest to them."""
    sweep = json.loads((folder / SWEEP).read_text(encoding="utf-8"))
    counts, labels = np.array(sweep["counts"]), sweep["labels"]
    short = np.array([met(requirements, c, labels) for c in counts])
    score = f1(counts.sum(axis=1))
    best = int(np.lexsort((-score, np.round(short, 6)))[0])
    outside = float(sweep["outside"][best])
    why = "marks as likelihood has it" if outside == 0 else (
        f"marking nothing is held {'less' if outside > 0 else 'more'} likely by {abs(outside):g} than learned, "
        + ("for the limits that were stated" if best != int(score.argmax()) else "for the best F1 in validation")
    )  # fmt: skip
    return Chosen(outside, counts[best], why)


def build(
    data: Path, trials: Path, trial: int, family: str, out: Path, requirements: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, Path]]:
    """(facts about what was built, files of the bundle). Raises TrainerError where the graph does not agree."""
    texts = MarkedTexts.load(data)
    plugin: TaggerFamily = registry.get("families", family)
    chosen = choose(trials / f"{trial:04d}", requirements)
    model = plugin.load(trials / f"{trial:04d}" / MODEL, context_for(texts, "", 0, 1)).shifted(chosen.outside)
    shutil.rmtree(out, ignore_errors=True)
    files = write_files(model, out, data)
    settings = {**model.settings(), "level": texts.level}
    parity, micros = _proved(Tagger(out, settings, out / "model.onnx"), model, texts)
    facts = {
        "size_mb": sum(p.stat().st_size for p in files.values()) / 1e6,
        "us_per_row_1": micros,
        "parity_max": parity,
        "parity_rows": min(PROVED, texts.rows),
        "parameters": model.parameters,
        "members": [{"trial": trial, "weight": 1.0, "models": None}],
        "why": chosen.why,
        "fallback": "",
        "settings": settings,
        "outside": chosen.outside,
        "validated": values(chosen.counts),
        "validated_labels": {
            label: values(chosen.counts[[i]]) for i, label in enumerate(texts.labels) if chosen.counts[i, 2] > 0
        },
    }
    return facts, files


def _proved(tagger: Tagger, model: FittedTagger, texts: MarkedTexts) -> tuple[float, float]:
    """(largest difference of a score between service and model, median microseconds for a text)."""
    some = texts.taken(np.arange(texts.rows) < PROVED)
    served = tagger.scores(some.texts, [some.places_of(i) for i in range(some.rows)])
    given, wanted = np.concatenate(served), model.scores(some)
    difference = float(np.abs(given - wanted).max(initial=0.0))
    if not difference <= AGREES:
        raise TrainerError(f"the exported tagger differs from the trained one by {difference:.3g} in a score")
    times = []
    for text in some.texts:
        begun = time.thread_time()
        tagger.find([text])
        times.append(time.thread_time() - begun)
    return difference, float(np.median(times)) * 1e6
