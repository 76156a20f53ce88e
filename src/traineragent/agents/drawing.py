"""The drawing line's work where trials run: from paths of pictures to a measured generator; see `ports.Line`.

What a run has learned and written lies below its folder; nothing here plans or keeps a journal.
"""

from __future__ import annotations

import base64
import io
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from .. import registry
from ..data.captions import names_of
from ..data.frames import read_frame
from ..domain.data import Target
from ..engine.accelerator import accelerated
from ..engine.drawing import DRAWN, FEWEST_AT_ALL, DrawContext, as_learned, wanted
from ..engine.evaluate import Evaluation, MetricValue
from ..engine.intervals import wilson
from ..engine.likeness import Judge, Likeness, shrunk
from ..engine.pictureset import PictureSet
from ..errors import InputError, TrainerError
from ..ports import OperationSpec
from ..serve.codecs.picture import read_pixels
from ..serve.painter import Painter
from ..serve.served import open_bundle
from ..store.files import read_json, write_json
from ..store.typed import plain, read_value

IMAGE = "image"
LARGEST, LARGEST_QUICK = 64, 32  # pixels a side; the smaller where there is little time and no accelerator
QUICK_MINUTES = 15.0
HELD_SHARE = 0.15  # of the training pictures, to compare candidates on
FEWEST_HELD = 20
GRID = 6  # pictures a class in the report
NEAREST = 8  # drawn pictures shown beside the training picture that is most like them
SLOW_S = 5.0
UNLIMITED = 1_000_000  # steps
JUDGING_S = 30.0  # about as long as it may draw for the final judgement; fewer pictures are drawn by a slow model
SHOWN_SIDE = 56  # pixels a side in the report, about

CATALOGUE: Mapping[str, OperationSpec] = {
    "resize": OperationSpec({"most": "integer"}, "brings all pictures to one square size of at most so many pixels"),
    "keep_colour": OperationSpec({}, "keeps three channels also where all pictures are grey"),
    "start_from": OperationSpec(
        {"family": "string", "name": "string", "path": "string"},
        "measures what it would cost to fine-tune this checkpoint here, so that it can be a candidate",
    ),
}


