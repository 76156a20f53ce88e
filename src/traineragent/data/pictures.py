"""Looks at every picture once: whether it can be read, how large it is, and a thumbnail to compare it by.

Uses the decoder of the service, so what is accepted here is accepted there. Knows nothing of labels or splits.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from traineragent.serve.codecs.picture import MOST_BYTES, BadPicture, open_picture, scaled

THUMBNAIL = 16  # pixels a side
SAY_EVERY = 500
Thumbnails = NDArray[np.uint8]


@dataclass(frozen=True)
class Looked:
    """What was seen of one file. `problem`: why it is no usable picture, in words; then there is nothing else."""

    sha256: str
    problem: str | None = None
    width: int = 0
    height: int = 0
    format: str = ""
    mode: str = ""
    frames: int = 1
    thumbnail: bytes = b""


def look_at(paths: Sequence[Path], say: Callable[[str], None] | None = None) -> list[Looked]:
    """Each file, in order, on all cores: decoding releases the interpreter's lock."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    seen: list[Looked] = []
    with ThreadPoolExecutor(max(1, min(cores, 8))) as pool:
        for number, looked in enumerate(pool.map(_look, paths), 1):
            seen.append(looked)
            if say is not None and number % SAY_EVERY == 0:
                say(f"looked at {number:,} of {len(paths):,} pictures")
    return seen


def thumbnails(looked: Sequence[Looked]) -> Thumbnails:
    """(pictures, THUMBNAIL, THUMBNAIL) grey levels."""
    flat = b"".join(one.thumbnail for one in looked)
    return np.frombuffer(flat, dtype=np.uint8).reshape(-1, THUMBNAIL, THUMBNAIL)


def _look(path: Path) -> Looked:
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        return Looked("", f"cannot be read ({error.strerror})")
    digest = hashlib.sha256(data).hexdigest()
    if size > MOST_BYTES:
        return Looked(digest, f"{size / 1e6:.0f} MB, larger than the {MOST_BYTES / 1e6:.0f} MB that are read")
    try:
        picture = open_picture(data)
        width, height = picture.size
        frames = int(getattr(picture, "n_frames", 1)) if picture.format in ("GIF", "PNG", "WEBP", "TIFF", "AVIF") else 1
        small = scaled(picture, 2 * THUMBNAIL, 2 * THUMBNAIL).convert("L").reduce(2)
    except BadPicture as bad:
        return Looked(digest, bad.found)
    except Exception as error:  # noqa: BLE001  n_frames of a damaged file
        return Looked(digest, f"a damaged picture ({type(error).__name__})")
    mode, kind = picture.mode, picture.format or ""
    return Looked(digest, None, width, height, kind, mode, frames, small.tobytes())
