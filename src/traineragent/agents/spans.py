"""The spans line's work where trials run: each function wraps one piece for the agents, see `ports.Line`.

What a run has learned and written lies below its folder; nothing here plans or keeps a journal.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import registry
from ..data.entities.cleaning import copies
from ..data.entities.marked import Marked, Span
from ..data.entities.sealing import entities_of
from ..data.folds import blocks_in_order
from ..data.frames import read_frame
from ..data.levels import levels_of
from ..domain.data import Column, ColumnProfile, TableProfile
from ..engine.evaluate import Evaluation
from ..engine.spans.building import build as build_tagger
from ..engine.spans.building import tagger_of
from ..engine.spans.dataset import ARRAYS, ENCODER, HIDDEN, MarkedTexts, marked_texts
from ..engine.spans.encoding import encoded
from ..engine.spans.judging import Judged, judge, wordings
from ..engine.spans.training import context_for
from ..errors import InputError, TrainerError
from ..serve.served import open_bundle
from ..serve.spans.encoder import GRAPH, TOKENIZER
from ..serve.spans.predictor import SpanPredictor
from ..serve.spans.tokens import cuts, tokenize
from ..store.files import read_json, write_json
from ..store.typed import plain, write_value
from .runfolder import RunFolder

BASELINE = "frequent_tag"
GENERIC = "Write a text here, and its parts will be marked."
EXAMPLE_TEXTS, EXAMPLE_TOKENS = 5, (5, 24)
"""An example for documents is a text each of whose words stands in so many texts, and so tells of nobody."""


class _Run(RunFolder):
    """A run's folder with its texts."""

    @cached_property
    def frame(self) -> pd.DataFrame:
        return read_frame(self.data / "train.parquet")

    def text_column(self) -> str:
        return next(str(c) for c in self.frame.columns if c != self.target.name)

    def texts_of(self, frame: pd.DataFrame) -> tuple[list[str], list[tuple[Span, ...]]]:
        return [str(t) for t in frame[self.text_column()]], entities_of(frame[self.target.name])