def examine(folder: str, task: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """What a procedure may ask about the training pictures: rows, side (median of the shorter one), grey, names."""
    data = Path(folder) / "data"
    frame, target = _training(data)
    sides, grey = _sizes(frame[IMAGE].tolist()[:500])
    minutes = task["budget"]["minutes"]
    facts = {
        "rows": len(frame),
        "side": sides,
        "grey": grey,
        "classes": len(target.labels),
        "minutes": minutes,
        "quick": (minutes is None or minutes < QUICK_MINUTES) and not accelerated(),
    }
    profile = {"rows": len(frame), "side": sides, "grey": grey, "target": target.name}
    write_json(data / "profile.json", {**_profile(frame, target), "pictures": profile})
    return {"facts": facts, "leaks": 0}


def make(folder: str, task: Mapping[str, Any], operations: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """Decodes, resizes and names the training pictures; writes the set that models learn from."""
    data = Path(folder) / "data"
    frame, target = _training(data)
    side = next((int(o["args"]["most"]) for o in operations if o["do"] == "resize"), LARGEST_QUICK)
    side = max(8, side // 4 * 4)
    pixels = decoded(frame[IMAGE].tolist(), side)
    if (pixels.max(axis=3) == pixels.min(axis=3)).all() and not any(o["do"] == "keep_colour" for o in operations):
        pixels = pixels[..., :1]
    names, words, y, several = names_of(frame, target)
    held = _held(y, seed)
    pictures = PictureSet(pixels, words, y, held, names, several, tuple(frame[IMAGE].tolist()))
    pictures.save(data / "prepared")
    facts = {
        "rows": len(pixels),
        "side": side,
        "channels": int(pixels.shape[3]),
        "names": len(names),
        "several": several,
        "accelerated": accelerated(),
        "smallest_class": min(Counter(y.tolist()).values()),
        "checkpoints": _startable(data, task, [o["args"] for o in operations if o["do"] == "start_from"]),
    }
    write_json(data / "columns.json", [])
    write_json(data / "prepared.json", {"removed": [], "facts": facts})
    written = ("pixels.npy", "words.npy", "y.npy", "held.npy", "pictures.json")
    names_written = ["columns.json", "profile.json", "prepared.json", *(f"prepared/{n}" for n in written)]
    return {"facts": facts, "files": [f"data/{n}" for n in names_written]}


def _startable(data: Path, task: Mapping[str, Any], asked: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What it costs to fine-tune each checkpoint here, with the `steps` that the time allows; those that cannot be used
    become a warning. Where no time was set, one that an accelerator runs may take all the steps it likes."""
    minutes, found = task["budget"]["minutes"], []
    warnings: list[str] = []
    for one in asked:
        try:
            cost = registry.get("families", one["family"]).estimate(Path(one["path"]))
        except TrainerError as error:
            warnings.append(str(error))
            continue
        steps = 60.0 * minutes / cost["step_s"] if minutes else UNLIMITED if accelerated() else 0.0
        found.append({**one, **cost, "steps": round(steps)})
        warnings.append(
            f"{one['name']} was found: a step of fine-tuning it takes about {cost['step_s']:.2g} s here and a picture "
            f"{cost['picture_s']:.2g} s; a GPU and more minutes help where that is too slow"
        )
    if warnings:
        profile = read_json(data / "profile.json")
        write_json(data / "profile.json", {**profile, "warnings": [*profile["warnings"], *warnings]})
    return found


def offers(data: str, metric: str, families: Sequence[str]) -> dict[str, Any]:
    """{family: {"card", "space", "suits", "lacks"}} for the prepared pictures."""
    pictures = PictureSet.load(Path(data))
    found = {}
    for name in families:
        family = registry.get("families", name)
        enough = len(pictures.pixels) >= family.card.min_rows
        found[name] = {
            "card": asdict(family.card),
            "space": {k: list(v) for k, v in family.space(pictures).items()},
            "suits": enough and not family.lacks(),
            "lacks": family.lacks(),
        }
    return found


def build(
    folder: str,
    task: Mapping[str, Any],
    members: Sequence[Mapping[str, Any]],
    single_best: int,
    metadata: Mapping[str, str],
) -> dict[str, Any]:
    """The graph of the chosen trial, as it was when its pictures were judged, with what the codec needs."""
    run = Path(folder)
    trial = run / "trials" / f"{int(members[0]['trial']):04d}"
    facts = read_json(trial / "drawing.json")
    pictures = PictureSet.load(run / "data" / "prepared")
    settings = {"names": list(pictures.names), "several": pictures.several, **facts["served"]}
    files = {name: trial / name for name in facts["files"]}
    us = _cost(Painter(trial, "model.onnx", settings), pictures)
    return {
        "size_mb": sum(path.stat().st_size for path in files.values()) / 1e6,
        "us_per_row_1": us,
        "us_per_row_100": us,
        "parity_max": 0.0,
        "parity_rows": 0,
        "parameters": facts["parameters"],
        "members": [dict(m) for m in members],
        "why": ["the graph that is served is the one whose pictures were judged"],
        "fallback": "",
        "files": {name: str(path.relative_to(run)) for name, path in files.items()},
        "settings": settings,
    }


def validate(folder: str, task: Mapping[str, Any], metric: str) -> float | None:
    """What the chosen candidate reached beside pictures that were kept back from its training."""
    run = Path(folder)
    member = read_json(run / "data" / "graph.json")["members"][0]
    likeness = read_json(run / "trials" / f"{int(member['trial']):04d}" / "drawing.json")["likeness"]
    return _value(metric, Likeness(**likeness))


def examples(folder: str, most: int) -> list[dict[str, Any]]:
    """Prompts as a client would send them, each name in turn."""
    pictures = PictureSet.load(Path(folder) / "data" / "prepared")
    labels = [n["label"] for n in pictures.names]
    return [{"prompt": labels[i % len(labels)], "seed": i} for i in range(min(most, 64))]


def evaluate(folder: str, task: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Draws through the bundle that is served and judges it beside the sealed pictures, into data/evaluation.json."""
    run = Path(folder)
    pictures = PictureSet.load(run / "data" / "prepared")
    real, real_y = _sealed(run, pictures)
    each_s = float(read_json(run / "data" / "graph.json")["us_per_row_1"]) / 1e6
    words, asked, seeds = wanted(pictures, int(np.clip(JUDGING_S / each_s, FEWEST_AT_ALL, DRAWN)), seed + 1)
    drawn = _through_bundle(run, pictures, words, seeds)
    judge = Judge(pictures.pixels, pictures.y, seed)
    likeness = judge.likeness(drawn, asked, real, real_y)
    metric = task["metrics"][0]["name"]
    spread = _interval(metric, judge, drawn, asked, real, seed)
    first = MetricValue(metric, _value(metric, likeness), spread, _baseline(metric, judge, pictures, real, seed))
    others = [
        MetricValue(name, _value(name, likeness)) for name in ("asked_class", "frechet_distance", "diversity", "copied")
    ]
    evaluation = Evaluation(
        kind="drawing",
        rows=len(real),
        metric=first,
        others=tuple(o for o in others if o.name != metric and o.value is not None),
        labels=tuple(n["label"] for n in pictures.names),
    )
    saved = {"evaluation": plain(evaluation, Evaluation)}
    shown = _shown(pictures, judge, drawn, asked)
    write_json(run / "data" / "evaluation.json", {**saved, "drawn": {**asdict(likeness), **shown}})
    return {"rows": len(real), "fresh": None}


# ---------------------------------------------------------------------------------------------- pieces
def decoded(paths: Sequence[str], side: int) -> NDArray[np.uint8]:
    """Pictures cut to a square and resized, uint8 (n, side, side, 3)."""
    return np.stack([read_pixels(Path(p).read_bytes(), side, side, "crop") for p in paths])


def _training(data: Path) -> tuple[pd.DataFrame, Target]:
    return read_frame(data / "train.parquet"), _target(data)


def _target(data: Path) -> Target:
    return read_value(data / "target.json", Target)


def _sizes(paths: Sequence[str]) -> tuple[int, bool]:
    """(median of the shorter sides, whether all are grey)."""
    sides, grey = [], True
    for path in paths:
        with Image.open(path) as picture:
            sides.append(min(picture.size))
            grey = grey and picture.mode in ("1", "L", "LA", "I;16")
    if not sides:
        raise InputError("no picture is left to learn from; give a folder of at least some dozens of pictures")
    return int(np.median(sides)), grey


def _profile(frame: pd.DataFrame, target: Target) -> dict[str, Any]:
    counts = Counter(frame[target.name]) if target.labels else Counter()
    return {
        "rows": len(frame),
        "columns": [],
        "target": target.name,
        "target_kind": "class",
        "class_counts": [[str(k), n] for k, n in counts.most_common()],
        "warnings": [],
        "leaks": [],
    }


def _held(y: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """Training pictures kept back to compare candidates, of each class in proportion."""
    rng = np.random.default_rng([seed, 3])
    held = np.zeros(len(y), dtype=bool)
    share = max(HELD_SHARE, min(0.5, FEWEST_HELD / max(len(y), 1)))
    for c in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == c))
        held[rows[: round(share * len(rows))]] = True
    return held


def _cost(painter: Painter, pictures: PictureSet) -> float:
    """Microseconds for one picture, the median of three; of one where that takes long."""
    times: list[float] = []
    while len(times) < 3 and sum(times) < SLOW_S:
        start = time.perf_counter()
        painter.paint(pictures.words[:1], [len(times)])
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e6


def _sealed(run: Path, pictures: PictureSet) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The held-out pictures as those learned from, with their classes (-1 where there are none)."""
    frame, target = read_frame(run / "data" / "holdout.parquet"), _target(run / "data")
    pixels = decoded(frame[IMAGE].tolist(), pictures.shape[1])[..., : pictures.shape[0]]
    if not target.labels:
        return pixels, np.full(len(pixels), -1 if pictures.several else 0, dtype=np.int64)
    place = {str(label): i for i, label in enumerate(target.labels)}
    return pixels, np.array([place.get(str(v), -1) for v in frame[target.name]], dtype=np.int64)


def _through_bundle(
    run: Path, pictures: PictureSet, words: NDArray[np.float32], seeds: Sequence[int]
) -> NDArray[np.uint8]:
    """What the served model answers to prompts, decoded from its PNG."""
    served = open_bundle(run / "bundle")
    labels = [n["label"] for n in pictures.names]
    rows = []
    for said, seed in zip(words, seeds, strict=True):
        prompt = ", ".join(labels[i] for i in np.flatnonzero(said))
        rows.append({"prompt": prompt, "seed": seed})
    answers = served.predict(rows)
    drawn = [np.asarray(Image.open(io.BytesIO(base64.b64decode(a["image"])))) for a in answers]
    return as_learned(np.stack([d if d.ndim == 3 else d[..., None] for d in drawn]), pictures.shape)


def _value(metric: str, likeness: Likeness) -> float | None:
    known = {
        "asked_class": likeness.asked_class,
        "frechet_distance": likeness.frechet,
        "fid": likeness.frechet,
        "diversity": likeness.diversity,
        "copied": likeness.copied,
    }
    value = known.get(metric, likeness.frechet)
    return None if value is None or not np.isfinite(value) else float(value)


def _interval(
    metric: str,
    judge: Judge,
    drawn: NDArray[np.uint8],
    asked: NDArray[np.int64],
    real: NDArray[np.uint8],
    seed: int,
) -> tuple[float, float]:
    """95 % interval: of a share Wilson's, of a distance by drawing the drawn pictures again with replacement."""
    if metric == "asked_class" and judge.classes:
        return wilson(float((judge.names(drawn) == asked).mean()), len(asked))
    rng = np.random.default_rng([seed, 7])
    again = [judge.distance(drawn[rng.integers(0, len(drawn), len(drawn))], real) for _ in range(40)]
    # repeated pictures narrow a sample, which the distance takes for a difference: their own middle is taken off
    low, high = np.percentile(judge.distance(drawn, real) + np.array(again) - np.median(again), [2.5, 97.5])
    return max(float(low), 0.0), float(high)


def _baseline(metric: str, judge: Judge, pictures: PictureSet, real: NDArray[np.uint8], seed: int) -> float | None:
    """What a Gaussian of each class's pictures reaches, the plainest thing that draws."""
    words, asked, seeds = wanted(pictures, DRAWN, seed + 2)
    with tempfile.TemporaryDirectory() as folder:
        plain = registry.get("families", "pixel_gaussian").fit({}, pictures, DrawContext(seed, 1, Path(folder)))
        drawn = plain.painter(Path(folder)).paint(words, seeds)
    return _value(metric, judge.likeness(drawn, asked, real, np.zeros(len(real), dtype=np.int64)))


# ---------------------------------------------------------------------------------------------- pictures for the report
def _shown(pictures: PictureSet, judge: Judge, drawn: NDArray[np.uint8], asked: NDArray[np.int64]) -> dict[str, Any]:
    """Data URIs for the report: drawn beside real pictures of each name, and drawn ones beside the training picture
    that is most like each."""
    rows = []
    for index, name in enumerate(pictures.names[:20]):
        ours = drawn[asked == index][:GRID] if not pictures.several else drawn[:0]
        theirs = pictures.pixels[pictures.words[:, index] > 0][:GRID]
        if len(ours):
            rows.append({"label": name["label"], "drawn": _strip(ours), "real": _strip(theirs)})
    if not rows:
        rows = [{"label": "", "drawn": _strip(drawn[:GRID]), "real": _strip(pictures.pixels[:GRID])}]
    return {"rows": rows, "nearest": _nearest(pictures, drawn[:: max(1, len(drawn) // NEAREST)][:NEAREST])}


def _nearest(pictures: PictureSet, drawn: NDArray[np.uint8]) -> dict[str, str]:
    known = shrunk(pictures.pixels).reshape(len(pictures.pixels), -1)
    made = shrunk(drawn).reshape(len(drawn), -1)
    place = [int(((known - m) ** 2).sum(axis=1).argmin()) for m in made]
    return {"drawn": _strip(drawn), "real": _strip(pictures.pixels[place])}


def _strip(pixels: NDArray[np.uint8]) -> str:
    """Pictures side by side as one PNG data URI."""
    wide = np.concatenate(list(pixels), axis=1)
    picture = Image.fromarray(wide[..., 0] if wide.shape[2] == 1 else wide)
    scale = max(1, SHOWN_SIDE // pixels.shape[1])
    picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
