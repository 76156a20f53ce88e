"""The grounding line's work where trials run: from paths, phrases and boxes to a measured finder; see `ports.Line`.

What a run has learned and written lies below its folder; nothing here plans or keeps a journal.
"""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import ImageDraw

from .. import registry
from ..data.frames import read_frame
from ..domain.data import Column, ColumnProfile, TableProfile
from ..engine.accelerator import accelerated
from ..engine.evaluate import Evaluation, MetricValue
from ..engine.grounding.phraseset import PhraseSet
from ..engine.grounding.scoring import HIT, METRICS, best_trivial, each, interval, ious, trivial
from ..engine.grounding.training import FACTS, GRAPH
from ..engine.grounding.words import learned_words, reading_of
from ..errors import TrainerError
from ..ports import OperationSpec
from ..serve.codecs.picture import open_picture, read_pixels, scaled, upright_size
from ..serve.grounding.phrases import PhraseReader, Thing
from ..serve.grounding.pieces import TOKENIZER
from ..serve.grounding.predictor import IMAGE, PHRASE, Pointer
from ..serve.served import open_bundle
from ..store.files import read_json, write_json
from ..store.typed import plain, write_value

BOX = "box"
HELD_SHARE, FEWEST_HELD = 0.15, 24  # of the training pictures, to compare candidates on
MOST_HELD = 400
SIDE = 320
SHOWN, SHOWN_SIDE = 12, 260  # pictures in the report, pixels of their longer side
TRUE_COLOUR, GIVEN_COLOUR, EDGE = (255, 255, 255), (255, 140, 0), (20, 20, 20)
EXAMPLE_PHRASE = "the thing in the middle"
TIMES_SAID = 2  # training phrases that must read so for one of them to stand in the documents

CATALOGUE: Mapping[str, OperationSpec] = {
    "squash": OperationSpec({"side": "integer"}, "brings all pictures to one square size of so many pixels"),
    "see_with": OperationSpec({"checkpoint": "string"}, "lets models see with a pretrained network (a folder)"),
    "start_from": OperationSpec(
        {"checkpoint": "string"}, "offers a network that points at things already (a folder) to be fine-tuned"
    ),
}


