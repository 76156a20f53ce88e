"""Marks the parts of a text with the files of a bundle: tokens, observations, the graph's scores, the best path.

The same code computes what models learn from, scores the hold-out and answers requests. Knows nothing of HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..graph import open_session
from .chain import Turns, likeliest, marginals
from .observations import SLOTS, VERSION, UInt64, observe
from .tags import runs_of
from .tokens import Level, tokenize

if TYPE_CHECKING:
    from .encoder import OnnxEncoder

Place = tuple[int, int]
TOKENS_A_RUN = 1024  # rows of the graph at once: bounds the memory of long texts
TOKENS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Found:
    """A marked part: code points from `start` to before `end`. `score`: how probable its least sure token is."""

    label: str
    start: int
    end: int
    score: float


class Known:
    """Which observations a model has weights for: sorted keys; index 0 is none of them."""

    def __init__(self, keys: UInt64) -> None:
        self.keys = keys

    def indices(self, keys: UInt64) -> NDArray[np.int32]:
        """The number of each key among the known, from 1; 0 for others. Same shape."""
        if not len(self.keys):
            return np.zeros(keys.shape, dtype=np.int32)
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[place] == keys, place + 1, 0).astype(np.int32)


class Tagger:
    """`settings` of the bundle say how tokens are cut and what the tags are called; the files lie in `folder`."""

    def __init__(self, folder: Path, settings: dict[str, Any], graph: Path, threads: int = 1) -> None:
        if settings.get("observations") != VERSION:
            raise InputError(
                f"the model reads observations of version {settings.get('observations')!r}, this server makes version "
                f"{VERSION}; serve it with the server in its own bundle"
            )
        self.tags: tuple[str, ...] = tuple(settings["tags"])
        self.level: Level = settings["level"]
        self.turns = Turns.of(np.load(folder / "turns.npy", allow_pickle=False))
        self.known = Known(np.load(folder / "observations.npy", allow_pickle=False))
        self.encoder = _encoder(folder, settings.get("encoder"), threads)
        self._session = open_session(graph, threads)

    def scores(self, texts: Sequence[str], places: Sequence[Sequence[Place]]) -> list[NDArray[np.float32]]:
        """Scores of each token's tags, (tokens, tags) a text."""
        counts = np.array([len(p) for p in places])
        keys = [observe(text, p) for text, p in zip(texts, places, strict=True)]
        observed = self.known.indices(np.concatenate(keys) if keys else np.zeros((0, SLOTS), np.uint64))
        hidden = self.encoder.encode(texts, places) if self.encoder is not None else None
        pieces = []
        for start in range(0, len(observed), TOKENS_A_RUN):
            given: dict[str, Any] = {"observed": observed[start : start + TOKENS_A_RUN]}
            if hidden is not None:
                given["hidden"] = hidden[start : start + TOKENS_A_RUN].astype(np.float32)
            pieces.append(self._session.run(["scores"], given)[0])
        whole = np.concatenate(pieces) if pieces else np.zeros((0, len(self.tags)), dtype=np.float32)
        return [np.asarray(part) for part in np.split(whole, np.cumsum(counts)[:-1])] if len(counts) else []

    def find(self, texts: Sequence[str]) -> list[list[Found]]:
        """The marked parts of each text, in order."""
        out: list[list[Found]] = []
        for some, places in _portions(texts, self.level):
            out += [self._found(s, p) for s, p in zip(self.scores(some, places), places, strict=True)]
        return out

    def _found(self, scores: NDArray[np.float32], places: Sequence[Place]) -> list[Found]:
        if not len(scores):
            return []
        path = likeliest(scores, self.turns)
        runs = runs_of(path.tolist(), self.tags)
        if not runs:
            return []
        sure = marginals(scores, self.turns)[np.arange(len(path)), path]
        return [
            Found(label, places[first][0], places[behind - 1][1], float(sure[first:behind].min()))
            for label, first, behind in runs
        ]


def _encoder(folder: Path, settings: dict[str, Any] | None, threads: int) -> OnnxEncoder | None:
    """The encoder of a bundle that has one; only then its packages are needed."""
    if settings is None:
        return None
    from .encoder import OnnxEncoder

    return OnnxEncoder(folder, settings, threads)


def _portions(texts: Sequence[str], level: Level) -> Iterator[tuple[list[str], list[list[Place]]]]:
    """Texts with their tokens, few enough at once that requests of any size fit into memory."""
    some: list[str] = []
    places: list[list[Place]] = []
    tokens = 0
    for text in texts:
        cut = tokenize(text, level)
        if some and tokens + len(cut) > TOKENS_AT_ONCE:
            yield some, places
            some, places, tokens = [], [], 0
        some.append(text)
        places.append(cut)
        tokens += len(cut)
    if some:
        yield some, places
