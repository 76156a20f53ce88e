"""Finds the box that a phrase means in a picture: reads the phrase, runs the graph for its words, and chooses.

Knows nothing of requests. What it needs is declared in bundle.json: the words, how sure a score is, and how much a
phrase as it stands counts beside the rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ...errors import InputError
from ..codecs.prompts import folded
from .phrases import PhraseReader, Thing
from .pieces import Pieces
from .scene import Calibration, Found, chances, iou, things

Maps = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Logits (cells,) and boxes (cells, 4) in shares of the picture."""
Query = tuple[str, ...] | None
"""Words that are looked for; None for the phrase as it stands."""
PADDING, WHOLE = 0, 1
FIRST_WORD = 2
MOST_TOKENS = 24
SAME_BOX = 0.5  # overlap from which two maps found the same
FLOOR = 0.02  # of a phrase's own map, so that it alone rules nothing out


@dataclass(frozen=True)
class Choice:
    """How a box is chosen: scores become probabilities by `calibration`; the map of the phrase as it stands has the
    exponent `whole` beside the rules (0: rules only, 1: no rules); `alone`: see `chances`."""

    calibration: Calibration
    whole: float = 0.0
    alone: float = 1.0


@dataclass(frozen=True)
class Pointed:
    """A box (4,) in shares of the picture, with its score in [0, 1]."""

    box: NDArray[np.float64]
    score: float


class Finder:
    """A loaded model. `settings`: side, words, reading, choice {"scale", "shift", "whole"}; or "fixed": the one box
    that is always given, and no graph. `tokenizer`: the content of a tokenizer.json, where the graph reads word pieces
    and not `words`."""

    def __init__(
        self, graph: bytes | None, settings: Mapping[str, Any], threads: int = 1, tokenizer: str | None = None
    ) -> None:
        try:
            self.fixed = None if "fixed" not in settings else np.array(settings["fixed"], np.float64)
            self.side = int(settings["side"])
            self.reader = PhraseReader(**settings["reading"])
            self._ids = {w: i + FIRST_WORD for i, w in enumerate(settings["words"])}
            said = settings["choice"]
            scale, shift, whole = (float(said[k]) for k in ("scale", "shift", "whole"))
            self.choice = Choice(Calibration(scale, shift), whole, float(said.get("alone", 1.0)))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"bundle.json lacks a setting of its finder ({error}); export it again") from None
        self._graph, self._threads = graph, threads
        self._pieces = None if tokenizer is None else Pieces(tokenizer)

    @cached_property
    def _session(self) -> Any:
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self._threads, 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            return ort.InferenceSession(self._graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise InputError(f"the graph is none that this onnxruntime {ort.__version__} can load") from error

    def find(self, pixels: NDArray[np.uint8], phrase: str) -> tuple[Pointed, Thing]:
        """The box for a phrase in a picture (side, side, 3), and what was read in the phrase."""
        thing = self.reader.read(phrase)
        if self.fixed is not None:
            return Pointed(self.fixed, 0.0), thing
        return pointed(thing, self.maps(pixels, thing, phrase, asked(thing, self.choice.whole)), self.choice), thing

    def maps(
        self, pixels: NDArray[np.uint8], thing: Thing, phrase: str, queries: Sequence[Query] = ()
    ) -> dict[Query, Maps]:
        """The graph's maps for `queries`; without any for all that the phrase speaks of, and under None for the phrase
        as it stands."""
        queries = queries or [*thing.queries(), None]
        tokens = self.tokens(queries, phrase)
        logits, boxes = self._session.run(["logits", "boxes"], {"pixels": pixels[None], "tokens": tokens})
        return {q: (logits[i], boxes[i]) for i, q in enumerate(queries)}

    def tokens(self, queries: Sequence[Query], phrase: str) -> NDArray[np.int64]:
        """Words as numbers, (queries, longest), padded."""
        if self._pieces is not None:
            rows = [self._pieces.ids(phrase if q is None else " ".join(q)) for q in queries]
        else:
            rows = [self.phrase_ids(folded(phrase)) if q is None else self.ids(q) for q in queries]
        longest = max(1, *map(len, rows))
        return np.array([r + [PADDING] * (longest - len(r)) for r in rows], dtype=np.int64)

    def ids(self, words: Sequence[str]) -> list[int]:
        return [self._ids[w] for w in words if w in self._ids][:MOST_TOKENS]

    def phrase_ids(self, words: Sequence[str]) -> list[int]:
        return [WHOLE, *self.ids(words)][:MOST_TOKENS]


def asked(thing: Thing, whole: float) -> list[Query]:
    """What must be looked for to choose a box in this way; see `Choice`."""
    if whole >= 1.0 or (not thing.words and thing.plain):
        return [None]
    return [*thing.queries(), *([None] if whole > 0.0 else [])]


def pointed(thing: Thing, maps: Mapping[Query, Maps], choice: Choice) -> Pointed:
    """The box that is most likely meant."""
    return meant(thing, found_in(maps, choice.calibration), choice.whole, choice.alone)


def found_in(maps: Mapping[Query, Maps], calibration: Calibration) -> dict[Query, Found]:
    """What each map finds."""
    return {query: things(*one, calibration) for query, one in maps.items()}


def meant(thing: Thing, found: Mapping[Query, Found], whole: float, alone: float = 1.0) -> Pointed:
    """The likeliest box by the rules, by the phrase as it stands (under None), or by both; see `Choice`."""
    if asked(thing, whole) == [None]:
        return _best(found[None], found[None].sure)
    mine, likely = found[thing.words], chances(thing, {q: f for q, f in found.items() if q is not None}, alone)
    if whole > 0.0:
        as_it_stands = found[None]
        overlaps = iou(mine.boxes, as_it_stands.boxes) >= SAME_BOX
        said = np.maximum((overlaps * as_it_stands.sure).max(axis=1, initial=0.0), FLOOR)
        likely = likely ** (1.0 - whole) * said**whole
    return _best(mine, likely)


def _best(found: Found, likely: NDArray[np.float64]) -> Pointed:
    place = int(likely.argmax())
    return Pointed(found.boxes[place], float(np.clip(likely[place], 0.0, 1.0)))


def with_choice(settings: Mapping[str, Any], choice: Choice) -> dict[str, Any]:
    """Settings with another way to choose."""
    c = choice.calibration
    return {**settings, "choice": {"scale": c.scale, "shift": c.shift, "whole": choice.whole, "alone": choice.alone}}
