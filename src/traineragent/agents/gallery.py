"""Pictures for the report: examples of each class, mistakes, suspect labels, and where the model looks.

Done where trials run, after the hold-out was scored. Thumbnails are small JPEGs inside the page, so that the report
stays one file that loads nothing.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from ..engine.suspects import suspects
from ..serve.codecs.picture import BadPicture, open_picture, scaled
from ..serve.inputs.parts import Dense, Rows

SIDE = 112  # pixels of a thumbnail
CLASSES = 12  # shown
EACH = 6  # examples of a class
MISTAKES = 18
SUSPECTS = 12
LOOKS = 8
GRID = 7  # places a side that are covered in turn
GREY = 127

Scores = Callable[[Rows], NDArray[Any]]


def gallery(
    column: str,
    labels: Sequence[Any],
    training: tuple[pd.DataFrame, NDArray[np.float64], NDArray[np.float64] | None],
    held: tuple[pd.DataFrame, NDArray[np.float64], Rows, NDArray[Any]],
    scores: Scores,
) -> dict[str, Any]:
    """JSON: "examples", "mistakes", "suspects", "looks", each a list of groups or pictures with `src` data addresses.

    `training`: frame, y (rows,) and held-out probabilities (rows, classes) or None. `held`: frame, y, decoded rows and
    the answers' probabilities."""
    frame, y, oof = training
    held_frame, held_y, rows, p = held
    return {
        "examples": _examples(frame[column], y, labels),
        "mistakes": _mistakes(held_frame[column], held_y, p, labels),
        "suspects": [] if oof is None else _suspects(frame[column], y, oof, labels),
        "looks": _looks(held_frame[column], held_y, rows, p, labels, scores),
    }


def _examples(paths: Any, y: NDArray[np.float64], labels: Sequence[Any]) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    counts = np.bincount(y.astype(np.intp), minlength=len(labels))
    groups = []
    for k in np.argsort(-counts, kind="stable")[:CLASSES].tolist():
        rows = rng.permutation(np.flatnonzero(y == k))[:EACH]
        groups.append(
            {"label": str(labels[k]), "count": int(counts[k]), "pictures": [_shown(paths.iloc[i]) for i in rows]}
        )
    return groups


def _mistakes(paths: Any, y: NDArray[np.float64], p: NDArray[Any], labels: Sequence[Any]) -> list[dict[str, Any]]:
    """The surest wrong answers, those of the most frequent confusions first."""
    answer = p.argmax(axis=1)
    wrong = np.flatnonzero(answer != y)
    pairs: dict[tuple[int, int], list[int]] = {}
    for i in wrong[np.argsort(-p[wrong, answer[wrong]], kind="stable")].tolist():
        pairs.setdefault((int(y[i]), int(answer[i])), []).append(i)
    ordered = [i for rows in sorted(pairs.values(), key=len, reverse=True) for i in rows]
    return [
        {
            **_shown(paths.iloc[i]),
            "true": str(labels[int(y[i])]),
            "answer": str(labels[answer[i]]),
            "p": float(p[i, answer[i]]),
        }
        for i in ordered[:MISTAKES]
    ]


def _suspects(
    paths: Any, y: NDArray[np.float64], oof: NDArray[np.float64], labels: Sequence[Any]
) -> list[dict[str, Any]]:
    return [
        {
            **_shown(paths.iloc[s.row]),
            "file": "/".join(Path(str(paths.iloc[s.row])).parts[-2:]),
            "given": str(labels[s.given]),
            "likely": str(labels[s.likely]),
            "p": s.p_likely,
        }
        for s in suspects(y, oof, SUSPECTS)
    ]


# ---------------------------------------------------------------------------------------------- where it looks
def _looks(
    paths: Any, y: NDArray[np.float64], rows: Rows, p: NDArray[Any], labels: Sequence[Any], scores: Scores
) -> list[dict[str, Any]]:
    """Pictures with the places whose covering takes most from the answer (Zeiler & Fergus 2014)."""
    name = next((n for n, part in rows.more.items() if isinstance(part, Dense)), None)
    if name is None:
        return []
    answer = p.argmax(axis=1)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))
    picked: list[int] = []
    for k in np.unique(answer)[:LOOKS].tolist():  # one of each class, then whatever comes
        picked += order[answer[order] == k][:1].tolist()
    picked += [i for i in order.tolist() if i not in picked]
    found = []
    for i in picked[:LOOKS]:
        heat = _covered(rows[slice(i, i + 1)], name, int(answer[i]), float(p[i, answer[i]]), scores)
        shown = _shown(paths.iloc[i], heat)
        found.append({**shown, "true": str(labels[int(y[i])]), "answer": str(labels[answer[i]])})
    return found


def _covered(row: Rows, name: str, label: int, before: float, scores: Scores) -> NDArray[np.float64]:
    """How much of the answer's probability is lost when each place is covered with grey, (GRID, GRID)."""
    pixels = row.more[name].arrays()["values"]
    height, width = pixels.shape[1:3]
    copies = np.repeat(pixels, GRID * GRID, axis=0)
    tops, lefts = (np.linspace(0, size, GRID + 1).astype(int) for size in (height, width))
    down, across = height // (2 * GRID), width // (2 * GRID)
    for k in range(GRID * GRID):
        i, j = divmod(k, GRID)
        rows = slice(max(tops[i] - down, 0), tops[i + 1] + down)
        copies[k, rows, max(lefts[j] - across, 0) : lefts[j + 1] + across] = GREY
    same = np.zeros(GRID * GRID, dtype=np.intp)
    more = {n: Dense(copies) if n == name else part[same] for n, part in row.more.items()}
    after = scores(Rows(np.repeat(row.x, GRID * GRID, axis=0), more))[:, label]
    return np.asarray(before - after, dtype=np.float64).reshape(GRID, GRID)


# ---------------------------------------------------------------------------------------------- thumbnails
def _shown(path: Any, heat: NDArray[np.float64] | None = None) -> dict[str, str]:
    """A thumbnail as a data address, with its file's name."""
    name = Path(str(path)).name
    try:
        picture = open_picture(Path(str(path)).read_bytes())
        width, height = picture.size
        scale = SIDE / max(width, height, 1)
        small = scaled(picture, max(1, round(width * scale)), max(1, round(height * scale))).convert("RGB")
    except (OSError, BadPicture):
        return {"src": "", "name": name}
    if heat is not None:
        small = _heated(small, heat)
    written = io.BytesIO()
    small.save(written, "JPEG", quality=72, optimize=True)
    return {"src": "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode(), "name": name}


def _heated(picture: Image.Image, heat: NDArray[np.float64]) -> Image.Image:
    """The picture in grey, coloured where covering costs the answer."""
    strong = np.clip(heat, 0, None)
    strong = strong / max(float(strong.max()), 1e-6) if strong.max() > 0.01 else np.zeros_like(strong)
    small = Image.fromarray((255 * strong).astype(np.uint8)).resize(picture.size, Image.Resampling.BICUBIC)
    share = 0.65 * (np.asarray(small, dtype=np.float64) / 255)[..., None]
    grey = np.asarray(picture.convert("L").convert("RGB"), dtype=np.float64)
    colour = np.array([255.0, 90.0, 0.0])
    return Image.fromarray((grey * (1 - share) + colour * share).astype(np.uint8))