def examine(folder: str, task: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """What a procedure may ask about the training texts; data/profile.json."""
    run = _Run(folder)
    texts, spans = run.texts_of(run.frame)
    ends = sum(2 * len(s) for s in spans)
    inside = sum(cuts(t, "words", [p for s in found for p in s[1:]]) for t, found in zip(texts, spans, strict=True))
    lengths = [len(tokenize(t)) for t in texts]
    split = read_json(run.data / "split.json")
    counts = Counter(s.label for found in spans for s in found)
    profile = TableProfile(
        rows=len(texts),
        columns=_profiles(run, texts, spans, lengths),
        target=run.target.name,
        target_kind="class",
        class_counts=tuple(counts.most_common()),
        duplicate_rows=len(texts) - len(set(texts)),
        warnings=tuple(split["notes"]),
    )
    write_value(run.data / "profile.json", profile, TableProfile)
    facts = {
        "rows": len(texts),
        "tokens": sum(lengths),
        "entities": ends // 2,
        "labels": len(counts),
        "cut_share": inside / max(ends, 1),
        "minutes": task["budget"]["minutes"],
    }
    return {"facts": facts, "leaks": 0}


def _profiles(
    run: _Run, texts: Sequence[str], spans: Sequence[Sequence[Span]], lengths: Sequence[int]
) -> tuple[ColumnProfile, ...]:
    low, middle, high = (float(v) for v in np.quantile(lengths, [0.0, 0.5, 1.0]))
    stats = {"tokens_least": low, "tokens_median": middle, "tokens_most": high}
    marked = sum(bool(found) for found in spans)
    note = f"{marked:,} of {len(texts):,} texts hold an entity"
    return (
        ColumnProfile(run.text_column(), "text", 0.0, len(set(texts)), stats),
        ColumnProfile(run.target.name, "target", 0.0, len(run.target.labels), notes=(note,)),
    )


def make(folder: str, task: Mapping[str, Any], operations: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """Cuts the texts, draws folds and writes what taggers learn from."""
    run = _Run(folder)
    asked = {o["do"]: o["args"] for o in operations}
    texts, spans = run.texts_of(run.frame)
    level = asked.get("cut_words", {}).get("level", "words")
    keep = _capped(texts, asked.get("cap_texts", {}).get("most"), seed)
    groups, many = _groups(run, texts)[keep], int(asked.get("draw_folds", {}).get("folds", 5))
    in_order = read_json(run.data / "split.json").get("how") == "last"
    folds = blocks_in_order(groups, many) if in_order else _folds(groups, many, seed)
    labels = [str(label) for label in run.target.labels]
    data = marked_texts([texts[i] for i in keep], [spans[i] for i in keep], labels, level, folds)
    if "encode" in asked:
        data = _encoded(data, asked["encode"], run.prepared / ENCODER) or data
    data.save(run.prepared)
    column = Column(run.text_column(), "text", example=example_text(data))
    write_value(run.data / "columns.json", (column,), tuple[Column, ...])
    facts = {
        "rows": data.rows,
        "tokens": data.tokens,
        "labels": len(labels),
        "classes": len(labels),
        "entities": int(((data.bio > 0) & (data.bio % 2 == 1)).sum()),
        "encoded": data.hidden is not None,
    }
    removed = []
    if len(keep) < len(texts):
        why = "a random sample of this size teaches as much in the time that there is"
        removed.append({"what": "more texts than needed", "rows": len(texts) - len(keep), "why": why})
    write_json(run.data / "prepared.json", {"facts": facts, "removed": removed})
    arrays = [f"data/prepared/{n}.npy" for n in ARRAYS]
    if data.encoder:
        arrays += [f"data/prepared/{HIDDEN}", *(f"data/prepared/{ENCODER}/{n}" for n in (GRAPH, TOKENIZER))]
    written = ["columns.json", "profile.json", "prepared.json", "prepared/texts.json"]
    return {"facts": facts, "files": [*(f"data/{n}" for n in written), *arrays]}


def _encoded(data: MarkedTexts, asked: Mapping[str, Any], folder: Path) -> MarkedTexts | None:
    """The texts as the pretrained encoder reads them; None, with a warning in the profile, where it cannot."""
    try:
        found = encoded(data, Path(asked["encoder"]), folder, asked.get("seconds"))
        said = "the pretrained encoder was left out, as reading all texts would take too long; give it more minutes"
    except InputError as error:
        found, said = None, f"the pretrained encoder was left out: {error}"
    write_json(folder.parent / "checkpoint.json", {"path": str(Path(asked["encoder"]).absolute())})
    if found is None:
        shutil.rmtree(folder, ignore_errors=True)
        path = folder.parents[1] / "profile.json"
        profile = read_json(path)
        write_json(path, {**profile, "warnings": [*profile["warnings"], said]})
    return found


def _capped(texts: Sequence[str], most: int | None, seed: int) -> np.ndarray:
    """Which texts are kept, ascending: all, or a random sample with `most` tokens."""
    if most is None:
        return np.arange(len(texts))
    lengths = np.array([len(tokenize(t)) for t in texts])
    order = np.random.default_rng(seed).permutation(len(texts))
    return np.sort(order[np.cumsum(lengths[order]) <= most])


def _groups(run: _Run, texts: Sequence[str]) -> np.ndarray:
    """A number for each text, equal for those that must not be parted: copies, or rows of one group."""
    column = read_json(run.data / "split.json").get("group")
    if column and column in run.frame.columns:
        codes = levels_of(run.frame[column]).codes.astype(np.int64)
        return np.where(codes < 0, codes.max(initial=0) + 1 + np.arange(len(codes)), codes)
    path = run.data / "alike.npy"
    if path.exists():
        return np.asarray(np.load(path, allow_pickle=False))
    return copies([Marked(t, (), 0) for t in texts])


def _folds(groups: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The validation fold of each text: whole groups, at random."""
    units, mine = np.unique(groups, return_inverse=True)
    order = np.random.default_rng([seed, 1]).permutation(len(units))
    return np.asarray((order % min(folds, max(len(units), 2)))[mine], dtype=np.int8)


def example_text(data: MarkedTexts) -> str:
    """A text with many entities whose every word stands in EXAMPLE_TEXTS texts or more; else a generic one."""
    words = [[t[a:b].casefold() for a, b in data.places_of(i)] for i, t in enumerate(data.texts)]
    seen = Counter(w for found in words for w in set(found))
    runs = data.runs()
    low, high = EXAMPLE_TOKENS
    able = [
        i
        for i, found in enumerate(words)
        if low <= len(found) <= high and min(seen[w] for w in found) >= EXAMPLE_TEXTS and runs[i]
    ]
    best = max(able, key=lambda i: (len({r.label for r in runs[i]}), min(len(runs[i]), 4), -i), default=None)
    return GENERIC if best is None else data.texts[best]


# ---------------------------------------------------------------------------------------------- what is delivered
def build(
    folder: str,
    task: Mapping[str, Any],
    members: Sequence[Mapping[str, Any]],
    single_best: int,
    metadata: Mapping[str, str],
) -> dict[str, Any]:
    """The files of the tagger that was selected, proved equal to it; facts about it."""
    run = _Run(folder)
    trial = int(members[0]["trial"])
    result = read_json(run.folder / "trials" / f"{trial:04d}" / "result.json")["result"]
    family, out = result["candidate"]["family"], run.data / "tagger"
    facts, files = build_tagger(run.prepared, run.folder / "trials", trial, family, out, task["requirements"])
    facts["files"] = {name: str(path.relative_to(run.folder)) for name, path in files.items()}
    return facts


def examples(folder: str, most: int) -> list[dict[str, Any]]:
    """Training texts as a client would send them."""
    run = _Run(folder)
    column = run.text_column()
    return [{column: str(t)} for t in run.frame[column].head(most)]


def validate(folder: str, task: Mapping[str, Any], metric: str) -> float | None:
    """A score of the tagger as built, on validation texts; of one kind of entity where the limit names it."""
    facts = read_json(Path(folder) / "data" / "graph.json")
    label = next((r.get("positive_label") for r in task["requirements"] if r["name"] == metric), None)
    found = facts["validated_labels"].get(label) or facts["validated"]
    value = found.get(metric)
    return None if value is None else float(value)


# ---------------------------------------------------------------------------------------------- the hold-out
def evaluate(folder: str, task: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Scores the sealed texts through the bundle that is served, into data/evaluation.json."""
    run = _Run(folder)
    texts, spans = run.texts_of(read_frame(run.data / "holdout.parquet"))
    served = open_bundle(run.folder / "bundle")
    if not isinstance(served, SpanPredictor):
        raise TrainerError("the bundle does not mark texts")
    trained, marked = run.texts_of(run.frame)
    judged = Judged(
        texts,
        [[(f.label, f.start, f.end) for f in found] for found in served.tagger.find(texts)],
        [[tuple(s) for s in found] for found in spans],  # type: ignore[misc]
        _baseline(run, texts),
        [str(label) for label in run.target.labels],
        wordings(trained, [[tuple(s) for s in found] for found in marked]),  # type: ignore[misc]
    )
    evaluation, findings = judge(judged, task["metrics"][0]["name"], seed, "privacy" not in task["constraints"])
    saved = {"evaluation": plain(evaluation, Evaluation)}
    write_json(run.data / "evaluation.json", {**saved, "spans": findings})
    return {"rows": len(texts)}


def _baseline(run: _Run, texts: Sequence[str]) -> list[list[tuple[str, int, int]]]:
    """What giving each word its most frequent tag marks."""
    data = MarkedTexts.load(run.prepared)
    model = registry.get("families", BASELINE).fit({}, data, context_for(data, "", 0, 1))
    with tagger_of(model, data.level) as tagger:
        return [[(f.label, f.start, f.end) for f in found] for found in tagger.find(texts)]
