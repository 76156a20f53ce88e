"""The prepared sentences that taggers learn from: tokens, tags and observations in arrays, saved without pickle.

It knows nothing of files of people; `data/entities` reads those.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import TrainerError
from ...serve.spans.observations import observe
from ...serve.spans.tokens import Level, tokenize

Int32 = NDArray[np.int32]
Bool = NDArray[np.bool_]
ARRAYS, HIDDEN = ("places", "starts", "bio", "keys", "folds"), "hidden.npy"
ENCODER = "encoder"


class Run(NamedTuple):
    """A marked run of tokens: number of its label, first token and the one behind its last, counted in the text."""

    label: int
    first: int
    behind: int


@dataclass(frozen=True)
class MarkedTexts:
    """Texts with tags. Hold-out texts are never in here.

    texts    as they were read
    places   int32 (tokens, 2): where each token begins and ends in its text
    starts   int64 (texts + 1,): the first token of each text
    bio      int32 (tokens,): 0 outside, 1 + 2 l where an entity of label l begins, 2 + 2 l inside of it
    keys     uint64 (tokens, slots): see `serve.spans.observations`
    folds    int8 (texts,): validation fold of each text
    labels   names in the order of their numbers; `level` is how tokens are cut
    hidden   (tokens, width): vectors of the tokens in context, where a pretrained encoder read them; `encoder` are its
             settings, its files lie in the folder ENCODER beside the arrays
    """

    texts: tuple[str, ...]
    places: Int32
    starts: NDArray[np.int64]
    bio: Int32
    keys: NDArray[np.uint64]
    folds: NDArray[np.int8]
    labels: tuple[str, ...]
    level: Level
    hidden: NDArray[np.float16] | None = None
    encoder: Mapping[str, Any] | None = None

    @property
    def rows(self) -> int:
        return len(self.texts)

    @property
    def tokens(self) -> int:
        return len(self.bio)

    @property
    def of_token(self) -> NDArray[np.int64]:
        """The text of each token, shape (tokens,)."""
        return np.repeat(np.arange(self.rows), np.diff(self.starts))

    def taken(self, chosen: Bool) -> MarkedTexts:
        """The texts where `chosen` (texts,) is true."""
        mine = chosen[self.of_token]
        lengths = np.diff(self.starts)[chosen]
        return MarkedTexts(
            tuple(t for t, c in zip(self.texts, chosen, strict=True) if c),
            self.places[mine],
            np.concatenate([[0], np.cumsum(lengths)]),
            self.bio[mine],
            self.keys[mine],
            self.folds[chosen],
            self.labels,
            self.level,
            None if self.hidden is None else self.hidden[mine],
            self.encoder,
        )

    def places_of(self, text: int) -> list[tuple[int, int]]:
        return [(int(a), int(b)) for a, b in self.places[self.starts[text] : self.starts[text + 1]]]

    def runs(self) -> list[list[Run]]:
        """What is marked in each text."""
        return [runs_of_bio(self.bio[a:b]) for a, b in zip(self.starts, self.starts[1:], strict=False)]

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ARRAYS:
            np.save(folder / f"{name}.npy", np.ascontiguousarray(getattr(self, name)), allow_pickle=False)
        if self.hidden is not None:
            np.save(folder / HIDDEN, self.hidden, allow_pickle=False)
        facts = {"texts": self.texts, "labels": self.labels, "level": self.level, "encoder": self.encoder}
        (folder / "texts.json").write_text(json.dumps(facts, ensure_ascii=True), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> MarkedTexts:
        """Reads what `save` wrote. Raises TrainerError if it is lost."""
        try:
            facts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
            places, starts, bio, keys, folds = (np.load(folder / f"{n}.npy", allow_pickle=False) for n in ARRAYS)
            hidden = np.load(folder / HIDDEN, allow_pickle=False) if facts["encoder"] else None
        except (OSError, ValueError, KeyError) as error:
            raise TrainerError(f"the prepared texts cannot be read again: {error}") from error
        texts, labels = tuple(facts["texts"]), tuple(facts["labels"])
        return cls(texts, places, starts, bio, keys, folds, labels, facts["level"], hidden, facts["encoder"])


def marked_texts(
    texts: Sequence[str],
    spans: Sequence[Sequence[tuple[str, int, int]]],
    labels: Sequence[str],
    level: Level,
    folds: NDArray[np.int8],
) -> MarkedTexts:
    """Texts cut into tokens; a token belongs to the first span (label, start, end) that it touches."""
    number = {label: i for i, label in enumerate(labels)}
    places, bio, keys, starts = [], [], [], [0]
    for text, marked in zip(texts, spans, strict=True):
        cut = tokenize(text, level)
        places += cut
        bio += _bio(cut, [(number[label], a, b) for label, a, b in marked if label in number])
        keys.append(observe(text, cut))
        starts.append(len(places))
    return MarkedTexts(
        tuple(texts),
        np.array(places, dtype=np.int32).reshape(-1, 2),
        np.array(starts, dtype=np.int64),
        np.array(bio, dtype=np.int32),
        np.concatenate(keys),
        folds.astype(np.int8),
        tuple(labels),
        level,
    )


def _bio(cut: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int, int]]) -> list[int]:
    out, taken = [0] * len(cut), 0
    for label, start, end in sorted(spans, key=lambda s: s[1]):
        first = True
        for i in range(taken, len(cut)):
            if cut[i][0] >= end:
                break
            if cut[i][1] > start:
                out[i] = (1 if first else 2) + 2 * label
                first, taken = False, i + 1
    return out


def runs_of_bio(bio: NDArray[np.int32]) -> list[Run]:
    """The runs that BIO numbers mark in one text."""
    out: list[Run] = []
    for place, tag in enumerate(bio.tolist()):
        if tag == 0:
            continue
        label, begins = (tag - 1) // 2, tag % 2 == 1
        if not begins and out and out[-1].behind == place and out[-1].label == label:
            out[-1] = Run(label, out[-1].first, place + 1)
        else:
            out.append(Run(label, place, place + 1))
    return out