def examine(folder: str, task: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """What a procedure may ask about the training phrases; data/profile.json."""
    data = Path(folder) / "data"
    frame = read_frame(data / "train.parquet")
    things = _things(frame)
    counts = Counter(_kind(t) for t in things)
    sizes = {path: upright_size(Path(path)) for path in dict.fromkeys(frame[IMAGE])}
    shares = _shares(frame, sizes)
    small = float(np.sqrt(np.median((shares[:, 2] - shares[:, 0]) * (shares[:, 3] - shares[:, 1]))))
    split = read_json(data / "split.json")
    profile = TableProfile(
        rows=len(frame),
        columns=(
            ColumnProfile(IMAGE, "image", 0.0, len(sizes)),
            ColumnProfile(PHRASE, "text", 0.0, int(frame[PHRASE].nunique())),
            ColumnProfile(BOX, "target", 0.0, int(frame[BOX].nunique())),
        ),
        target=BOX,
        target_kind="class",
        warnings=tuple(split["notes"]),
    )
    write_value(data / "profile.json", profile, TableProfile)
    facts = {
        "rows": len(frame),
        "pictures": len(sizes),
        "side": int(np.median([max(s) for s in sizes.values()])),
        "box_side": round(small, 4),
        "plain_share": counts["what it is"] / len(frame),
        "minutes": task["budget"]["minutes"],
        "accelerated": accelerated(),
    }
    return {"facts": facts, "leaks": 0}


def make(folder: str, task: Mapping[str, Any], operations: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """Decodes and resizes the training pictures, reads the phrases; writes the set that models learn from."""
    data = Path(folder) / "data"
    frame = read_frame(data / "train.parquet")
    side = next((int(o["args"]["side"]) for o in operations if o["do"] == "squash"), SIDE) // 32 * 32
    paths = list(dict.fromkeys(frame[IMAGE]))
    place = {p: i for i, p in enumerate(paths)}
    sizes = {p: upright_size(Path(p)) for p in paths}
    pixels = np.stack([read_pixels(Path(p).read_bytes(), side, side) for p in paths])
    said = [str(p) for p in frame[PHRASE]]
    reading = reading_of(said)
    phrases = PhraseSet(
        pixels,
        _held(len(paths), seed),
        tuple(said),
        np.array([place[p] for p in frame[IMAGE]], dtype=np.int64),
        _shares(frame, sizes).astype(np.float32),
        reading,
        learned_words(said, reading["known"]),
    )
    phrases.save(data / "prepared")
    example = example_phrase(phrases)
    columns = (Column(IMAGE, "image"), Column(PHRASE, "text", example=example))
    write_value(data / "columns.json", columns, tuple[Column, ...])
    facts = {
        "rows": len(said),
        "pictures": len(paths),
        "side": side,
        "words": len(reading["known"]),
        "classes": 0,
        "checkpoint": _first_checkpoint(operations, "see_with"),
        "grounder": _first_checkpoint(operations, "start_from"),
        "accelerated": accelerated(),
    }
    write_json(data / "prepared.json", {"removed": [], "facts": facts})
    written = ["columns.json", "profile.json", "prepared.json", "prepared/phrases.json"]
    arrays = [f"prepared/{n}.npy" for n in ("pixels", "held", "of", "boxes")]
    return {"facts": facts, "files": [f"data/{n}" for n in (*written, *arrays)]}


def offers(data: str, metric: str, families: Sequence[str]) -> dict[str, Any]:
    """{family: {"card", "space", "suits", "lacks"}} for the prepared phrases."""
    phrases = PhraseSet.load(Path(data))
    found = {}
    for name in families:
        family = registry.get("families", name)
        known = "visual_grounding" in family.card.tasks
        lacks = family.lacks() if known else "it finds nothing in pictures"
        found[name] = {
            "card": asdict(family.card),
            "space": {k: list(v) for k, v in family.space(phrases).items()} if known else {},
            "suits": known and len(phrases.phrases) >= family.card.min_rows and not lacks,
            "lacks": lacks,
        }
    return found


def build(
    folder: str,
    task: Mapping[str, Any],
    members: Sequence[Mapping[str, Any]],
    single_best: int,
    metadata: Mapping[str, str],
) -> dict[str, Any]:
    """The graph of the chosen trial, as it was when it was judged, with what the codec needs."""
    run = Path(folder)
    trial = run / "trials" / f"{int(members[0]['trial']):04d}"
    facts = read_json(trial / FACTS)
    files = {name: str((trial / name).relative_to(run)) for name in (GRAPH, TOKENIZER) if (trial / name).exists()}
    if not files:  # the one box that is always given stands in bundle.json; a bundle lists at least one file
        note = run / "data" / "fixed.json"
        write_json(note, {"box": facts["settings"]["fixed"]})
        files = {"fixed.json": str(note.relative_to(run))}
    whole = facts["settings"]["choice"]["whole"]
    ways = {0.0: "places and relations are decided by rules", 1.0: "phrases are taken as they stand, without rules"}
    return {
        "size_mb": sum((run / p).stat().st_size for p in files.values()) / 1e6,
        "us_per_row_1": facts["us"],
        "us_per_row_100": facts["us"],
        "parity_max": facts["parity"],
        "parity_rows": facts["parity_rows"],
        "parameters": facts["parameters"],
        "members": [dict(m) for m in members],
        "why": [ways.get(whole, "rules and the phrase as it stands decide together")],
        "fallback": "",
        "files": files,
        "settings": facts["settings"],
        "validated": facts["scores"],
    }


def validate(folder: str, task: Mapping[str, Any], metric: str) -> float | None:
    """What the chosen candidate reached on pictures that were kept back from its training."""
    scores = read_json(Path(folder) / "data" / "graph.json").get("validated", {})
    value = scores.get(metric)
    return None if value is None else float(value)


def examples(folder: str, most: int) -> list[dict[str, Any]]:
    """Training rows as a client sends them."""
    frame = read_frame(Path(folder) / "data" / "train.parquet").head(min(most, 64))
    return [_row(path, phrase) for path, phrase in zip(frame[IMAGE], frame[PHRASE], strict=True)]


def evaluate(folder: str, task: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Scores the sealed phrases through the bundle that is served, into data/evaluation.json."""
    run = Path(folder)
    frame = read_frame(run / "data" / "holdout.parquet")
    served = open_bundle(run / "bundle")
    if not isinstance(served, Pointer):
        raise TrainerError("the bundle does not point at things")
    given = np.array([served.predict([_row(p, s)])[0]["box"] for p, s in zip(frame[IMAGE], frame[PHRASE], strict=True)])
    true = _boxes(frame)
    sizes = {path: upright_size(Path(path)) for path in dict.fromkeys(frame[IMAGE])}
    of = np.array([list(sizes).index(p) for p in frame[IMAGE]])
    rules = trivial(PhraseSet.load(run / "data" / "prepared").boxes, seed)
    shares = _shares(frame, sizes)
    main = task["metrics"][0]["name"]
    main = main if main in METRICS else METRICS[0]
    values = {
        name: MetricValue(
            name, float(each(name, given, true).mean()), interval(name, each(name, given, true), of, seed),
            best_trivial(name, rules, shares),
        )
        for name in METRICS
    }  # fmt: skip
    evaluation = Evaluation(
        kind="grounding", rows=len(frame), metric=values[main], others=tuple(v for n, v in values.items() if n != main)
    )
    saved = {"evaluation": plain(evaluation, Evaluation)}
    private = "privacy" in task["constraints"]
    found = {
        "kinds": _by_kind(frame, served.finder.reader, given, true),
        "trivial": {k: float(each(main, np.broadcast_to(b, shares.shape), shares).mean()) for k, b in rules.items()},
        "pictures": len(sizes),
        "withheld": private,
        "shown": [] if private else _shown(frame, given, true, seed),
    }
    write_json(run / "data" / "evaluation.json", {**saved, "pointed": found})
    return {"rows": len(frame)}


# ---------------------------------------------------------------------------------------------- pieces
def _things(frame: pd.DataFrame) -> list[Thing]:
    said = [str(p) for p in frame[PHRASE]]
    reader = PhraseReader(**reading_of(said))
    return [reader.read(p) for p in said]


def _kind(thing: Thing) -> str:
    if thing.relations:
        return "beside another thing"
    if thing.rank > 1:
        return "counted from an end"
    return "the most extreme" if thing.ends else "what it is"


def _boxes(frame: pd.DataFrame) -> NDArray[np.float64]:
    return np.array([json.loads(b) for b in frame[BOX]], dtype=np.float64).reshape(-1, 4)


def _shares(frame: pd.DataFrame, sizes: Mapping[str, tuple[int, int]]) -> NDArray[np.float64]:
    """The boxes in shares of their pictures, (rows, 4)."""
    return np.asarray(_boxes(frame) / np.array([sizes[p] * 2 for p in frame[IMAGE]], dtype=np.float64))


def _held(pictures: int, seed: int) -> NDArray[np.bool_]:
    """Training pictures kept back to compare candidates and to learn how to choose."""
    share = max(HELD_SHARE, min(0.3, FEWEST_HELD / max(pictures, 1)))
    count = int(np.clip(round(share * pictures), 1, MOST_HELD))
    held = np.zeros(pictures, dtype=bool)
    held[np.random.default_rng([seed, 3]).permutation(pictures)[:count]] = True
    return held


def _first_checkpoint(operations: Sequence[Mapping[str, Any]], do: str) -> str:
    """The folder that such an operation names first, "" without one."""
    return next((str(o["args"]["checkpoint"]) for o in operations if o["do"] == do), "")


def _row(path: str, phrase: str) -> dict[str, Any]:
    return {IMAGE: base64.b64encode(Path(path).read_bytes()).decode(), PHRASE: str(phrase)}


def example_phrase(phrases: PhraseSet) -> str:
    """A phrase that was said several times, so that it tells of nobody; else a generic one."""
    counts = Counter(phrases.phrases)
    able = [(len(p.split()) > 2, n, p) for p, n in counts.items() if n >= TIMES_SAID]
    return max(able)[2] if able else EXAMPLE_PHRASE


def _by_kind(
    frame: pd.DataFrame, reader: PhraseReader, given: NDArray[np.float64], true: NDArray[np.float64]
) -> list[dict[str, Any]]:
    """Hits by what tells the thing from others, and for phrases with words that training lacked."""
    things = [reader.read(str(p)) for p in frame[PHRASE]]
    hits, overlap = each("accuracy_iou50", given, true), ious(given, true)
    groups = {k: np.array([_kind(t) == k for t in things]) for k in dict.fromkeys(map(_kind, things))}
    groups["with words that training lacked"] = np.array([bool(t.all_unknown) for t in things])
    return [
        {
            "kind": k,
            "phrases": int(rows.sum()),
            "hits": float(hits[rows].mean()),
            "overlap": float(overlap[rows].mean()),
        }
        for k, rows in sorted(groups.items(), key=lambda g: -int(g[1].sum()))
        if rows.any()
    ]


def _shown(
    frame: pd.DataFrame, given: NDArray[np.float64], true: NDArray[np.float64], seed: int
) -> list[dict[str, Any]]:
    """Some held-out pictures, hits and misses in turn, with both boxes in shares of the picture."""
    overlap = ious(given, true)
    order = np.random.default_rng([seed, 13]).permutation(len(frame))
    hits, misses = (order[overlap[order] >= HIT].tolist(), order[overlap[order] < HIT].tolist())
    chosen = [*hits[: SHOWN - min(len(misses), SHOWN // 2)], *misses[: SHOWN // 2]]
    out = []
    for i in chosen:
        path = Path(frame[IMAGE].iloc[i])
        seen = {"phrase": str(frame[PHRASE].iloc[i]), "overlap": float(overlap[i]), "hit": bool(overlap[i] >= HIT)}
        out.append({**seen, "picture": _drawn(path, given[i], true[i])})
    return out


def _drawn(path: Path, given: NDArray[np.float64], true: NDArray[np.float64]) -> str:
    """A small JPEG of a picture with both boxes as a data URI: the true one white, the given one coloured over it."""
    width, height = upright_size(path)
    share = min(1.0, SHOWN_SIDE / max(width, height))
    size = max(1, round(width * share)), max(1, round(height * share))
    picture = scaled(open_picture(path.read_bytes()), *size)
    pen = ImageDraw.Draw(picture)
    for box, colours in ((true, (TRUE_COLOUR, EDGE)), (given, (GIVEN_COLOUR, EDGE))):
        left, top, right, bottom = (box * share).round().tolist()
        corners = (left, top, max(right - 1, left), max(bottom - 1, top))
        pen.rectangle(corners, outline=colours[1], width=4)
        pen.rectangle(corners, outline=colours[0], width=2)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=78)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
